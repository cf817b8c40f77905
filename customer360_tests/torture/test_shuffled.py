"""Any order, any repetition: the campaign of `torture.shuffled`, small."""

from __future__ import annotations

from pathlib import Path

from customer360_tests.torture.shuffled import Campaign, plan

WORLD = ("--customers", "60", "--days", "4", "--seed", "3", "--faults", "high")


def test_shuffled_repeated_and_killed_loads_give_the_lake_that_one_run_gives(
    tmp_path: Path,
) -> None:
    campaign = Campaign(tmp_path, WORLD)
    campaign.land()
    assert campaign.load(plan(days=4, kills=1, seed=3)) == []
    campaign.verify()
