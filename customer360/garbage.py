"""How often this program's processes look for garbage.

Most of what a command or a run imports lives as long as its process, and Python looks through all
of it again and again: at its own settings that is a tenth of the processor time of a small refresh.
"""

from __future__ import annotations

import gc
from typing import Final

# New containers until the youngest are looked through, and how often until older ones are. Higher
# gains nothing more, and keeps more garbage.
_THRESHOLDS: Final = (10_000, 20, 20)


def collect_seldom() -> None:
    """Look for cyclic garbage more seldom than Python does by itself.

    What no cycle holds is let go of at once, as always.
    """
    gc.set_threshold(*_THRESHOLDS)
