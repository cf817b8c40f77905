"""How the weight of one pair comes about, field by field: Splink's waterfall.

The chart is Vega-Lite; it is drawn by `pages.charts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from customer360.identity.contract import MATCH_RECORD_COLUMNS
from customer360.identity.scoring import matching_database, open_linker

if TYPE_CHECKING:
    from customer360.identity.match_model import MatchModel

_BAR_WIDTH: Final = 130
_PARTS: Final = {"address": ("street", "postal_code", "city")}


def waterfall(
    one: Mapping[str, Any], other: Mapping[str, Any], model: MatchModel, records: int
) -> dict[str, Any]:
    """The chart of a pair.

    Args:
        one: Its first record, as a row of `match_records`.
        other: Its second record.
        model: The parameters.
        records: How many records there are to match, which the odds depend on.
    """
    import pyarrow as pa
    from splink import DuckDBAPI

    schema = pa.schema([(column.name, pa.string()) for column in MATCH_RECORD_COLUMNS])
    pair = pa.Table.from_pylist([{n: row[n] for n in schema.names} for row in (one, other)], schema)
    settings = model.settings(records) | {"retain_intermediate_calculation_columns": True}
    with matching_database() as connection:
        connection.register("pair_given", pair)
        connection.execute("create table match_records as from pair_given")
        connection.execute(
            "create table candidate_pairs as select ? as join_key_l, ? as join_key_r, "
            "'0' as match_key",
            [one["node"], other["node"]],
        )
        database = DuckDBAPI(connection=connection)
        linker = open_linker(database, "match_records", settings)
        pairs = database.register("candidate_pairs")
        linker.table_management.register_blocked_pairs_for_predict(pairs)
        scored = linker.inference.predict(warning_mode="never").as_record_list()
        chart: dict[str, Any] = linker.visualisations.waterfall_chart(scored).chart_dict
    for bar in chart["data"]["values"]:
        # Splink would show every column that a condition reads.
        bar["value_l"], bar["value_r"] = (_shown(row, bar["column_name"]) for row in (one, other))
    chart["width"] = {"step": _BAR_WIDTH}
    chart["title"] = {
        "text": f"{one['node']} and {other['node']}",
        "subtitle": f"What each field says for or against one person, by model {model.name}",
    }
    return chart


def _shown(row: Mapping[str, Any], field: str) -> str:
    """A record's value of a field; nothing for the bars that are no field."""
    parts = _PARTS.get(field, (field,))
    return ", ".join(str(row[part]) for part in parts if row.get(part) is not None)
