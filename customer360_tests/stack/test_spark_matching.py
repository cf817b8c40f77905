"""Matching on Apache Spark: both of Splink's backends, and increments, give the same rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from customer360.identity import contract, resolve
from customer360.identity.exchange import open_exchange
from customer360.identity.linking import matched
from customer360.resources import match_marks
from customer360.resources.lake import Lake
from customer360.resources.session import Engine
from customer360_tests.match_world import Records, put, rows, world

pytestmark = pytest.mark.stack

MADE = (contract.CUSTOMER_MATCHES, match_marks.MATCHED_RECORDS, match_marks.CROWDED_KEYS)
RECORDS: Records = world(300)
# One is new, one gone, and one different.
NEXT_DAY: Records = {n: r for n, r in RECORDS.items() if n != "contact_id:K1"} | {
    "contact_id:K2": RECORDS["contact_id:K3"],
    "account_id:A": RECORDS["contact_id:K4"],
}


@pytest.fixture(scope="module", params=["sail", "spark"])
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    opened = Engine(request.param, Lake(str(tmp_path_factory.mktemp("matching"))))
    yield opened
    opened.close()


def scored(engine: Engine, *, in_engine: bool) -> list[Any]:
    match_marks.forget(engine.lake)
    with open_exchange(engine, "backends") as exchange:
        found = matched(engine, exchange, scores_in_engine=in_engine).rows
        return sorted(tuple(row) for row in found.collect())


def test_both_backends_give_the_same_rows_in_every_run(engine: Engine) -> None:
    put(engine, RECORDS)
    here = scored(engine, in_engine=False)
    assert len(here) > 1000
    assert [scored(engine, in_engine=True) for _ in range(3)] == [here] * 3


def test_increment_ends_where_everything_does(engine: Engine) -> None:
    put(engine, RECORDS)
    resolve.build_matches(engine)
    put(engine, NEXT_DAY)
    assert resolve.build_matches(engine)["changed_records"] == 3
    increment = {key: rows(engine, key) for key in MADE}
    match_marks.forget(engine.lake)
    assert resolve.build_matches(engine)["changed_records"] == len(NEXT_DAY)
    assert {key: rows(engine, key) for key in MADE} == increment
