"""What keeps exact links from joining people: values that too many people carry."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from customer360.identity.rules import LINKING_TYPES
from customer360.identity.sharing import combinations, shared_values
from customer360.resources.lake import Lake
from customer360.resources.session import Engine

Row = dict[str, Any]

FIELDS = [
    "entity string",
    *(f"{name} string" for name in LINKING_TYPES),
    *(f"reason_{name} string" for name in LINKING_TYPES),
]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    opened = Engine("sail", Lake(str(tmp_path_factory.mktemp("guards"))))
    yield opened
    opened.close()


def frame(engine: Engine, rows: Sequence[Row]) -> Any:
    names = [field.split()[0] for field in FIELDS]
    values = [tuple(row.get(name) for name in names) for row in rows]
    return engine.session.createDataFrame(values, ", ".join(FIELDS))


def shared(engine: Engine, rows: Sequence[Row], limit: int = 2) -> set[tuple[str, str]]:
    found = shared_values(combinations(frame(engine, rows)), limit).collect()
    return {(row["identifier_type"], row["identifier_value"]) for row in found}


def test_value_is_shared_beyond_the_limit_of_accounts_contacts_and_profiles(engine: Engine) -> None:
    three = [
        {"email": "e", "account_id": "A"},
        {"email": "e", "contact_id": "K"},
        {"email": "e", "social_handle": "n|h"},
    ]
    assert shared(engine, three) == {("email", "e")}
    assert shared(engine, three, limit=3) == set()


def test_repeated_activity_of_few_people_is_not_shared(engine: Engine) -> None:
    orders = [{"account_id": "A", "email": "e", "phone": f"+{i}"} for i in range(9)]
    assert shared(engine, [*orders, *orders]) == set()


@pytest.mark.parametrize(
    ("value", "beside"),
    [
        (("loyalty_card", "till"), "email"),
        (("email", "shop@x.yz"), "loyalty_card"),
        (("email", "shop@x.yz"), "account_id"),
        (("phone", "+1"), "email"),
        (("account_id", "call centre"), "email"),
        (("account_id", "call centre"), "contact_id"),
    ],
)
def test_value_beside_many_others_is_shared(
    engine: Engine, value: tuple[str, str], beside: str
) -> None:
    rows = [{value[0]: value[1], beside: f"{beside}{i}"} for i in range(3)]
    assert shared(engine, rows) == {value}
    assert shared(engine, rows[:2]) == set()


def test_value_that_is_no_identifier_counts_for_nothing(engine: Engine) -> None:
    rows = [
        {"phone": "+1", "email": f"none{i}@x.yz", "reason_email": "placeholder"} for i in range(9)
    ]
    assert shared(engine, rows) == set()
