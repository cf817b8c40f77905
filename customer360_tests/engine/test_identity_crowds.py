"""Crowds: one value or one record a hundred thousand times must neither link nor cost too much."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from click.testing import CliRunner
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from customer360 import keys
from customer360.cli import main
from customer360.identity.contract import CUSTOMER_IDENTIFIERS, CUSTOMER_LINKS, CUSTOMERS
from customer360.identity.resolve import build_households
from customer360.resources.lake import Lake
from customer360.resources.session import Engine
from customer360.transforms.contract import silver_columns
from customer360_tests.builders import spec
from customer360_tests.identity_world import create_silver, resolve

COPIES = 10_000
CROWD = 100_000
NAMESAKES = 1_000
_DEFAULTS = {
    "landed_on": "date'2026-01-02'",
    "updated_at": "timestamp'2026-01-02 12:00:00'",
    "sold_at": "timestamp'2026-01-02 12:00:00'",
    "op": "'U'",
    "is_deleted": "false",
    "total_amount": "1",
}
Record = Mapping[str, str]

COPY: Record = {
    "contact_id": "concat('copy', id)",
    "first_name": "'Kim'",
    "last_name": "'Same'",
    "date_of_birth": "date'1980-05-01'",
    "street": "'Weg 1'",
    "postal_code": "'89073'",
    "city": "'Ulm'",
    "email": "'copy@mail.example'",
}
CROWDED: Record = {"contact_id": "concat('crowd', id)", "phone": "'0151 23456789'"}
NAMESAKE: Record = {
    "contact_id": "concat('namesake', id)",
    "first_name": "'Ann'",
    "last_name": "'Lee'",
    "email": "'lee@mail.example'",
}
RECEIPT: Record = {"receipt_id": "concat('receipt', id)", "loyalty_card_number": "'4711'"}
# Beside a shared address each order has a telephone of its own.
ORDER: Record = {
    "order_id": "concat('order', id)",
    "email": "'copy@mail.example'",
    "phone": "concat('+49151', lpad(cast(id as string), 8, '0'))",
}


def copies(engine: Engine, table: str, record: Record, count: int) -> DataFrame:
    """A record so many times: SQL of its columns, on `id`."""
    told = _DEFAULTS | record
    columns = [
        f"cast({told.get(name, 'null')} as {kind}) as {name}"
        for name, kind in silver_columns(spec(table)[1])
    ]
    return engine.session.range(count).selectExpr(*columns)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    opened = Engine("sail", Lake(str(tmp_path_factory.mktemp("crowds"))))
    create_silver(opened)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def counts(engine: Engine) -> dict[str, dict[str, int]]:
    """Counts of the steps, which have resolved all the crowds at once."""
    contacts = (
        copies(engine, "crm__contacts", COPY, COPIES)
        .unionByName(copies(engine, "crm__contacts", CROWDED, CROWD))
        .unionByName(copies(engine, "crm__contacts", NAMESAKE, NAMESAKES))
    )
    crowds = {
        "crm__contacts": contacts,
        "pos__receipts": copies(engine, "pos__receipts", RECEIPT, CROWD),
        "ecommerce__orders": copies(engine, "ecommerce__orders", ORDER, NAMESAKES),
    }
    for table, rows in crowds.items():
        entity = spec(table)[1]
        engine.overwrite(
            keys.silver(table), silver_columns(entity), rows, partitioned=entity.partitioned
        )
    found = resolve(engine)
    return found | {"households": build_households(engine)}


def customers(engine: Engine, prefix: str) -> int:
    """How many customers the records have whose keys begin so."""
    rows = engine.table(CUSTOMER_LINKS).where(F.col("record_key").startswith(prefix))
    return int(rows.select("customer_id").distinct().count())


def test_copies_of_one_record_are_one_person(
    engine: Engine, counts: dict[str, dict[str, int]]
) -> None:
    """The address is shared by too many to link; name, birth and home are enough."""
    assert customers(engine, "copy") == 1
    rows = engine.table(CUSTOMERS).where("last_name = 'Same'").collect()
    assert [(r["record_count"], r["email"]) for r in rows] == [(COPIES, None)]
    assert counts["households"]["most_members"] == 1


def test_pairs_grow_as_the_records_do(counts: dict[str, dict[str, int]]) -> None:
    found = counts["matches"]
    assert (found["candidate_pairs"], found["links"]) == (COPIES - 1, COPIES - 1)
    assert found["conflicts"] == 0


def test_one_value_of_a_hundred_thousand_links_nobody(
    engine: Engine, counts: dict[str, dict[str, int]]
) -> None:
    assert customers(engine, "crowd") == CROWD
    assert counts["identifiers"]["shared_values"] == 3
    judged = engine.table(CUSTOMER_IDENTIFIERS).where("identifier_value = '+4915123456789'")
    assert {
        r["excluded_because"] for r in judged.select("excluded_because").distinct().collect()
    } == {"shared"}


def test_a_name_and_a_shared_address_are_not_enough(
    engine: Engine, counts: dict[str, dict[str, int]]
) -> None:
    assert counts["match_records"]["match_records"] == COPIES + CROWD + NAMESAKES
    assert customers(engine, "namesake") == NAMESAKES


def test_receipts_of_one_card_are_one_customer(
    engine: Engine, counts: dict[str, dict[str, int]]
) -> None:
    assert counts["ids"]["combinations"] == 1 + NAMESAKES
    assert customers(engine, "receipt") == 1


def test_orders_under_a_shared_address_follow_their_telephones(
    engine: Engine, counts: dict[str, dict[str, int]]
) -> None:
    assert counts["ids"]["most_values"] == COPIES
    assert customers(engine, "order") == NAMESAKES


@pytest.mark.usefixtures("counts")
def test_a_customer_of_ten_thousand_records_is_explained_by_the_first(engine: Engine) -> None:
    environment = {"C360_LAKE": engine.lake.url, "COLUMNS": "240"}
    told = CliRunner().invoke(main, ["identity", "explain", "copy0"], env=environment)
    assert told.exit_code == 0, told.output
    assert f"and {COPIES - 50:,} more" in told.output
    assert told.output.count("contact_id:copy") < 100
