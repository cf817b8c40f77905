"""`customer360 doctor`: try everything that a run needs, and say of each what is wrong.

The checks are in `commands.doctor_checks`; here they are run, one after another, whatever became of
those before, and laid out.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from rich.text import Text

from customer360.commands.doctor_checks import CHECKS, DoubtError
from customer360.errors import Customer360Error
from customer360.storage import refusal_in_words

if TYPE_CHECKING:
    from rich.console import Console

    from customer360.settings import Settings

OK, WARN, FAIL = "ok", "warn", "fail"
_STYLES: Final = {OK: "green", WARN: "yellow", FAIL: "red"}


@dataclass(frozen=True)
class Finding:
    """What one check found.

    Attributes:
        subject: What was tried.
        state: `ok`, `warn` or `fail`.
        said: What was found and, where it is not well, what to do.
        seconds: How long it took.
    """

    subject: str
    state: str
    said: str
    seconds: float


def examine(
    settings: Settings, checks: Mapping[str, Callable[[Settings], str]] = CHECKS
) -> Iterator[Finding]:
    """Run the checks, each for itself."""
    for subject, check in checks.items():
        began = time.monotonic()
        try:
            state, said = OK, check(settings)
        except DoubtError as doubt:
            state, said = WARN, str(doubt)
        except Customer360Error as error:
            state, said = FAIL, str(error)
        except Exception as error:  # noqa: BLE001 - what is broken in a way nobody foresaw is a finding
            # Its own words may hold a URL with a token.
            refused = refusal_in_words(error)
            state, said = FAIL, refused or f"{type(error).__name__}; `customer360 run` shows more."
        yield Finding(subject, state, said, time.monotonic() - began)


def show(settings: Settings, console: Console, *, as_json: bool) -> bool:
    """Print what the checks find, as they find it.

    Args:
        settings: The settings.
        console: Where it goes.
        as_json: One JSON document instead of lines.

    Returns:
        Whether nothing failed; warnings do not count.
    """
    findings = []
    for finding in examine(settings):
        findings.append(finding)
        if not as_json:
            _print(console, finding)
    if as_json:
        console.out(json.dumps([asdict(f) for f in findings], indent=2), highlight=False)
    return all(finding.state != FAIL for finding in findings)


def _print(console: Console, finding: Finding) -> None:
    line = Text(f"{finding.state:<5}", style=_STYLES[finding.state])
    line.append(f"{finding.subject:<16}", style="bold")
    line.append(finding.said.replace("\n", f"\n{'':21}"), style="default")
    console.print(line, soft_wrap=True)
