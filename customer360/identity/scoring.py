"""Scoring pairs of records with Splink: the model's weight, its levels, and what is decided by it.

Splink runs on DuckDB in the run process; records and pairs come through files, so the engine may
be anywhere. A pair's score depends on its two records, the model and the size class of the lake,
never on other pairs or their order.
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
    from splink import DuckDBAPI, Linker

    from customer360.identity.match_model import MatchModel

_MEMORY: Final = "4GB"
_BATCH_ROWS: Final = 100_000
# However rare names are, two people may share them: something else has to speak for it, too.
_NAMES: Final = ("first_name", "last_name")
# Weaker pairs say nothing that anybody would want to know, unless they contradict.
_LEAST_WEIGHT: Final = 0


def scored_pairs(records: pa.Table, pairs: pa.Table, model: MatchModel) -> Iterator[pa.RecordBatch]:
    """Score candidate pairs.

    Args:
        records: Rows of `match_records`.
        pairs: `node_1` and `node_2` of each candidate pair.
        model: The parameters.

    Yields:
        Batches with the columns of `customer_matches`: pairs of even odds or better, and those
        that contradict each other.
    """
    if pairs.num_rows == 0:
        return
    with matching_database() as connection:
        connection.register("records_given", records)
        connection.register("pairs_given", pairs)
        predicted = _predict(connection, model, records.num_rows)
        rows = connection.sql(_decided(predicted, model)).to_arrow_reader(_BATCH_ROWS)
        yield from rows


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
            }
        ) as connection,
    ):
        yield connection


def open_linker(
    connection: duckdb.DuckDBPyConnection, table: str, settings: dict[str, Any]
) -> tuple[Linker, DuckDBAPI]:
    """Splink on a table of records, and what tables are told to it by."""
    from splink import DuckDBAPI, Linker

    # It tells of each query; what is wrong comes as an exception.
    logging.getLogger("splink").setLevel(logging.ERROR)
    database = DuckDBAPI(connection=connection)
    records = database.register(table)
    return Linker(records, settings, log_level=None, validate_settings=False), database


def _predict(connection: duckdb.DuckDBPyConnection, model: MatchModel, records: int) -> str:
    """Let Splink score all pairs; returns the name of its table."""
    connection.execute("create table match_records as from records_given")
    connection.execute(
        "create table candidate_pairs as select node_1 as join_key_l, node_2 as join_key_r, "
        "'0' as match_key from pairs_given"
    )
    linker, database = open_linker(connection, "match_records", model.settings(records))
    pairs = database.register("candidate_pairs")
    linker.table_management.register_blocked_pairs_for_predict(pairs)
    return str(linker.inference.predict(warning_mode="never").physical_name)


def _decided(predicted: str, model: MatchModel) -> str:
    """SQL from Splink's table to the columns of `customer_matches`."""
    speaking = {name: model.speaking_levels(name) for name in COMPARED if name not in _NAMES}
    more_than_names = " or ".join(
        f"{name}_level in ({', '.join(map(str, levels))})"
        for name, levels in speaking.items()
        if levels
    )
    levels = ", ".join(f"gamma_{name}::integer as {name}_level" for name in COMPARED)
    conflict = " ".join(f"when {rule.condition} then '{rule.name}'" for rule in CONFLICTS)
    linked_by = " ".join(f"when {condition} then '{name}'" for name, condition in EXACT)
    columns = ", ".join(column.name for column in MATCH_COLUMNS)
    return f"""
        with levelled as (
            select node_l as node_1, node_r as node_2,
                match_weight::decimal(9, 4) as match_weight, {levels}
            from {predicted}
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
