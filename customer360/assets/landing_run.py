"""One step that has days of a source copied by a Data Factory, and what it reports."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Final

import dagster as dg
from dagster._core.errors import DagsterExecutionInterruptedError

from customer360.assets.copy_day import DayCopy, copy_day
from customer360.errors import IngestionError
from customer360.keys import LANDING
from customer360.resources.copy_runs import EntityCopy, Run
from customer360.resources.data_factory import DataFactory
from customer360.resources.held_lake import tell_process
from customer360.resources.started_runs import StartedRuns
from customer360.resources.watching import end_run

COPIED_CHECK: Final = "all_read_rows_are_copied"
# Metadata that the reconciliation with bronze reads.
ROWS_COPIED: Final = "rows_copied"
BYTES_COPIED: Final = "bytes_copied"
PUBLISHED: Final = "published_files"
ENDED_AT: Final = "ended_at"


def copy_event(
    factory: DataFactory, day: date, run: Run, copied: EntityCopy
) -> dg.AssetMaterialization:
    """What is reported of one entity and day, whoever started the run."""
    metadata: dict[str, Any] = {
        "run_id": run.run_id,
        "run": dg.MetadataValue.url(factory.link(run.run_id)),
        "started_by": run.started_by or "unknown",
        BYTES_COPIED: copied.bytes_written,
        "seconds": copied.seconds,
        "files": len(copied.published),
        PUBLISHED: dg.MetadataValue.json(list(copied.published)),
    }
    if run.updated_at is not None:
        metadata[ENDED_AT] = dg.MetadataValue.timestamp(run.updated_at)
    # Files are copied as they are: nobody has counted their rows.
    if copied.rows is not None:
        metadata[ROWS_COPIED] = copied.rows
    key = dg.AssetKey([LANDING, copied.entity])
    return dg.AssetMaterialization(key, partition=day.isoformat(), metadata=metadata)


class LandingRun:
    """One step over days of a source; days are copied one after the other."""

    def __init__(
        self, context: dg.AssetExecutionContext, factory: DataFactory, source: str
    ) -> None:
        self._context = context
        self._factory = factory
        self._source = source
        self._started = StartedRuns(context.instance.daemon_cursor_storage, factory.name)
        self._entities = sorted(key.path[-1] for key in context.selected_asset_keys)
        # A copy does not use the `lake` resource, which marks the runs that do.
        tell_process(context.instance, context.run_id)

    def checks(self) -> Iterator[dg.AssetCheckResult]:
        """Copy the days of the step; each is reported, and stored, as soon as it is copied.

        Yields:
            For each selected check whether all was copied; also when some was not.

        Raises:
            IngestionError: Some days were not copied whole; the message names each. The others
                have been copied and reported.
        """
        problems: list[str] = []
        failed: defaultdict[str, list[str]] = defaultdict(list)
        for day in self._days():
            try:
                done = self._copy(day)
            except IngestionError as error:
                problems.append(f"{self._source} {day}: {error}")
                for entity in self._entities:
                    failed[entity].append(f"{day}: {error}")
                continue
            for entity, why in done.missing.items():
                problems.append(f"{entity} {day}: {why}")
                failed[entity].append(f"{day}: {why}")
            self._report(done)
        for key in self._context.selected_asset_check_keys:
            reasons = failed[key.asset_key.path[-1]]
            yield dg.AssetCheckResult(
                check_name=key.name,
                asset_key=key.asset_key,
                passed=not reasons,
                description="; ".join(reasons) or None,
            )
        if problems:
            raise IngestionError("Not copied:\n  " + "\n  ".join(problems))

    def _days(self) -> Iterator[date]:
        chosen = self._context.partition_key_range
        day, last = date.fromisoformat(chosen.start), date.fromisoformat(chosen.end)
        while day <= last:
            yield day
            day += timedelta(days=1)

    def _copy(self, day: date) -> DayCopy:
        try:
            return copy_day(
                self._factory,
                self._started,
                self._source,
                day,
                self._entities,
                request=f"{self._source} {day} {self._context.run_id}",
                tell=self._context.log.info,
            )
        except (KeyboardInterrupt, DagsterExecutionInterruptedError):
            self._end_if_asked(day)
            raise

    def _end_if_asked(self, day: date) -> None:
        """Cancel the factory's run when somebody terminates ours.

        When the process goes down for another reason, as a restart of Dagster, the factory goes on
        and the next run of ours follows it.
        """
        ours = self._context.instance.get_run_by_id(self._context.run_id)
        is_asked = ours is not None and ours.status is dg.DagsterRunStatus.CANCELING
        open_run = self._started.get(self._source, day)
        if is_asked and open_run is not None and open_run.run_id:
            try:
                end_run(self._factory, open_run.run_id, self._context.log.info)
            except IngestionError as error:
                # It stays written down, and the next copy of the day follows it.
                self._context.log.error(str(error))
            else:
                self._started.forget(self._source, day)

    def _report(self, done: DayCopy) -> None:
        """Report a day; events of the step itself would wait for its end and lack the day."""
        for entity in self._entities:
            if entity not in done.missing:
                self._context.log_event(
                    copy_event(self._factory, done.day, done.run, done.copies[entity])
                )
