"""`customer360 quarantine export`: bad records as a file that can be edited and landed again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from customer360.commands.quarantine import Chosen, entities, known_entity
from customer360.errors import QuarantineError
from customer360.landing.repairs import REPAIRS, editable_line
from customer360.resources.decisions import quarantined_sql
from customer360.resources.lake import Lake
from customer360.resources.reading import open_reader

if TYPE_CHECKING:
    from rich.console import Console

    from customer360.resources.reading import Reader
    from customer360.settings import Settings

_PLACE = "source_file || ':' || record_line"
_ORDER = "landed_on, source_file, record_line"


def export(settings: Settings, console: Console, name: str, chosen: Chosen, out: Path) -> None:
    """Write quarantined records to `<out>/<entity>.jsonl`, one line each.

    A record that tried to repair others stands for them, too, so that one line repairs them all.

    Raises:
        QuarantineError: No such entity or record, or the file is there already.
    """
    lake = Lake(settings.lake)
    path = out / f"{name}.jsonl"
    count = 0
    with open_reader(lake) as reader:
        entities(lake, name)
        if path.exists():
            raise QuarantineError(
                f"{path} is there already, and may hold edits. Land or remove it, or name another "
                "folder with --out."
            )
        out.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f"{path.name}.tmp")
        with aside.open("w", encoding="utf-8", newline="\n") as file:
            for line in _lines(reader, name, chosen):
                file.write(f"{line}\n")
                count += 1
    if not count:
        aside.unlink()
        raise QuarantineError(f"No such record of {name} in quarantine; nothing to export.")
    aside.replace(path)
    console.print(
        f"Wrote {count:,} records to {path}. Correct them, remove the lines you do not correct, "
        f"then: customer360 quarantine repair {path}",
        soft_wrap=True,
    )


def _lines(reader: Reader, name: str, chosen: Chosen) -> Iterator[str]:
    _, entity = known_entity(name)
    tried = _tried(reader, name, chosen)
    replaced = {original for originals in tried.values() for original in originals}
    sql, parameters = chosen.sql(reader, name)
    batches = reader.batches(
        f"select {_PLACE} as place, rule, column_name, value, record from ({sql}) "
        f"order by {_ORDER}",
        parameters,
    )
    for batch in batches:
        for row in batch.to_pylist():
            place = row["place"]
            if place not in replaced:
                reason = " ".join(part for part in (row["rule"], row["column_name"]) if part)
                originals = [*_all_tried(tried, place), place]
                yield editable_line(entity, row["record"], originals, reason, row["value"])


def _tried(reader: Reader, name: str, chosen: Chosen) -> dict[str, list[str]]:
    """Of the records that tried to repair earlier ones and are bad themselves: these earlier ones.

    Only those that are in quarantine still.
    """
    sql, parameters = chosen.sql(reader, name)
    rows = reader.rows(
        f"""with attempts as (
            select {_PLACE} as place, ({_ORDER}) as place_order, trim(unnest(string_split(
                case when json_valid(record) then record ->> '$.{REPAIRS}' end, ';'
            ))) as original from ({sql}) where contains(record, '{REPAIRS}')
        ), bad as (
            select {_PLACE} as original, ({_ORDER}) as original_order
            from ({quarantined_sql(reader, name)}) where drop_reason is null
        )
        select distinct place, original from attempts join bad using (original)
        where original_order < place_order order by place, original""",
        parameters,
    )
    tried: dict[str, list[str]] = {}
    for row in rows:
        tried.setdefault(row["place"], []).append(row["original"])
    return tried


def _all_tried(tried: dict[str, list[str]], place: str) -> list[str]:
    """What a record tried to repair, and what these tried; they land ever earlier, so it ends."""
    found: dict[str, None] = {}
    for original in tried.get(place, ()):
        found |= dict.fromkeys([*_all_tried(tried, original), original])
    return list(found)
