"""How identity is doing, in figures: what is matched, how large customers are, how pairs agree.

Pure SQL over the tables as they are. What is too much or too little is in `identity_drift`, earlier
figures in `resources.identity_history`, how it looks in `identity_page`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from customer360 import keys
from customer360.checks.identity_truth import (
    Cohabitation,
    People,
    expect_persons,
    has_truth,
    households,
    people,
)
from customer360.identity import contract, rules
from customer360.resources.match_models import model_in_use

if TYPE_CHECKING:
    from customer360.identity.match_model import MatchModel
    from customer360.resources.reading import Reader
    from customer360.sources.spec import SourceSpec

_LARGEST: Final = 5
# What customers do; a delivery is what is done to them.
ACTIVITY: Final = (rules.ORDERS, rules.RECEIPTS, rules.TICKETS, rules.BROWSERS)


@dataclass(frozen=True)
class TableFigures:
    """How much of a table belongs to customers.

    Attributes:
        entity: `<source>__<entity>`.
        records: Its records; events, not cookies.
        attached: Of these, those that belong to a customer.
        matched: Of these, those of customers whom another source knows as well.
    """

    entity: str
    records: int
    attached: int
    matched: int

    @property
    def attached_share(self) -> float:
        """Attached records by all, 0 to 1; 0 without records."""
        return self.attached / self.records if self.records else 0.0

    @property
    def match_rate(self) -> float:
        """Matched records by all, 0 to 1; 0 without records."""
        return self.matched / self.records if self.records else 0.0


class Pairs(NamedTuple):
    """What matching found.

    Attributes:
        candidates: Pairs that were compared; None where no run has told.
        kept: Pairs that say something.
        links: Of these, those taken for one person.
        conflicts: Of these, those that contradict each other.
        weights: (weight rounded down, is a link, pairs), sorted.
    """

    candidates: int | None
    kept: int
    links: int
    conflicts: int
    weights: tuple[tuple[int, bool, int], ...]


@dataclass(frozen=True)
class Health:
    """All figures of one state of identity.

    Attributes:
        links_version: Delta version of `customer_links`, which tells the state.
        customers: Customers.
        households: Households.
        tables: By table, those that describe people first.
        sizes: (personal records of a customer, customers), sorted; 0 for those without any.
        largest: (customer_id, personal records) of those with the most.
        pairs: What matching found.
        model: The model in use.
        people: Customers against persons, where the truth is known.
        homes: Households against homes, where the truth is known.
    """

    links_version: int
    customers: int
    households: int
    tables: tuple[TableFigures, ...]
    sizes: tuple[tuple[int, int], ...]
    largest: tuple[tuple[str, int], ...]
    pairs: Pairs
    model: MatchModel
    people: People | None = None
    homes: Cohabitation | None = None

    @property
    def activity(self) -> TableFigures:
        """All tables of activity as one."""
        those = [table for table in self.tables if table.entity in ACTIVITY]
        return TableFigures(
            "activity",
            sum(table.records for table in those),
            sum(table.attached for table in those),
            sum(table.matched for table in those),
        )


def measure(reader: Reader, sources: Sequence[SourceSpec], candidates: int | None) -> Health:
    """Measure identity as it is.

    Args:
        reader: A reader of the lake.
        sources: The declared sources.
        candidates: Pairs that the last matching compared, if that is known.

    Raises:
        MissingTableError: Identity has not been resolved yet.
    """
    found_people = homes = None
    if has_truth(reader.lake):
        expect_persons(reader)
        found_people = people(reader, sources)
        homes = households(reader, reader.lake.truth) if found_people else None
    return Health(
        links_version=reader.lake.delta(contract.CUSTOMER_LINKS).version(),
        customers=_count(reader, f"count(*) from {reader.table(contract.CUSTOMERS)}"),
        households=_count(
            reader, f"count(distinct household_id) from {reader.table(contract.HOUSEHOLDS)}"
        ),
        tables=tuple(_tables(reader)),
        sizes=_sizes(reader),
        largest=_largest_customers(reader),
        pairs=_pairs(reader, candidates),
        model=model_in_use(reader.lake),
        people=found_people,
        homes=homes,
    )


def _count(reader: Reader, query: str) -> int:
    ((number,),) = (row.values() for row in reader.rows(f"select {query}"))
    return int(number or 0)


def _tables(reader: Reader) -> list[TableFigures]:
    linked = reader.rows(
        "select entity, count(*) as attached, "
        "count(*) filter (where c.source_count > 1) as matched "
        f"from {reader.table(contract.CUSTOMER_LINKS)} "
        f"join {reader.table(contract.CUSTOMERS)} c using (customer_id) group by entity"
    )
    known = {row["entity"]: (int(row["attached"]), int(row["matched"])) for row in linked}
    figures = [
        TableFigures(
            carrier.entity,
            _count(reader, f"count(*) from {reader.table(keys.silver(carrier.entity))}"),
            *known.get(carrier.entity, (0, 0)),
        )
        for carrier in rules.CARRIERS
    ]
    return [*figures, _events(reader)]


def _events(reader: Reader) -> TableFigures:
    """Web events: what is linked is their cookie."""
    (row,) = reader.rows(
        f"""select count(*) as records, count(l.customer_id) as attached,
            count(*) filter (where c.source_count > 1) as matched
        from {reader.table(keys.silver(rules.BROWSERS))} e
        left join {reader.table(contract.CUSTOMER_LINKS)} l
            on l.entity = '{rules.BROWSERS}' and l.record_key = e.anonymous_id
        left join {reader.table(contract.CUSTOMERS)} c on c.customer_id = l.customer_id"""
    )
    return TableFigures(rules.BROWSERS, row["records"], row["attached"], row["matched"])


def _personal(reader: Reader) -> str:
    """SQL of the personal records of each customer who has any."""
    return (
        "select customer_id, count(*) as records "
        f"from {reader.table(contract.CUSTOMER_LINKS)} where is_personal group by customer_id"
    )


def _sizes(reader: Reader) -> tuple[tuple[int, int], ...]:
    rows = reader.rows(
        "select coalesce(records, 0) as records, count(*) as customers "
        f"from {reader.table(contract.CUSTOMERS)} left join ({_personal(reader)}) "
        "using (customer_id) group by all order by all"
    )
    return tuple((row["records"], row["customers"]) for row in rows)


def _largest_customers(reader: Reader) -> tuple[tuple[str, int], ...]:
    rows = reader.rows(
        f"select * from ({_personal(reader)}) order by records desc, customer_id limit {_LARGEST}"
    )
    return tuple((row["customer_id"], row["records"]) for row in rows)


def _pairs(reader: Reader, candidates: int | None) -> Pairs:
    rows = reader.rows(
        "select floor(match_weight)::int as weight, is_link, count(*) as pairs, "
        "count(conflict) as conflicts "
        f"from {reader.table(contract.CUSTOMER_MATCHES)} group by all order by all"
    )
    return Pairs(
        candidates,
        kept=sum(row["pairs"] for row in rows),
        links=sum(row["pairs"] for row in rows if row["is_link"]),
        conflicts=sum(row["conflicts"] for row in rows),
        weights=tuple((row["weight"], row["is_link"], row["pairs"]) for row in rows),
    )
