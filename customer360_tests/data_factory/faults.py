"""What goes wrong in the stand-in, each for as many times as a test says."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

FAIL, PARTIAL, TRUNCATE, HANG = "fail", "partial", "truncate", "hang"
# The request is carried out, and the answer is lost on the way.
LOST = "lost"


@dataclass
class AnswerFault:
    """A fault of the management interface: HTTP status, its headers, what is hit, how often."""

    status: int
    path: str
    times: int = 1
    headers: Mapping[str, str] = field(default_factory=dict)
    kind: str = ""


class Faults:
    """The faults that are left to happen."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._activities: dict[tuple[str, str], list[str]] = {}
        self._answers: list[AnswerFault] = []
        # Set, activities that hang go on.
        self.released = threading.Event()

    def activity(self, entity: str, activity: str, kind: str, times: int = 1) -> None:
        """Let an activity of an entity's copy go wrong."""
        with self._lock:
            self._activities.setdefault((entity, activity), []).extend([kind] * times)

    def answer(self, fault: AnswerFault) -> None:
        """Let answers go wrong."""
        with self._lock:
            self._answers.append(fault)

    def of_activity(self, entity: str, activity: str) -> str:
        """What goes wrong now; empty when nothing does."""
        with self._lock:
            left = self._activities.get((entity, activity), [])
            return left.pop(0) if left else ""

    def of_answer(self, request: str) -> AnswerFault | None:
        """The fault of the answer to a request (`METHOD path`), if any."""
        with self._lock:
            for fault in self._answers:
                if fault.times > 0 and re.search(fault.path, request):
                    fault.times -= 1
                    return fault
        return None
