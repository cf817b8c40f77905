"""Entries of docs/runbook.md on landing files: what warns, what lands again, what is dropped."""

from __future__ import annotations

import io
from datetime import date, timedelta

from rich.console import Console

from customer360 import keys
from customer360.assets.bronze import UNREADABLE_CHECK
from customer360.commands.check_results import failing_checks
from customer360.commands.quarantine import Chosen, drop_records
from customer360.commands.run import run
from customer360.resources.decisions import quarantined_sql
from customer360.resources.lake import Lake
from customer360.resources.reading import open_reader
from customer360.settings import Settings
from customer360_tests.builders import DAY, NOW, land, record

EVENTS = "web__events"
NEXT = DAY + timedelta(days=1)
SELECT = " or ".join(f'key:"{layer}/{EVENTS}"' for layer in ("bronze", "silver", "quarantine"))


def _load(settings: Settings, *days: date) -> list[tuple[str, str, str]]:
    """Load days of the events; gives the failing checks."""
    console = Console(file=io.StringIO())
    run(settings, console, first=min(days), last=max(days), select=SELECT)
    return [(check.asset, check.check, check.severity) for check in failing_checks()]


def _events(lake: Lake) -> list[tuple[str, date]]:
    """Event and the day on which it landed, of all that are current."""
    rows = lake.arrow(keys.silver(EVENTS), ["event_id", "landed_on"]).to_pylist()
    return sorted((row["event_id"], row["landed_on"]) for row in rows)


def _quarantined(lake: Lake) -> list[str]:
    return list(lake.arrow(keys.quarantine(EVENTS), ["rule"]).column("rule").to_pylist())


def test_a_file_that_ends_early_warns_until_it_has_landed_again(
    settings: Settings, lake: Lake
) -> None:
    # Text that does not compress away, so that whole lines lie before the cut.
    events = [
        record(EVENTS, event_id=f"E{n}", url=f"https://shop.example/{n * 7919}") for n in range(400)
    ]
    path = land(lake, EVENTS, events)
    path.write_bytes(path.read_bytes()[:-20])
    warned = ("bronze.web__events", UNREADABLE_CHECK, "WARN")
    assert _load(settings, DAY) == [warned]
    read_before = len(_events(lake))
    assert 0 < read_before < len(events)
    assert _quarantined(lake) == ["truncated_gzip"]

    # Whole, under the day on which it arrives.
    land(lake, EVENTS, events, day=NEXT, name="again")
    assert _load(settings, NEXT) == []
    assert len(_events(lake)) == len(events)
    first_landed = [day for _, day in _events(lake)]
    assert first_landed.count(DAY) == read_before
    assert lake.row_count(keys.outranked(EVENTS)) == read_before, "the copies are duplicates"

    # Its record waits for a decision; the damaged file lies where it landed and warns again.
    assert _quarantined(lake) == ["truncated_gzip"]
    decision = {"reason": "landed again", "by": "Ada", "at": NOW}
    drop_records(settings, Console(quiet=True), EVENTS, Chosen(), **decision, really=True)
    with open_reader(lake) as reader:
        (row,) = reader.rows(f"select drop_reason from ({quarantined_sql(reader, EVENTS)})")
    assert row["drop_reason"] == "landed again"
    assert _load(settings, DAY) == [warned]
    assert len(_events(lake)) == len(events)
