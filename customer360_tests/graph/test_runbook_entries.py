"""The runbook has an entry for every check of the platform, and each entry was tried."""

from __future__ import annotations

import re

import pytest

from customer360.build import build_definitions
from customer360.keys import GOLD
from customer360.settings import PROJECT_ROOT, Settings

_, *ENTRIES = (PROJECT_ROOT / "docs" / "runbook.md").read_text().split("\n## ")


@pytest.mark.parametrize("entry", ENTRIES, ids=[e.splitlines()[0][:60] for e in ENTRIES])
def test_runbook_entry_says_what_to_do_and_which_tests_tried_it(entry: str) -> None:
    assert "**Means.**" in entry and "**Do.**" in entry
    tried = entry.partition("*Tried by*")[2]
    tests = re.findall(r"`(\w+/test_\w+\.py)`", tried)
    assert tests
    assert [t for t in tests if not (PROJECT_ROOT / "customer360_tests" / t).exists()] == []


def test_every_check_of_a_table_has_an_entry() -> None:
    graph = build_definitions(Settings(lake="/nowhere")).resolve_asset_graph()
    # The checks of gold are dbt's tests, which have one entry for all.
    checks = {k.name for k in graph.asset_check_keys if k.asset_key.path[0] != GOLD}
    headings = " ".join(entry.splitlines()[0] for entry in ENTRIES)
    assert {name for name in checks if f"`{name}`" not in headings} == set()
    assert "A dbt test" in headings
