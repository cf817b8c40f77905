"""What a run of a Data Factory copied: figures per entity, read from its activities.

No client here; `resources.data_factory` asks the factory and hands over what it answered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from customer360.data_factory.vocabulary import PUBLISH

SUCCEEDED: Final = "Succeeded"
FAILED: Final = "Failed"
CANCELLED: Final = "Cancelled"
ENDED: Final = frozenset({SUCCEEDED, FAILED, CANCELLED})
# These fail because one inside them has, and say no more than that.
_CONTAINERS: Final = frozenset({"ExecutePipeline", "ForEach", "IfCondition", "Switch"})


@dataclass(frozen=True)
class Run:
    """A run of the master pipeline.

    Attributes:
        run_id: Its id in the factory.
        status: As the factory says: Queued, InProgress, Succeeded, Failed, Canceling, Cancelled.
        message: Why it failed; empty otherwise.
        day: The window's day, if it was given one.
        entities: What it was told to copy, as `<source>__<entity>`; empty for everything.
        request: Who asked for it from here; empty for a trigger.
        started_by: Name of the trigger or client that started it.
        started_at: When it began (UTC); None while it is queued.
        updated_at: When the factory last changed it (UTC).
    """

    run_id: str
    status: str
    message: str
    day: date | None
    entities: tuple[str, ...]
    request: str
    started_by: str
    started_at: datetime | None
    updated_at: datetime | None

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will happen in it."""
        return self.status in ENDED


@dataclass(frozen=True)
class EntityCopy:
    """What one run copied of one entity.

    Attributes:
        entity: `<source>__<entity>`.
        rows: Rows written; None where files were copied as they are.
        bytes_written: Bytes written to the landing zone.
        seconds: Duration of its copy activities.
        published: Files made visible, below the landing zone, sorted.
        problem: What went wrong, in words; empty when all of it was copied.
    """

    entity: str
    rows: int | None
    bytes_written: int
    seconds: int
    published: tuple[str, ...]
    problem: str


def entity_copy(
    entity: str, activities: Sequence[Mapping[str, Any]], *, failure: str
) -> EntityCopy:
    """Sum up the activities of the pipelines that copied one entity.

    Args:
        entity: `<source>__<entity>`.
        activities: Activity runs as the factory's interface gives them; each try is one.
        failure: How its pipeline ended, if not well; empty otherwise, and a try that failed was
            then made good.

    Returns:
        Its figures; `problem` names a failure and a copy that wrote less than it read.
    """
    done = [each for each in activities if each["status"] == SUCCEEDED]
    outputs = [each.get("output") or {} for each in done if each["activityType"] == "Copy"]
    rows = [int(output["rowsCopied"]) for output in outputs if "rowsCopied" in output]
    published = {
        _landed_path(entity, each["input"]["url"])
        for each in done
        if each["activityName"] == PUBLISH
    }
    problems = [problem for output in outputs if (problem := _partial(output))]
    if failure:
        problems += [
            _failure(each)
            for each in activities
            if each["status"] in (FAILED, CANCELLED) and each["activityType"] not in _CONTAINERS
        ] or [failure]
    return EntityCopy(
        entity=entity,
        rows=sum(rows) if rows else None,
        bytes_written=sum(int(output.get("dataWritten", 0)) for output in outputs),
        seconds=sum(int(output.get("copyDuration", 0)) for output in outputs),
        published=tuple(sorted(published)),
        problem="; ".join(dict.fromkeys(problems)),
    )


def _partial(output: Mapping[str, Any]) -> str:
    """In what a copy wrote less than it read, although the factory calls it a success."""
    pairs = (
        ("rowsRead", "rowsCopied", "rows"),
        ("filesRead", "filesWritten", "files"),
    )
    for read, written, what in pairs:
        if read in output and written in output and output[read] != output[written]:
            return f"partial copy: {output[written]} of {output[read]} {what} were written"
    return ""


def _failure(activity: Mapping[str, Any]) -> str:
    error = activity.get("error") or {}
    reason = error.get("message") or "no reason given"
    return f"activity {activity['activityName']!r} {str(activity['status']).lower()}: {reason}"


def _landed_path(entity: str, url: str) -> str:
    """Path below the landing zone of a published file, as bronze names it."""
    folder = entity.replace("__", "/", 1)
    path = unquote(urlsplit(url).path)
    return path[path.rindex(f"/{folder}/dt=") + 1 :]
