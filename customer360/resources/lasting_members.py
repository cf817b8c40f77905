"""What ids stand for, from run to run: members of customers and households, and the crosswalk.

The tables are inputs of the next run: ids that are known elsewhere cannot be derived from landing,
so whoever builds a lake again keeps them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from customer360.identity import contract
from customer360.identity.lasting_ids import ID, IS_CURRENT, MEMBER, no_members
from customer360.identity.linking import arrow_schema

if TYPE_CHECKING:
    import pyarrow as pa

    from customer360.resources.lake import Lake


def customer_members(lake: Lake) -> pa.Table:
    """What customer ids stand for, as `lasting_ids` takes it; in memory."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not lake.exists(contract.CUSTOMER_MEMBERS):
        return no_members()
    rows = lake.arrow(contract.CUSTOMER_MEMBERS)
    kind, value = rows.column("identifier_type"), rows.column("identifier_value")
    return pa.table(
        {
            MEMBER: pc.binary_join_element_wise(kind, value, ":"),
            ID: rows.column("customer_id"),
            IS_CURRENT: rows.column("is_current"),
        }
    )


def customer_rows(members: pa.Table) -> pa.Table:
    """`Issued.members` as rows of `ops/customer_members`."""
    import pyarrow as pa
    import pyarrow.compute as pc

    # An identifier's value may have a colon in it, its type has none.
    parts = pc.split_pattern(members.column(MEMBER).combine_chunks(), ":", max_splits=1)
    columns = [
        pc.list_element(parts, 0), pc.list_element(parts, 1), members.column(ID),
        members.column(IS_CURRENT),
    ]  # fmt: skip
    return pa.table(columns, schema=arrow_schema(contract.CUSTOMER_MEMBER_COLUMNS))


def household_members(lake: Lake) -> pa.Table:
    """What household ids stand for, as `lasting_ids` takes it; in memory."""
    if not lake.exists(contract.HOUSEHOLD_MEMBERS):
        return no_members()
    rows = lake.arrow(contract.HOUSEHOLD_MEMBERS, ["customer_id", "household_id", "is_current"])
    return rows.rename_columns([MEMBER, ID, IS_CURRENT])


def standing_periods(lake: Lake) -> pa.Table:
    """The periods of the crosswalk that have not ended: one row per id ever issued."""
    import pyarrow.dataset as ds

    schema = arrow_schema(contract.CROSSWALK_COLUMNS)
    if not lake.exists(contract.CUSTOMER_CROSSWALK):
        return schema.empty_table()
    standing = lake.dataset(contract.CUSTOMER_CROSSWALK).to_table(
        columns=schema.names, filter=ds.field("valid_to").is_null()
    )
    return standing.cast(schema)
