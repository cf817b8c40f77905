"""What the lake holds for and against records being one customer, for `identity explain`.

No engine. Links among a customer's own records, and pairs between them and other customers'.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from customer360 import keys
from customer360.identity.contract import (
    COMPARED,
    CUSTOMER_LINKS,
    CUSTOMER_MATCHES,
    MATCH_RECORDS,
    record_key,
)
from customer360.identity.rules import CARRIERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from customer360.resources.reading import Reader

_KEYS: Final = {carrier.entity: carrier.key for carrier in CARRIERS}


@dataclass(frozen=True)
class Record:
    """A record to match, with the file and line it came from."""

    node: str
    customer: str
    fields: dict[str, Any]
    origin: str

    def cells(self) -> tuple[str, ...]:
        """Node, name, birth date, contact points, address, origin."""

        def joined(*names: str) -> str:
            return ", ".join(str(self.fields[n]) for n in names if self.fields[n] is not None)

        name = " ".join(
            str(self.fields[n]) for n in ("first_name", "last_name") if self.fields[n] is not None
        )
        return (
            self.node,
            name,
            joined("date_of_birth"),
            joined("email", "phone", "loyalty_card"),
            joined("street", "postal_code", "city"),
            self.origin,
        )


@dataclass(frozen=True)
class Link:
    """A pair of records with what was found of it."""

    node_1: str
    node_2: str
    weight: float
    is_link: bool
    linked_by: str | None
    conflict: str | None
    levels: dict[str, int]


@dataclass(frozen=True)
class Evidence:
    """Records and pairs around some customers.

    Attributes:
        records: Records by node, those of neighbours too.
        links: All pairs in which a record of the customers takes part, strongest first.
        customers: The customers asked for.
    """

    records: dict[str, Record]
    links: tuple[Link, ...]
    customers: tuple[str, ...]

    def records_of(self, customer: str) -> list[Record]:
        """The customer's records, by node."""
        return [r for _, r in sorted(self.records.items()) if r.customer == customer]

    def tree(self) -> list[Link]:
        """The fewest and strongest links that hold the customer's records together."""
        group = {record.node: {record.node} for record in self.records_of(self.customers[0])}
        kept = []
        for link in self.links:
            one, other = group.get(link.node_1), group.get(link.node_2)
            if link.is_link and one is not None and other is not None and one is not other:
                kept.append(link)
                few, many = sorted((one, other), key=len)
                many |= few
                group.update(dict.fromkeys(few, many))
        return kept

    def apart(self) -> list[Link]:
        """Pairs with other customers' records, strongest first."""
        return [link for link in self.links if self.is_between(link)]

    def between(self, one: str, other: str) -> list[Link]:
        """Pairs of a record of the one and a record of the other, strongest first."""
        return [link for link in self.links if self._customers(link) == {one, other}]

    def is_between(self, link: Link) -> bool:
        """Whether a pair is of two customers."""
        return len(self._customers(link)) == 2

    def _customers(self, link: Link) -> set[str]:
        known = (self.records.get(node) for node in (link.node_1, link.node_2))
        return {record.customer for record in known if record is not None}


def gather(reader: Reader, customers: Sequence[str]) -> Evidence:
    """Read what there is.

    Args:
        reader: A reader of the lake.
        customers: Customer ids.
    """
    slots = ", ".join("?" for _ in customers)
    reader.keep(
        "known_nodes",
        f"select m.*, coalesce(l.customer_id, '') as customer from {reader.table(MATCH_RECORDS)} m "
        f"left join {reader.table(CUSTOMER_LINKS)} l using (entity, record_key)",
    )
    own = f"select node from known_nodes where customer in ({slots})"
    levels = ", ".join(f"{name}_level" for name in COMPARED)
    pairs = reader.rows(
        f"select node_1, node_2, match_weight, is_link, linked_by, conflict, {levels} "
        f"from {reader.table(CUSTOMER_MATCHES)} where node_1 in ({own}) or node_2 in ({own}) "
        "order by match_weight desc, node_1, node_2",
        [*customers, *customers],
    )
    links = tuple(
        Link(
            row["node_1"],
            row["node_2"],
            float(row["match_weight"]),
            row["is_link"],
            row["linked_by"],
            row["conflict"],
            {name: row[f"{name}_level"] for name in COMPARED},
        )
        for row in pairs
    )
    nodes = sorted({node for link in links for node in (link.node_1, link.node_2)})
    wanted = ", ".join("?" for _ in nodes) or "null"
    rows = reader.rows(
        f"select * from known_nodes where node in ({wanted}) or customer in ({slots})",
        [*nodes, *customers],
    )
    origins = _origins(reader, rows)
    records = {
        row["node"]: Record(
            row["node"], row["customer"], row, origins.get((row["entity"], row["record_key"]), "")
        )
        for row in rows
    }
    return Evidence(records, links, tuple(customers))


def _origins(reader: Reader, rows: Sequence[dict[str, Any]]) -> dict[tuple[str, str], str]:
    """Landing file and line of records, by entity and key; one query per entity."""
    found = {}
    for entity in sorted({row["entity"] for row in rows}):
        own = [row["record_key"] for row in rows if row["entity"] == entity]
        lines = reader.rows(
            f"select {record_key(_KEYS[entity])} as key, source_file, record_line "
            f"from {reader.table(keys.silver(entity))} "
            f"where {record_key(_KEYS[entity])} in (select unnest(?::varchar[]))",
            [own],
        )
        for line in lines:
            found[entity, line["key"]] = f"{line['source_file']}:{line['record_line']}"
    return found
