"""Splink's backends: DuckDB in the run process and Spark on the engine give the same rows."""

from __future__ import annotations

from typing import Any

import pytest

from customer360.identity.exchange import open_exchange
from customer360.identity.linking import matched
from customer360.resources import session
from customer360.resources.session import Engine
from customer360_tests.match_world import put, world


def scored(engine: Engine, *, in_engine: bool | None) -> list[Any]:
    with open_exchange(engine, "backends") as exchange:
        rows = matched(engine, exchange, scores_in_engine=in_engine).rows
        return sorted(tuple(row) for row in rows.collect())


def test_both_backends_give_the_same_rows_in_every_run(engine: Engine) -> None:
    put(engine, world(150))
    here = scored(engine, in_engine=False)
    assert len(here) > 300
    assert [scored(engine, in_engine=True) for _ in range(3)] == [here] * 3


def test_no_records_are_no_rows(engine: Engine) -> None:
    put(engine, {})
    assert scored(engine, in_engine=True) == scored(engine, in_engine=False) == []


@pytest.mark.parametrize("is_cluster", [False, True])
def test_rows_stay_on_a_cluster(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, *, is_cluster: bool
) -> None:
    """On an engine that was started here they come to DuckDB."""
    from customer360.identity import scoring

    put(engine, world(20))
    monkeypatch.setattr(session.Engine, "is_cluster", is_cluster)
    monkeypatch.delattr(scoring, "scored_pairs")
    if is_cluster:
        scored(engine, in_engine=None)
        return
    with pytest.raises(ImportError, match="scored_pairs"):
        scored(engine, in_engine=None)
