"""What people decided about who is who: the table `ops/identity_decisions`.

A decision says of pairs of records to match (nodes) that both are one person, or that they are not.
It names records, never customers, so that it survives new data, other rules and another model. The
table is an input: what it says cannot be derived from landing. Decisions are added; to take one
back is a decision, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from customer360.errors import ChangedMeanwhileError, IdentityError
from customer360.identity.contract import IDENTITY_DECISIONS
from customer360.identity.people import Decided, groups

if TYPE_CHECKING:
    import pyarrow as pa

    from customer360.resources.lake import Lake

MERGE: Final = "merge"
KEEP_APART: Final = "keep_apart"
REVOKE: Final = "revoke"


@dataclass(frozen=True)
class Decision:
    """One decision.

    Attributes:
        decision_id: Its number, from 1.
        kind: merge, keep_apart or revoke.
        pairs: The pairs of nodes that it is about, the smaller first; none for revoke.
        revokes: The decision that it takes back, 0 for none.
        reason: Why.
        decided_by: Who says so.
        decided_at: When, UTC.
    """

    decision_id: int
    kind: str
    pairs: tuple[tuple[str, str], ...]
    revokes: int
    reason: str
    decided_by: str
    decided_at: datetime


def read_decisions(lake: Lake) -> list[Decision]:
    """All decisions, oldest first."""
    if not lake.exists(IDENTITY_DECISIONS):
        return []
    rows = lake.arrow(IDENTITY_DECISIONS).to_pylist()
    found: dict[int, list[dict[str, object]]] = {}
    for row in sorted(rows, key=lambda r: (r["decision_id"], r["node_1"] or "", r["node_2"] or "")):
        found.setdefault(row["decision_id"], []).append(row)
    return [_decision(number, group) for number, group in found.items()]


def active(decisions: Sequence[Decision]) -> list[Decision]:
    """Those that hold: not revoked, and no revocations."""
    revoked = {decision.revokes for decision in decisions if decision.kind == REVOKE}
    return [d for d in decisions if d.kind != REVOKE and d.decision_id not in revoked]


def next_number(decisions: Sequence[Decision]) -> int:
    """Number of the decision that follows."""
    return decisions[-1].decision_id + 1 if decisions else 1


def decided(lake: Lake) -> Decided:
    """Pairs that hold, for `people.find_people`."""
    standing = active(read_decisions(lake))
    return Decided(
        together=[pair for d in standing if d.kind == MERGE for pair in d.pairs],
        apart=[pair for d in standing if d.kind == KEEP_APART for pair in d.pairs],
    )


def add_decision(lake: Lake, decision: Decision) -> None:
    """Write a decision down.

    Args:
        lake: The lake; its writer is whoever calls.
        decision: The decision, with the next number.

    Raises:
        IdentityError: It contradicts one that holds, or repeats it.
        ChangedMeanwhileError: Another machine has added a decision since this one was numbered.
    """
    import pyarrow as pa

    version = lake.version(IDENTITY_DECISIONS)
    decisions = read_decisions(lake)
    if decision.decision_id != next_number(decisions):
        raise ChangedMeanwhileError(
            f"Decision {decision.decision_id} is taken: somebody else has decided meanwhile. See "
            "`customer360 identity decisions`, and say it again if it still holds."
        )
    standing = active(decisions)
    if decision.kind != REVOKE:
        _refuse_repetition(standing, decision)
        _refuse_contradictions([*standing, decision])
    pairs: Sequence[tuple[str | None, str | None]] = decision.pairs or [(None, None)]
    rows = [
        {
            "decision_id": decision.decision_id,
            "kind": decision.kind,
            "node_1": one,
            "node_2": other,
            "revokes": decision.revokes,
            "reason": decision.reason,
            "decided_by": decision.decided_by,
            "decided_at": decision.decided_at,
        }
        for one, other in pairs
    ]
    lake.replace_where_unchanged(
        IDENTITY_DECISIONS,
        pa.Table.from_pylist(rows, _schema()),
        f"decision_id = {decision.decision_id}",
        version,
    )


def _refuse_contradictions(decisions: Sequence[Decision]) -> None:
    """Two records that are together by some decisions must not be apart by another."""
    group = groups([pair for d in decisions if d.kind == MERGE for pair in d.pairs])
    for decision in decisions:
        if decision.kind == KEEP_APART:
            for one, other in decision.pairs:
                if group.get(one, one) == group.get(other, other):
                    newest = decisions[-1].decision_id
                    raise IdentityError(
                        f"{one} and {other} would be one person and kept apart at once: decision "
                        f"{newest} contradicts an earlier one. See `customer360 identity "
                        "decisions`, and take the earlier one back with `identity revoke` first."
                    )


def _refuse_repetition(standing: Sequence[Decision], decision: Decision) -> None:
    """A decision that is there twice would hold on after one of them is taken back."""
    for earlier in standing:
        if earlier.kind == decision.kind and _says(earlier) >= _says(decision):
            raise IdentityError(
                f"Decision {earlier.decision_id} of {earlier.decided_by} says so already: "
                f"{earlier.reason}. The next refresh goes by it."
            )


def _says(decision: Decision) -> set[object]:
    """What a decision is about: those who are together, or the pairs that are apart."""
    if decision.kind == MERGE:
        return {node for pair in decision.pairs for node in pair}
    return set(decision.pairs)


def _decision(number: int, rows: Sequence[dict[str, object]]) -> Decision:
    first = rows[0]
    return Decision(
        number,
        str(first["kind"]),
        tuple((str(r["node_1"]), str(r["node_2"])) for r in rows if r["node_1"] is not None),
        int(str(first["revokes"])),
        str(first["reason"]),
        str(first["decided_by"]),
        first["decided_at"],  # type: ignore[arg-type] # a timestamp column
    )


def _schema() -> pa.Schema:
    import pyarrow as pa

    return pa.schema(
        [
            ("decision_id", pa.int64()),
            ("kind", pa.string()),
            ("node_1", pa.string()),
            ("node_2", pa.string()),
            ("revokes", pa.int64()),
            ("reason", pa.string()),
            ("decided_by", pa.string()),
            ("decided_at", pa.timestamp("us", "UTC")),
        ]
    )
