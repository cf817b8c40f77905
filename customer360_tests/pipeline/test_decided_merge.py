"""A merge that people decide reaches gold, for those two alone, and is undone without a trace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from customer360 import keys
from customer360.fingerprint import differences, fingerprints
from customer360.keys import CUSTOMER_360
from customer360.resources.lake import Lake
from customer360.resources.reading import open_reader
from customer360_tests.commands import Command

WORLD = ("--customers", "60", "--days", "5", "--seed", "5", "--faults", "low")
AGAIN = ("run", "--select", 'key:"silver/customer_crosswalk"+')
# Scores are by rank among all: one customer less moves others. Who lives with one of both lives in
# another household then.
WITH_OTHERS = {
    "recency_score", "frequency_score", "monetary_score", "rfm_score", "segment",
    "household_id", "household_member_count",
}  # fmt: skip


def profiles(lake: Lake) -> dict[str, dict[str, Any]]:
    """Rows of customer_360 by id, without what depends on others."""
    rows = lake.arrow(CUSTOMER_360).to_pylist()
    return {r["customer_id"]: {k: v for k, v in r.items() if k not in WITH_OTHERS} for r in rows}


def test_merge_and_revocation_reach_gold_and_leave_it_as_it_was(
    lake: Lake, start: Callable[..., Command]
) -> None:
    start(lake, "land", "simulate", *WORLD).ended()
    start(lake, "first").ended()
    before = {layer: fingerprints(lake, layer) for layer in (keys.SILVER, keys.GOLD)}
    was = profiles(lake)
    with open_reader(lake) as reader:
        one, other = (
            row["customer_id"]
            for row in reader.rows(
                f"select customer_id from {reader.table(CUSTOMER_360)} where has_contact "
                "and order_count > 0 order by lifetime_spend_amount desc, customer_id limit 2"
            )
        )
    start(lake, "merge", "identity", "merge", one, other, "--reason", "they called").ended()
    start(lake, "merged", *AGAIN).ended()

    now = profiles(lake)
    (kept,) = {one, other} & set(now)
    assert set(was) - set(now) == {one, other} - {kept}
    spent = "lifetime_spend_amount"
    assert now[kept][spent] == was[one][spent] + was[other][spent]
    others = set(was) - {one, other}
    neighbours = {each for each in others if now[each] != was[each]}
    assert neighbours == set(), "only those two are restated"
    history = start(lake, "history", "identity", "history", one).ended()
    assert "manual" in history

    start(lake, "revoke", "identity", "revoke", "1", "--reason", "it was her sister").ended()
    start(lake, "parted", *AGAIN).ended()
    for layer, found in before.items():
        assert differences(found, fingerprints(lake, layer)) == []
