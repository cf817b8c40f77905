"""Identity resolution from silver to customers, in three steps.

Only order, reading and writing are here: each step reads tables, calls pure functions of this
package, and replaces its table in one commit. Cut off anywhere and started again it ends with the
same tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from customer360 import keys
from customer360.identity import contract, rules
from customer360.identity.exchange import open_exchange

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from customer360.keys import TableKey
    from customer360.resources.session import Engine

Counts = dict[str, int]


def build_identifiers(engine: Engine, *, default_country: str, shared_limit: int) -> Counts:
    """Replace `customer_identifiers`: what every source record carries, and what of it links.

    Args:
        engine: The open engine.
        default_country: ISO 3166 code assumed for a phone number whose record names no country.
        shared_limit: A value seen with more people than this links nobody.

    Returns:
        `records` (that carry an identifier, browsers included), `linking_values` (distinct), and
        `<reason>_values` (distinct) per reason why a value does not link.
    """
    from customer360.identity import conflicts, identifiers, phones, sharing

    with open_exchange(engine, "customer_identifiers") as exchange:
        written = phones.with_dialled(identifiers.carried(engine))
        numbers = phones.read_phones(exchange, written, default_country)
        handles = identifiers.network_handles(engine.table(keys.silver(rules.PROFILES)))
        records = exchange.keep("records", identifiers.normalised(written, numbers, handles))
        combined = exchange.keep("combinations", sharing.combinations(records))
        shared = exchange.keep("shared", sharing.shared_values(combined, shared_limit))
        conflicting = exchange.keep("conflicting", conflicts.conflicting_values(records, shared))
        browsers = identifiers.browsers(engine.table(keys.silver(rules.BROWSERS)))
        rows = identifiers.identifier_rows(records).unionByName(browsers)
        judged = identifiers.judged(rows, shared, conflicting)
        _replace(engine, contract.CUSTOMER_IDENTIFIERS, contract.IDENTIFIER_COLUMNS, judged)
    return _identifier_counts(engine)


def build_links(engine: Engine) -> Counts:
    """Replace `customer_links`: the customer of every record; reads `customer_identifiers`.

    Args:
        engine: The open engine.

    Returns:
        `linked_records`; `combinations` (distinct, of identifiers found together);
        `clustered_values` (distinct identifiers that belong to a customer); `most_values` (of one
        customer: a sudden jump means that something links too much).
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    from customer360.identity import clusters, links

    texts = [(name, pa.string()) for name in rules.LINKING_TYPES]
    combination = pa.schema([*texts, (clusters.MAKES_CUSTOMER, pa.int32())])
    owner = ("identifier_type", "identifier_value", "customer_id")
    with open_exchange(engine, "customer_links") as exchange:
        identifiers = engine.table(contract.CUSTOMER_IDENTIFIERS)
        exchange.keep("combinations", links.linked_combinations(identifiers))
        combinations = exchange.arrow("combinations", combination)
        assigned = clusters.assign_customers(combinations)
        owners = exchange.hand_over(
            "owners",
            assigned.to_batches(max_chunksize=100_000),
            pa.schema([(name, pa.string()) for name in owner]),
            ", ".join(f"{name} string" for name in owner),
        )
        rows = links.record_links(identifiers, owners)
        _replace(engine, contract.CUSTOMER_LINKS, contract.LINK_COLUMNS, rows)
    sizes = pc.value_counts(assigned.column("customer_id")).field("counts")
    return {
        "linked_records": engine.lake.row_count(contract.CUSTOMER_LINKS),
        "combinations": combinations.num_rows,
        "clustered_values": assigned.num_rows,
        "most_values": pc.max(sizes).as_py() or 0,
    }


def build_customers(engine: Engine) -> Counts:
    """Replace `customers`: the golden record; reads `customer_links` and `customer_identifiers`.

    Args:
        engine: The open engine.

    Returns:
        `customers`.
    """
    from pyspark.sql import functions as F

    from customer360.identity import golden

    silver = {c.entity: engine.table(keys.silver(c.entity)) for c in rules.CARRIERS}
    events = engine.table(keys.silver(rules.BROWSERS))
    browser_days = events.groupBy(F.col("anonymous_id").alias("record_key")).agg(
        F.min("landed_on").alias("first_on"), F.max("landed_on").alias("last_on")
    )
    with open_exchange(engine, "customers") as exchange:
        links = engine.table(contract.CUSTOMER_LINKS)
        identifiers = engine.table(contract.CUSTOMER_IDENTIFIERS)
        claimed = golden.claims(links, identifiers, golden.described(silver))
        rows = golden.golden_records(exchange.keep("claims", claimed), links, browser_days)
        _replace(engine, contract.CUSTOMERS, contract.CUSTOMER_COLUMNS, rows)
    return {"customers": engine.lake.row_count(contract.CUSTOMERS)}


def _replace(
    engine: Engine, key: TableKey, columns: tuple[contract.Column, ...], rows: DataFrame
) -> None:
    engine.overwrite(key, contract.typed(columns), rows)


def _identifier_counts(engine: Engine) -> Counts:
    from pyspark.sql import functions as F

    identifiers = engine.table(contract.CUSTOMER_IDENTIFIERS)
    values = identifiers.select("identifier_type", "identifier_value", "excluded_because")
    rows = values.distinct().groupBy("excluded_because").agg(F.count(F.lit(1)).alias("n")).collect()
    counts = {row["excluded_because"]: int(row["n"]) for row in rows}
    return {
        "records": identifiers.select("entity", "record_key").distinct().count(),
        "linking_values": counts.get(None, 0),
        **{f"{reason}_values": counts.get(reason, 0) for reason in rules.REASONS},
    }
