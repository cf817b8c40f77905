"""`customer360 drift`: how what landed differs from what the sources declare.

What is found is in `resources.field_evidence`, the suggested patch in `commands.drift_patch`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from rich.table import Table

from customer360 import keys
from customer360.commands.drift_patch import Change, suggested_patch
from customer360.commands.entities import refuse_unknown
from customer360.resources.lake import Lake
from customer360.sources import SOURCES
from customer360.spelling import exact

if TYPE_CHECKING:
    from rich.console import Console

    from customer360.settings import Settings
    from customer360.sources.drift import EntityDrift, Place
    from customer360.sources.spec import EntitySpec, SourceSpec


def show_drift(
    settings: Settings, console: Console, entities: Sequence[str], *, as_json: bool, as_patch: bool
) -> bool:
    """Compare all of bronze with the declarations and print the differences.

    Args:
        settings: The settings.
        console: Where it goes.
        entities: `<source>__<entity>` each; all when empty.
        as_json: One JSON document instead of sentences.
        as_patch: A patch of the declarations, for `git apply`, instead of sentences.

    Returns:
        Whether there is drift.

    Raises:
        UnknownEntityError: No such entity.
    """
    from customer360.resources.field_evidence import find_drift
    from customer360.resources.reading import open_reader

    refuse_unknown(entities)
    lake = Lake(settings.lake)
    found: list[EntityDrift] = []
    changes: list[Change] = []
    with open_reader(lake) as reader:
        for source, entity in _chosen(lake, entities):
            name = source.table(entity.name)
            records = reader.table(keys.bronze(name))
            drift = find_drift(reader, records, name, entity)
            found.append(drift)
            if as_patch and drift:
                changes.append(Change.of(reader, records, source, entity, drift))
    if as_json:
        document = [_document(drift) for drift in found]
        console.out(json.dumps(exact(document), indent=2, ensure_ascii=False), highlight=False)
    elif as_patch:
        console.out(suggested_patch(changes), highlight=False, end="")
    else:
        for part in _parts(found):
            console.print(part, soft_wrap=True)
    return any(found)


def _chosen(lake: Lake, entities: Sequence[str]) -> Iterator[tuple[SourceSpec, EntitySpec]]:
    """The entities asked for that have landed anything."""
    for source in SOURCES:
        for entity in source.entities:
            name = source.table(entity.name)
            if (not entities or name in entities) and lake.exists(keys.bronze(name)):
                yield source, entity


def _parts(found: Sequence[EntityDrift]) -> Iterator[Table | str]:
    table = Table(title="Contracts", title_justify="left")
    table.add_column("entity", no_wrap=True)
    table.add_column("version", no_wrap=True)
    for name in ("records", "new", "gone", "other type", "renamed"):
        table.add_column(name, justify="right")
    for drift in found:
        listed = (drift.new, drift.vanished, drift.retyped, drift.renamed)
        numbers = (f"{len(findings) or '–'}" for findings in listed)
        table.add_row(drift.entity, drift.contract, f"{drift.records:,}", *numbers)
    yield table
    for drift in filter(None, found):
        yield f"\n[bold]{drift.entity}[/bold]"
        yield from (f"  {sentence.replace('[', chr(92) + '[')}" for sentence in drift.sentences())
    if not found:
        yield "Nothing has been loaded yet. Next: `customer360 run`."
    elif any(found):
        yield "\nNext: `customer360 drift --patch`, then docs/drift.md."
    else:
        yield "Records are as declared."


def _document(drift: EntityDrift) -> dict[str, Any]:
    return {
        "entity": drift.entity,
        "contract_version": drift.contract,
        "records": drift.records,
        "new": [
            {
                "path": new.path,
                "json_types": new.json_types,
                "records": new.records,
                "share": new.share,
                "first": _place(new.first),
                "last": _place(new.last),
                "records_by_landing_day": {str(day): count for day, count in new.by_day},
            }
            for new in drift.new
        ],
        "new_not_listed": drift.more_new,
        "vanished": [
            {
                "path": change.declared.path,
                "began": _place(change.began),
                "share_before": change.share_before,
                "share_since": change.share_since,
                "records_since": change.records_since,
                "is_required": change.declared.is_required,
            }
            for change in drift.vanished
        ],
        "retyped": [
            {
                "path": change.declared.path,
                "declared": change.declared.expected,
                "found": change.found,
                "began": _place(change.began),
                "share_before": change.share_before,
                "share_since": change.share_since,
                "values_since": change.records_since,
            }
            for change in drift.retyped
        ],
        "renamed": [
            {
                "from": rename.vanished.declared.path,
                "to": rename.new.path,
                "sureness": rename.sureness,
                "began": _place(rename.vanished.began),
            }
            for rename in drift.renamed
        ],
    }


def _place(place: Place) -> dict[str, Any]:
    return {
        "landed_on": place.landed_on,
        "source_file": place.source_file,
        "line_number": place.line_number,
    }
