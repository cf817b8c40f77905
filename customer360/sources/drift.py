"""Drift: how what records hold differs from what their source declares.

Here: what a difference is, in words, and which vanished field goes on under which new name. Where
the evidence comes from is in `resources.field_evidence`; no engine and no lake here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher
from typing import Final

from customer360.sources.contract_version import Declared

# A new field must come at least about half as often as the vanished one did to be its new name.
MIN_SURENESS: Final = 0.5
# A field whose values are of one of these JSON types in one name cannot be text in the other.
_NUMBERS: Final = frozenset({"UBIGINT", "BIGINT", "HUGEINT", "UHUGEINT", "DOUBLE"})


@dataclass(frozen=True, order=True, slots=True)
class Place:
    """A record: its landing day, file and line (from 1)."""

    landed_on: date
    source_file: str
    line_number: int

    def __str__(self) -> str:
        """File and line, as other tools spell them; the file's folder names the day."""
        return f"{self.source_file}:{self.line_number}"


@dataclass(frozen=True, slots=True)
class NewField:
    """A path that records hold and nothing declares.

    Attributes:
        path: Where, as `lines[].sku`.
        json_types: JSON types of its values, as `string`, `number`.
        records: Records that hold it.
        share: Of all records that could be decoded.
        first: The first record that holds it.
        last: The last one.
        by_day: Records that hold it, by landing day.
    """

    path: str
    json_types: tuple[str, ...]
    records: int
    share: float
    first: Place
    last: Place
    by_day: tuple[tuple[date, int], ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A declared path from some record on: gone, or with values that its type does not fit.

    Attributes:
        declared: What is declared.
        began: The first record without it, or with a value of another type.
        share_before: Share of the records before that had it (of its values that fitted).
        share_since: The same of the records since.
        records_since: Records (values) since.
        found: JSON type of the first value that does not fit; empty when the path is gone.
    """

    declared: Declared
    began: Place
    share_before: float
    share_since: float
    records_since: int
    found: str = ""


@dataclass(frozen=True, slots=True)
class Rename:
    """A vanished field that seems to go on under a new name.

    Attributes:
        vanished: The field that is gone.
        new: The field that came.
        sureness: 0 to 1: how nearly the new one comes as often as the vanished one came, halved
            unless both happened in the same file.
    """

    vanished: Change
    new: NewField
    sureness: float


@dataclass(frozen=True, slots=True)
class EntityDrift:
    """All drift of one entity.

    Attributes:
        entity: `<source>__<entity>`.
        contract: Version of the contract that records were compared with.
        records: Records compared; those that could not be decoded are not.
        new: Undeclared paths, most frequent first.
        more_new: How many further ones are not listed.
        vanished: Declared paths that stopped coming.
        retyped: Declared paths whose values stopped fitting their type.
        renamed: Which of `vanished` and `new` seem to be the same.
    """

    entity: str
    contract: str
    records: int
    new: tuple[NewField, ...] = ()
    more_new: int = 0
    vanished: tuple[Change, ...] = ()
    retyped: tuple[Change, ...] = ()
    renamed: tuple[Rename, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.new or self.vanished or self.retyped)

    def sentences(self) -> Iterator[str]:
        """Every difference in words, with file and line; renames first."""
        for rename in self.renamed:
            yield (
                f"{rename.vanished.declared.path} seems to be renamed to {rename.new.path} "
                f"(sureness {rename.sureness:.0%}) from {rename.vanished.began} on"
            )
        for change in self.vanished:
            yield (
                f"{change.declared.path} is gone from {change.began} on: in "
                f"{change.share_before:.0%} of the records before, {change.share_since:.0%} of "
                f"{change.records_since:,} since"
            )
        for change in self.retyped:
            yield (
                f"{change.declared.path} is no {change.declared.expected} any more but "
                f"{change.found} from {change.began} on: {change.share_before:.0%} of the values "
                f"fitted before, {change.share_since:.0%} of {change.records_since:,} since"
            )
        for new in self.new:
            yield (
                f"{new.path} is not declared: {' or '.join(new.json_types) or 'null'} in "
                f"{new.records:,} records ({new.share:.1%}), first {new.first}, last {new.last}"
            )
        if self.more_new:
            yield f"{self.more_new} further paths are not declared"


def candidates(
    vanished: Sequence[Change], new: Sequence[NewField], kept: Sequence[Declared]
) -> Iterator[Rename]:
    """Pairs that may be a rename: same place in the record, same type, one ends as the other comes.

    Args:
        vanished: Fields that are gone.
        new: Fields that came.
        kept: The vanished ones that have a field; what holds fields is never renamed by a patch.
    """
    for change in vanished:
        if change.declared not in kept or not change.records_since:
            continue
        for field in new:
            # A step in quotes has a name that no declaration could read.
            if '"' in field.path or _container(field.path) != _container(change.declared.path):
                continue
            if field.first < _file_begin(change.began) or not _same_type(change, field):
                continue
            now = min(1.0, field.records / change.records_since)
            agreement = min(now, change.share_before) / max(now, change.share_before)
            same_file = field.first.source_file == change.began.source_file
            yield Rename(change, field, agreement if same_file else agreement / 2)


def surest(pairs: Sequence[Rename]) -> tuple[Rename, ...]:
    """The renames to report: each vanished and each new field in one pair, the surest first.

    Of fields that came equally often, the one with the more similar name.
    """
    chosen: list[Rename] = []
    ordered = sorted(
        pairs,
        key=lambda r: (
            -round(r.sureness, 1),
            -_in_common(r.vanished.declared.path, r.new.path),
            r.vanished.declared.path,
            r.new.path,
        ),
    )
    for pair in (p for p in ordered if p.sureness >= MIN_SURENESS / 2):
        taken = any(c.vanished == pair.vanished or c.new == pair.new for c in chosen)
        if not taken:
            chosen.append(pair)
    return tuple(chosen)


def json_type(name: str) -> str:
    """JSON's own word for DuckDB's name of a JSON type."""
    if name in _NUMBERS:
        return "number"
    words = {"VARCHAR": "string", "BOOLEAN": "boolean", "OBJECT": "object", "ARRAY": "array"}
    return words.get(name, "mixed")


def _in_common(one: str, other: str) -> int:
    """Letters of the longest piece that two names share: what is put around it does not matter."""
    return SequenceMatcher(None, one, other, autojunk=False).find_longest_match().size


def _container(path: str) -> str:
    return path.rpartition(".")[0]


def _file_begin(place: Place) -> Place:
    return Place(place.landed_on, place.source_file, 0)


def _same_type(change: Change, new: NewField) -> bool:
    """Text fits every field: CSV and many exports write numbers and booleans as text."""
    kind = change.declared.expected
    fitting = {"string", "number"} if kind in ("bigint",) or "decimal" in kind else {"string"}
    return set(new.json_types) <= (fitting | ({"boolean"} if kind == "boolean" else set()))
