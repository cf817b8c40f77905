"""What became of every customer id: the periods of `customer_crosswalk`.

Pure Arrow, no engine. A period says which id stood for a customer, from when, and why. Ids and what
they stand for come from `lasting_ids`; here is told what is different from the last run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from customer360.identity.contract import CROSSWALK_COLUMNS
from customer360.identity.lasting_ids import CURRENT_ID, ID, IS_CURRENT, MEMBER
from customer360.identity.linking import arrow_schema

if TYPE_CHECKING:
    import pyarrow as pa

    from customer360.identity.lasting_ids import Issued

NEW: Final = "new"
MERGE: Final = "merge"
SPLIT: Final = "split"
MANUAL: Final = "manual"
ERASED: Final = "erased"
KEY: Final = ("customer_id", "valid_from")


def periods(
    standing: pa.Table,
    before: pa.Table,
    issued: Issued,
    decided: Iterable[tuple[str, str]],
    *,
    at: datetime,
    run_id: str,
) -> pa.Table:
    """The periods that end and those that begin.

    Args:
        standing: Periods that have not ended: rows of `customer_crosswalk`.
        before: `Issued.members` of the run before.
        issued: What ids stand for now.
        decided: Pairs of members that people ever decided about, also what was taken back.
        at: When the new periods begin, UTC.
        run_id: The run.

    Returns:
        Rows of `customer_crosswalk` to replace those of the same id and begin, or to be added;
        none if every id stands for what it did.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    place = pc.index_in(issued.current.column(ID), value_set=standing.column("customer_id"))
    was = standing.column(CURRENT_ID).take(place)
    is_known = pc.is_valid(place)
    now = issued.current.column(CURRENT_ID)
    # Null twice is no change, and compares to null.
    same = pc.fill_null(pc.equal(was, now), False)
    same = pc.or_(same, pc.and_(is_known, pc.and_(pc.is_null(was), pc.is_null(now))))
    changed = pc.invert(same)
    ended = standing.take(place.filter(pc.and_(changed, is_known)))
    ended = ended.set_column(
        ended.schema.get_field_index("valid_to"), "valid_to", _repeated(at, ended.num_rows)
    )
    begun, was = issued.current.filter(changed), was.filter(changed)
    told = _Reasons.of(before, issued, begun.column(ID), decided)
    # Of a customer that is not merged away itself one can only have come off.
    is_split = pc.and_(
        pc.is_in(was, value_set=issued.ids),
        pc.fill_null(pc.not_equal(was, begun.column(ID)), False),
    )
    reasons = [
        told.reason(row[ID], row[CURRENT_ID], is_split=split)
        for row, split in zip(begun.to_pylist(), is_split.to_pylist(), strict=True)
    ]
    schema = arrow_schema(CROSSWALK_COLUMNS)
    count = begun.num_rows
    started = {
        "customer_id": begun.column(ID),
        "current_id": begun.column(CURRENT_ID),
        "valid_from": _repeated(at, count),
        "valid_to": pa.nulls(count, schema.field("valid_to").type),
        "reason": pa.array(reasons, pa.string()),
        "run_id": pa.repeat(pa.scalar(run_id), count),
    }
    return pa.concat_tables([ended.cast(schema), pa.table(started, schema=schema)])


class _Reasons(NamedTuple):
    """What the reasons are told by: ids with members of other ids, and ids that people moved."""

    mixed: set[str]
    manual: set[str]

    @classmethod
    def of(
        cls,
        before: pa.Table,
        issued: Issued,
        changed: pa.ChunkedArray,
        decided: Iterable[tuple[str, str]],
    ) -> _Reasons:
        """Of ids that stand for something else than before."""
        import pyarrow.compute as pc

        held, holds = (table.filter(table.column(IS_CURRENT)) for table in (before, issued.members))
        # Most ids of a large lake stand for what they did: their members need no look.
        theirs = holds.filter(pc.is_in(holds.column(ID), value_set=changed))
        was = held.filter(pc.is_in(held.column(MEMBER), value_set=theirs.column(MEMBER)))
        place = pc.index_in(theirs.column(MEMBER), value_set=was.column(MEMBER))
        differs = pc.fill_null(pc.not_equal(was.column(ID).take(place), theirs.column(ID)), False)
        return cls(
            set(pc.unique(theirs.column(ID).filter(differs)).to_pylist()),
            _manual(held, holds, decided),
        )

    def reason(self, each: str, now: str | None, *, is_split: bool) -> str:
        """Why an id stands for what it does now."""
        if now is None:
            return ERASED
        if each in self.manual or now in self.manual:
            return MANUAL
        if now == each:
            return SPLIT if each in self.mixed else NEW
        return SPLIT if is_split else MERGE


def _manual(held: pa.Table, holds: pa.Table, decided: Iterable[tuple[str, str]]) -> set[str]:
    """Ids, before and now, of members that a decision put together or parted."""
    pairs = list(decided)
    names = sorted({member for pair in pairs for member in pair})
    was, now = (_ids_of(table, names) for table in (held, holds))
    found: set[str] = set()
    for one, other in pairs:
        ids = [state.get(member) for state in (was, now) for member in (one, other)]
        if None not in ids and (ids[0] == ids[1]) != (ids[2] == ids[3]):
            found.update(i for i in ids if i is not None)
    return found


def _ids_of(table: pa.Table, members: Sequence[str]) -> dict[str, str]:
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = table.filter(pc.is_in(table.column(MEMBER), value_set=pa.array(members, pa.string())))
    return dict(zip(rows.column(MEMBER).to_pylist(), rows.column(ID).to_pylist(), strict=True))


def _repeated(at: datetime, count: int) -> Any:
    import pyarrow as pa

    return pa.repeat(pa.scalar(at, pa.timestamp("us", "UTC")), count)
