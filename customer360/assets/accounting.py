"""What became of every bronze record: counts and money per landing day, read from the tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from customer360.resources.session import in_days
from customer360.sources.spec import EntitySpec

if TYPE_CHECKING:
    from customer360.assets.silver_load import SilverTables
    from customer360.resources.session import Engine


# What may become of a record; it is exactly one of these at any time.
STATUSES: Final = ("current", "superseded", "duplicate", "quarantined", "repaired")
_LANDED: Final = "landed"
_NO_RULE: Final = "cast(null as string)"
_NO_MONEY: Final = "cast(null as decimal(18,2))"


@dataclass
class DayAccount:
    """One landing day of one entity.

    Attributes:
        bronze: Records that landed.
        statuses: Records per status, one of `STATUSES`.
        reasons: Quarantined records per rule.
        amount_current: Money of the current rows, where the entity has money.
        amount_other: Readable money of all other records.
    """

    bronze: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    amount_current: Decimal = Decimal(0)
    amount_other: Decimal = Decimal(0)

    @property
    def amount(self) -> Decimal:
        """Readable money of all records."""
        return self.amount_current + self.amount_other

    @property
    def difference(self) -> int:
        """Records that landed less those that have a status; 0 when nothing is lost or doubled."""
        return self.bronze - sum(self.statuses.values())


def account(
    engine: Engine,
    tables: SilverTables,
    entity: EntitySpec,
    days: Sequence[date] | None = None,
) -> dict[date, DayAccount]:
    """Account for the records of landing days, counted from the tables as they are.

    Args:
        engine: The open engine.
        tables: The entity's tables; all of them exist.
        entity: The declaration.
        days: Landing days; every day that any of the tables holds when omitted.
    """
    accounts = {day: DayAccount() for day in days or ()}
    if days is not None and not days:
        return accounts
    where = f"where {in_days(days)}" if days else ""
    amount = entity.amount or _NO_MONEY
    parts = (
        (f"'{_LANDED}'", _NO_RULE, _NO_MONEY, tables.bronze),
        ("'current'", _NO_RULE, amount, tables.silver),
        ("status", _NO_RULE, "amount", tables.outranked),
        ("'quarantined'", "rule", "amount", tables.quarantine),
    )
    for *_, key in parts:
        engine.register(key)
    union = " union all ".join(
        f"select landed_on, {status} as status, {rule} as rule, {money} as money "
        f"from {key.sql} {where}"
        for status, rule, money, key in parts
    )
    rows = engine.session.sql(
        "select landed_on, status, rule, count(1) as records, sum(money) as money "
        f"from ({union}) as records group by landed_on, status, rule"
    ).collect()
    for day, status, rule, records, money in rows:
        _add(accounts.setdefault(day, DayAccount()), status, rule, records, money or Decimal(0))
    return accounts


def _add(day: DayAccount, status: str, rule: str | None, records: int, money: Decimal) -> None:
    if status == _LANDED:
        day.bronze += records
        return
    day.statuses[status] += records
    if rule is not None:
        day.reasons[rule] += records
    if status == "current":
        day.amount_current += money
    else:
        day.amount_other += money
