"""Identity resolution from silver to customers, in six steps.

Only order, reading and writing are here: each step reads tables, calls pure functions of this
package, and replaces its table in one commit. Cut off anywhere and started again it ends with the
same tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyarrow as pa

from customer360 import keys
from customer360.identity import contract, rules
from customer360.identity.exchange import open_exchange
from customer360.identity.linking import arrow_schema, linked, matched

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from customer360.keys import TableKey
    from customer360.resources.session import Engine

Counts = dict[str, int]
_COMMON: Final = pa.schema([("customer_id", pa.string()), ("common", pa.string())])


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
    from customer360.identity import identifiers, phones, sharing

    with open_exchange(engine, "customer_identifiers") as exchange:
        written = phones.with_dialled(identifiers.carried(engine))
        numbers = phones.read_phones(exchange, written, default_country)
        handles = identifiers.network_handles(engine.table(keys.silver(rules.PROFILES)))
        records = exchange.keep("records", identifiers.normalised(written, numbers, handles))
        combined = exchange.keep("combinations", sharing.combinations(records))
        shared = exchange.keep("shared", sharing.shared_values(combined, shared_limit))
        browsers = identifiers.browsers(engine.table(keys.silver(rules.BROWSERS)))
        rows = identifiers.identifier_rows(records).unionByName(browsers)
        judged = identifiers.judged(rows, shared)
        _replace(engine, contract.CUSTOMER_IDENTIFIERS, contract.IDENTIFIER_COLUMNS, judged)
    return _identifier_counts(engine)


def build_match_records(engine: Engine) -> Counts:
    """Replace `match_records`: what matching compares; reads `customer_identifiers`.

    Args:
        engine: The open engine.

    Returns:
        `match_records`.
    """
    from customer360.identity import golden, match_records, spellings

    silver = {c.entity: engine.table(keys.silver(c.entity)) for c in rules.CARRIERS}
    with open_exchange(engine, "match_records") as exchange:
        identifiers = engine.table(contract.CUSTOMER_IDENTIFIERS)
        described = golden.described(silver)
        found = exchange.keep("found", match_records.representatives(identifiers, described))
        spelled = spellings.read_spellings(exchange, match_records.texts(found))
        rows = match_records.match_records(found, spelled)
        _replace(engine, contract.MATCH_RECORDS, contract.MATCH_RECORD_COLUMNS, rows)
    return {"match_records": engine.lake.row_count(contract.MATCH_RECORDS)}


def build_matches(engine: Engine) -> Counts:
    """Replace `customer_matches`: the pairs that say something; reads `match_records`.

    Where the table stands as the last run left it, only pairs are compared that a change since may
    have touched; the rows are those that comparing all pairs would give.

    Args:
        engine: The open engine.

    Returns:
        `changed_records` (new, gone or different since the run before; all where everything was
        compared anew), `candidate_pairs` (that were compared now), `links` (pairs taken for one
        person), `conflicts` (pairs that contradict each other).
    """
    from customer360.identity.increment import remembered
    from customer360.resources import match_marks

    with open_exchange(engine, "customer_matches") as exchange:
        found = matched(engine, exchange)
        match_marks.forget(engine.lake)
        _replace(engine, contract.CUSTOMER_MATCHES, contract.MATCH_COLUMNS, found.rows)
        for key, columns, rows in remembered(found.increment):
            _replace(engine, key, columns, rows)
        match_marks.record(engine.lake, found.basis)
    counts = {"changed_records": found.increment.changed, "candidate_pairs": found.compared}
    return {**counts, **_match_counts(engine)}


def build_links(engine: Engine) -> Counts:
    """Replace `customer_links`: the customer of every record.

    Reads `customer_identifiers`, `match_records` and `customer_matches`.

    Args:
        engine: The open engine.

    Returns:
        `linked_records`; `people` (found among personal records and guests); `cut_links` (left out
        because they would have put together what contradicts); `combinations` (distinct, of
        identifiers found together on other records); `clustered_values` (distinct identifiers that
        belong to a customer); `most_values` (of one customer: a sudden jump means that something
        links too much).
    """
    with open_exchange(engine, "customer_links") as exchange:
        matches = engine.table(contract.CUSTOMER_MATCHES)
        rows, counts = linked(engine, exchange, matches)
        _replace(engine, contract.CUSTOMER_LINKS, contract.LINK_COLUMNS, rows)
    return {"linked_records": engine.lake.row_count(contract.CUSTOMER_LINKS), **counts}


def preview_links(engine: Engine) -> pa.Table:
    """What `customer_links` would be with present rules, model and decisions; changes nothing.

    Reads `customer_identifiers` and `match_records` as they are.

    Args:
        engine: The open engine.

    Returns:
        The links of personal records: entity, record_key, customer_id.
    """
    from pyspark.sql import functions as F

    link = pa.schema([(n, pa.string()) for n in ("entity", "record_key", "customer_id")])
    with open_exchange(engine, "preview") as exchange:
        matches = matched(engine, exchange).rows
        rows, _ = linked(engine, exchange, matches)
        exchange.keep("links", rows.where(F.col("is_personal")).select(*link.names))
        return exchange.arrow("links", link)


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


def build_households(engine: Engine) -> Counts:
    """Replace `households`: who lives together; reads all other identity tables.

    Args:
        engine: The open engine.

    Returns:
        `households`; `most_members` (of one).
    """
    import pyarrow.compute as pc

    from customer360.identity import golden, households

    silver = {c.entity: engine.table(keys.silver(c.entity)) for c in rules.CARRIERS}
    customer = arrow_schema(contract.HOUSEHOLD_COLUMNS, "customer_id")
    with open_exchange(engine, "households") as exchange:
        links = engine.table(contract.CUSTOMER_LINKS)
        identifiers = engine.table(contract.CUSTOMER_IDENTIFIERS)
        found = households.in_common(links, identifiers, golden.described(silver))
        exchange.keep("common", found)
        exchange.keep("customers", engine.table(contract.CUSTOMERS).select("customer_id"))
        assigned = households.find_households(
            exchange.arrow("customers", customer).column("customer_id"),
            exchange.arrow("common", _COMMON),
        )
        rows = exchange.hand_over(
            "households",
            assigned.to_batches(max_chunksize=100_000),
            arrow_schema(contract.HOUSEHOLD_COLUMNS),
            contract.ddl(contract.HOUSEHOLD_COLUMNS),
        )
        _replace(engine, contract.HOUSEHOLDS, contract.HOUSEHOLD_COLUMNS, rows)
    return {
        "households": pc.count_distinct(assigned.column("household_id")).as_py(),
        "most_members": pc.max(assigned.column("member_count")).as_py() or 0,
    }


def _replace(
    engine: Engine, key: TableKey, columns: tuple[contract.Column, ...], rows: DataFrame
) -> None:
    engine.overwrite(key, contract.typed(columns), rows)


def _match_counts(engine: Engine) -> Counts:
    from pyspark.sql import functions as F

    matches = engine.table(contract.CUSTOMER_MATCHES)
    links = F.count(F.when(F.col("is_link"), 1)).alias("links")
    conflicts = F.count(F.when(F.col("conflict").isNotNull(), 1)).alias("conflicts")
    found = matches.agg(links, conflicts).collect()[0]
    return {"links": int(found["links"]), "conflicts": int(found["conflicts"])}


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
