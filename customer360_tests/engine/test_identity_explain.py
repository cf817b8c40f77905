"""`customer360 identity explain`: links with their fields, conflicts, origins."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from customer360.cli import main
from customer360.identity.clusters import customer_id
from customer360.identity.match_model import default_model
from customer360.resources.lake import Lake
from customer360.resources.session import Engine
from customer360_tests.identity_world import WORLD, create_silver, fill, resolve

DIRK, EVA = customer_id("contact_id:K4"), customer_id("contact_id:K5")


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """The hand-made customers, resolved."""
    found = Lake(str(tmp_path_factory.mktemp("explain")))
    engine = Engine("sail", found)
    create_silver(engine)
    fill(engine, WORLD)
    resolve(engine)
    engine.close()
    yield found


def explain(lake: Lake, *words: str) -> Result:
    environment = {"C360_LAKE": lake.url, "COLUMNS": "240"}
    return CliRunner().invoke(main, ["identity", "explain", *words], env=environment)


def test_links_are_told_with_what_each_field_is_worth(lake: Lake) -> None:
    told = explain(lake, "K1").output
    assert "account_id:A1 ~ contact_id:K1" in told
    assert "linked by the same email" in told
    for field, level in (("email", "same"), ("last_name", "different")):
        weight = default_model().weight(field, level)
        assert f"{field.replace('_', ' ')} {level} ({weight:+.1f})" in told


def test_strongest_evidence_holds_records_together_and_no_more(lake: Lake) -> None:
    told = explain(lake, DIRK).output
    links, _, apart = told.partition("Who is like them, and kept apart")
    # Three records need two links.
    assert links.count(" ~ ") == 2
    assert "account_id:A4 ~ contact_id:K5" in apart
    assert "kept apart: other given names, and no common birth date" in apart


def test_two_customers_are_told_with_what_is_between_them(lake: Lake) -> None:
    told = explain(lake, DIRK, "K5").output
    assert f"Records to match of {DIRK}" in told
    assert f"Records to match of {EVA}" in told
    assert "Two customers; what there is between them" in told
    assert "contact_id:K4 ~ contact_id:K5" in told
    assert "first name different" in told


def test_two_identifiers_of_one_customer_say_so(lake: Lake) -> None:
    assert "Both are one customer" in explain(lake, "K1", "A1").output


def test_customers_with_nothing_in_common_have_nothing(lake: Lake) -> None:
    told = explain(lake, "K1", "K2").output
    assert "Two customers; what there is between them\n  nothing" in told


def test_values_that_lost_are_told_with_why_and_when(lake: Lake) -> None:
    told = explain(lake, "K1").output
    chosen, lost = (
        next(line for line in told.splitlines() if address in line and why in line)
        for address, why in (("anna@gmail.com", "chosen"), ("a.n.na+crm@", "less trusted"))
    )
    assert "2026-01-03" in chosen and "ecommerce__accounts A1" in chosen
    assert "2026-01-02" in lost and "crm__contacts K1" in lost


def test_pair_is_drawn_with_its_fields_and_values(lake: Lake, tmp_path: Path) -> None:
    picture = tmp_path / "pair.svg"
    assert explain(lake, DIRK, "K5", "--picture", str(picture)).exit_code == 0
    drawn = picture.read_text()
    assert drawn.startswith("<svg")
    for text in ("contact_id:K4 and contact_id:K5", "Prior", "Final score", "dirk", "eva"):
        assert text in drawn


def test_nothing_to_draw_is_an_error(lake: Lake, tmp_path: Path) -> None:
    picture = tmp_path / "pair.svg"
    result = explain(lake, "K1", "K2", "--picture", str(picture))
    assert result.exit_code == 1
    assert "There is no pair of records to draw." in result.output
    assert not picture.exists()


@pytest.mark.parametrize(
    ("who", "found"), [("nobody@nowhere.example", "found nobody"), ("dirk@mail.example", "found C")]
)
def test_who_is_not_one_customer_is_an_error(lake: Lake, who: str, found: str) -> None:
    result = explain(lake, who)
    assert result.exit_code == 1
    assert found in result.output
