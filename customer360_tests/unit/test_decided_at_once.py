"""What two machines say of one lake at the same time: the second is refused, nothing is lost."""

from datetime import UTC, date, datetime

import pyarrow as pa
import pytest

from customer360 import keys
from customer360.errors import ChangedMeanwhileError
from customer360.identity.contract import IDENTITY_DECISIONS
from customer360.resources.decisions import record_drop
from customer360.resources.identity_decisions import (
    KEEP_APART,
    MERGE,
    Decision,
    add_decision,
    read_decisions,
)
from customer360.resources.lake import Lake

AT = datetime(2026, 1, 2, tzinfo=UTC)


def _decision(number: int, by: str, *pair: str, kind: str = MERGE) -> Decision:
    return Decision(number, kind, ((pair[0], pair[1]),), 0, "seen their papers", by, AT)


def test_a_number_that_somebody_has_taken_is_refused(lake: Lake) -> None:
    add_decision(lake, _decision(1, "Ada", "contact_id:K1", "contact_id:K2"))
    with pytest.raises(ChangedMeanwhileError, match="Decision 1 is taken"):
        add_decision(lake, _decision(1, "Bob", "contact_id:K1", "contact_id:K2", kind=KEEP_APART))
    assert [d.decided_by for d in read_decisions(lake)] == ["Ada"]


@pytest.mark.parametrize("before", [0, 1])
def test_a_decision_between_reading_and_writing_is_kept_and_the_other_refused(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, before: int
) -> None:
    for number in range(1, before + 1):
        add_decision(lake, _decision(number, "Eve", "contact_id:K8", f"contact_id:L{number}"))
    number = before + 1
    read = read_decisions(lake)
    # The other machine decides as soon as this one has read.
    add_decision(lake, _decision(number, "Ada", "contact_id:K1", "contact_id:K2"))
    behind = lake.version(IDENTITY_DECISIONS)
    assert behind == before
    monkeypatch.setattr("customer360.resources.identity_decisions.read_decisions", lambda _: read)
    monkeypatch.setattr(Lake, "version", lambda *_: before - 1 if before else None)
    with pytest.raises(ChangedMeanwhileError, match="somebody else meanwhile"):
        add_decision(lake, _decision(number, "Bob", "contact_id:K3", "contact_id:K4"))
    monkeypatch.undo()
    assert [d.decided_by for d in read_decisions(lake)] == ["Eve"] * before + ["Ada"]


def _records(*lines: int) -> pa.Table:
    return pa.table(
        {
            "source_file": ["crm/contacts/dt=2026-01-02/a.csv"] * len(lines),
            "record_line": list(lines),
            "landed_on": [date(2026, 1, 2)] * len(lines),
            "rule": ["missing_key"] * len(lines),
        }
    )


def _drop(lake: Lake, entity: str, version: int | None, *lines: int) -> None:
    record_drop(lake, entity, _records(*lines), version, reason="a test", by="Ada", at=AT)


def test_dropped_records_are_not_lost_to_those_of_another_machine(lake: Lake) -> None:
    _drop(lake, "crm__contacts", None, 1)
    with pytest.raises(ChangedMeanwhileError):
        _drop(lake, "crm__contacts", None, 1, 2)
    _drop(lake, "crm__contacts", 0, 3)
    with pytest.raises(ChangedMeanwhileError):
        _drop(lake, "crm__contacts", 0, 4)
    # Other rows of the table may have been written meanwhile.
    _drop(lake, "crm__consents", 0, 5)
    kept = lake.arrow(keys.QUARANTINE_DECISIONS, ["entity", "record_line"]).to_pylist()
    assert sorted((r["entity"], r["record_line"]) for r in kept) == [
        ("crm__consents", 5),
        ("crm__contacts", 1),
        ("crm__contacts", 3),
    ]
