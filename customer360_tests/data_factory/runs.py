"""One run of a pipeline, as the stand-in keeps it."""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]


class CancelledError(Exception):
    """The run has been cancelled."""


@dataclass
class PipelineRun:
    """One run of a pipeline, with its activity runs in the factory's names."""

    pipeline: str
    parameters: Json
    invoked_by: Json
    run_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "InProgress"
    message: str = ""
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    updated: datetime = field(default_factory=lambda: datetime.now(UTC))
    activities: list[Json] = field(default_factory=list)
    cancelled: threading.Event = field(default_factory=threading.Event)
    outputs: dict[str, Json] = field(default_factory=dict)
