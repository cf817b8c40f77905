"""The gate before customers change: what other rules, model or decisions may do without consent.

New data may move as many customers as it does; what people changed about the rules, the model or
single customers is measured first, and too much of it waits for `customer360 identity approve`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from customer360.errors import ChangeBlockedError
from customer360.identity.change import Limits, excesses, measure

if TYPE_CHECKING:
    from customer360.identity.change import Change
    from customer360.identity.linking import Proposal
    from customer360.resources.identity_changes import Basis
    from customer360.resources.lake import Lake
    from customer360.settings import Settings


def limits_of(settings: Settings) -> Limits:
    """What is allowed without consent."""
    return Limits(settings.identity_customers_limit, settings.identity_revenue_limit)


@dataclass(frozen=True)
class Gate:
    """What one run may do.

    Attributes:
        settings: The settings.
        run_id: The run.
        at: When it is at it, UTC.
    """

    settings: Settings
    run_id: str
    at: datetime

    def check(self, lake: Lake, proposal: Proposal) -> tuple[Basis, Change] | None:
        """Measure a change of what decides who is who, and say what decides now.

        None where nothing but data changed.

        Raises:
            ChangeBlockedError: It is too much, and nobody has approved it.
        """
        from customer360.resources.identity_changes import basis_now, is_approved, last_applied
        from customer360.resources.reading import open_reader

        basis, applied = basis_now(lake, self.settings), last_applied(lake)
        if basis == applied:
            return None
        with open_reader(lake) as reader:
            change = measure(reader, proposal)
        too_much = excesses(change, limits_of(self.settings))
        if too_much and not is_approved(lake, basis):
            raise ChangeBlockedError(_told(too_much, basis, applied), change)
        return basis, change

    def record(self, lake: Lake, basis: Basis, change: Change) -> None:
        """Write down that what was checked is applied."""
        from customer360.resources.identity_changes import APPLIED, record_change

        record_change(
            lake, basis, change,
            what=APPLIED, at=self.at, by=self.run_id, reason="",
        )  # fmt: skip


def _told(too_much: list[str], basis: Basis, applied: Basis | None) -> str:
    other = basis.differences(applied) if applied else "rules, model or decisions"
    return (
        f"Customers stay as they are: {' and '.join(too_much)}, because of other {other} than at "
        "the last refresh. See `customer360 identity preview`; `customer360 identity approve "
        "--reason …` lets the next refresh do it."
    )
