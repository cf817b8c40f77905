"""Which records are compared: those that share a key, unless too many do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pytest

from customer360.identity.candidates import (
    candidate_pairs,
    crowded_keys,
    key_sizes,
    match_keys,
    neighbours,
    useful_keys,
)
from customer360.identity.contract import MATCH_RECORD_COLUMNS
from customer360.identity.rules import BLOCK_LIMIT, CHANCE_LIMIT
from customer360.resources.lake import Lake
from customer360.resources.session import Engine

Row = Mapping[str, str]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    opened = Engine("sail", Lake(str(tmp_path_factory.mktemp("candidates"))))
    yield opened
    opened.close()


def pairs(engine: Engine, rows: Sequence[Row]) -> list[tuple[str, str]]:
    names = [column.name for column in MATCH_RECORD_COLUMNS]
    values = [
        tuple({"node": str(n), **row}.get(name) for name in names) for n, row in enumerate(rows)
    ]
    records = engine.session.createDataFrame(values, ", ".join(f"{n} string" for n in names))
    keys = match_keys(records)
    sizes = key_sizes(keys)
    found = candidate_pairs(useful_keys(keys, sizes))
    found = found.unionByName(neighbours(keys, crowded_keys(sizes), records)).distinct()
    return sorted((row["node_1"], row["node_2"]) for row in found.collect())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"email": "a@x.yz"}, {"email": "a@x.yz"}),
        ({"email_local": "a"}, {"email_local": "a"}),
        ({"phone": "+1"}, {"phone": "+1"}),
        ({"loyalty_card": "1"}, {"loyalty_card": "1"}),
        ({"date_of_birth": "1980-05-01"}, {"date_of_birth": "1980-05-01"}),
        ({"street": "weg 1", "postal_code": "1"}, {"street": "weg 1", "postal_code": "1"}),
        ({"first_name": "a", "last_name": "b"}, {"first_name": "b", "last_name": "a"}),
        ({"postal_code": "1", "first_name": "anna"}, {"postal_code": "1", "first_name": "anne"}),
        ({"postal_code": "1", "street": "weg 1"}, {"postal_code": "1", "street": "weg 1a"}),
        (
            {"city": "ulm", "first_name": "anna", "last_name": "altman"},
            {"city": "ulm", "first_name": "anna", "last_name": "altmann"},
        ),
    ],
)
def test_records_that_share_a_key_are_compared_once(engine: Engine, one: Row, other: Row) -> None:
    both = [{**one, "node": "b"}, {**other, "node": "a"}]
    assert pairs(engine, both) == [("a", "b")]
    # Sharing several keys makes no second pair.
    assert pairs(engine, [{**row, "phone": "+1"} for row in both]) == [("a", "b")]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {}),
        ({"city": "ulm"}, {"city": "ulm"}),
        ({"postal_code": "1"}, {"postal_code": "1"}),
        ({"first_name": "anna"}, {"first_name": "anna"}),
        ({"first_name": "a", "last_name": "b"}, {"first_name": "a", "last_name": "c"}),
        # A text is no other field's text.
        ({"phone": "1"}, {"loyalty_card": "1"}),
    ],
)
def test_records_that_share_no_key_are_not(engine: Engine, one: Row, other: Row) -> None:
    assert pairs(engine, [one, other]) == []


@pytest.mark.parametrize(
    ("limit", "shared"),
    [
        (BLOCK_LIMIT, {"street": "weg 1", "postal_code": "1"}),
        (CHANCE_LIMIT, {"date_of_birth": "1980-05-01"}),
    ],
    ids=["telling", "by_chance"],
)
def test_key_of_too_many_records_gives_no_pairs(engine: Engine, limit: int, shared: Row) -> None:
    assert len(pairs(engine, [shared] * limit)) == limit * (limit - 1) // 2
    assert pairs(engine, [shared] * (limit + 1)) == []


def test_key_of_too_many_that_may_be_enough_to_link_pairs_neighbours(engine: Engine) -> None:
    size = BLOCK_LIMIT + 1
    assert len(pairs(engine, [{"phone": "+1"}] * size)) == size - 1
    one = {"first_name": "a", "last_name": "b", "date_of_birth": "1980-05-01"}
    assert len(pairs(engine, [one] * size)) == size - 1
    # Names alone are not enough, whatever else is the same.
    assert pairs(engine, [{"first_name": "a", "last_name": "b", "city": "ulm"}] * size) == []


def test_neighbours_have_one_given_name(engine: Engine) -> None:
    """A couple's records take turns; each is beside their own."""
    couple = [{"first_name": name, "loyalty_card": "7"} for name in ("ann", "ben")]
    found = pairs(engine, couple * BLOCK_LIMIT)
    assert len(found) == 2 * BLOCK_LIMIT - 1
    assert sum(int(one) % 2 != int(other) % 2 for one, other in found) == 1
