"""Identity resolution from silver to customers, in three steps that also run one at a time.

Only order, reading and writing are here: each step reads tables, calls pure functions of this
package, and replaces its table in one commit. Cut off anywhere and started again it ends with the
same tables.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from customer360 import keys
from customer360.identity import contract, rules
from customer360.identity.exchange import open_exchange

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyspark.sql import DataFrame

    from customer360.keys import TableKey
    from customer360.resources.session import Engine


@dataclass
class IdentityReport:
    """What identity resolution found.

    Attributes:
        records: Source records that carry an identifier, browsers included.
        linked_records: Records that belong to a customer.
        customers: Customers.
        linking_identifiers: Distinct values that link.
        excluded_identifiers: Distinct values that do not, by reason.
        largest_customer: Records of the customer with the most personal records, counting only
            those.
        seconds: Wall time by step.
    """

    records: int = 0
    linked_records: int = 0
    customers: int = 0
    linking_identifiers: int = 0
    excluded_identifiers: dict[str, int] = field(default_factory=dict)
    largest_customer: int = 0
    seconds: dict[str, float] = field(default_factory=dict)


def resolve_identity(engine: Engine, *, default_country: str, shared_limit: int) -> IdentityReport:
    """Resolve identity over the whole of silver: identifiers, links, customers.

    Args:
        engine: The open engine; silver tables of all sources exist, empty or not.
        default_country: ISO 3166 code assumed for a phone number whose record names no country.
        shared_limit: A value seen with more people than this links nobody.

    Returns:
        What was found, and how long each step took.

    Raises:
        MissingTableError: A silver table is missing.
    """
    report = IdentityReport()

    def timed(step: str, work: Callable[[], None]) -> None:
        started = time.monotonic()
        work()
        report.seconds[step] = round(time.monotonic() - started, 2)

    timed(
        "identifiers",
        lambda: build_identifiers(
            engine, default_country=default_country, shared_limit=shared_limit
        ),
    )
    timed("links", lambda: build_links(engine))
    timed("customers", lambda: build_customers(engine))
    timed("report", lambda: _fill(report, engine))
    return report


def build_identifiers(engine: Engine, *, default_country: str, shared_limit: int) -> None:
    """Replace `customer_identifiers`: what every source record carries, and what of it links."""
    from customer360.identity import identifiers, sharing

    with open_exchange(engine, "customer_identifiers") as exchange:
        written = identifiers.with_dialled(identifiers.carried(engine))
        phones = identifiers.read_phones(exchange, written, default_country)
        handles = identifiers.network_handles(engine.table(keys.silver(rules.PROFILES)))
        records = exchange.keep("records", identifiers.normalised(written, phones, handles))
        combined = exchange.keep("combinations", sharing.combinations(records))
        excluded = exchange.keep("excluded", sharing.excluded_values(combined, shared_limit))
        browsers = identifiers.browsers(engine.table(keys.silver(rules.BROWSERS)))
        rows = identifiers.identifier_rows(records).unionByName(browsers)
        judged = identifiers.judged(rows, excluded)
        _replace(engine, contract.CUSTOMER_IDENTIFIERS, contract.IDENTIFIER_COLUMNS, judged)


def build_links(engine: Engine) -> None:
    """Replace `customer_links`: the customer of every record; reads `customer_identifiers`."""
    import pyarrow as pa

    from customer360.identity import clusters, links

    combination = pa.schema(
        [
            *((name, pa.string()) for name in rules.LINKING_TYPES),
            (clusters.MAKES_CUSTOMER, pa.int32()),
        ]
    )
    owner = ("identifier_type", "identifier_value", "customer_id")
    with open_exchange(engine, "customer_links") as exchange:
        identifiers = engine.table(contract.CUSTOMER_IDENTIFIERS)
        exchange.keep("combinations", links.linked_combinations(identifiers))
        assigned = clusters.assign_customers(exchange.arrow("combinations", combination))
        owners = exchange.hand_over(
            "owners",
            assigned.to_batches(max_chunksize=100_000),
            pa.schema([(name, pa.string()) for name in owner]),
            ", ".join(f"{name} string" for name in owner),
        )
        rows = links.record_links(identifiers, owners)
        _replace(engine, contract.CUSTOMER_LINKS, contract.LINK_COLUMNS, rows)


def build_customers(engine: Engine) -> None:
    """Replace `customers`: the golden record; reads `customer_links` and `customer_identifiers`."""
    from pyspark.sql import functions as F

    from customer360.identity import golden

    silver = {c.entity: engine.table(keys.silver(c.entity)) for c in rules.CARRIERS}
    events = engine.table(keys.silver(rules.BROWSERS))
    browser_days = events.groupBy(F.col("anonymous_id").alias("record_key")).agg(
        F.min("landed_on").alias("first_on"), F.max("landed_on").alias("last_on")
    )
    with open_exchange(engine, "customers") as exchange:
        rows = golden.golden_records(
            engine.table(contract.CUSTOMER_LINKS),
            engine.table(contract.CUSTOMER_IDENTIFIERS),
            exchange.keep("described", golden.described(silver)),
            browser_days,
        )
        _replace(engine, contract.CUSTOMERS, contract.CUSTOMER_COLUMNS, rows)


def _replace(
    engine: Engine, key: TableKey, columns: tuple[contract.Column, ...], rows: DataFrame
) -> None:
    engine.create(key, contract.typed(columns), partitioned=False)
    engine.replace(key, rows, None)


def _fill(report: IdentityReport, engine: Engine) -> None:
    """Count what the tables hold."""
    from pyspark.sql import functions as F

    identifiers = engine.table(contract.CUSTOMER_IDENTIFIERS)
    links = engine.table(contract.CUSTOMER_LINKS)
    report.records = identifiers.select("entity", "record_key").distinct().count()
    report.linked_records = engine.lake.row_count(contract.CUSTOMER_LINKS)
    report.customers = engine.lake.row_count(contract.CUSTOMERS)
    values = identifiers.select(
        "identifier_type", "identifier_value", "excluded_because"
    ).distinct()
    reasons = values.groupBy("excluded_because").agg(F.count(F.lit(1)).alias("n")).collect()
    counts = {row["excluded_because"]: int(row["n"]) for row in reasons}
    report.linking_identifiers = counts.pop(None, 0)
    report.excluded_identifiers = dict(sorted(counts.items()))
    personal = links.where("is_personal").groupBy("customer_id").agg(F.count(F.lit(1)).alias("n"))
    report.largest_customer = personal.agg(F.max("n")).collect()[0][0] or 0
