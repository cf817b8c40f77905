"""By which rules, model and decisions customers were made: the table `ops/identity_changes`.

A row is added whenever a refresh applies others than the one before, and whenever a person approves
some. Approved are rules, model and decisions as they are, for whatever lands meanwhile.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from customer360.identity.contract import IDENTITY_CHANGES
from customer360.resources.identity_decisions import read_decisions
from customer360.resources.match_models import model_in_use

if TYPE_CHECKING:
    import pyarrow as pa

    from customer360.identity.change import Change
    from customer360.resources.lake import Lake
    from customer360.settings import Settings

APPLIED: Final = "applied"
APPROVED: Final = "approved"
_DIGITS: Final = 12
_RULES: Final = Path(__file__).resolve().parent.parent / "identity"


@dataclass(frozen=True)
class Basis:
    """What decides who is who, beside the data.

    Attributes:
        rules: Fingerprint of the rules and the code that goes by them, and of the settings that
            they take.
        model: Name and fingerprint of the model in use.
        decisions: How many decisions people have made.
    """

    rules: str
    model: str
    decisions: int

    def differences(self, other: Basis) -> str:
        """What is not the same, in words."""
        names = [name for name, value in asdict(self).items() if value != asdict(other)[name]]
        return " and ".join(names)


def basis_now(lake: Lake, settings: Settings) -> Basis:
    """What the next refresh goes by."""
    model = model_in_use(lake)
    decisions = read_decisions(lake)
    return Basis(
        rules_fingerprint(settings),
        f"{model.name} {_fingerprint(model.json().encode())}",
        decisions[-1].decision_id if decisions else 0,
    )


def rules_fingerprint(settings: Settings) -> str:
    """Fingerprint of everything that decides and is not data: any change of the code is one."""
    taken = f"{settings.default_country} {settings.shared_identifier_limit}".encode()
    parts = [path.read_bytes() for path in sorted(_RULES.glob("*.py"))]
    return _fingerprint(b"\0".join([taken, *parts]))


def _fingerprint(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_DIGITS]


def last_applied(lake: Lake) -> Basis | None:
    """What customers were made by; None before the first time."""
    applied = [row for row in _read(lake) if row["what"] == APPLIED]
    return _basis(max(applied, key=lambda row: int(str(row["change_id"])))) if applied else None


def is_approved(lake: Lake, basis: Basis) -> bool:
    """Whether a person has approved exactly this."""
    return any(row["what"] == APPROVED and _basis(row) == basis for row in _read(lake))


def record_change(
    lake: Lake,
    basis: Basis,
    change: Change,
    *,
    what: str,
    at: datetime,
    by: str,
    reason: str,
) -> None:
    """Add a row.

    Args:
        lake: The lake; its writer is whoever calls.
        basis: What is applied or approved.
        change: What it does to customers.
        what: applied or approved.
        at: When, UTC.
        by: The run that applies it, or who approves it.
        reason: Why it is approved; empty for a run.

    Raises:
        ChangedMeanwhileError: Another machine has added a row at the same time.
    """
    import pyarrow as pa

    version = lake.version(IDENTITY_CHANGES)
    figures = {name: value for name, value in asdict(change).items() if name in _schema().names}
    number = lake.row_count(IDENTITY_CHANGES) + 1 if lake.exists(IDENTITY_CHANGES) else 1
    told = {"change_id": number, "what": what, "at": at, "by": by, "reason": reason}
    row = pa.Table.from_pylist([told | asdict(basis) | figures], _schema())
    lake.replace_where_unchanged(IDENTITY_CHANGES, row, f"change_id = {number}", version)


def _read(lake: Lake) -> list[dict[str, object]]:
    return lake.arrow(IDENTITY_CHANGES).to_pylist() if lake.exists(IDENTITY_CHANGES) else []


def _basis(row: dict[str, object]) -> Basis:
    return Basis(str(row["rules"]), str(row["model"]), int(str(row["decisions"])))


def _schema() -> pa.Schema:
    import pyarrow as pa

    counts = ("customers", "customers_after", "merging", "splitting", "appearing", "disappearing")
    amounts = ("amount", "changing_amount")
    return pa.schema(
        [
            ("change_id", pa.int64()),
            ("what", pa.string()),
            ("at", pa.timestamp("us", "UTC")),
            ("by", pa.string()),
            ("reason", pa.string()),
            ("rules", pa.string()),
            ("model", pa.string()),
            ("decisions", pa.int64()),
            *((name, pa.int64()) for name in counts),
            *((name, pa.decimal128(38, 2)) for name in amounts),
        ]
    )
