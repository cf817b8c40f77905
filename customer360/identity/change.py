"""What another idea of who is who would do to customers, and whether that is more than is allowed.

How ids move comes from Arrow tables, what customers spent from gold. Used by the step that applies
it, which refuses what is too much, and by the preview.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from customer360.identity.lasting_ids import CLUSTER, ID, IS_CURRENT, MEMBER
from customer360.keys import CUSTOMER_360

if TYPE_CHECKING:
    import pyarrow as pa

    from customer360.identity.lasting_ids import Issued
    from customer360.identity.linking import Proposal
    from customer360.resources.reading import Reader

# So few customers may change without anybody's consent, whatever share they are.
ALWAYS_ALLOWED: Final = 10


@dataclass(frozen=True)
class Limits:
    """How much may change without anybody's consent, as shares from 0 to 1.

    Attributes:
        customers: Of customers, those that merge or split.
        revenue: Of what all customers spent, what those spent.
    """

    customers: float
    revenue: float


@dataclass(frozen=True)
class Change:
    """What would become of customers that have an account, contact or profile, or are guests.

    Attributes:
        customers: How many there are.
        customers_after: How many there would be.
        merging: Those that become one with another.
        splitting: Those that become several.
        changing: Those that do either.
        appearing: Ids that were never issued and do not come out of another customer.
        disappearing: Ids that nobody would stand for.
        amount: What all customers spent.
        changing_amount: What those spent that merge or split.
        most_merged: Most customers that become one.
    """

    customers: int
    customers_after: int
    merging: int
    splitting: int
    changing: int
    appearing: int
    disappearing: int
    amount: Decimal
    changing_amount: Decimal
    most_merged: int

    @property
    def share(self) -> float:
        """Customers that merge or split, by all."""
        return self.changing / self.customers if self.customers else 0.0

    @property
    def revenue_share(self) -> float:
        """What those spent, by what all spent; 0 where nobody spent anything."""
        return float(self.changing_amount / self.amount) if self.amount else 0.0


def excesses(change: Change, limits: Limits) -> list[str]:
    """What is more than allowed, in words; empty when nothing is."""
    if change.changing <= ALWAYS_ALLOWED:
        return []
    found = []
    if change.share > limits.customers:
        found.append(
            f"{change.changing:,} of {change.customers:,} customers would merge or split "
            f"({change.share:.1%}, limit {limits.customers:.1%})"
        )
    if change.revenue_share > limits.revenue:
        found.append(
            f"those have spent {change.changing_amount:,} of {change.amount:,} "
            f"({change.revenue_share:.1%}, limit {limits.revenue:.1%})"
        )
    return found


def moves(nodes: pa.Array, found: pa.Table, before: pa.Table, issued: Issued) -> pa.Table:
    """Which customer each record to match belonged to, and belongs to.

    Args:
        nodes: Nodes of `match_records`.
        found: Rows of `clusters.assign_customers`.
        before: `Issued.members` of the run before.
        issued: What comes out of both.

    Returns:
        One row per node: `before` and `after`, null for nobody.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    held = before.filter(before.column(IS_CURRENT))
    was = held.column(ID).take(pc.index_in(nodes, value_set=held.column(MEMBER)))
    cluster = found.column(CLUSTER).take(pc.index_in(nodes, value_set=found.column(MEMBER)))
    return pa.table({"before": was, "after": issued.ids.take(cluster.combine_chunks())})


def measure(reader: Reader, proposal: Proposal) -> Change:
    """Figures of a change.

    Keeps in the reader `node_moves`, one row per record to match, and `customer_moves`, one row per
    customer with what becomes of them.

    Args:
        reader: Of the lake as it is.
        proposal: What would be.
    """
    import pyarrow.compute as pc

    before, issued, moved = proposal.before, proposal.issued, proposal.moves
    reader.hold("node_moves", moved)
    spent = (
        f"select customer_id, coalesce(lifetime_spend_amount, 0) as amount, segment "
        f"from {reader.table(CUSTOMER_360)}"
        if reader.lake.exists(CUSTOMER_360)
        else "select '' as customer_id, 0.00 as amount, '' as segment where false"
    )
    reader.keep("customer_moves", _MOVES.format(spent=spent))
    row = reader.rows(_FIGURES)[0]
    living = pc.unique(before.filter(before.column(IS_CURRENT)).column(ID))
    now = issued.current
    gone = pc.and_(pc.is_in(now.column(ID), value_set=living), pc.is_null(now.column("current_id")))
    known = pc.is_in(issued.ids, value_set=pc.unique(before.column(ID)))
    split = pc.is_in(
        issued.ids, value_set=moved.filter(pc.is_valid(moved.column("before"))).column("after")
    )
    is_new = pc.and_(pc.invert(known), pc.invert(split))
    return Change(
        **row, appearing=pc.sum(is_new).as_py() or 0, disappearing=pc.sum(gone).as_py() or 0
    )


_MOVES: Final = """
with spent as ({spent}),
pairs as (
    select distinct before, after from node_moves where before is not null and after is not null
),
befores as (select before, count(*) as parts from pairs group by before),
afters as (select after, count(*) as parts from pairs group by after),
told as (
    select p.before, max(b.parts) > 1 as splits, max(a.parts) > 1 as merges
    from pairs p join befores b on b.before = p.before join afters a on a.after = p.after
    group by p.before
)
select t.before, splits, merges, coalesce(s.amount, 0) as amount, s.segment
from told t left join spent s on s.customer_id = t.before"""

_FIGURES: Final = """
select count(*)::bigint as customers,
    (select count(distinct after) from node_moves) as customers_after,
    count(*) filter (where merges) as merging, count(*) filter (where splits) as splitting,
    count(*) filter (where merges or splits) as changing,
    coalesce(sum(amount), 0)::decimal(38, 2) as amount,
    coalesce(sum(amount) filter (where merges or splits), 0)::decimal(38, 2) as changing_amount,
    coalesce((
        select max(n) from (
            select count(distinct before) as n from node_moves where after is not null
            group by after
        )
    ), 0) as most_merged
from customer_moves"""
