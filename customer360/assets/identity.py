"""Identity assets: who each source record belongs to, and one golden record per customer."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from customer360 import keys
from customer360.assets.silver_load import tables_of
from customer360.identity import contract
from customer360.resources.engine import EngineResource
from customer360.resources.held_lake import LAKE_POOL
from customer360.resources.lake import Lake
from customer360.settings import Settings
from customer360.sources.spec import SourceSpec

OWNER = "customer-data@example.com"
GROUP = "identity"
KINDS = {"pyspark", "delta"}
TRAINING_JOB = "train_match_model"
# Run tag of that job; in any other run the model in use stays.
TRAINING_TAG = "customer360/train_match_model"


def build_identity_assets(
    sources: Sequence[SourceSpec], settings: Settings
) -> list[dg.AssetsDefinition]:
    """Identifiers, records to match, matches, links and customers, each from those before."""
    silver = [list(tables_of(s, e).silver) for s in sources for e in s.entities]
    # Behind the ledger's check: nobody is resolved from records that do not add up.
    silver.append(list(keys.LEDGER))

    @dg.asset(
        key=list(contract.CUSTOMER_IDENTIFIERS),
        deps=silver,
        description=(
            "What each source record says about who it belongs to, normalised, and whether it may "
            "link. One row per source record, identifier type and value."
        ),
        backfill_policy=dg.BackfillPolicy.single_run(),
        group_name=GROUP,
        owners=[OWNER],
        kinds=KINDS,
        pool=LAKE_POOL,
    )
    def customer_identifiers(engine: EngineResource) -> dg.MaterializeResult[Any]:
        from customer360.identity.resolve import build_identifiers

        counts = build_identifiers(
            engine.open,
            default_country=settings.default_country,
            shared_limit=settings.shared_identifier_limit,
        )
        return _result(engine, contract.CUSTOMER_IDENTIFIERS, counts)

    @dg.asset(
        key=list(contract.MATCH_RECORDS),
        deps=[list(contract.CUSTOMER_IDENTIFIERS)],
        description=(
            "What matching compares: names, birth date, address and contact points in one "
            "spelling. One row per account, contact, profile and guest."
        ),
        backfill_policy=dg.BackfillPolicy.single_run(),
        group_name=GROUP,
        owners=[OWNER],
        kinds=KINDS,
        pool=LAKE_POOL,
    )
    def match_records(engine: EngineResource) -> dg.MaterializeResult[Any]:
        from customer360.identity.resolve import build_match_records

        return _result(engine, contract.MATCH_RECORDS, build_match_records(engine.open))

    @dg.asset(
        key=list(contract.MATCH_MODELS),
        deps=[list(contract.MATCH_RECORDS)],
        description=(
            "What agreement of two records is worth, learned from the records themselves. One row "
            "per training; the newest is in use. Trained by a job of its own, never by a refresh."
        ),
        backfill_policy=dg.BackfillPolicy.single_run(),
        group_name=GROUP,
        owners=[OWNER],
        kinds={"duckdb", "delta"},
        pool=LAKE_POOL,
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

    @dg.asset(
        key=list(contract.CUSTOMER_MATCHES),
        deps=[list(contract.MATCH_RECORDS), list(contract.MATCH_MODELS)],
        description=(
            "How well pairs of records agree, and whether that makes them one person. One row per "
            "pair of even odds or better, and per pair that contradicts itself."
        ),
        backfill_policy=dg.BackfillPolicy.single_run(),
        group_name=GROUP,
        owners=[OWNER],
        kinds=KINDS | {"duckdb"},
        pool=LAKE_POOL,
    )
    def customer_matches(engine: EngineResource) -> dg.MaterializeResult[Any]:
        from customer360.identity.resolve import build_matches

        return _result(engine, contract.CUSTOMER_MATCHES, build_matches(engine.open))

    @dg.asset(
        key=list(contract.CUSTOMER_LINKS),
        deps=[list(contract.CUSTOMER_MATCHES)],
        description=(
            "The customer of each source record that somebody is known for. One row per record."
        ),
        backfill_policy=dg.BackfillPolicy.single_run(),
        group_name=GROUP,
        owners=[OWNER],
        kinds=KINDS,
        pool=LAKE_POOL,
    )
    def customer_links(engine: EngineResource) -> dg.MaterializeResult[Any]:
        from customer360.identity.resolve import build_links

        return _result(engine, contract.CUSTOMER_LINKS, build_links(engine.open))

    @dg.asset(
        key=list(contract.CUSTOMERS),
        deps=[list(contract.CUSTOMER_LINKS)],
        description="The golden record, with the source of each attribute. One row per customer.",
        backfill_policy=dg.BackfillPolicy.single_run(),
        group_name=GROUP,
        owners=[OWNER],
        kinds=KINDS,
        pool=LAKE_POOL,
    )
    def customers(engine: EngineResource) -> dg.MaterializeResult[Any]:
        from customer360.identity.resolve import build_customers

        return _result(engine, contract.CUSTOMERS, build_customers(engine.open))

    @dg.asset(
        key=list(contract.HOUSEHOLDS),
        deps=[list(contract.CUSTOMERS)],
        description=(
            "Who lives together: customers with a home or contact point in common. One row per "
            "customer."
        ),
        backfill_policy=dg.BackfillPolicy.single_run(),
        group_name=GROUP,
        owners=[OWNER],
        kinds=KINDS,
        pool=LAKE_POOL,
    )
    def households(engine: EngineResource) -> dg.MaterializeResult[Any]:
        from customer360.identity.resolve import build_households

        return _result(engine, contract.HOUSEHOLDS, build_households(engine.open))

    return [
        customer_identifiers,
        match_records,
        match_models,
        customer_matches,
        customer_links,
        customers,
        households,
    ]


def _result(
    engine: EngineResource, key: keys.TableKey, counts: Mapping[str, int]
) -> dg.MaterializeResult[Any]:
    lake = engine.open.lake
    metadata = {"rows_out": lake.row_count(key), **counts, **lake.describe(key)}
    return dg.MaterializeResult(metadata=metadata)
