"""What a declaration promises of a record's shape: its paths, and the version of that contract.

What records really hold is compared with it in `resources.field_evidence`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from customer360.sources.spec import EntitySpec, Field

OBJECT: Final = "object"
LIST: Final = "list"
_VERSION_DIGITS: Final = 10


@dataclass(frozen=True, slots=True)
class Declared:
    """One thing that a record is declared to hold.

    Attributes:
        path: Where, with dots between steps and `[]` behind a list, as `lines[].sku`.
        expected: Type of the silver column, or `object`, `list` for what holds fields.
        field: The field; None for what holds fields.
        inside: Path of the list whose elements hold it; empty when the record itself does.
    """

    path: str
    expected: str
    field: Field | None = None
    inside: str = ""

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path under which it may land, the first one first."""
        before = f"{self.inside}[]." if self.inside else ""
        also = self.field.also if self.field else ()
        return (self.path, *(f"{before}{path}" for path in also))

    @property
    def is_required(self) -> bool:
        """Whether a record without it is quarantined."""
        return self.field is not None and self.field.required


def declared(entity: EntitySpec) -> Iterator[Declared]:
    """Everything that an entity declares: fields, the objects they are in, lists, their fields."""
    heads = dict.fromkeys(p[0] for f in entity.fields for p in f.source_paths if len(p) > 1)
    for head in heads:
        yield Declared(head, OBJECT)
    for field in entity.fields:
        yield Declared(".".join(field.source_path), field.kind.value, field)
    for child in entity.children:
        yield Declared(child.path, LIST)
        for field in child.fields:
            path = f"{child.path}[].{field.source_path[0]}"
            yield Declared(path, field.kind.value, field, child.path)


def contract_version(entity: EntitySpec) -> str:
    """Version of an entity's contract: changes when names, paths, types or `required` do.

    Derived, so that nobody can forget to raise it; the order of fields and their descriptions do
    not matter.

    Args:
        entity: The declaration.

    Returns:
        10 hexadecimal digits, the same on every machine.
    """
    lines = sorted(
        "\t".join((d.field.name if d.field else "", *d.paths, d.expected, str(d.is_required)))
        for d in declared(entity)
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:_VERSION_DIGITS]
