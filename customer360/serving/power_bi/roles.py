"""Who sees what: the roles of the semantic model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from customer360.errors import PowerBiError
from customer360.serving.power_bi.model import Model
from customer360.serving.power_bi.queries import READERS, build_readers

_STORES: Final = "dim_stores"
_REGION: Final = "region"


@dataclass(frozen=True)
class Role:
    """A role.

    Attributes:
        name: Its name.
        description: What its members see.
        rows: Condition on the rows of a table (DAX), by table; other tables are seen whole.
        hidden: Columns of a table that do not exist for its members, by table.
    """

    name: str
    description: str
    rows: Mapping[str, str] = field(default_factory=dict)
    hidden: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def build_roles(model: Model) -> tuple[Role, ...]:
    """The roles of a model.

    A member of two roles sees what either shows, and Power BI refuses members of two roles of
    which one hides columns and the other rows: so each role says everything about its members.

    Raises:
        PowerBiError: The model has no regions to narrow by.
    """
    if not any(column.name == _REGION for column in model.table(_STORES).columns):
        raise PowerBiError(
            f"Role own_region: there is no column {_STORES}.{_REGION}. Narrow it by another one."
        )
    personal = {
        table.name: names
        for table in model.tables
        if (names := tuple(c.name for c in table.columns if c.is_personal))
    }
    readers = {READERS: tuple(c.name for c in build_readers().columns if c.is_personal)}
    own = f"{READERS}[reader] = USERPRINCIPALNAME()"
    return (
        Role("everything", "Sees all rows and all columns, personal data too."),
        Role(
            "no_personal_data",
            "Sees all rows; columns with personal data do not exist.",
            rows={READERS: "FALSE()"},
            hidden={**personal, **readers},
        ),
        Role(
            "own_region",
            "Sees orders and order lines of the stores of the own regions (RegionReaders) only, "
            "and no personal data. Figures of customers, sessions, tickets and campaigns are those "
            "of the whole house.",
            rows={
                _STORES: (
                    f"{_STORES}[{_REGION}] IN CALCULATETABLE(VALUES({READERS}[region]), {own})"
                ),
                READERS: own,
            },
            hidden=personal,
        ),
    )
