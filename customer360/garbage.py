"""How often this program's processes look for garbage.

Most of what a command or a run imports lives as long as its process, and Python looks through all
of it again and again: at its own settings that is an eighth of the processor time of a small
refresh, a third of it when nothing is left to do but to end.
"""

from __future__ import annotations

import atexit
import gc
from typing import Final

# New containers until the youngest are looked through, and how often until older ones are. Higher
# gains nothing more, and keeps more garbage.
_THRESHOLDS: Final = (10_000, 20, 20)


def collect_seldom() -> None:
    """Look for cyclic garbage more seldom than Python does by itself, and at the end not at all.

    What no cycle holds is let go of at once, as always.
    """
    gc.set_threshold(*_THRESHOLDS)
    # Frozen objects are not looked through by the collections of the interpreter's shutdown.
    atexit.register(gc.freeze)
