"""The money of silver against the simulator's truth, to the cent, per source and business date."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from customer360 import keys
from customer360.commands.verify_records import Difference

if TYPE_CHECKING:
    from customer360.resources.reading import Reader

RECEIPTS: Final = keys.silver("pos__receipts")
RECEIPT_LINES: Final = keys.silver("pos__receipt_lines")
ORDERS: Final = keys.silver("ecommerce__orders")
ORDER_LINES: Final = keys.silver("ecommerce__order_lines")


def money(reader: Reader, truth: str) -> Iterator[Difference]:
    """Sums of current rows by UTC business date against what the usable, current records say.

    A line belongs to the day of its receipt. Where the receipt is quarantined, its own moment
    cannot be asked, so the truth's is taken; lines whose receipt nobody can read are compared
    without their day.

    Args:
        reader: A reader with the table `expected`.
        truth: Folder of the truth.

    Yields:
        Every source, entity and day whose sums differ.
    """
    reader.keep("silver_money", _silver(reader))
    reader.keep(
        "true_money",
        f"""select source, entity, business_date, sum(amount_landed) as amount
        from {reader.folder(f"{truth}/money")} group by all""",
    )
    rows = reader.rows(
        """select source, entity, business_date, coalesce(t.amount, 0) as expected,
            coalesce(s.amount, 0) as found, sum(coalesce(t.amount, 0) - coalesce(s.amount, 0))
                filter (business_date is not null) over (partition by source, entity) as missing,
            sum(s.amount) filter (business_date is null)
                over (partition by source, entity) as undated
        from true_money t full join silver_money s using (source, entity, business_date)
        qualify business_date is not null and expected <> found and missing <> coalesce(undated, 0)
        order by all"""
    )
    for row in rows:
        where = f"{row['source']} {row['entity']} {row['business_date']}"
        yield Difference("money", where, str(row["expected"]), str(row["found"]))


def _silver(reader: Reader) -> str:
    return f"""
    with receipt_days as (
        select record_key as receipt_id, min(cast(version_at as date)) as day from expected
        where table_name = 'pos__receipts' and record_key is not null group by record_key
    ), amounts as (
        select 'pos' as source, 'receipts' as entity, cast(sold_at as date) as business_date,
            total_amount as amount from {reader.table(RECEIPTS)}
        union all
        select 'pos', 'receipt_lines', coalesce(cast(r.sold_at as date), d.day), l.line_amount
        from {reader.table(RECEIPT_LINES)} l left join {reader.table(RECEIPTS)} r using (receipt_id)
        left join receipt_days d using (receipt_id)
        union all
        select 'ecommerce', 'orders', cast(ordered_at as date), total_amount
        from {reader.table(ORDERS)}
        union all
        select 'ecommerce', 'order_lines', cast(o.ordered_at as date), l.line_amount
        from {reader.table(ORDER_LINES)} l join {reader.table(ORDERS)} o using (order_id)
    )
    select source, entity, business_date, sum(amount) as amount from amounts group by all"""
