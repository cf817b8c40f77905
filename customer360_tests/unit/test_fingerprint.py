from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from customer360 import keys
from customer360.fingerprint import TableFingerprint, differences, fingerprints
from customer360.identity.contract import CUSTOMER_LINKS
from customer360.resources.lake import Lake

TABLE = keys.silver("shop__things")
SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("note", pa.string()),
        ("amount", pa.decimal128(18, 2)),
        ("seen_at", pa.timestamp("us", "UTC")),
        ("parts", pa.list_(pa.string())),
        ("landed_on", pa.date32()),
    ]
)
ROW: dict[str, Any] = {
    "id": "a",
    "note": "n",
    "amount": Decimal("1.50"),
    "seen_at": datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
    "parts": ["x", "y"],
    "landed_on": date(2026, 1, 2),
}
ROWS = [ROW, ROW | {"id": "b", "amount": None}, ROW | {"id": "c", "landed_on": date(2026, 1, 3)}]


def _write(
    lake: Lake,
    rows: list[dict[str, Any]],
    *,
    key: keys.TableKey = TABLE,
    schema: pa.Schema = SCHEMA,
    **how: Any,
) -> None:
    write_deltalake(lake.table_url(key), pa.Table.from_pylist(rows, schema=schema), **how)


def _content(
    tmp_path: Path, rows: list[dict[str, Any]], name: str, schema: pa.Schema = SCHEMA
) -> str:
    lake = Lake(str(tmp_path / name))
    _write(lake, rows, schema=schema)
    return fingerprints(lake)[TABLE].content


def test_fingerprint_ignores_order_of_rows_and_columns_and_split_into_files(tmp_path: Path) -> None:
    one, two = Lake(str(tmp_path / "one")), Lake(str(tmp_path / "two"))
    _write(one, ROWS)
    turned = pa.schema(list(reversed(list(SCHEMA))))
    for row in reversed(ROWS):
        _write(two, [row], schema=turned, mode="append", partition_by=["landed_on"])
    assert len(two.delta(TABLE).file_uris()) == 3
    assert fingerprints(one) == fingerprints(two)
    assert fingerprints(one)[TABLE].rows == 3


@pytest.mark.parametrize(
    "change",
    [
        {"note": None},
        {"note": ""},
        {"note": "N"},
        {"id": "an", "note": ""},
        {"amount": Decimal("1.51")},
        {"amount": Decimal("-1.50")},
        {"seen_at": ROW["seen_at"].replace(microsecond=678902)},
        {"parts": ["y", "x"]},
        {"parts": ["x,y"]},
        {"parts": ["x", "y", None]},
        {"parts": []},
        {"parts": None},
        {"landed_on": date(2026, 1, 4)},
    ],
    ids=str,
)
def test_fingerprint_sees_change_of_value(tmp_path: Path, change: dict[str, Any]) -> None:
    changed = _content(tmp_path, [ROW | change], "changed")
    assert changed != _content(tmp_path, [ROW], "same")


def test_fingerprint_tells_list_with_null_from_list_with_dash(tmp_path: Path) -> None:
    assert _content(tmp_path, [ROW | {"parts": [None]}], "null") != _content(
        tmp_path, [ROW | {"parts": ["-"]}], "dash"
    )


def test_fingerprint_tells_null_from_empty(tmp_path: Path) -> None:
    null, empty = [ROW | {"note": None}], [ROW | {"note": ""}]
    assert _content(tmp_path, null, "null") != _content(tmp_path, empty, "empty")


def test_fingerprint_counts_copies(tmp_path: Path) -> None:
    twice, thrice = (_content(tmp_path, [ROW] * n, str(n)) for n in (2, 3))
    assert len({twice, thrice, _content(tmp_path, [], "none")}) == 3


def test_fingerprint_tells_values_in_other_columns_apart(tmp_path: Path) -> None:
    swapped = [ROW | {"id": "n", "note": "a"}]
    assert _content(tmp_path, [ROW], "one") != _content(tmp_path, swapped, "two")


def test_decimals_are_compared_by_value_and_scale_as_schema(tmp_path: Path) -> None:
    one, two = Lake(str(tmp_path / "one")), Lake(str(tmp_path / "two"))
    wide = SCHEMA.set(2, pa.field("amount", pa.decimal128(18, 6)))
    rows = [ROW | {"amount": Decimal(n)} for n in ("1.50", "0.00", "100.00")]
    _write(one, rows)
    _write(two, rows, schema=wide)
    here, there = fingerprints(one), fingerprints(two)
    assert here[TABLE].content == there[TABLE].content
    assert differences(here, there) == [
        "silver.shop__things: columns differ: amount decimal(18,2) here, decimal(18,6) there"
    ]


def test_fingerprint_ignores_when_and_by_which_run_bronze_was_loaded(tmp_path: Path) -> None:
    key = keys.bronze("shop__things")
    schema = pa.schema(
        [("record", pa.string()), ("batch_id", pa.string()), ("ingested_at", pa.string())]
    )
    found = []
    for run in ("one", "two"):
        lake = Lake(str(tmp_path / run))
        _write(
            lake, [{"record": "{}", "batch_id": run, "ingested_at": run}], key=key, schema=schema
        )
        found.append(fingerprints(lake)[key])
    assert found[0] == found[1]
    assert found[0].columns_left_out == ("batch_id", "ingested_at")


@pytest.mark.parametrize(
    ("key", "columns"),
    [
        (keys.REFRESHES, ("run_id",)),
        (keys.TableKey(keys.GOLD, "dim_customers_history"), ("customer_id",)),
        (keys.TableKey(keys.GOLD, "customers_snapshot"), ("customer_id", "dbt_valid_from")),
    ],
    ids=lambda v: getattr(v, "sql", ""),
)
def test_tables_that_record_runs_are_left_out(
    tmp_path: Path, key: keys.TableKey, columns: tuple[str, ...]
) -> None:
    one, two = Lake(str(tmp_path / "one")), Lake(str(tmp_path / "two"))
    schema = pa.schema([(name, pa.string()) for name in columns])
    _write(one, [dict.fromkeys(columns, "x")], key=key, schema=schema)
    _write(two, [dict.fromkeys(columns, "y")] * 2, key=key, schema=schema)
    assert fingerprints(one)[key].left_out
    assert differences(fingerprints(one), fingerprints(two)) == []


def test_floating_point_columns_are_named_and_not_compared(tmp_path: Path) -> None:
    schema = pa.schema(
        [("id", pa.string()), ("score", pa.float64()), ("scores", pa.list_(pa.float32()))]
    )
    lake = Lake(str(tmp_path / "lake"))
    _write(lake, [{"id": "a", "score": 0.1 + 0.2, "scores": [0.1]}], schema=schema)
    assert fingerprints(lake)[TABLE].columns_numeric == ("score", "scores")
    near = _content(tmp_path, [{"id": "a", "score": 0.3, "scores": [0.2]}], "near", schema)
    assert fingerprints(lake)[TABLE].content == near


def test_nested_values_are_compared(tmp_path: Path) -> None:
    inner = pa.struct([("a b", pa.decimal128(8, 2)), ("c", pa.list_(pa.int64()))])
    schema = pa.schema([("s", inner), ("m", pa.map_(pa.string(), inner))])
    value = {"a b": Decimal("1.10"), "c": [1, 2]}
    rows = {
        "plain": {"s": value, "m": [("k", value), ("l", None)]},
        "turned": {"s": value, "m": [("l", None), ("k", value)]},
        "struct": {"s": value | {"c": [12]}, "m": [("k", value), ("l", None)]},
        "map": {"s": value, "m": [("k", value | {"c": None}), ("l", None)]},
    }
    found = {name: _content(tmp_path, [row], name, schema) for name, row in rows.items()}
    assert found["plain"] == found["turned"]
    assert len(set(found.values())) == 3


def test_differences_name_missing_table_rows_and_content() -> None:
    plain = TableFingerprint(2, "ff", (("id", "string"),))
    other = TableFingerprint(3, "ee", (("id", "bigint"), ("new", "string")))
    gone = keys.silver("gone")
    columns = "id string here, bigint there, new missing here, string there"
    assert differences({TABLE: plain, gone: plain}, {TABLE: other}) == [
        "silver.gone: missing there",
        f"silver.shop__things: columns differ: {columns}",
        "silver.shop__things: 2 rows here, 3 there",
        "silver.shop__things: content differs",
    ]


def test_fingerprint_of_one_layer_reads_no_other(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    _write(lake, ROWS)
    _write(lake, ROWS, key=keys.bronze("shop__things"))
    assert list(fingerprints(lake, keys.SILVER)) == [TABLE]


LINKS = pa.schema([(name, pa.string()) for name in ("entity", "record_key", "customer_id")])
OF_ADA = [{"entity": "crm__contacts", "record_key": "K1", "customer_id": "ada"}]
OF_ADA += [{"entity": "pos__receipts", "record_key": "R1", "customer_id": "ada"}]
OF_BOB = [{"entity": "crm__contacts", "record_key": "K2", "customer_id": "bob"}]
FACTS = pa.schema([("order_key", pa.string()), ("customer_id", pa.string())])
SOLD = [
    {"order_key": "1", "customer_id": "ada"},
    {"order_key": "2", "customer_id": "bob"},
    {"order_key": "3", "customer_id": None},
]


def _renamed(rows: list[dict[str, Any]], names: dict[str, str]) -> list[dict[str, Any]]:
    return [row | {"customer_id": names.get(row["customer_id"])} for row in rows]


@pytest.mark.parametrize(
    ("in_links", "in_facts", "agree"),
    [
        ({"ada": "x", "bob": "y"}, {"ada": "x", "bob": "y"}, True),
        ({"ada": "bob", "bob": "ada"}, {"ada": "bob", "bob": "ada"}, True),
        # An order has gone to the other customer, and two customers have become one.
        ({"ada": "x", "bob": "y"}, {"ada": "y", "bob": "x"}, False),
        ({"ada": "x", "bob": "x"}, {"ada": "x", "bob": "x"}, False),
    ],
)
def test_modulo_ids_the_same_customers_may_have_other_ids(
    tmp_path: Path, in_links: dict[str, str], in_facts: dict[str, str], agree: bool
) -> None:
    one, two = Lake(str(tmp_path / "one")), Lake(str(tmp_path / "two"))
    links = OF_ADA + OF_BOB
    _write(one, links, key=CUSTOMER_LINKS, schema=LINKS)
    _write(two, _renamed(links, in_links), key=CUSTOMER_LINKS, schema=LINKS)
    _write(one, SOLD, key=keys.gold("fct_orders"), schema=FACTS)
    _write(two, _renamed(SOLD, in_facts), key=keys.gold("fct_orders"), schema=FACTS)
    assert differences(fingerprints(one), fingerprints(two)) != []
    found = differences(fingerprints(one, modulo_ids=True), fingerprints(two, modulo_ids=True))
    assert (found == []) is agree
