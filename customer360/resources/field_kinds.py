"""Which declared type would fit the values that records hold under a path."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from customer360.resources.field_counts import texts
from customer360.sources.spec import Kind

if TYPE_CHECKING:
    from customer360.resources.reading import Reader

# The narrowest first. A number with a leading zero is a code, not a number.
_KINDS: Final = {
    Kind.BOOLEAN: "lower(e) in ('true', 'false')",
    Kind.INTEGER: "regexp_full_match(e, '[+-]?(0|[1-9][0-9]{0,17})')",
    Kind.DECIMAL: "regexp_full_match(e, '[+-]?(0|[1-9][0-9]{0,11})([.][0-9]+)?')",
    Kind.DATE: "(e like '____-__-__' and try_cast(e as date) is not null)",
    Kind.TIMESTAMP: "(e like '____-__-__%' and try_cast(e as timestamptz) is not null)",
}


def fitting_kinds(reader: Reader, records: str, paths: Sequence[str]) -> dict[str, Kind]:
    """The narrowest type that fits every value under each path.

    Args:
        reader: Runs the SQL.
        records: Name of a relation with bronze's columns, in SQL.
        paths: The paths, as `lines[].sku`.

    Returns:
        A type for each path; string where no other fits, or there is no value.
    """
    found = {}
    for path in paths:
        misses = ", ".join(
            f'count_if(len(list_filter(v, lambda e: not {fits})) > 0) as "{kind.name}"'
            for kind, fits in _KINDS.items()
        )
        (row,) = reader.rows(
            f"""select coalesce(sum(len(v)), 0) as n, {misses} from (
                select list_filter({texts(path)}, lambda e: trim(e) <> '') as v
                from {records} where decode_error is null)"""
        )
        fitting = (kind for kind in _KINDS if row["n"] and not row[kind.name])
        found[path] = next(fitting, Kind.STRING)
    return found
