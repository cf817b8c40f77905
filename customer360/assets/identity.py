"""Identity assets: who each source record belongs to, and one golden record per customer."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any, Final, NamedTuple

import dagster as dg

from customer360 import keys
from customer360.assets.lake_asset import lake_asset
from customer360.assets.silver_load import tables_of
from customer360.errors import ChangeBlockedError
from customer360.identity import contract
from customer360.identity.change import Change
from customer360.resources.engine import EngineResource
from customer360.resources.lake import Lake
from customer360.settings import Settings
from customer360.sources.spec import SourceSpec

GROUP = "identity"
KINDS = {"pyspark", "delta"}
CHANGE_CHECK = "change_is_within_limits"
TRAINING_JOB = "train_match_model"
# Run tag of that job; in any other run the model in use stays.
TRAINING_TAG = "customer360/train_match_model"


def build_identity_assets(
    sources: Sequence[SourceSpec], settings: Settings
) -> list[dg.AssetsDefinition]:
    """Identifiers, records to match, matches, links and customers, each from those before."""
    made = map(_made, _STEPS)
    return [_identifiers(sources, settings), _crosswalk(settings), *made, _match_models()]


class _Step(NamedTuple):
    """A table that needs nothing but the engine.

    Attributes:
        table: The table.
        made_of: The tables it is made of.
        description: What a row is.
        build: Function of `identity.resolve` that makes it, which is imported when it runs.
        kinds: What it works with.
    """

    table: keys.TableKey
    made_of: tuple[keys.TableKey, ...]
    description: str
    build: str
    kinds: set[str] = KINDS


_STEPS: Final = (
    _Step(
        contract.MATCH_RECORDS,
        (contract.CUSTOMER_IDENTIFIERS,),
        "What matching compares: names, birth date, address and contact points in one spelling. "
        "One row per account, contact, profile and guest.",
        "build_match_records",
    ),
    _Step(
        contract.CUSTOMER_MATCHES,
        (contract.MATCH_RECORDS, contract.MATCH_MODELS),
        "How well pairs of records agree, and whether that makes them one person. One row per "
        "pair of even odds or better, and per pair that contradicts itself.",
        "build_matches",
        KINDS | {"duckdb"},
    ),
    _Step(
        contract.CUSTOMER_LINKS,
        (contract.CUSTOMER_CROSSWALK,),
        "The customer of each source record that somebody is known for. One row per record.",
        "build_links",
    ),
    _Step(
        contract.CUSTOMER_VALUES,
        (contract.CUSTOMER_LINKS,),
        "What the records of a customer claim: the value of each attribute that was chosen, and "
        "those that were not, with source, age and why. One row per customer, attribute and value.",
        "build_values",
    ),
    _Step(
        contract.CUSTOMERS,
        (contract.CUSTOMER_VALUES,),
        "The golden record, with the source of each attribute. One row per customer.",
        "build_customers",
    ),
    _Step(
        contract.HOUSEHOLDS,
        (contract.CUSTOMERS,),
        "Who lives together: customers with a home or contact point in common. One row per "
        "customer.",
        "build_households",
    ),
)


identity_asset = partial(lake_asset, group=GROUP)


def _made(step: _Step) -> dg.AssetsDefinition:
    def made(engine: EngineResource) -> dg.MaterializeResult[Any]:
        from customer360.identity import resolve

        return _result(engine, step.table, getattr(resolve, step.build)(engine.open))

    return identity_asset(step.table, step.made_of, step.description, step.kinds)(made)


def _identifiers(sources: Sequence[SourceSpec], settings: Settings) -> dg.AssetsDefinition:
    silver = [tables_of(s, e).silver for s in sources for e in s.entities]

    @identity_asset(
        contract.CUSTOMER_IDENTIFIERS,
        # Behind the ledger's check: nobody is resolved from records that do not add up.
        [*silver, keys.LEDGER],
        "What each source record says about who it belongs to, normalised, and whether it may "
        "link. One row per source record, identifier type and value.",
        KINDS,
    )
    def customer_identifiers(engine: EngineResource) -> dg.MaterializeResult[Any]:
        from customer360.identity.resolve import build_identifiers

        counts = build_identifiers(
            engine.open,
            default_country=settings.default_country,
            shared_limit=settings.shared_identifier_limit,
        )
        return _result(engine, contract.CUSTOMER_IDENTIFIERS, counts)

    return customer_identifiers


def _crosswalk(settings: Settings) -> dg.AssetsDefinition:
    key = contract.CUSTOMER_CROSSWALK
    limits = (
        f"Rules, model or decisions other than last time merge or split at most "
        f"{settings.identity_customers_limit:.1%} of customers, who spent at most "
        f"{settings.identity_revenue_limit:.1%}, unless somebody approved it."
    )

    @identity_asset(
        key,
        [contract.CUSTOMER_MATCHES],
        "Every customer id ever issued, and which one stands for it since when and why. One row "
        "per id and period.",
        KINDS,
        [dg.AssetCheckSpec(CHANGE_CHECK, asset=list(key), blocking=True, description=limits)],
    )
    def customer_crosswalk(
        context: dg.AssetExecutionContext, engine: EngineResource
    ) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[Any]]:
        from customer360.identity.gate import Gate
        from customer360.identity.resolve import build_crosswalk

        gate = Gate(settings, context.run.run_id, datetime.now(UTC))
        try:
            counts, change = build_crosswalk(engine.open, gate)
        except ChangeBlockedError as blocked:
            yield _judged(blocked.change, passed=False)
            raise
        yield _result(engine, key, counts)
        yield _judged(change, passed=True)

    return customer_crosswalk


def _judged(change: Change | None, *, passed: bool) -> dg.AssetCheckResult:
    """The check of the gate: what other rules, model or decisions do to customers."""
    if change is None:
        told: dict[str, Any] = {"change": "rules, model and decisions are those of last time"}
    else:
        told = {name: _shown(value) for name, value in asdict(change).items()}
    return dg.AssetCheckResult(
        passed=passed,
        asset_key=list(contract.CUSTOMER_CROSSWALK),
        check_name=CHANGE_CHECK,
        metadata=told,
    )


def _shown(value: int | Decimal) -> int | str:
    return value if isinstance(value, int) else str(value)


def _match_models() -> dg.AssetsDefinition:
    @identity_asset(
        contract.MATCH_MODELS,
        [contract.MATCH_RECORDS],
        "What agreement of two records is worth, learned from the records themselves. One row "
        "per training; the newest is in use. Trained by a job of its own, never by a refresh.",
        {"duckdb", "delta"},
    )
    def match_models(
        context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake]
    ) -> dg.MaterializeResult[Any]:
        from customer360.resources.match_models import add_model, model_in_use, train_model

        if TRAINING_TAG not in context.run.tags:
            # Whoever selects all assets wants them made, not who is who decided otherwise.
            model = model_in_use(lake)
            context.log.info(f"{model.name} stays in use; the job that trains is {TRAINING_JOB}")
            return dg.MaterializeResult(metadata={"model": model.name, "records": model.records})
        model, records = train_model(lake, context.log.info)
        version = add_model(lake, model, records=records, at=datetime.now(UTC))
        return dg.MaterializeResult(
            metadata={"model": model.name, "version": version, "records": records}
        )

    return match_models


def _result(
    engine: EngineResource, key: keys.TableKey, counts: Mapping[str, int]
) -> dg.MaterializeResult[Any]:
    lake = engine.open.lake
    metadata = {"rows_out": lake.row_count(key), **counts, **lake.describe(key)}
    return dg.MaterializeResult(metadata=metadata)
