"""How pairs are compared, what they are worth, and what is decided: all pairs of a page at once."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import pyarrow as pa
import pytest

from customer360.errors import IdentityError
from customer360.identity.comparisons import COMPARISONS, level_name, level_number
from customer360.identity.contract import COMPARED, MATCH_COLUMNS, MATCH_RECORD_COLUMNS
from customer360.identity.match_model import MatchModel, Worth, default_model, read_model
from customer360.identity.rules import LINK_WEIGHT
from customer360.identity.scoring import scored_pairs
from customer360.identity.spellings import sorted_letters, spelled

ANNA: Mapping[str, str] = {
    "first_name": "anna", "last_name": "schmidt", "date_of_birth": "1980-05-01",
    "email": "anna@x.yz", "phone": "+49151", "loyalty_card": "77",
    "street": "weg 1", "postal_code": "89073", "city": "ulm",
}  # fmt: skip
HOME = {name: ANNA[name] for name in ("street", "postal_code", "city")}
NAMED = {name: ANNA[name] for name in ("first_name", "last_name")}


class Case(NamedTuple):
    """Two records, and what is expected of the pair.

    Attributes:
        one: The one record.
        other: The other.
        linked_by: What decides for it; None where nothing does.
        conflict: What decides against it.
        levels: Names of some levels.
    """

    one: Mapping[str, str]
    other: Mapping[str, str]
    linked_by: str | None = None
    conflict: str | None = None
    levels: Mapping[str, str] = {}


def but(**changed: str | None) -> dict[str, str]:
    """Anna's record with something else, or nothing, in some fields."""
    return {k: v for k, v in (ANNA | changed).items() if v is not None}


CASES: dict[str, Case] = {
    "the_same": Case(ANNA, ANNA, "email", levels=dict.fromkeys(COMPARED[:6], "same")),
    "name_birth_and_home": Case(
        NAMED | HOME | {"date_of_birth": "1980-05-01"},
        NAMED | HOME | {"date_of_birth": "1980-05-01"},
        "model",
        levels={"address": "same home", "email": "unknown"},
    ),
    "a_name_alone_is_not_enough": Case(NAMED, NAMED),
    "an_address_in_common_and_no_names": Case({"email": "a@x.yz"}, {"email": "a@x.yz"}, "email"),
    "a_telephone_and_another_family_name": Case(
        {"first_name": "fay", "last_name": "old", "phone": "+1"},
        {"first_name": "fay", "last_name": "new", "phone": "+1"},
        "phone",
        levels={"last_name": "different"},
    ),
    "spouses": Case(
        NAMED | HOME | {"phone": "+1", "email": "a@x.yz"},
        NAMED | HOME | {"phone": "+1", "email": "a@x.yz", "first_name": "georg"},
        "model",
        "given_names",
    ),
    "another_given_name_and_the_same_birth": Case(
        NAMED | HOME | {"date_of_birth": "1980-05-01"},
        NAMED | HOME | {"date_of_birth": "1980-05-01", "first_name": "peggy"},
        "model",
        levels={"first_name": "different"},
    ),
    "twins_with_contacts_of_their_own": Case(
        NAMED | HOME | {"date_of_birth": "1980-05-01", "phone": "+1", "email": "a@x.yz"},
        NAMED
        | HOME
        | {"date_of_birth": "1980-05-01", "phone": "+2", "email": "b@x.yz", "first_name": "ida"},
        "model",
        "contacts",
    ),
    "namesakes_with_contacts_of_their_own": Case(
        NAMED | HOME | {"phone": "+1", "email": "a@x.yz"},
        NAMED | HOME | {"phone": "+2", "email": "b@x.yz"},
        "model",
        "contacts",
    ),
    "namesakes_with_cards_of_their_own": Case(
        NAMED | HOME | {"loyalty_card": "1"},
        NAMED | HOME | {"loyalty_card": "2"},
        "model",
        "cards",
    ),
    "father_and_son": Case(
        NAMED | HOME | {"date_of_birth": "1950-01-31", "email": "a@x.yz"},
        NAMED | HOME | {"date_of_birth": "1980-05-12", "email": "b@x.yz"},
        "model",
        "birth_dates",
    ),
    "typed_by_a_clerk": Case(
        but(email=None, loyalty_card=None, first_name="anan", date_of_birth="1980-01-05"),
        but(email=None, loyalty_card=None),
        "phone",
        levels={"first_name": "one slip", "date_of_birth": "day and month swapped"},
    ),
    "names_swapped": Case(
        but(first_name="schmidt", last_name="anna", email=None, phone=None),
        but(email=None, phone=None),
        "loyalty_card",
        # Counted once.
        levels={"first_name": "swapped with the family name", "last_name": "unknown"},
    ),
    "a_short_form": Case(
        but(first_name="basti", email=None, phone=None, loyalty_card=None),
        but(first_name="sebastian", email=None, phone=None, loyalty_card=None),
        "model",
        levels={"first_name": "short form"},
    ),
    "another_script_says_nothing": Case(
        {"first_name": "kenichi", "last_name": "endo", "script": "other"} | HOME,
        {"first_name": "jianyi", "last_name": "yuanteng", "script": "han"} | HOME,
        levels={"first_name": "unknown", "last_name": "unknown"},
    ),
    "a_slip_in_the_provider": Case(
        NAMED | {"email": "anna.schmidt80@gmail.com"},
        NAMED | {"email": "anna.schmidt80@gmial.com"},
        "model",
        levels={"email": "slip behind the @"},
    ),
    "a_mailbox_at_another_provider": Case(
        NAMED | {"email": "anna.schmidt@x.yz"},
        NAMED | {"email": "anna.schmidt@post.example"},
        levels={"email": "different"},
    ),
    "a_couple_of_two_initials": Case(
        {"first_name": "j", "last_name": "alt", "phone": "+1"},
        {"first_name": "k", "last_name": "alt", "phone": "+1"},
        "model",
        "given_names",
        levels={"first_name": "different"},
    ),
    "a_name_and_its_initial": Case(
        {"first_name": "j", "last_name": "alt", "phone": "+1"},
        {"first_name": "jana", "last_name": "alt", "phone": "+1"},
        "phone",
        levels={"first_name": "initial"},
    ),
    "short_names_are_no_slip_of_each_other": Case(
        {"first_name": "li", "last_name": "chen"} | HOME,
        {"first_name": "lu", "last_name": "chen"} | HOME,
        None,
        "given_names",
        levels={"first_name": "different"},
    ),
    "parts_of_addresses_that_cannot_be_compared": Case(
        {"email": "a@x.yz", "city": "ulm"},
        {"email": "a@x.yz", "street": "weg 1", "postal_code": "1"},
        "email",
        levels={"address": "unknown"},
    ),
    "brother_and_sister": Case(
        HOME | {"first_name": "kornel", "last_name": "alt", "email": "a@x.yz"},
        HOME | {"first_name": "kornelia", "last_name": "alt", "email": "b@x.yz"},
        "model",
        "like_given_names",
    ),
    "a_year_beside_a_first_of_the_month": Case(
        NAMED | {"date_of_birth": "1980-05-17", "city": "ulm"},
        NAMED | {"date_of_birth": "1981-05-01", "city": "ulm"},
        "model",
        levels={"date_of_birth": "one digit, or a year beside a first of the month"},
    ),
    "nearly_the_same_home": Case(
        NAMED | HOME,
        NAMED | HOME | {"street": "weg 1a", "postal_code": "89074", "city": "neu ulm"},
        # Streets of short names are nearly the same by chance.
        levels={"address": "nearly the same home"},
    ),
    "nothing_known": Case({}, {}),
}


@pytest.fixture(scope="module")
def scored() -> dict[str, dict[str, Any]]:
    """Every case, scored in one go; a pair that says nothing is not among them."""
    records, pairs = [], []
    for name, case in CASES.items():
        nodes = (f"{name}/1", f"{name}/2")
        pairs.append(dict(zip(("node_1", "node_2"), nodes, strict=True)))
        for node, given in zip(nodes, (case.one, case.other), strict=True):
            derived = {
                "node": node,
                "script": "other",
                "first_letters": sorted_letters(given.get("first_name")),
                "last_letters": sorted_letters(given.get("last_name")),
                "email_local": given["email"].split("@")[0] if "email" in given else None,
            }
            records.append(derived | given)
    schema = pa.schema([(column.name, pa.string()) for column in MATCH_RECORD_COLUMNS])
    given = pa.Table.from_pylist(records, schema)
    batches = scored_pairs(given, pa.Table.from_pylist(pairs), default_model(), given.num_rows)
    rows = [row for batch in batches for row in batch.to_pylist()]
    return {row["node_1"].partition("/")[0]: row for row in rows}


@pytest.mark.parametrize("name", CASES)
def test_pair_is_decided(scored: dict[str, dict[str, Any]], name: str) -> None:
    case, row = CASES[name], scored.get(name)
    if row is None:
        assert (case.linked_by, case.conflict) == (None, None)
        return
    assert (row["linked_by"], row["conflict"]) == (case.linked_by, case.conflict)
    assert row["is_link"] == (case.linked_by is not None and case.conflict is None)
    told = {f: level_name(f, row[f"{f}_level"]) for f in case.levels}
    assert told == dict(case.levels)


def test_weight_is_the_sum_of_what_the_levels_are_worth(
    scored: dict[str, dict[str, Any]],
) -> None:
    model = default_model()
    for row in scored.values():
        expected = math.log2(model.prior(1) / (1 - model.prior(1))) + sum(
            model.weight(name, level_name(name, row[f"{name}_level"]))
            for name in COMPARED
            if row[f"{name}_level"] >= 0
        )
        assert float(row["match_weight"]) == pytest.approx(expected, abs=1e-4)


def test_no_pairs_are_no_rows() -> None:
    records = pa.table({c.name: pa.array([], pa.string()) for c in MATCH_RECORD_COLUMNS})
    pairs = pa.table({name: pa.array([], pa.string()) for name in ("node_1", "node_2")})
    assert not [
        row for b in scored_pairs(records, pairs, default_model(), 0) for row in b.to_pylist()
    ]


def test_every_compared_field_has_its_column_and_its_levels() -> None:
    assert tuple(COMPARISONS) == COMPARED
    assert {f"{name}_level" for name in COMPARED} <= {column.name for column in MATCH_COLUMNS}
    model = default_model()
    for name, levels in COMPARISONS.items():
        told = [level.name for level in levels if not level.says_nothing]
        assert set(model.levels[name]) == set(told)
        assert [level_name(name, level_number(name, level)) for level in told] == told


def test_agreement_is_evidence_for_and_difference_against() -> None:
    model = default_model()
    for name, levels in COMPARISONS.items():
        told = [level.name for level in levels if not level.says_nothing]
        assert model.weight(name, told[0]) > LINK_WEIGHT
        assert model.weight(name, told[-1]) < 0


def test_model_is_the_same_after_writing_and_reading() -> None:
    assert read_model(default_model().json()) == default_model()
    assert json.loads(default_model().json())["name"] == "default"


def test_model_of_other_levels_is_refused_by_name() -> None:
    told = json.loads(default_model().json())
    told["levels"]["email"]["same before the @"] = told["levels"]["email"].pop("slip behind the @")
    with pytest.raises(IdentityError, match="email: same before the @, email: slip behind the @"):
        read_model(json.dumps(told))


def test_level_that_training_never_saw_is_worth_the_next_weaker_one() -> None:
    seen = {"same": Worth(0.9, None), "different": Worth(0.1, 0.8)}
    model = MatchModel("m", "t", 1, 0.5, {"phone": seen})
    assert model.worth("phone", "same") == Worth(0.1, 0.8)
    with pytest.raises(ValueError, match="no probabilities for phone: different"):
        unseen = {"phone": {"different": Worth(None, 1)}}
        MatchModel("m", "t", 1, 0.5, unseen).worth("phone", "different")


def test_chance_of_a_match_falls_in_steps_as_records_grow() -> None:
    model = MatchModel("m", "t", records=1000, pairs_per_record=0.5, levels={})
    assert model.prior(0) == model.prior(1000) == model.prior(1024) == 1 / 1024
    assert model.prior(1025) == model.prior(2048) == 1 / 2048


@pytest.mark.parametrize(
    ("text", "spelling"),
    [
        ("Ängström-Ōkubo", "aengstroem okubo"),
        ("Weiß", "weiss"),
        ("  José  María ", "jose maria"),
        ("Ελένη", "eleni"),
        ("Юлія", "yuliya"),
        ("O'Neill", "oneill"),
        ("王", "wang"),
        ("…", None),
        ("", None),
    ],
)
def test_spelling_is_latin_lower_case(text: str, spelling: str | None) -> None:
    assert spelled(text) == spelling


def test_swapped_letters_have_the_same_letters() -> None:
    assert sorted_letters("anna b") == sorted_letters("naan b") == "aabnn"
    assert sorted_letters(None) is None
