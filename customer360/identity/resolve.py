"""Identity resolution from silver to customers, in eight steps.

Only order, reading and writing are here: each step reads tables, calls pure functions of this
package, and replaces its table in one commit. Cut off anywhere and started again it ends with the
same tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from customer360 import keys
from customer360.identity import contract, rules
from customer360.identity.exchange import Exchange, open_exchange
from customer360.identity.lasting_ids import IS_CURRENT
from customer360.identity.linking import Proposal, arrow_schema, matched

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from customer360.identity.change import Change
    from customer360.identity.gate import Gate
    from customer360.keys import TableKey
    from customer360.resources.session import Engine

Counts = dict[str, int]
_BATCH_ROWS: Final = 100_000
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

    with open_exchange(engine, "match_records") as exchange:
        identifiers = engine.table(contract.CUSTOMER_IDENTIFIERS)
        described = golden.described(_carriers(engine))
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


def build_crosswalk(engine: Engine, gate: Gate) -> tuple[Counts, Change | None]:
    """Give customers their ids: replace `customer_members` and go on with `customer_crosswalk`.

    Reads `customer_identifiers`, `match_records`, `customer_matches` and what ids stood for.

    Args:
        engine: The open engine.
        gate: What is allowed, and which run is asking.

    Returns:
        Counts, and how customers change if rules, model or decisions are others than last time.
        Counts are `ids` (in use), `ids_issued` (ever) and `ids_changed` (which stand for somebody
        else now); `people` (found among personal records and guests); `cut_links` (left out because
        they would have put together what contradicts); `combinations` (distinct, of identifiers
        found together on other records); `clustered_values` (distinct identifiers that belong to a
        customer); `most_values` (of one customer: a sudden jump means that something links too
        much).

    Raises:
        ChangeBlockedError: Other rules, model or decisions would change more than is allowed.
        BackupError: A table that ids depend on is gone, and has backups.
    """
    import pyarrow.compute as pc

    from customer360.identity.crosswalk import periods
    from customer360.identity.linking import propose
    from customer360.resources import lasting_members as kept
    from customer360.resources.backups import require_backed_up
    from customer360.resources.identity_decisions import read_decisions

    lake = engine.lake
    require_backed_up(lake)
    with open_exchange(engine, "customer_crosswalk") as exchange:
        made = propose(engine, exchange, engine.table(contract.CUSTOMER_MATCHES))
        checked = gate.check(lake, made)
        decided = [pair for decision in read_decisions(lake) for pair in decision.pairs]
        standing = kept.standing_periods(lake)
        changed = periods(
            standing, made.before, made.issued, decided, at=gate.at, run_id=gate.run_id
        )
        # First what became of ids, then what the next run begins with: cut off the other way round
        # nobody would know since when they are what they are.
        _record_periods(exchange, changed)
        members = kept.customer_rows(made.issued.members)
        _hand_over(exchange, contract.CUSTOMER_MEMBERS, contract.CUSTOMER_MEMBER_COLUMNS, members)
    if checked is not None:
        gate.record(lake, *checked)
    issued = {
        "ids": len(made.issued.ids),
        "ids_issued": made.issued.current.num_rows,
        "ids_changed": pc.sum(pc.is_null(changed.column("valid_to"))).as_py() or 0,
    }
    return issued | made.counts, checked[1] if checked else None


def build_links(engine: Engine) -> Counts:
    """Replace `customer_links`: the customer of every record.

    Reads `customer_identifiers` and `customer_members`.

    Args:
        engine: The open engine.

    Returns:
        `linked_records`.
    """
    from pyspark.sql import functions as F

    from customer360.identity.links import record_links

    owners = engine.table(contract.CUSTOMER_MEMBERS).where(F.col("is_current"))
    rows = record_links(engine.table(contract.CUSTOMER_IDENTIFIERS), owners)
    _replace(engine, contract.CUSTOMER_LINKS, contract.LINK_COLUMNS, rows)
    return {"linked_records": engine.lake.row_count(contract.CUSTOMER_LINKS)}


@contextmanager
def preview_links(engine: Engine) -> Iterator[tuple[Proposal, str]]:
    """What customers and `customer_links` would be with present rules, model and decisions.

    Reads `customer_identifiers` and `match_records` as they are; changes nothing.

    Args:
        engine: The open engine.

    Yields:
        The proposal, and the URL of a folder of Parquet files with the links.
    """
    from customer360.identity.linking import propose
    from customer360.identity.links import record_links
    from customer360.resources.lasting_members import customer_rows

    with open_exchange(engine, "preview") as exchange:
        made = propose(engine, exchange, matched(engine, exchange).rows)
        members = customer_rows(made.issued.members.filter(made.issued.members.column(IS_CURRENT)))
        owners = _handed(exchange, "owners", contract.CUSTOMER_MEMBER_COLUMNS, members)
        exchange.keep("links", record_links(engine.table(contract.CUSTOMER_IDENTIFIERS), owners))
        yield made, f"{exchange.folder}/links"


def build_values(engine: Engine) -> Counts:
    """Replace `customer_values`: what is claimed of each customer, ranked.

    Reads `customer_links` and `customer_identifiers`.

    Args:
        engine: The open engine.

    Returns:
        `values`.
    """
    from customer360.identity import golden, survivorship

    links = engine.table(contract.CUSTOMER_LINKS)
    identifiers = engine.table(contract.CUSTOMER_IDENTIFIERS)
    claimed = survivorship.claims(links, identifiers, golden.described(_carriers(engine)))
    rows = survivorship.ranked_values(claimed)
    _replace(engine, contract.CUSTOMER_VALUES, contract.VALUE_COLUMNS, rows)
    return {"values": engine.lake.row_count(contract.CUSTOMER_VALUES)}


def build_customers(engine: Engine) -> Counts:
    """Replace `customers`: the golden record; reads `customer_links` and `customer_values`.

    Args:
        engine: The open engine.

    Returns:
        `customers`.
    """
    from customer360.identity import golden

    links = engine.table(contract.CUSTOMER_LINKS)
    browsers = golden.linked_browsers(links, engine.table(keys.silver(rules.BROWSERS)))
    described = golden.described(_carriers(engine))
    with open_exchange(engine, "customers") as exchange:
        # In one query with what follows, the embedded engine loses track of which columns can be
        # null.
        linked = exchange.keep("linked", golden.linked_records(links, described))
        values = engine.table(contract.CUSTOMER_VALUES)
        rows = golden.golden_records(values, described, linked, browsers)
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
    from customer360.resources.lasting_members import household_members

    customer = arrow_schema(contract.HOUSEHOLD_COLUMNS, "customer_id")
    with open_exchange(engine, "households") as exchange:
        links = engine.table(contract.CUSTOMER_LINKS)
        identifiers = engine.table(contract.CUSTOMER_IDENTIFIERS)
        found = households.in_common(links, identifiers, golden.described(_carriers(engine)))
        exchange.keep("common", found)
        exchange.keep("customers", engine.table(contract.CUSTOMERS).select("customer_id"))
        rows, members = households.find_households(
            exchange.arrow("customers", customer).column("customer_id"),
            exchange.arrow("common", _COMMON),
            household_members(engine.lake),
        )
        _hand_over(exchange, contract.HOUSEHOLD_MEMBERS, contract.HOUSEHOLD_MEMBER_COLUMNS, members)
        _hand_over(exchange, contract.HOUSEHOLDS, contract.HOUSEHOLD_COLUMNS, rows)
    return {
        "households": pc.count_distinct(rows.column("household_id")).as_py(),
        "most_members": pc.max(rows.column("member_count")).as_py() or 0,
    }


def _hand_over(
    exchange: Exchange, key: TableKey, columns: tuple[contract.Column, ...], rows: pa.Table
) -> None:
    """Replace a table by rows of the run process."""
    _replace(exchange.engine, key, columns, _handed(exchange, key.table, columns, rows))


def _record_periods(exchange: Exchange, changed: pa.Table) -> None:
    """Put periods that ended and began into the crosswalk, in one commit; none: leave it alone."""
    from customer360.identity.crosswalk import KEY

    key, columns = contract.CUSTOMER_CROSSWALK, contract.CROSSWALK_COLUMNS
    is_there = exchange.engine.lake.exists(key)
    if is_there and not changed.num_rows:
        return
    rows = _handed(exchange, "periods", columns, changed)
    if is_there:
        stay = exchange.engine.table(key).join(rows.select(*KEY), list(KEY), "left_anti")
        rows = stay.select(*rows.columns).unionByName(rows)
    _replace(exchange.engine, key, columns, rows)


def _handed(
    exchange: Exchange, name: str, columns: tuple[contract.Column, ...], rows: pa.Table
) -> DataFrame:
    batches = rows.to_batches(max_chunksize=_BATCH_ROWS)
    return exchange.hand_over(name, batches, arrow_schema(columns), contract.ddl(columns))


def _carriers(engine: Engine) -> dict[str, DataFrame]:
    """The silver tables that say something of people, by name."""
    return {c.entity: engine.table(keys.silver(c.entity)) for c in rules.CARRIERS}


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
