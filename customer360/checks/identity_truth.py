"""How well the customers and households that identity found agree with who was really there.

Measured over personal records (accounts, contacts, profiles), all of them and those that carry a
personal identifier. Shares to know, not differences to fail on: who somebody is cannot always be
told from what the systems see.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from customer360.assets.silver_load import tables_of
from customer360.identity.contract import (
    CUSTOMER_IDENTIFIERS,
    CUSTOMER_LINKS,
    CUSTOMERS,
    HOUSEHOLDS,
    record_key,
)
from customer360.storage import open_path

if TYPE_CHECKING:
    from customer360.resources.lake import Lake
    from customer360.resources.reading import Reader
    from customer360.sources.spec import SourceSpec


# Beside these a record has a social handle or a cookie at most, by which nobody can be known again
# in another system.
_PERSONAL_TYPES: Final = ("account_id", "contact_id", "loyalty_card", "email", "phone")


@dataclass(frozen=True)
class Agreement:
    """Customers against persons, over some of the personal records.

    Attributes:
        persons: Persons who have such a record.
        records: Records compared.
        pair_precision: Share of the record pairs put together that are one person.
        pair_recall: Share of the record pairs of one person that were put together.
        b_cubed_f1: Harmonic mean of B-cubed precision and recall, which weigh every record alike.
    """

    persons: int
    records: int
    pair_precision: float
    pair_recall: float
    b_cubed_f1: float


@dataclass(frozen=True)
class People:
    """Customers against persons.

    Attributes:
        customers: Customers found.
        identified: Over records that carry a personal identifier.
        all_records: Over all personal records.
    """

    customers: int
    identified: Agreement
    all_records: Agreement


def has_truth(lake: Lake) -> bool:
    """Whether a simulator wrote down who was there."""
    truth = open_path(lake.truth)
    return all(any((truth / name).glob("*.parquet")) for name in ("records", "persons"))


def expect_persons(reader: Reader) -> None:
    """Make the table `expected` as far as persons go; `verify_records.prepare` makes all of it."""
    records = reader.folder(f"{reader.lake.truth}/records")
    reader.keep(
        "expected",
        "select source || '__' || entity as table_name, source_file, line_number, person_id "
        f"from {records} where person_id is not null",
    )


def people(
    reader: Reader, sources: Sequence[SourceSpec], links: str | None = None
) -> People | None:
    """Compare clusters; None before identity has been resolved.

    Args:
        reader: A reader with the table `expected`.
        sources: The declared sources.
        links: Rows in SQL with entity, record_key, customer_id; `customer_links` when omitted.
    """
    tables = (CUSTOMER_IDENTIFIERS, CUSTOMER_LINKS, CUSTOMERS)
    if not all(reader.lake.exists(key) for key in tables):
        return None
    marked = reader.rows(
        f"select distinct entity from {reader.table(CUSTOMER_LINKS)} where is_personal"
    )
    personal = {row["entity"] for row in marked}
    parts = [
        f"select '{s.table(e.name)}' as entity, {record_key(e.key)} as record_key, "
        f"source_file, record_line as line_number from {reader.table(tables_of(s, e).silver)}"
        for s in sources
        for e in s.entities
        if s.table(e.name) in personal
    ]
    if not parts:
        return None
    types = ", ".join(f"'{name}'" for name in _PERSONAL_TYPES)
    # A personal record that belongs to no customer stands alone.
    reader.keep(
        "personal_records",
        f"""select e.person_id as person, i.record_key is not null as is_identified,
            coalesce(l.customer_id, r.entity || ' ' || r.record_key) as customer
        from ({" union all ".join(parts)}) r
        join expected e on e.table_name = r.entity and e.source_file = r.source_file
            and e.line_number = r.line_number
        left join {links or reader.table(CUSTOMER_LINKS)} l
            on l.entity = r.entity and l.record_key = r.record_key
        left join (select distinct entity, record_key from {reader.table(CUSTOMER_IDENTIFIERS)}
            where is_linking and identifier_type in ({types})) i
            on i.entity = r.entity and i.record_key = r.record_key
        where e.person_id is not null""",
    )
    customers = reader.rows(f"select count(*) as n from {reader.table(CUSTOMERS)}")[0]["n"]
    return People(
        customers,
        _agreement(reader.rows(_measures("is_identified"))[0]),
        _agreement(reader.rows(_measures("true"))[0]),
    )


# Pairs of n records: n (n - 1) / 2; the halves cancel out. B-cubed: for each record, the share of
# its customer's (its person's) records that are its person's (its customer's).
_MEASURES: Final = """
with cells as (
    select person, customer, count(*) as n from personal_records where {which} group by all
), sized as (
    select n, sum(n) over (partition by customer) as c, sum(n) over (partition by person) as p
    from cells
)
select (select count(distinct person) from cells) as persons, sum(n) as records,
    sum(n * (n - 1)) / nullif(sum(n * (c - 1)), 0) as pair_precision,
    sum(n * (n - 1)) / nullif(sum(n * (p - 1)), 0) as pair_recall,
    sum(n * n / c) / sum(n) as precision, sum(n * n / p) / sum(n) as recall
from sized"""


@dataclass(frozen=True)
class Cohabitation:
    """Households found against those there are.

    Attributes:
        households: Households found, of customers with a personal record.
        customers: Those customers.
        pair_precision: Share of the customer pairs put together who live together.
        pair_recall: Share of the customer pairs who live together that were put together.
    """

    households: int
    customers: int
    pair_precision: float
    pair_recall: float

    @property
    def pair_f1(self) -> float:
        """Harmonic mean of both shares."""
        both = self.pair_precision + self.pair_recall
        return 2 * self.pair_precision * self.pair_recall / both if both else 0.0


def households(reader: Reader, truth: str) -> Cohabitation | None:
    """Compare households; None before they have been found.

    A customer is taken for the person of most of their personal records.

    Args:
        reader: A reader that `people` was called with.
        truth: Folder of the truth.
    """
    if not reader.lake.exists(HOUSEHOLDS):
        return None
    persons = reader.folder(f"{truth}/persons")
    rows = reader.rows(f"""
        with counted as (
            select customer, person, count(*) as n from personal_records group by all
        ), customers as (
            select customer, arg_max(person, (n, person)) as person from counted group by customer
        ), cells as (
            select h.household_id as found, p.household_id as true_one, count(*) as n
            from customers c join {reader.table(HOUSEHOLDS)} h on h.customer_id = c.customer
            join {persons} p on p.person_id = c.person group by all
        ), sized as (
            select n, found, sum(n) over (partition by found) as f,
                sum(n) over (partition by true_one) as t
            from cells
        )
        select count(distinct found) as households, coalesce(sum(n), 0) as customers,
            sum(n * (n - 1)) / nullif(sum(n * (f - 1)), 0) as precision,
            sum(n * (n - 1)) / nullif(sum(n * (t - 1)), 0) as recall
        from sized""")
    row = rows[0]
    return Cohabitation(
        int(row["households"]),
        int(row["customers"]),
        float(row["precision"] or 0),
        float(row["recall"] or 0),
    )


def _measures(which: str) -> str:
    return _MEASURES.format(which=which)


def _agreement(row: dict[str, Any]) -> Agreement:
    precision, recall = float(row["precision"] or 0), float(row["recall"] or 0)
    return Agreement(
        persons=int(row["persons"]),
        records=int(row["records"] or 0),
        pair_precision=float(row["pair_precision"] or 0),
        pair_recall=float(row["pair_recall"] or 0),
        b_cubed_f1=2 * precision * recall / (precision + recall) if precision + recall else 0.0,
    )
