"""Splink without an engine, which `make bench-identity` compares matching with."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb


class Clock:
    """Seconds, and processor seconds of this process, per part."""

    def __init__(self) -> None:
        """Start the first part."""
        self.told: dict[str, dict[str, float]] = {"seconds": {}, "processor": {}}
        self._from = time.monotonic(), time.process_time()

    def part(self, name: str) -> None:
        """End a part and begin the next."""
        now = time.monotonic(), time.process_time()
        for kind, begun, ended in zip(self.told, self._from, now, strict=True):
            self.told[kind][name] = ended - begun
        self._from = now


def bare(lake: Path, *, same_pairs: bool) -> dict[str, Any]:
    """Splink alone, in a DuckDB database that may use as much memory as it likes."""
    import duckdb
    from splink import DuckDBAPI, Linker

    from customer360.identity.candidates import blocking_rules
    from customer360.identity.contract import MATCH_RECORDS
    from customer360.identity.match_model import default_model
    from customer360.identity.rules import LINK_WEIGHT
    from customer360.resources.lake import Lake

    records = Lake(str(lake)).arrow(MATCH_RECORDS)
    settings = default_model().settings(records.num_rows)
    if not same_pairs:
        settings["blocking_rules_to_generate_predictions"] = [
            {"blocking_rule": rule} for rule in blocking_rules()
        ]
    spill = tempfile.mkdtemp(dir=lake)
    with duckdb.connect(config={"temp_directory": spill}) as connection:
        connection.register("given", records)
        connection.execute("create table match_records as from given")
        database = DuckDBAPI(connection=connection)
        linker = Linker(database.register("match_records"), settings, log_level="ERROR")
        clock = Clock()
        if same_pairs:
            find_pairs(connection)
            linker.table_management.register_blocked_pairs_for_predict(database.register("pairs"))
        predicted = linker.inference.predict(warning_mode="never")
        clock.part("match")
        linker.clustering.cluster_pairwise_predictions_at_threshold(
            predicted, threshold_match_weight=LINK_WEIGHT
        )
        clock.part("cluster")
        rows = connection.execute(f"select count(*) from {predicted.physical_name}").fetchall()
    return {"pairs": int(rows[0][0]), **clock.told}


def find_pairs(connection: duckdb.DuckDBPyConnection) -> None:
    """The pairs that `candidates` finds, as a script would."""
    from customer360.identity.candidates import KEYS, most_sharing

    def text(part: str | tuple[str, int]) -> str:
        return part if isinstance(part, str) else f"substr({part[0]}, 1, {part[1]})"

    keys = [
        f"select node, '{name}:' || {' || chr(124) || '.join(map(text, parts))} as key, "
        f"{most_sharing(name)} as most from match_records"
        for name, parts in KEYS.items()
    ]
    keys.append(
        "select node, 'names:' || least(first_name, last_name) || '|' || "
        f"greatest(first_name, last_name), {most_sharing('names')} from match_records "
        "where first_name is not null and last_name is not null"
    )
    connection.execute(f"""
        create table keys as
            select * from ({" union all ".join(keys)}) where key is not null
            qualify count(*) over (partition by key) between 2 and most""")
    connection.execute("""
        create table pairs as select distinct
            one.node as join_key_l, other.node as join_key_r, '0' as match_key
        from keys as one join keys as other on one.key = other.key and one.node < other.node""")
