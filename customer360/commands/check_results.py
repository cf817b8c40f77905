"""The latest result of every check, from the runs that the Dagster instance remembers.

A dbt test that belongs to no single asset arrives as an observation of every asset it reads, so
both kinds of event are read. Which checks exist is not asked: that would load the whole graph.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from customer360.commands.instance import open_instance

if TYPE_CHECKING:
    import dagster as dg

# A run reports about a hundred checks; a check that none of so many runs evaluated is not news.
_RUNS: Final = 20
_ROWS: Final = "dagster_dbt/failed_row_count"


@dataclass(frozen=True)
class CheckResult:
    """The latest result of a check.

    Attributes:
        asset: Asset key, its parts joined by a dot.
        check: Name of the check.
        passed: Whether it passed.
        severity: `ERROR` or `WARN`.
        evaluated_at: When, UTC.
        run_id: The run that evaluated it.
        detail: What it found, in one line.
    """

    asset: str
    check: str
    passed: bool
    severity: str
    evaluated_at: datetime
    run_id: str
    detail: str


def failing_checks() -> list[CheckResult]:
    """Checks whose latest result did not pass, errors first."""
    with open_instance() as instance:
        latest = latest_results(instance)
    failing = [result for result in latest if not result.passed]
    return sorted(failing, key=lambda r: (r.severity != "ERROR", r.asset, r.check))


def latest_results(instance: dg.DagsterInstance) -> list[CheckResult]:
    """The newest result of each check among the last runs."""
    import dagster as dg

    kinds = {dg.DagsterEventType.ASSET_CHECK_EVALUATION, dg.DagsterEventType.ASSET_OBSERVATION}
    latest: dict[tuple[str, str], CheckResult] = {}
    for run in instance.get_run_records(limit=_RUNS):
        run_id = run.dagster_run.run_id
        records = instance.get_records_for_run(run_id, of_type=kinds, ascending=False).records
        for record in records:
            event = record.event_log_entry.dagster_event
            for asset, result in _results(event, record.timestamp, run_id):
                latest.setdefault((asset, result.check), result)
    return list(latest.values())


def _results(event: Any, timestamp: float, run_id: str) -> Iterator[tuple[str, CheckResult]]:
    """The check result that an event carries, if any, with the asset that its name belongs to."""
    data, at = event.event_specific_data, datetime.fromtimestamp(timestamp, UTC)
    if not hasattr(data, "asset_observation"):
        found, asset = _plain(data.metadata), ".".join(data.asset_key.path)
        severity = str(data.severity.value)
        result = (asset, data.check_name, data.passed, severity, at, run_id, _detail(found))
        yield asset, CheckResult(*result)
        return
    found = _plain(data.asset_observation.metadata)
    kind, _, test = str(found.get("unique_id", "")).partition(".")
    if kind == "test":
        # One result for all assets that the test reads: its name alone identifies it.
        status, name = found.get("status"), test.split(".")[1]
        severity = "ERROR" if status in ("fail", "error") else "WARN"
        asset = ".".join(data.asset_observation.asset_key.path)
        result = (asset, name, status == "pass", severity, at, run_id, _detail(found))
        yield "", CheckResult(*result)


def _plain(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.value for name, value in metadata.items()}


def _detail(metadata: dict[str, Any]) -> str:
    """What is worth a line: failed rows of a dbt test, else every figure that a check gave."""
    if _ROWS in metadata:
        return f"{metadata[_ROWS]} rows"
    return ", ".join(
        f"{name.replace('_', ' ')} {_shown(value)}" for name, value in metadata.items()
    )


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{k}: {_shown(v)}" for k, v in value.items())
    return f"{value:.3f}" if isinstance(value, float) else str(value)
