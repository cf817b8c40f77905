"""From what `customer_matches` was made, so that the next run compares what has changed since.

The mark names the versions of three tables: the matches, and what is remembered of the records and
keys that they were made from. It is taken away before one of them is written and set when all are;
where it is missing, or a table is of another version, or matching goes by something else, all
records are matched anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from customer360 import keys
from customer360.identity.contract import CUSTOMER_MATCHES
from customer360.keys import TableKey

if TYPE_CHECKING:
    import pyarrow as pa

    from customer360.resources.lake import Lake

MATCH_MARKS: Final = TableKey(keys.OPS, "match_marks")
MATCHED_RECORDS: Final = TableKey(keys.OPS, "matched_records")
CROWDED_KEYS: Final = TableKey(keys.OPS, "crowded_keys")


@dataclass(frozen=True)
class MatchMark:
    """What the matches were made from.

    Attributes:
        basis: Fingerprint of model, rules and size class that they were made by.
        matches_version: Delta version of `customer_matches` after they were written.
        records_version: The same of `matched_records`.
        keys_version: The same of `crowded_keys`.
    """

    basis: str
    matches_version: int
    records_version: int
    keys_version: int


_VERSIONS: Final = {
    "matches_version": CUSTOMER_MATCHES,
    "records_version": MATCHED_RECORDS,
    "keys_version": CROWDED_KEYS,
}
# Written by every run that matches.
TABLES: Final = (MATCH_MARKS, MATCHED_RECORDS, CROWDED_KEYS)


def stands(lake: Lake, basis: str) -> bool:
    """Whether the matches are as the mark says and were made by the same."""
    mark = _read(lake)
    if mark is None or not all(map(lake.exists, _VERSIONS.values())):
        return False
    return mark == _now(lake, basis)


def forget(lake: Lake) -> None:
    """Let all records be matched anew, unless a mark is set again."""
    if _read(lake) is not None:
        lake.delta(MATCH_MARKS).delete()


def record(lake: Lake, basis: str) -> None:
    """Set the mark, after all three tables were written."""
    _write(lake, _now(lake, basis))


def carry_over(lake: Lake, moved: Mapping[TableKey, tuple[int, int]]) -> None:
    """Let the mark name the new versions of tables whose files were merged, not their rows.

    Args:
        lake: The lake.
        moved: Delta version of a table before and after upkeep.
    """
    mark = _read(lake)
    if mark is None:
        return

    def now(name: str, version: int) -> int:
        before, after = moved.get(_VERSIONS[name], (version, version))
        return after if version == before else version

    names = vars(mark).items()
    carried = MatchMark(mark.basis, *(now(n, version) for n, version in names if n in _VERSIONS))
    if carried != mark:
        _write(lake, carried)


def _now(lake: Lake, basis: str) -> MatchMark:
    return MatchMark(basis, *(lake.delta(key).version() for key in _VERSIONS.values()))


def _write(lake: Lake, mark: MatchMark) -> None:
    import pyarrow as pa

    lake.replace_where(MATCH_MARKS, pa.Table.from_pylist([vars(mark)], schema=_schema()), "true")


def _read(lake: Lake) -> MatchMark | None:
    if not lake.exists(MATCH_MARKS):
        return None
    rows = lake.arrow(MATCH_MARKS).to_pylist()
    return MatchMark(**rows[0]) if rows else None


def _schema() -> pa.Schema:
    import pyarrow as pa

    return pa.schema(
        [("basis", pa.string()), *((name, pa.int64()) for name in _VERSIONS)],
    )
