"""Thirty days that land one after the other, another model in the middle: ids stay.

Silver is loaded once; identity is refreshed every other day on what had landed until then.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow.dataset as ds
import pytest
from deltalake import write_deltalake

from customer360 import keys
from customer360.identity import rules
from customer360.identity.contract import CUSTOMER_CROSSWALK, CUSTOMER_LINKS, MATCH_MODELS
from customer360.identity.gate import Gate
from customer360.identity.resolve import (
    build_crosswalk,
    build_identifiers,
    build_links,
    build_match_records,
    build_matches,
)
from customer360.resources.lake import Lake
from customer360.resources.match_models import add_model, train_model
from customer360.resources.session import Engine
from customer360.settings import Settings
from customer360_tests.commands import Command, customer360
from customer360_tests.identity_world import create_silver

WORLD = ("--customers", "1200", "--days", "30", "--seed", "7", "--faults", "high")
FIRST = date(2026, 1, 1)
REFRESHES = [FIRST + timedelta(days=n) for n in range(1, 30, 2)]
RETRAINED = REFRESHES[7]
TABLES = [*(c.entity for c in rules.CARRIERS), rules.BROWSERS]
Links = dict[tuple[str, str], str]


@dataclass
class History:
    """Customer of every record after each refresh, and ids that changed without a reason."""

    links: list[Links] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)


def land_until(source: Lake, lake: Lake, day: date) -> None:
    """Let silver hold what had landed by a day."""
    for entity in TABLES:
        key = keys.silver(entity)
        rows = source.dataset(key).to_table(filter=ds.field("landed_on") <= day)
        parted = lake.delta(key).metadata().partition_columns
        write_deltalake(lake.table_url(key), rows, mode="overwrite", partition_by=parted)


def refresh(engine: Engine, day: date) -> Links:
    """Who is who by now."""
    settings = Settings(
        lake=engine.lake.url, identity_customers_limit=1.0, identity_revenue_limit=1.0
    )
    build_identifiers(engine, default_country="DE", shared_limit=12)
    build_match_records(engine)
    build_matches(engine)
    build_crosswalk(engine, Gate(settings, f"run of {day}", datetime.now(UTC)))
    build_links(engine)
    rows = engine.lake.arrow(CUSTOMER_LINKS, ["entity", "record_key", "customer_id"]).to_pylist()
    return {(row["entity"], row["record_key"]): row["customer_id"] for row in rows}


def members(links: Mapping[tuple[str, str], str]) -> dict[str, set[tuple[str, str]]]:
    found = defaultdict(set)
    for record, customer in links.items():
        found[customer].add(record)
    return found


def changes(before: Links, after: Links, standing: Mapping[str, str | None]) -> list[str]:
    """Ids that changed, or went to others, without a reason that the crosswalk gives."""
    was, now = members(before), members(after)
    found = []
    for customer, records in was.items():
        left = {record for record in records if record in after}
        owners = {after[record] for record in left}
        if len(owners) == 1 and (owner := owners.pop()) != customer:
            others = {before[r] for r in now[owner] if r in before} - {customer}
            # All of it went to somebody else: that one was there before, and took it in.
            if not others or standing.get(customer) != owner:
                found.append(f"{customer} became {owner} of itself")
        elif owners and customer not in owners and standing.get(customer) not in owners:
            found.append(f"{customer} is with {sorted(owners)}, not {standing.get(customer)}")
    for customer, records in now.items():
        if customer in was and not was[customer] & records and was[customer] & set(after):
            found.append(f"{customer} stands for other records than before")
    return found


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, History]]:
    root = tmp_path_factory.mktemp("stability")
    source, lake = Lake(str(root / "source")), Lake(str(root / "grown"))
    for name, words in (
        ("simulate", ("simulate", *WORLD)),
        ("run", ("run", "--select", '+key:"silver/customer_identifiers"')),
    ):
        Command(source, name, customer360(*words)).ended()
    engine = Engine("sail", lake)
    create_silver(engine)
    found = History()
    for day in REFRESHES:
        land_until(source, lake, day)
        if day == RETRAINED:
            model, records = train_model(lake, lambda _: None)
            add_model(lake, model, records=records, at=datetime.now(UTC))
        links = refresh(engine, day)
        periods = lake.arrow(CUSTOMER_CROSSWALK).to_pylist()
        standing = {r["customer_id"]: r["current_id"] for r in periods if r["valid_to"] is None}
        if found.links:
            found.unexplained += changes(found.links[-1], links, standing)
        found.links.append(links)
    yield engine, found
    engine.close()


def test_no_id_changes_without_a_reason(history: tuple[Engine, History]) -> None:
    engine, found = history
    stays = sum(
        after[record] == customer
        for before, after in zip(found.links, found.links[1:], strict=False)
        for record, customer in before.items()
        if record in after
    )
    total = sum(
        record in after
        for before, after in zip(found.links, found.links[1:], strict=False)
        for record in before
    )
    reasons = [r["reason"] for r in engine.lake.arrow(CUSTOMER_CROSSWALK).to_pylist()]
    counts = {reason: reasons.count(reason) for reason in sorted(set(reasons))}
    sys.stdout.write(
        f"{len(found.links)} refreshes, {len(found.links[-1]):,} records: {stays:,} of {total:,} "
        f"records kept their customer's id from one to the next; periods by reason: {counts}\n"
    )
    assert engine.lake.exists(MATCH_MODELS), "another model came in the middle"
    assert found.unexplained == []


def test_day_by_day_finds_the_customers_that_all_at_once_finds(
    history: tuple[Engine, History], tmp_path: Path
) -> None:
    engine, found = history
    lake = Lake(str(tmp_path / "whole"))
    whole = Engine("sail", lake)
    try:
        create_silver(whole)
        land_until(engine.lake, lake, REFRESHES[-1])
        write_deltalake(lake.table_url(MATCH_MODELS), engine.lake.arrow(MATCH_MODELS))
        at_once = refresh(whole, REFRESHES[-1])
    finally:
        whole.close()
    one, other = (sorted(map(sorted, members(x).values())) for x in (found.links[-1], at_once))
    assert one == other
