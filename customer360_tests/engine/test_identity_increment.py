"""What matching makes of the records that changed equals what it makes of all of them."""

from __future__ import annotations

import random
import shutil
from typing import Any

import pytest

from customer360.identity import contract, linking, resolve, rules
from customer360.identity.exchange import open_exchange
from customer360.identity.match_model import default_model
from customer360.keys import TableKey
from customer360.resources import match_marks, match_models, session
from customer360.resources.session import Engine
from customer360.resources.upkeep import tend_lake
from customer360_tests.match_world import GIVEN, Records, person, put, rows, world


def tables(engine: Engine) -> dict[TableKey, list[Any]]:
    """The matches, and what is remembered of how they were made."""
    made = (contract.CUSTOMER_MATCHES, match_marks.MATCHED_RECORDS, match_marks.CROWDED_KEYS)
    return {key: rows(engine, key) for key in made}


def compared(engine: Engine) -> tuple[int, int]:
    """Records that changed and pairs that were compared, of a run that makes the whole table.

    The tables are made again from nothing, and have to be the same.
    """
    counts = resolve.build_matches(engine)
    increment = tables(engine)
    match_marks.forget(engine.lake)
    whole = resolve.build_matches(engine)
    assert tables(engine) == increment
    assert counts["candidate_pairs"] <= whole["candidate_pairs"]
    assert {n: counts[n] for n in ("links", "conflicts")} == {
        n: whole[n] for n in ("links", "conflicts")
    }
    return counts["changed_records"], counts["candidate_pairs"]


@pytest.fixture
def matched(engine: Engine) -> Engine:
    """A lake of 150 records that has been matched."""
    put(engine, world(150))
    counts = resolve.build_matches(engine)
    assert (counts["changed_records"], counts["candidate_pairs"] > 200) == (150, True)
    return engine


def test_table_as_it_was_left_has_nothing_to_compare(matched: Engine) -> None:
    assert compared(matched) == (0, 0)


def test_new_changed_and_deleted_records_end_where_all_of_them_do(matched: Engine) -> None:
    before = world(150)
    rng = random.Random(2)
    gone, other = rng.sample(sorted(before), 5), rng.sample(sorted(before), 5)
    after = {node: record for node, record in before.items() if node not in gone}
    after |= {node: person(rng) for node in other}
    after |= {f"account_id:A{n}": person(rng) for n in range(5)}
    put(matched, after)
    changed, pairs = compared(matched)
    assert changed == len({*gone, *other}) + 5
    assert pairs > 0


def test_few_new_records_are_few_pairs(matched: Engine) -> None:
    whole = matched_pairs(matched)
    put(matched, world(150) | {"account_id:A": {"email": "m1@x.yz", "phone": "+999"}})
    changed, pairs = compared(matched)
    assert changed == 1
    assert 0 < pairs < whole / 20


def matched_pairs(engine: Engine) -> int:
    match_marks.forget(engine.lake)
    return resolve.build_matches(engine)["candidate_pairs"]


def test_value_that_moves_to_the_next_column_is_a_change(matched: Engine) -> None:
    put(matched, world(150) | {"account_id:A": {"phone": "1"}})
    resolve.build_matches(matched)
    put(matched, world(150) | {"account_id:A": {"loyalty_card": "1"}})
    assert compared(matched)[0] == 1


def namesakes(count: int) -> Records:
    """All of one given name and birth date; two have a mailbox in common, too."""
    shared = {"first_name": "anna", "date_of_birth": "1980-05-01"}
    all_of_them = {f"contact_id:T{n}": shared for n in range(count)}
    return all_of_them | {f"contact_id:T{n}": shared | {"email": "t@x.yz"} for n in (0, 1)}


@pytest.mark.parametrize("steps", [(0, 1, 0), (1, -1, 2)], ids=str)
def test_key_that_crosses_the_limit_gives_or_loses_its_pairs(
    engine: Engine, steps: tuple[int, ...]
) -> None:
    for step in steps:
        count = rules.BLOCK_LIMIT + step
        put(engine, namesakes(count))
        compared(engine)
        # Many more are born on one day.
        pairs = 1 if step > 0 else count * (count - 1) // 2
        assert len(rows(engine, contract.CUSTOMER_MATCHES)) == pairs
        assert len(rows(engine, match_marks.CROWDED_KEYS)) == (2 if step > 0 else 1)


def test_neighbours_in_a_crowd_are_those_that_all_of_it_gives(engine: Engine) -> None:
    """A telephone of more than may share it, whose records come, go and change their names."""
    crowd: Records = {
        f"contact_id:T{n:03}": {"phone": "+1", "first_name": GIVEN[n % 5], "last_name": f"l{n}"}
        for n in range(rules.BLOCK_LIMIT + 5)
    }
    put(engine, crowd)
    compared(engine)
    assert len(rows(engine, contract.CUSTOMER_MATCHES)) >= len(crowd) - len(GIVEN)
    first, *others = crowd
    for change in (
        crowd | {"contact_id:T0005": crowd[first]},
        {node: crowd[node] for node in others},
        crowd | {first: {"phone": "+1", "first_name": "zoe"}},
        {node: crowd[node] for node in others[5:]},
        crowd,
    ):
        put(engine, change)
        compared(engine)


def test_preview_takes_what_stands_and_writes_nothing(matched: Engine) -> None:
    put(matched, world(150) | {"account_id:A": {"email": "m1@x.yz"}})
    versions = {key: matched.lake.delta(key).version() for key in matched.lake.tables()}
    with open_exchange(matched, "preview") as exchange:
        found = linking.matched(matched, exchange)
        previewed = sorted(tuple(row) for row in found.rows.collect())
    assert found.increment.changed == 1
    assert {key: matched.lake.delta(key).version() for key in matched.lake.tables()} == versions
    compared(matched)
    assert rows(matched, contract.CUSTOMER_MATCHES) == previewed


def test_upkeep_is_no_reason_to_match_anew(matched: Engine) -> None:
    before = matched.lake.delta(contract.CUSTOMER_MATCHES).version()
    tend_lake(matched.lake, 30, lambda _: None, dry_run=False)
    assert matched.lake.delta(contract.CUSTOMER_MATCHES).version() > before
    assert compared(matched) == (0, 0)


@pytest.mark.parametrize(
    "key",
    [contract.CUSTOMER_MATCHES, match_marks.MATCHED_RECORDS, match_marks.CROWDED_KEYS],
    ids=lambda key: key.table,
)
def test_table_that_was_written_since_is_made_anew(matched: Engine, key: TableKey) -> None:
    properties = {"delta.logRetentionDuration": "interval 9 days"}
    matched.lake.delta(key).alter.set_table_properties(properties)
    assert compared(matched)[0] == 150


def test_missing_table_is_made_anew(matched: Engine) -> None:
    shutil.rmtree(matched.lake.table_url(match_marks.CROWDED_KEYS))
    another = Engine("sail", matched.lake)
    assert compared(another)[0] == 150
    another.close()


def test_another_model_matches_everything_anew(
    matched: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    other = replace(default_model(), pairs_per_record=default_model().pairs_per_record / 4)
    monkeypatch.setattr(match_models, "default_model", lambda: other)
    before = rows(matched, contract.CUSTOMER_MATCHES)
    assert compared(matched)[0] == 150
    assert rows(matched, contract.CUSTOMER_MATCHES) != before


def test_another_size_class_matches_everything_anew(
    matched: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    small = replace(default_model(), records=128)
    monkeypatch.setattr(match_models, "default_model", lambda: small)
    resolve.build_matches(matched)
    put(matched, world(256))
    assert resolve.build_matches(matched)["changed_records"] == 106
    put(matched, world(257))
    assert compared(matched)[0] == 257


class _CutError(Exception):
    pass


@pytest.mark.parametrize("at", range(1, 5))
def test_run_that_is_cut_off_between_two_writes_is_made_good(
    matched: Engine, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """Before the first of three tables, behind each, and before the mark."""
    put(matched, world(150, seed=3))
    written = 0
    overwrite, record = session.Engine.overwrite, match_marks.record

    def cut(*given: Any, **named: Any) -> None:
        nonlocal written
        written += 1
        if written == at:
            raise _CutError
        (record if given[0] is matched.lake else overwrite)(*given, **named)

    with monkeypatch.context() as patched:
        patched.setattr(session.Engine, "overwrite", cut)
        patched.setattr(match_marks, "record", cut)
        with pytest.raises(_CutError):
            resolve.build_matches(matched)
    put(matched, world(151, seed=3))
    assert compared(matched)[0] == 151
