"""The sensor that takes in what a Data Factory copied on its own, started by its triggers."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg

from customer360.assets.copy_day import missing_copies
from customer360.assets.landing_run import COPIED_CHECK, copy_event
from customer360.automation.schedules import sensor_status
from customer360.data_factory.vocabulary import WINDOW_START
from customer360.keys import LANDING
from customer360.resources.copy_runs import Run
from customer360.resources.data_factory import DataFactory, Tell
from customer360.settings import Settings
from customer360.sources.spec import SourceSpec

RUNS_SENSOR = "data_factory_runs"
# How far back the first look goes.
_FIRST_LOOK = timedelta(days=2)
# The factory lists a change some minutes after it; runs seen twice are told apart by their ids.
_OVERLAP = timedelta(hours=1)
# A tick may take 60 s, and asking for all activities of a run takes some.
_RUNS_A_TICK = 5


@dataclass
class _Cursor:
    """What has been taken in.

    Attributes:
        until: Changes of runs up to this time (UTC) have been looked at.
        seen: When each run that was taken in lately ended, by its id.
    """

    until: datetime
    seen: dict[str, datetime] = field(default_factory=dict)

    @classmethod
    def read(cls, text: str | None, now: datetime) -> "_Cursor":
        if not text:
            return cls(now - _FIRST_LOOK)
        found = json.loads(text)
        seen = {run: datetime.fromisoformat(at) for run, at in found["seen"].items()}
        return cls(datetime.fromisoformat(found["until"]), seen)

    def write(self) -> str:
        seen = {
            run: at.isoformat() for run, at in self.seen.items() if at >= self.until - 2 * _OVERLAP
        }
        return json.dumps({"until": self.until.isoformat(), "seen": seen})


def build_data_factory_sensor(
    settings: Settings, sources: Sequence[SourceSpec]
) -> dg.SensorDefinition:
    """Reports runs that triggers started, once each; `new_landing_files` loads their files."""
    entities = [source.table(entity.name) for source in sources for entity in source.entities]

    @dg.sensor(
        name=RUNS_SENSOR,
        minimum_interval_seconds=60,
        default_status=sensor_status(settings),
        description=(
            "Reports what runs of the Data Factory that its own triggers started have copied."
        ),
    )
    def data_factory_runs(
        context: dg.SensorEvaluationContext, ingestion: dg.ResourceParam[DataFactory]
    ) -> dg.SensorResult | dg.SkipReason:
        now = datetime.now(UTC)
        return take_in(ingestion, entities, context.cursor, now, context.log.warning)

    return data_factory_runs


def take_in(
    factory: DataFactory,
    entities: Sequence[str],
    cursor_text: str | None,
    now: datetime,
    warn: Tell,
) -> dg.SensorResult:
    """What ended since the last look.

    Args:
        factory: The factory.
        entities: All that a run without a list of entities copies, as `<source>__<entity>`.
        cursor_text: The cursor that the last result had; None at first.
        now: The time (UTC).
        warn: Takes a sentence for each run that cannot be taken in.

    Raises:
        IngestionError: The factory does not answer; the next look begins where this one did.
    """
    cursor = _Cursor.read(cursor_text, now)
    events: list[Any] = []
    runs = [
        run
        for run in factory.runs(cursor.until - _OVERLAP, now + _OVERLAP)
        # Runs with a request are reported by the step that asked for them.
        if run.has_ended and not run.request and run.run_id not in cursor.seen
    ]
    for run in runs[:_RUNS_A_TICK]:
        events += _events(factory, run, entities, warn)
        cursor.seen[run.run_id] = run.updated_at or now
    if len(runs) <= _RUNS_A_TICK:
        cursor.until = now
    skip = None if events else dg.SkipReason("No run of a trigger has ended.")
    return dg.SensorResult(asset_events=events, cursor=cursor.write(), skip_reason=skip)


def _events(factory: DataFactory, run: Run, entities: Sequence[str], warn: Tell) -> Iterator[Any]:
    """A materialisation of each entity that was copied, a failed check of each that was not."""
    if run.day is None:
        warn(
            f"Run {run.run_id}, started by {run.started_by or 'unknown'}, is not taken in: its "
            f"{WINDOW_START} does not begin with a day as 2026-01-31, so nobody knows which day it "
            f"copied. Start it again with one: {factory.link(run.run_id)}"
        )
        return
    wanted = run.entities or tuple(entities)
    copies = {each.entity: each for each in factory.copies(run.run_id)}
    missing = missing_copies(run, copies, wanted)
    for entity in wanted:
        if entity not in missing:
            yield copy_event(factory, run.day, run, copies[entity])
        yield dg.AssetCheckEvaluation(
            asset_key=dg.AssetKey([LANDING, entity]),
            check_name=COPIED_CHECK,
            passed=entity not in missing,
            severity=dg.AssetCheckSeverity.ERROR,
            description=missing.get(entity),
            metadata={
                "run_id": run.run_id,
                "run": dg.MetadataValue.url(factory.link(run.run_id)),
                "day": str(run.day),
                "started_by": run.started_by,
            },
        )
