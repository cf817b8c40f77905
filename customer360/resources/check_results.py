"""What checks found: read from the events of runs, and kept in `ops/check_results`.

A dbt test that belongs to no single asset arrives as an observation of every asset it reads, so
both kinds of event are read. Which checks exist is not asked: that would load the whole graph.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from customer360 import keys

if TYPE_CHECKING:
    import dagster as dg
    import pyarrow as pa

    from customer360.resources.lake import Lake

# A run reports about a hundred checks; a check that none of so many runs evaluated is not news.
_RUNS: Final = 20
# Nor is one that no run has evaluated for so long: it is gone.
_KEPT: Final = timedelta(days=30)
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


def latest_results(instance: dg.DagsterInstance) -> list[CheckResult]:
    """The newest result of each check among the last runs."""
    runs = instance.get_run_records(limit=_RUNS)
    results = (r for run in runs for r in _of_run(instance, run.dagster_run.run_id))
    return list(_newest(results).values())


def record_check_results(lake: Lake, instance: dg.DagsterInstance, run_id: str) -> int:
    """Write down what the checks of a run found; those it did not evaluate stay as they were.

    Args:
        lake: The lake.
        instance: The Dagster instance that keeps the run.
        run_id: The run, which may still be at work.

    Returns:
        How many checks do not pass.
    """
    found = _newest(_of_run(instance, run_id))
    kept = list(found.values())
    if found and lake.exists(keys.CHECK_RESULTS):
        since = max(result.evaluated_at for result in kept) - _KEPT
        kept += [
            before
            for before in read_check_results(lake)
            if before.evaluated_at >= since
            and not {(before.asset, before.check), ("", before.check)} & found.keys()
        ]
    if kept:
        lake.replace_where(keys.CHECK_RESULTS, _table(kept), "true")
    return sum(not result.passed for result in kept)


def read_check_results(lake: Lake) -> list[CheckResult]:
    """What was written down."""
    return [
        CheckResult(
            row["asset"],
            row["check_name"],
            row["has_passed"],
            row["severity"],
            row["checked_at"],
            row["run_id"],
            row["detail"],
        )
        for row in lake.arrow(keys.CHECK_RESULTS).to_pylist()
    ]


def _table(results: Iterable[CheckResult]) -> pa.Table:
    import pyarrow as pa

    rows = [
        {
            "asset": result.asset,
            "check_name": result.check,
            "has_passed": result.passed,
            "severity": result.severity,
            "checked_at": result.evaluated_at,
            "run_id": result.run_id,
            "detail": result.detail,
        }
        for result in results
    ]
    schema = pa.schema(
        [
            ("asset", pa.string()),
            ("check_name", pa.string()),
            ("has_passed", pa.bool_()),
            ("severity", pa.string()),
            ("checked_at", pa.timestamp("us", "UTC")),
            ("run_id", pa.string()),
            ("detail", pa.string()),
        ]
    )
    return pa.Table.from_pylist(rows, schema)


def _of_run(instance: dg.DagsterInstance, run_id: str) -> Iterator[tuple[str, CheckResult]]:
    """What the checks of a run found, the newest first, with the asset of the check's name."""
    import dagster as dg

    kinds = {dg.DagsterEventType.ASSET_CHECK_EVALUATION, dg.DagsterEventType.ASSET_OBSERVATION}
    records = instance.get_records_for_run(run_id, of_type=kinds, ascending=False).records
    for record in records:
        yield from _results(record.event_log_entry.dagster_event, record.timestamp, run_id)


def _newest(
    results: Iterable[tuple[str, CheckResult]],
) -> dict[tuple[str, str], CheckResult]:
    """The first result of each check."""
    newest: dict[tuple[str, str], CheckResult] = {}
    for asset, result in results:
        newest.setdefault((asset, result.check), result)
    return newest


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
