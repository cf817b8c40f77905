"""Scoring pairs with Splink's Spark backend, on the engine's session: no row leaves the engine.

For clusters, where records and pairs may be more than the run process could hold. The same SQL as
on DuckDB (`comparisons`, `scoring.decided`), hence the same rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from customer360.identity.scoring import blocked, predicted, with_decisions

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.connect.session import SparkSession
    from splink.backends.spark import SparkAPI

    from customer360.identity.exchange import Exchange
    from customer360.identity.match_model import MatchModel

_RECORDS: Final = "records_to_match"
_GIVEN: Final = "pairs_given"
_PAIRS: Final = "pairs_to_match"


def scored_in_engine(
    exchange: Exchange, records: DataFrame, pairs: DataFrame, model: MatchModel, size: int
) -> DataFrame:
    """Score candidate pairs.

    Args:
        exchange: Scratch folder, where the rows are.
        records: Rows of `match_records`, at least those of the pairs.
        pairs: `node_1` and `node_2` of each candidate pair.
        model: The parameters.
        size: How many records the lake has.

    Returns:
        The columns of `customer_matches`: pairs of even odds or better, and those that contradict
        each other.
    """
    session = exchange.engine.session
    records.createOrReplaceTempView(_RECORDS)
    pairs.createOrReplaceTempView(_GIVEN)
    session.sql(blocked(_GIVEN)).createOrReplaceTempView(_PAIRS)
    found = predicted(_deciding(session, model), _RECORDS, _PAIRS, model.settings(size))
    rows = exchange.keep("scored", session.table(found))
    for view in (found, _PAIRS, _GIVEN, _RECORDS):
        session.catalog.dropTempView(view)
    return rows


def _deciding(session: SparkSession, model: MatchModel) -> SparkAPI:
    from splink.backends.spark import SparkAPI

    class Deciding(SparkAPI):
        def _setup_for_execute_sql(self, sql: str, physical_name: str) -> str:
            sql = with_decisions(sql, physical_name, model)
            return super()._setup_for_execute_sql(sql, physical_name)

        def _break_lineage_and_repartition(
            self, spark_df: DataFrame, templated_name: str, physical_name: str
        ) -> DataFrame:
            # There is one query, whose rows are written aside at once. What Splink does between
            # queries needs a JVM in this process, a cache, which serverless compute has not, or
            # tables that nobody would remove.
            del templated_name, physical_name
            return spark_df

    return Deciding(  # type: ignore[no-untyped-call] # Splink's is untyped
        spark_session=session,
        break_lineage_method="persist",
        # They are a jar's; no comparison here needs them.
        register_udfs_automatically=False,
    )
