"""Whether anything is lost or doubled behind silver: in identity, in gold, in a join.

Each hop is one query over two tables as they are: what went in, what came out, and what is left out
for a reason that the hop names. The landing days of `checks.ledger` are gone by then, so a row is a
whole entity.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from customer360 import keys
from customer360.identity import contract, rules

if TYPE_CHECKING:
    from customer360.resources.session import Engine

SILVER_TO_IDENTITY: Final = "silver_to_identity"
SILVER_TO_GOLD: Final = "silver_to_gold"
WITHIN_GOLD: Final = "within_gold"
_MONEY: Final = "decimal(18,2)"
_NOTHING: Final = "0 as records, cast(0 as decimal(18,2)) as amount"
COLUMNS: Final = [
    ("hop", "string"),
    ("entity", "string"),
    ("records_in", "bigint"),
    ("records_out", "bigint"),
    ("records_left_out", "bigint"),
    ("records_missing", "bigint"),
    ("amount_in", _MONEY),
    ("amount_out", _MONEY),
    ("amount_left_out", _MONEY),
    ("amount_missing", _MONEY),
]


@dataclass(frozen=True)
class Hop:
    """What goes in must come out or be left out.

    Attributes:
        hop: Between which layers.
        entity: The silver table, or what is counted.
        tables: The tables read.
        came_in: Query of one row, `records` and `amount`, over the one side.
        came_out: The same over the other side.
        left_out: The same over what the other side leaves out on purpose.
    """

    hop: str
    entity: str
    tables: tuple[keys.TableKey, ...]
    came_in: str
    came_out: str
    left_out: str = f"select {_NOTHING}"


@dataclass(frozen=True)
class Balance:
    """A hop with its figures: records and money in, out, and left out."""

    hop: str
    entity: str
    records: tuple[int, int, int]
    amounts: tuple[Decimal, Decimal, Decimal]

    @property
    def records_missing(self) -> int:
        """Records lost; negative when some appear twice or from nowhere."""
        return self.records[0] - self.records[1] - self.records[2]

    @property
    def amount_missing(self) -> Decimal:
        """Money lost; negative when some appears twice or from nowhere."""
        return self.amounts[0] - self.amounts[1] - self.amounts[2]

    @property
    def is_closed(self) -> bool:
        """Whether nothing is missing and nothing too much."""
        return not self.records_missing and not self.amount_missing

    def __str__(self) -> str:
        """By how much and where the hop does not close."""
        return (
            f"{self.entity}, {self.hop.replace('_', ' ')}: {self.records_missing} records and "
            f"{self.amount_missing} of money missing"
        )

    def row(self) -> tuple[Any, ...]:
        """The balance as a row of `ops/reconciliation`."""
        return (
            self.hop,
            self.entity,
            *self.records,
            self.records_missing,
            *self.amounts,
            self.amount_missing,
        )


def reconcile(engine: Engine) -> list[Balance]:
    """Balance every hop behind silver."""
    return [_balance(engine, hop) for hop in (*_identity_hops(), *_gold_hops())]


def write_reconciliation(engine: Engine, balances: Sequence[Balance]) -> None:
    """Replace `ops/reconciliation`."""
    engine.keep_rows(keys.RECONCILIATION, COLUMNS, [balance.row() for balance in balances])


def _balance(engine: Engine, hop: Hop) -> Balance:
    for table in hop.tables:
        engine.register(table)
    union = " union all ".join(
        f"select {place} as place, cast(records as bigint) as records, "
        f"cast(coalesce(amount, 0) as {_MONEY}) as amount from ({query}) as counted"
        for place, query in enumerate((hop.came_in, hop.came_out, hop.left_out))
    )
    rows = sorted(tuple(row) for row in engine.session.sql(union).collect())
    (_, in_records, in_amount), (_, out_records, out_amount), (_, left, left_amount) = rows
    return Balance(
        hop.hop, hop.entity, (in_records, out_records, left), (in_amount, out_amount, left_amount)
    )


def _rows(table: keys.TableKey, amount: str = "0", where: str = "true") -> str:
    """Rows of a table, and the sum of an amount."""
    return f"select count(1) as records, sum({amount}) as amount from {table.sql} where {where}"


def _identity_hops() -> Iterator[Hop]:
    """Each source record is linked once, or to nobody; each customer has one golden record."""
    links, customers = contract.CUSTOMER_LINKS, contract.CUSTOMERS
    for carrier in rules.CARRIERS:
        silver = keys.silver(carrier.entity)
        key = contract.record_key(carrier.key)
        yield Hop(
            SILVER_TO_IDENTITY,
            carrier.entity,
            (silver, links),
            _rows(silver),
            _rows(links, where=f"entity = '{carrier.entity}'"),
            _unlinked(f"select {key} as record_key from {silver.sql}", carrier.entity),
        )
    events = keys.silver(rules.BROWSERS)
    cookies = (
        f"select distinct anonymous_id as record_key from {events.sql} "
        "where anonymous_id is not null"
    )
    yield Hop(
        SILVER_TO_IDENTITY,
        rules.BROWSERS,
        (events, links),
        f"select count(1) as records, 0 as amount from ({cookies}) as cookies",
        _rows(links, where=f"entity = '{rules.BROWSERS}'"),
        _unlinked(cookies, rules.BROWSERS),
    )
    yield Hop(
        SILVER_TO_IDENTITY,
        "customers",
        (links, customers),
        f"select count(distinct customer_id) as records, 0 as amount from {links.sql}",
        _rows(customers),
    )


def _unlinked(records: str, entity: str) -> str:
    return (
        f"select count(1) as records, 0 as amount from ({records}) as records "
        f"left anti join (select record_key from {contract.CUSTOMER_LINKS.sql} "
        f"where entity = '{entity}') as links on links.record_key = records.record_key"
    )


def _gold_hops() -> Iterator[Hop]:
    """Each fact holds the rows and the money of its silver tables, each customer is there once."""
    gold = {name: keys.TableKey(keys.GOLD, name) for name in _GOLD_TABLES}
    orders, lines = gold["fct_orders"], gold["fct_order_lines"]
    for channel, parent, child, order in (
        ("store", "pos__receipts", "pos__receipt_lines", "receipt_id"),
        ("web", "ecommerce__orders", "ecommerce__order_lines", "order_id"),
    ):
        silver, silver_lines = keys.silver(parent), keys.silver(child)
        ours = f"channel = '{channel}'"
        yield Hop(
            SILVER_TO_GOLD,
            parent,
            (silver, orders),
            _rows(silver, "total_amount"),
            _rows(orders, "total_amount", ours),
        )
        yield Hop(
            SILVER_TO_GOLD,
            child,
            (silver, silver_lines, lines),
            _rows(silver_lines, "line_amount"),
            _rows(lines, "line_amount", ours),
            # Lines whose receipt is missing or in quarantine: fct_order_lines says why.
            (
                f"select count(1) as records, sum(line_amount) as amount "
                f"from {silver_lines.sql} as lines left anti join {silver.sql} as orders "
                f"on orders.{order} = lines.{order}"
            ),
        )
    events = keys.silver("web__events")
    sessions = gold["fct_web_sessions"]
    yield Hop(
        SILVER_TO_GOLD,
        "web__events",
        (events, sessions),
        _rows(events),
        f"select coalesce(sum(event_count), 0) as records, 0 as amount from {sessions.sql}",
    )
    for entity, table, where in (
        ("service__tickets", "fct_tickets", "true"),
        ("social__interactions", "fct_interactions", "source = 'social'"),
        ("customers", "customer_360", "true"),
    ):
        silver = keys.silver(entity)
        yield Hop(
            SILVER_TO_GOLD,
            entity,
            (silver, gold[table]),
            _rows(silver),
            _rows(gold[table], where=where),
        )
    wide = gold["customer_360"]
    yield Hop(
        WITHIN_GOLD,
        "revenue",
        (orders, wide),
        f"select 0 as records, sum(revenue_amount) as amount from {orders.sql}",
        f"select 0 as records, sum(lifetime_spend_amount) as amount from {wide.sql}",
        # Nobody is known for these orders.
        (
            f"select 0 as records, sum(revenue_amount) as amount from {orders.sql} "
            "where customer_id is null"
        ),
    )


_GOLD_TABLES: Final = (
    "fct_orders",
    "fct_order_lines",
    "fct_web_sessions",
    "fct_tickets",
    "fct_interactions",
    "customer_360",
)
