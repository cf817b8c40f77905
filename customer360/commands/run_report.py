"""What a refresh did: figures by layer and step, and why steps failed, from Dagster's events."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from customer360.identity.contract import TABLES
from customer360.keys import BRONZE, SILVER

if TYPE_CHECKING:
    import dagster as dg
    from rich.table import Table

_DBT_SECONDS = "Execution Duration"
_DBT_STEP = "gold"
_NODE_EVENTS = ("ASSET_MATERIALIZATION", "ASSET_OBSERVATION", "ASSET_CHECK_EVALUATION")
_SHOWN = ("rows_in", "current", "quarantined")
_IDENTITY_STEPS = frozenset("__".join(key) for key in TABLES)


@dataclass
class LayerFigures:
    """What one layer of a run did."""

    steps: int = 0
    seconds: float = 0.0
    counts: dict[str, int] = field(default_factory=dict)


@dataclass
class Report:
    """Figures by layer; seconds by step and, inside dbt, by model.

    Attributes:
        layers: Figures by layer.
        steps: Seconds by step.
        models: Seconds by dbt model and snapshot.
        dbt_start: Seconds that dbt took until it reported its first node.
    """

    layers: dict[str, LayerFigures] = field(default_factory=dict)
    steps: dict[str, float] = field(default_factory=dict)
    models: dict[str, float] = field(default_factory=dict)
    dbt_start: float = 0.0

    def add(self, events: Sequence[dg.DagsterEvent]) -> None:
        """Add up the figures of a run."""
        for event in events:
            if event.step_key is None:
                continue
            if event.is_step_success:
                seconds = event.step_success_data.duration_ms / 1000
                layer = self.layers.setdefault(_layer_of(event.step_key), LayerFigures())
                layer.steps += 1
                layer.seconds += seconds
                self.steps[event.step_key] = self.steps.get(event.step_key, 0.0) + seconds
            elif event.is_step_materialization and event.asset_key:
                metadata = event.step_materialization_data.materialization.metadata
                self._count(event.step_key, event.asset_key.path, event.partition, metadata)

    def add_dbt_start(self, log: Sequence[dg.EventLogEntry]) -> None:
        """Add up how long dbt took to start, from the times of a run's events."""
        began: float | None = None
        for entry in log:
            event = entry.dagster_event
            if event is None or event.step_key != _DBT_STEP:
                continue
            if event.is_step_start:
                began = entry.timestamp
            elif began is not None and event.event_type_value in _NODE_EVENTS:
                self.dbt_start += entry.timestamp - began
                return

    def _count(
        self,
        step: str,
        path: Sequence[str],
        day: str | None,
        metadata: Mapping[str, dg.MetadataValue[Any]],
    ) -> None:
        """Take the figures that one materialization reports."""
        if _DBT_SECONDS in metadata:
            self.models[path[1]] = float(str(metadata[_DBT_SECONDS].value))
        if day is None or path[0] not in (BRONZE, SILVER):
            return
        counts = self.layers.setdefault(_layer_of(step), LayerFigures()).counts
        for name in _SHOWN:
            if name in metadata:
                counts[name] = counts.get(name, 0) + int(str(metadata[name].value))

    def table(self) -> Table:
        """The closing table: one row per layer."""
        from rich.table import Table

        table = Table(title="Refresh", title_justify="left")
        table.add_column("layer")
        for name in ("steps", "rows in", "current", "quarantined", "seconds"):
            table.add_column(name, justify="right")
        for layer, figures in self.layers.items():
            counts = (f"{figures.counts[n]:,}" if n in figures.counts else "" for n in _SHOWN)
            table.add_row(layer, str(figures.steps), *counts, f"{figures.seconds:.1f}")
        return table

    def json(self) -> str:
        """Seconds by layer, step and model, for programs."""
        told = {
            "layers": {name: figures.seconds for name, figures in self.layers.items()},
            "steps": self.steps,
            "models": self.models,
            "dbt_start": self.dbt_start,
        }
        return json.dumps(told, indent=1)


def failures(events: Sequence[dg.DagsterEvent]) -> str:
    """The failed steps and checks, and why, innermost cause first."""
    lines = ["The run failed."]
    for event in events:
        if event.event_type_value == "ASSET_CHECK_EVALUATION":
            check = event.asset_check_evaluation_data
            if not check.passed and check.severity.value == "ERROR":
                found = check.description or {k: v.value for k, v in check.metadata.items()}
                lines.append(f"  {check.asset_key.to_user_string()} {check.check_name}: {found}")
        if event.is_step_failure:
            lines.append(f"  {event.step_key}: {_cause(event.step_failure_data.error)}")
    if len(lines) == 1:
        # No step failed: the run could not begin.
        lines += [f"  {_cause(e.job_failure_data.error)}" for e in events if e.is_run_failure]
    return "\n".join(lines)


def _cause(error: Any) -> str:
    """The innermost message of an error that Dagster kept."""
    while error is not None and error.cause is not None:
        error = error.cause
    return error.message.strip() if error else "no error given"


def _layer_of(step: str) -> str:
    """Layer of a step, from its key."""
    return "identity" if step in _IDENTITY_STEPS else step.partition("_")[0]
