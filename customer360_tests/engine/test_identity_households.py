"""Who lives together: by home, by contact point, and not by the house of many flats."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa
import pytest

from customer360.identity.households import find_households, household_id, in_common
from customer360.identity.lasting_ids import no_members
from customer360.identity.rules import HOME_LIMIT
from customer360.resources.lake import Lake
from customer360.resources.session import Engine

Row = Mapping[str, str]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    opened = Engine("sail", Lake(str(tmp_path_factory.mktemp("households"))))
    yield opened
    opened.close()


def together(
    engine: Engine, homes: Sequence[Row], contacts: Sequence[Row] = ()
) -> set[frozenset[str]]:
    """Households of customers, each with one record per row, named as the customer."""
    records = [
        (str(n), row.get("street"), row.get("postal_code"), row.get("last_name"))
        for n, row in enumerate(homes)
    ]
    described = "record_key string, street string, postal_code string, last_name string"
    carried = [(f"c{n}", row["type"], row["value"]) for n, row in enumerate(contacts)]
    links = [(str(n), row["who"]) for n, row in enumerate(homes)]
    links += [(f"c{n}", row["who"]) for n, row in enumerate(contacts)]
    session = engine.session
    entity = "'crm__contacts' as entity"
    owned = session.createDataFrame(links, "record_key string, customer_id string")
    common = in_common(
        owned.selectExpr(entity, "*"),
        session.createDataFrame(
            carried, "record_key string, identifier_type string, identifier_value string"
        ).selectExpr(entity, "true as is_linking", "*"),
        session.createDataFrame(records, described).selectExpr(entity, "*"),
    ).collect()
    customers = pa.array(sorted({who for _, who in links}), pa.string())
    schema = pa.schema([("customer_id", pa.string()), ("common", pa.string())])
    table = pa.Table.from_pylist([row.asDict() for row in common], schema)
    sets: dict[str, set[str]] = {}
    for row in find_households(customers, table, no_members())[0].to_pylist():
        sets.setdefault(row["household_id"], set()).add(row["customer_id"])
        assert row["member_count"] >= 1
    return {frozenset(members) for members in sets.values()}


def home(who: str, street: str = "Weg 1", **more: str) -> Row:
    return {"who": who, "street": street, "postal_code": "89073", **more}


def sets(*members: str) -> set[frozenset[str]]:
    return {frozenset(text.split()) for text in members}


def test_customers_of_one_home_live_together_however_it_is_written(engine: Engine) -> None:
    homes = [home("a", "Lange Straße 1"), home("b", "lange strasse 1"), home("c", "Lange Str. 1")]
    assert together(engine, [*homes, home("d", "Lange Str. 2")]) == sets("a b c", "d")


def test_same_street_in_another_town_is_another_home(engine: Engine) -> None:
    elsewhere = {"who": "b", "street": "Weg 1", "postal_code": "50667"}
    assert together(engine, [home("a"), elsewhere]) == sets("a", "b")


def test_a_home_of_the_past_counts(engine: Engine) -> None:
    moved = [home("a"), home("a", "Gasse 2"), home("b"), home("c", "Gasse 2")]
    assert together(engine, moved) == sets("a b c")


def test_contact_point_in_common_makes_a_household(engine: Engine) -> None:
    homes = [home("a"), home("b", "Gasse 2"), home("c", "Allee 3")]
    phones = [{"who": who, "type": "phone", "value": "+1"} for who in "ab"]
    assert together(engine, homes, phones) == sets("a b", "c")
    # A text of another type is another thing.
    cards = [{"who": "c", "type": "loyalty_card", "value": "+1"}]
    assert together(engine, homes, [*phones, *cards]) == sets("a b", "c")


def test_in_a_house_of_many_only_families_live_together(engine: Engine) -> None:
    names = [f"n{n}" for n in range(HOME_LIMIT)]
    house = [home(name, last_name=name) for name in names]
    assert together(engine, house) == sets(" ".join(names))
    crowd = [*house, home("x", last_name="Same"), home("y", last_name="same"), home("z")]
    assert together(engine, crowd) == sets("x y", "z", *names)


def test_customers_with_nothing_known_are_alone(engine: Engine) -> None:
    assert together(engine, [{"who": "a"}, {"who": "b"}]) == sets("a", "b")
    assert together(engine, []) == set()


def test_household_is_named_by_its_first_customer() -> None:
    customers = pa.array(["C2", "C1"])
    common = pa.table({"customer_id": ["C1", "C2"], "common": ["home:x", "home:x"]})
    rows = find_households(customers, common, no_members())[0].to_pylist()
    assert {row["household_id"] for row in rows} == {household_id("C1")}
    assert [row["member_count"] for row in rows] == [2, 2]
