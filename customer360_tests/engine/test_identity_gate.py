"""Other rules, another model or decisions move few customers, or wait until that is approved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner, Result

from customer360.cli import main
from customer360.errors import ChangeBlockedError
from customer360.identity import increment, scoring
from customer360.identity.comparisons import level_number
from customer360.identity.conflicts import Conflict
from customer360.identity.contract import CUSTOMER_CROSSWALK, CUSTOMER_LINKS, IDENTITY_CHANGES
from customer360.identity.gate import Gate
from customer360.identity.resolve import build_crosswalk, build_matches
from customer360.resources import identity_changes
from customer360.resources.identity_changes import basis_now, last_applied
from customer360.resources.lake import Lake
from customer360.resources.session import Engine
from customer360.settings import Settings
from customer360_tests.identity_world import Row, create_silver, fill, resolve

PEOPLE = 40
# So many that nobody shares a name with more than may be compared.
GIVEN = ("Alma", "Berta", "Cora", "Dora", "Elsa", "Frida", "Gerda", "Hanna")
# Forty namesakes of one town, each with a mailbox of their own.
NAMESAKES: dict[str, list[Row]] = {
    "crm__contacts": [
        {"contact_id": f"K{n:02}", "first_name": GIVEN[n % len(GIVEN)],
         "last_name": "Meier", "city": "Ulm", "email": f"meier{n}@mail.example",
         "phone": f"+49151234560{n:02}", "country": "DE"}
        for n in range(PEOPLE)
    ]
}  # fmt: skip
BAD_RULE = ("surname_and_town", f"last_name_level = {level_number('last_name', 'same')}")


@pytest.fixture
def resolved(engine: Engine) -> Iterator[Engine]:
    create_silver(engine)
    fill(engine, NAMESAKES)
    resolve(engine)
    yield engine


@pytest.fixture
def bad_rule(resolved: Engine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Surname and town make one person; the fingerprint of the rules is another one with it."""
    monkeypatch.setattr(scoring, "EXACT", (*scoring.EXACT, BAD_RULE))
    monkeypatch.setattr(scoring, "CONFLICTS", (Conflict("none", "false"),))
    monkeypatch.setattr(identity_changes, "rules_fingerprint", lambda _: "other rules")
    monkeypatch.setattr(increment, "basis", lambda *_: "other rules")
    return resolved


def gate(lake: Lake, **limits: float) -> Gate:
    return Gate(replace(Settings(lake=lake.url), **limits), "run", datetime.now(UTC))


def identity(lake: Lake, *words: str) -> Result:
    environment = {"C360_LAKE": lake.url, "COLUMNS": "240"}
    return CliRunner().invoke(main, ["identity", *words], env=environment)


def customers(engine: Engine) -> int:
    return engine.table(CUSTOMER_LINKS).select("customer_id").distinct().count()


def test_a_bad_rule_is_blocked_and_nothing_is_written(lake: Lake, bad_rule: Engine) -> None:
    version = lake.delta(CUSTOMER_CROSSWALK).version()
    build_matches(bad_rule)
    with pytest.raises(ChangeBlockedError) as blocked:
        build_crosswalk(bad_rule, gate(lake))
    told = str(blocked.value)
    assert f"{blocked.value.change.changing} of {PEOPLE} customers would merge or split" in told
    assert "because of other rules than at the last refresh" in told
    assert "identity approve" in told
    assert lake.delta(CUSTOMER_CROSSWALK).version() == version
    assert last_applied(lake) != basis_now(lake, Settings())


def test_preview_blocks_with_figures_until_it_is_approved(lake: Lake, bad_rule: Engine) -> None:
    shown = identity(lake, "preview")
    assert shown.exit_code == 1
    assert "Blocked" in shown.output
    assert f"of {PEOPLE} customers would merge or split" in " ".join(shown.output.split())
    approved = identity(lake, "approve", "--reason", "they are a sect", "--by", "kim")
    assert approved.exit_code == 0, approved.output
    again = identity(lake, "preview")
    assert again.exit_code == 0
    assert "and approved" in again.output
    build_matches(bad_rule)
    _, change = build_crosswalk(bad_rule, gate(lake))
    assert change is not None
    rows = lake.arrow(IDENTITY_CHANGES).sort_by("change_id").to_pylist()
    assert [(row["what"], row["by"], row["reason"]) for row in rows[1:]] == [
        ("approved", "kim", "they are a sect"), ("applied", "run", ""),
    ]  # fmt: skip
    # Approved was this, not what follows.
    assert last_applied(lake) == basis_now(lake, Settings())


def test_limits_are_settings(lake: Lake, bad_rule: Engine) -> None:
    build_matches(bad_rule)
    _, change = build_crosswalk(
        bad_rule, gate(lake, identity_customers_limit=1.0, identity_revenue_limit=1.0)
    )
    assert change is not None
    assert change.share > 0.5


def test_new_data_may_move_whom_it_will(lake: Lake, resolved: Engine) -> None:
    """The same rules, and thirty contacts more that make one of two each."""
    twins = [r | {"contact_id": f"T{n}"} for n, r in enumerate(NAMESAKES["crm__contacts"][:30])]
    fill(resolved, {"crm__contacts": [*NAMESAKES["crm__contacts"], *twins]})
    resolve(resolved)
    assert customers(resolved) == PEOPLE
    _, change = build_crosswalk(resolved, gate(lake))
    assert change is None


def test_few_may_change_whatever_share_they_are(lake: Lake, resolved: Engine) -> None:
    reason = ("--reason", "they called")
    assert identity(lake, "merge", "K01", "K02", *reason).exit_code == 0
    shown = identity(lake, "preview")
    assert shown.exit_code == 0, shown.output
    _, change = build_crosswalk(resolved, gate(lake))
    assert change is not None
    assert (change.merging, change.customers, change.customers_after) == (2, PEOPLE, PEOPLE - 1)
    assert change.share == pytest.approx(0.05)
