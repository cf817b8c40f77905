"""Scoring pairs of records with Splink: the model's weight, its levels, and what is decided by it.

On DuckDB in the run process, which reads records and pairs from files; the engine may be anywhere.
The sibling that leaves the rows in the engine is `scoring_in_engine`. A pair's score depends on its
two records, the model and the size class of the lake, never on other pairs or their order.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from customer360.identity.conflicts import CONFLICTS, EXACT
from customer360.identity.contract import COMPARED, MATCH_COLUMNS
from customer360.identity.rules import LINK_WEIGHT

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
    from pyarrow.dataset import Dataset
    from splink import DuckDBAPI, Linker
    from splink.internals.database_api import DatabaseAPI

    from customer360.identity.match_model import MatchModel

_MEMORY: Final = "4GB"
_BATCH_ROWS: Final = 100_000
# However rare names are, two people may share them: something else has to speak for it, too.
_NAMES: Final = ("first_name", "last_name")
# Weaker pairs say nothing that anybody would want to know, unless they contradict.
_LEAST_WEIGHT: Final = 0
_PREDICTION: Final = "__splink__df_predict"


def scored_pairs(
    records: pa.Table | Dataset, pairs: pa.Table | Dataset, model: MatchModel, size: int
) -> Iterator[pa.RecordBatch]:
    """Score candidate pairs.

    Args:
        records: Rows of `match_records`, at least those of the pairs.
        pairs: `node_1` and `node_2` of each candidate pair.
        model: The parameters.
        size: How many records the lake has.

    Yields:
        Batches with the columns of `customer_matches`: pairs of even odds or better, and those
        that contradict each other.
    """
    with matching_database() as connection:
        # Splink itself takes those that are in pairs.
        connection.register("match_records", records)
        connection.register("pairs_given", pairs)
        connection.execute(f"create table candidate_pairs as {blocked('pairs_given')}")
        database = _deciding(connection, model)
        settings = model.settings(size)
        found = predicted(database, "match_records", "candidate_pairs", settings)
        yield from connection.sql(f"from {found}").to_arrow_reader(_BATCH_ROWS)


@contextmanager
def matching_database() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database of its own for a `with` block, which spills what does not fit into memory."""
    import duckdb

    with (
        tempfile.TemporaryDirectory(prefix="customer360-matching-") as folder,
        duckdb.connect(
            config={
                "memory_limit": _MEMORY,
                "threads": os.cpu_count() or 1,
                "temp_directory": folder,
                # Nothing depends on the order of pairs, and keeping it keeps them in memory.
                "preserve_insertion_order": False,
            }
        ) as connection,
    ):
        yield connection


def open_linker(database: DatabaseAPI[Any], table: str, settings: dict[str, Any]) -> Linker:
    """Splink on a table of records of one of its backends."""
    from splink import Linker

    # It tells of each query; what is wrong comes as an exception.
    logging.getLogger("splink").setLevel(logging.ERROR)
    records = database.register(table)
    return Linker(records, settings, log_level=None, validate_settings=False)


def predicted(
    database: DatabaseAPI[Any], records: str, pairs: str, settings: dict[str, Any]
) -> str:
    """Let Splink score a table of pairs (`blocked`) of records; returns the name of its table."""
    linker = open_linker(database, records, settings)
    linker.table_management.register_blocked_pairs_for_predict(database.register(pairs))
    return str(linker.inference.predict(warning_mode="never").physical_name)


def blocked(pairs: str) -> str:
    """SQL that tells Splink of candidate pairs."""
    return f"select node_1 as join_key_l, node_2 as join_key_r, '0' as match_key from {pairs}"


def with_decisions(sql: str, name: str, model: MatchModel) -> str:
    """Splink's query for one of its tables; for its predictions, what is decided by them.

    All that Splink keeps of a prediction, both records among it, is many times as large.
    """
    return decided(f"({sql})", model) if name.startswith(_PREDICTION) else sql


def _deciding(connection: duckdb.DuckDBPyConnection, model: MatchModel) -> DuckDBAPI:
    from splink import DuckDBAPI

    class Deciding(DuckDBAPI):
        def _setup_for_execute_sql(self, sql: str, physical_name: str) -> str:
            sql = with_decisions(sql, physical_name, model)
            return super()._setup_for_execute_sql(sql, physical_name)

    return Deciding(connection=connection)


def decided(predictions: str, model: MatchModel) -> str:
    """SQL from Splink's predictions to the columns of `customer_matches`; on every backend.

    Args:
        predictions: Table, or query in parentheses.
        model: The parameters.
    """
    speaking = {name: model.speaking_levels(name) for name in COMPARED if name not in _NAMES}
    more_than_names = " or ".join(
        f"{name}_level in ({', '.join(map(str, levels))})"
        for name, levels in speaking.items()
        if levels
    )
    levels = ", ".join(f"cast(gamma_{name} as int) as {name}_level" for name in COMPARED)
    conflict = " ".join(f"when {rule.condition} then '{rule.name}'" for rule in CONFLICTS)
    linked_by = " ".join(f"when {condition} then '{name}'" for name, condition in EXACT)
    columns = ", ".join(column.name for column in MATCH_COLUMNS)
    return f"""
        with levelled as (
            select node_l as node_1, node_r as node_2,
                cast(match_weight as decimal(9, 4)) as match_weight, {levels}
            from {predictions} as predictions
        ), judged as (
            select *, case {conflict} end as conflict,
                case {linked_by} when match_weight >= {LINK_WEIGHT} and ({more_than_names})
                    then 'model' end as linked_by
            from levelled
        ), decided as (
            select *, conflict is null and linked_by is not null as is_link from judged
        )
        select {columns} from decided
        where is_link or conflict is not null or match_weight >= {_LEAST_WEIGHT}"""
