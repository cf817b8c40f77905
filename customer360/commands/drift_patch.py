"""The change of the declarations that drift suggests, as a patch for `git apply`.

The patch covers the source's file and the documents derived from it. A person reads it first:
which new fields are wanted, what they mean, and whether they are personal, no machine can say.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING, Final

from customer360 import dbt_sources
from customer360.landing import document
from customer360.settings import PROJECT_ROOT
from customer360.sources import SOURCES
from customer360.sources.declaration_text import add_fields, add_path
from customer360.sources.spec import RESERVED, ChildSpec, EntitySpec, Field, Kind, SourceSpec

if TYPE_CHECKING:
    from pathlib import Path

    from customer360.resources.reading import Reader
    from customer360.sources.drift import EntityDrift, NewField

DESCRIPTION: Final = "Description to be written."


@dataclass(frozen=True)
class Change:
    """What to change in the declaration of an entity.

    Attributes:
        source: The source.
        entity: The entity.
        added: New fields, each with the name of the list whose elements hold it, or nothing.
        also: (list or nothing, field, its further path) of renamed fields.
        notes: Why something is left out, and what else to decide.
    """

    source: SourceSpec
    entity: EntitySpec
    added: tuple[tuple[str, Field], ...]
    also: tuple[tuple[str, str, str], ...]
    notes: tuple[str, ...]

    @classmethod
    def of(
        cls,
        reader: Reader,
        records: str,
        source: SourceSpec,
        entity: EntitySpec,
        drift: EntityDrift,
    ) -> Change:
        """The change that some drift suggests; types of new fields are those that fit all values.

        Args:
            reader: Runs the SQL.
            records: Name of a relation with the entity's bronze rows, in SQL.
            source: The source.
            entity: The entity.
            drift: What was found.
        """
        from customer360.resources.field_kinds import fitting_kinds

        renames = {rename.new.path: rename for rename in drift.renamed}
        fields = [new for new in drift.new if new.path not in renames]
        possible = [new.path for new in fields if _is_declarable(new)]
        kinds = fitting_kinds(reader, records, possible)
        added: list[tuple[str, Field]] = []
        for path in possible:
            inside, steps = _split(path)
            taken = {f.name for i, f in added if i == inside} | _names(entity, inside)
            added.append((inside, _field(steps, kinds[path], taken)))
        also = [
            (rename.vanished.declared.inside, rename.vanished.declared.field.name, _split(path)[1])
            for path, rename in renames.items()
            if rename.vanished.declared.field
        ]
        return cls(source, entity, tuple(added), tuple(also), tuple(_notes(drift, possible)))


def _notes(drift: EntityDrift, possible: Sequence[str]) -> Iterator[str]:
    """What a person has to decide, because no patch can say it."""
    renames = [rename.vanished for rename in drift.renamed]
    for new in drift.new:
        if new.path not in possible and new.path not in [r.new.path for r in drift.renamed]:
            kinds = " or ".join(new.json_types) or "null"
            yield f"{new.path} ({kinds}) is left out: a list needs a ChildSpec, an odd name a path"
    for change in drift.vanished:
        if change not in renames:
            yield f"{change.declared.path} is gone from {change.began} on: ask the source"
    for change in drift.retyped:
        yield f"{change.declared.path} lands as {change.found} from {change.began} on: its type?"


def suggested_patch(changes: Sequence[Change]) -> str:
    """The patch, with what is left to a person in front of it; nothing where nothing changes.

    Args:
        changes: What to change, of any entities.

    Returns:
        A unified diff that `git apply` takes, made against the files of this checkout.
    """
    texts: dict[Path, str] = {}
    sources = {source.name: source for source in SOURCES}
    for change in changes:
        path = PROJECT_ROOT / "customer360" / "sources" / f"{change.source.name}.py"
        texts[path] = _changed_text(texts.get(path) or path.read_text(), change)
        source = sources[change.source.name]
        entities = tuple(
            _changed(e, change) if e.name == change.entity.name else e for e in source.entities
        )
        sources[source.name] = replace(source, entities=entities)
    if texts:
        texts[document.PATH] = document.render(tuple(sources.values()))
        texts[dbt_sources.SOURCES_FILE] = dbt_sources.render_sources(tuple(sources.values()))
    notes = [
        f"# {change.source.table(change.entity.name)}: {note}\n"
        for change in changes
        for note in change.notes
    ]
    return "".join([*notes, *(_diff(path, text) for path, text in texts.items())])


def _diff(path: Path, text: str) -> str:
    name = path.relative_to(PROJECT_ROOT).as_posix()
    before, after = path.read_text().splitlines(True), text.splitlines(True)
    return "".join(difflib.unified_diff(before, after, f"a/{name}", f"b/{name}"))


def _changed_text(text: str, change: Change) -> str:
    """The source's file with the change."""
    for inside, name, path in change.also:
        text = add_path(text, _declaration(change.entity, inside), name, path)
    for inside in dict.fromkeys(i for i, _ in change.added):
        fields = [field for i, field in change.added if i == inside]
        text = add_fields(text, _declaration(change.entity, inside), fields)
    return text


def _declaration(entity: EntitySpec, inside: str) -> tuple[str, str]:
    """Class and name of the declaration that lists the fields."""
    child = _child(entity, inside)
    return ("ChildSpec", child.name) if child else ("EntitySpec", entity.name)


def _changed(entity: EntitySpec, change: Change) -> EntitySpec:
    """The entity's declaration with the change."""
    children = tuple(
        replace(child, fields=_changed_fields(child.fields, change, child.path))
        for child in entity.children
    )
    return replace(entity, fields=_changed_fields(entity.fields, change, ""), children=children)


def _changed_fields(fields: tuple[Field, ...], change: Change, inside: str) -> tuple[Field, ...]:
    also = {
        field.name: tuple(p for i, name, p in change.also if (i, name) == (inside, field.name))
        for field in fields
    }
    kept = (replace(field, also=(*field.also, *also[field.name])) for field in fields)
    return (*kept, *(field for i, field in change.added if i == inside))


def _child(entity: EntitySpec, inside: str) -> ChildSpec | None:
    return next((child for child in entity.children if inside and child.path == inside), None)


def _names(entity: EntitySpec, inside: str) -> set[str]:
    """Columns that a new field of the record, or of a list's elements, cannot be called."""
    child = _child(entity, inside)
    taken = {*entity.key, child.position} if child else {c.name for c in entity.children}
    return taken | RESERVED | {f.name for f in (child or entity).fields}


def _split(path: str) -> tuple[str, str]:
    """The list whose elements hold a path, if any, and the path inside the element or record."""
    inside, _, steps = path.rpartition("[].")
    return inside, steps


def _is_declarable(new: NewField) -> bool:
    steps = _split(new.path)[1].split(".")
    named = all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", step) for step in steps)
    return named and "array" not in new.json_types and "object" not in new.json_types


def _field(steps: str, kind: Kind, taken: Collection[str]) -> Field:
    """A field under a column name that is free: of its last step, or of all steps."""
    whole = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", steps).lower()
    name = next(n for n in _candidates(whole) if n not in taken)
    return Field(name, DESCRIPTION, kind, path="" if name == steps else steps)


def _candidates(whole: str) -> Iterator[str]:
    yield whole.rpartition(".")[2]
    yield whole.replace(".", "_")
    for number in count(2):
        yield f"{whole.replace('.', '_')}_{number}"
