"""Gold assets: the dbt project as one step, and the mark that a refresh is complete."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource, dbt_assets

from customer360 import keys
from customer360.assets.lake_asset import lake_asset
from customer360.automation.jobs import REBUILD_TAG
from customer360.checks.contracts import type_differences
from customer360.errors import MissingPrerequisiteError
from customer360.resources.backups import require_backed_up
from customer360.resources.dbt import (
    dbt_environment,
    dbt_project,
    ended_with,
    environment,
    project_fingerprint,
    repeated_once_when_garbled,
    target_path,
    uses_engine,
)
from customer360.resources.engine import EngineResource
from customer360.resources.held_lake import LAKE_POOL
from customer360.resources.lake import Lake
from customer360.resources.loads import record_refresh
from customer360.resources.processes import OWNER, process_mark
from customer360.resources.watermarks import (
    incremental_models,
    increments,
    record_increments,
)
from customer360.settings import Settings
from customer360.sources.spec import SourceSpec

TYPES_CHECK = "column_types_are_as_declared"


def manifest_path(settings: Settings) -> Path:
    """The dbt manifest of the settings' target.

    Raises:
        MissingPrerequisiteError: It has not been made yet.
    """
    path = target_path(settings) / "manifest.json"
    if not path.exists():
        raise MissingPrerequisiteError(
            f"dbt manifest not found at {path}. "
            "Make it with `make setup`, or `customer360 dbt parse`."
        )
    return path


def build_gold_asset(settings: Settings, manifest: Mapping[str, Any]) -> dg.AssetsDefinition:
    """All dbt models, snapshots and tests as one step: every start of dbt costs seconds."""
    incremental = incremental_models(manifest)

    @dbt_assets(
        manifest=manifest,
        project=dbt_project(settings),
        # Tests of silver tables stay observations: as checks of those assets they make Dagster
        # split this step in three, and each dbt process knows only its own part
        # (docs/decisions/0002).
        name="gold",
        pool=LAKE_POOL,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def gold(
        context: dg.AssetExecutionContext,
        dbt: DbtCliResource,
        engine: EngineResource,
        lake: dg.ResourceParam[Lake],
    ) -> Iterator[Any]:
        # Unit tests try the SQL on rows of their own; `make test` runs them, not a refresh. Nobody
        # reads the artifacts of a refresh, and the manifest alone takes a second to write.
        arguments = ["build", "--no-write-json", "--exclude-resource-type", "unit_test"]
        if context.is_subset:
            # Views live in the engine's session only, and a model needs those above it. dbt builds
            # them beside what is selected; Dagster must not hear of them.
            for path in sorted(key.path for key in context.selected_asset_keys):
                arguments += ["--select", f"+{path[-1]},config.materialized:view"]
            # A test that also reads a table outside the selection would fail on a fresh lake.
            arguments += ["--indirect-selection", "cautious"]
        require_backed_up(lake)
        opened = engine.open if uses_engine(settings) else None
        selected = context.op_execution_context.selected_output_names
        chosen = {key.path[-1] for key in context.selected_asset_keys}
        models = {model: source for model, source in incremental.items() if model in chosen}
        project = project_fingerprint()
        found = increments(lake, models, project)
        made = dbt_environment(settings, lake, opened)
        if REBUILD_TAG not in context.run.tags:
            made["C360_CHANGED_DAYS"] = json.dumps(
                {i.model: [str(day) for day in i.days] for i in found if i.days is not None}
            )
        # At the level debug the log file has every query, for a fourteenth of a small refresh;
        # dbt's own variable brings them back.
        made["DBT_LOG_LEVEL_FILE"] = os.environ.get("DBT_LOG_LEVEL_FILE", "info")
        with environment(made | {OWNER: process_mark()}):
            invocation = dbt.cli(arguments, context=context)
            with repeated_once_when_garbled(), ended_with(opened, invocation.process):
                for event in invocation.stream():
                    if not isinstance(event, dg.Output) or event.output_name in selected:
                        yield event
        record_increments(lake, found, project)
        # Its logs and compiled SQL; a run that failed keeps them.
        shutil.rmtree(invocation.target_path)

    return gold


def build_exposure_assets(manifest: Mapping[str, Any]) -> list[dg.AssetSpec]:
    """The dbt exposures as external assets: who uses gold, at the end of the graph.

    dagster-dbt makes no assets of exposures.
    """
    specs = []
    for exposure in manifest["exposures"].values():
        models = (manifest["nodes"][name] for name in exposure["depends_on"]["nodes"])
        owner = exposure["owner"].get("email")
        specs.append(
            dg.AssetSpec(
                key=["exposure", exposure["name"]],
                deps=sorted([node["schema"], node["name"]] for node in models),
                description=exposure["description"],
                group_name="exposures",
                owners=[owner] if owner else [],
                kinds={exposure["type"]},
            )
        )
    return specs


def build_refresh_asset(
    sources: Sequence[SourceSpec], gold: dg.AssetsDefinition, manifest: Mapping[str, Any]
) -> dg.AssetsDefinition:
    """The last step: compare every table's types with their declaration and mark the refresh."""

    @lake_asset(
        keys.REFRESHES,
        # Behind the check of the reconciliation, too.
        [*(key.path for key in sorted(gold.keys)), keys.RECONCILIATION],
        "Which loads the tables of this lake were last built from, and the as-of date: the "
        "last landing day loaded. One row per complete refresh.",
        {"delta"},
        [
            dg.AssetCheckSpec(
                TYPES_CHECK,
                asset=list(keys.REFRESHES),
                # Nothing is behind it to block: it fails the run, which would else end as a success
                # that no refresh is recorded for.
                blocking=True,
                description="Every column of every table has the type that was declared for it.",
            )
        ],
        group=keys.OPS,
    )
    def refreshes(
        context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake]
    ) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster compares with the bare class
        differences = type_differences(lake, sources, manifest)
        check = dg.AssetCheckResult(
            check_name=TYPES_CHECK,
            passed=not differences,
            severity=dg.AssetCheckSeverity.ERROR,
            metadata={"differences": differences},
        )
        if differences:
            return dg.MaterializeResult(check_results=[check])
        as_of = record_refresh(lake, context.run_id)
        return dg.MaterializeResult(metadata={"as_of_date": str(as_of)}, check_results=[check])

    return refreshes
