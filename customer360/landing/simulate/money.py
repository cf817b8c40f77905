"""The exact money of the world, as sums that grow by day: what happened, and what is readable.

Here: deltas per landing day of receipts, lines and orders, in cents until they are written.
Not here: which records are readable (``sheet``).
"""

from dataclasses import dataclass, field

import polars as pl

from customer360.landing.simulate.streams import money_text

GROUP = ("source", "entity", "business_day", "person", "is_cancelled")
_ORDER_MARKS = {
    "_key": pl.String,
    "_person": pl.Int64,
    "_version_ms": pl.Int64,
    "_business_day": pl.Int64,
    "_amount": pl.Int64,
    "_lines_amount": pl.Int64,
    "_cancelled": pl.Boolean,
}
# The last version of an order comes at most 26 days after it was placed, 10 days late, and is
# repeated at most 10 days after that: older orders cannot change any more.
FORGET_AFTER_DAYS = 60


@dataclass
class OrderBook:
    """The newest version of each order, to know by how much the next version changes the sums."""

    newest: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_ORDER_MARKS))

    def change(self, versions: pl.DataFrame) -> pl.DataFrame:
        """Take in order versions and return the change of the sums.

        Args:
            versions: mark columns of orders, one row per version.

        Returns:
            Rows of ``GROUP`` with ``cents``: for orders their totals, for order_lines the lines.
        """
        versions = versions.select(*_ORDER_MARKS)
        before = self.newest.join(versions.select("_key"), on="_key", how="semi")
        both = pl.concat([before, versions]).sort("_version_ms", maintain_order=True)
        after = both.unique("_key", keep="last", maintain_order=True)
        self.newest = pl.concat([self.newest.join(after, on="_key", how="anti"), after])
        signed = pl.concat(
            [
                before.with_columns(-pl.col("_amount", "_lines_amount")),
                after,
            ]
        )
        entities = (("orders", "_amount"), ("order_lines", "_lines_amount"))
        return pl.concat(
            [
                _sums(signed, "ecommerce", entity, amount, pl.col("_cancelled"))
                for entity, amount in entities
            ]
        )

    def forget(self, business_day: int) -> None:
        """Drop orders placed too long before ``business_day`` (days since 1970) to change."""
        self.newest = self.newest.filter(pl.col("_business_day") > business_day - FORGET_AFTER_DAYS)


def till_sums(entity: str, marks: pl.DataFrame) -> pl.DataFrame:
    """Return the sums of receipts or receipt lines: rows of ``GROUP`` with ``cents``."""
    return _sums(marks, "pos", entity, "_amount", pl.lit(False))


def money_table(true: list[pl.DataFrame], landed: list[pl.DataFrame]) -> pl.DataFrame:
    """Return one row per ``GROUP`` with ``amount_true`` and ``amount_landed`` as decimals.

    Args:
        true: sums of what happened.
        landed: sums of what is readable in the landed files.
    """
    empty = {
        "source": pl.String, "entity": pl.String, "business_day": pl.Int64, "person": pl.Int64,
        "is_cancelled": pl.Boolean, "cents": pl.Int64,
    }  # fmt: skip
    sides = [
        pl.concat([pl.DataFrame(schema=empty), *frames]).with_columns(
            true=pl.col("cents") if is_true else pl.lit(0, dtype=pl.Int64),
            landed=pl.lit(0, dtype=pl.Int64) if is_true else pl.col("cents"),
        )
        for frames, is_true in ((true, True), (landed, False))
    ]
    sums = pl.concat(sides).group_by(GROUP).agg(pl.col("true").sum(), pl.col("landed").sum())
    sums = sums.filter((pl.col("true") != 0) | (pl.col("landed") != 0)).sort(GROUP)
    decimal = pl.Decimal(18, 2)
    return sums.select(
        *GROUP,
        amount_true=money_text(pl.col("true")).cast(decimal),
        amount_landed=money_text(pl.col("landed")).cast(decimal),
    )


def _sums(
    marks: pl.DataFrame, source: str, entity: str, amount: str, is_cancelled: pl.Expr
) -> pl.DataFrame:
    rows = marks.select(
        source=pl.lit(source),
        entity=pl.lit(entity),
        business_day=pl.col("_business_day"),
        person=pl.col("_person"),
        is_cancelled=is_cancelled,
        cents=pl.col(amount),
    )
    sums = rows.group_by(GROUP, maintain_order=True).agg(pl.col("cents").sum())
    return sums.filter(pl.col("cents") != 0)
