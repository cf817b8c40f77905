"""Which refresh of the semantic model has been asked for and has not ended, so none is asked twice.

Kept in Dagster's own storage, as `started_runs` keeps copies of a Data Factory.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from customer360.resources.power_bi import PowerBi
from customer360.resources.started_runs import KeyValues


@dataclass(frozen=True)
class Asked:
    """A refresh that has been asked for.

    Attributes:
        gold: What gold was when it was asked for.
        newest_before: Request id of the newest refresh that there was before; empty when none.
        request_id: Its own; empty until Power BI has answered.
    """

    gold: str
    newest_before: str
    request_id: str = ""


@dataclass(frozen=True)
class AskedRefresh:
    """The open refresh of one semantic model, in Dagster's storage (`started_runs`).

    Attributes:
        storage: Dagster's storage.
        power_bi: The semantic model.
    """

    storage: KeyValues
    power_bi: PowerBi

    def get(self) -> Asked | None:
        """The open refresh; None when there is none."""
        text = self.storage.get_cursor_values({self._key}).get(self._key)
        return Asked(**json.loads(text)) if text else None

    def put(self, asked: Asked) -> None:
        """Write it down; it is stored when this returns."""
        self.storage.set_cursor_values({self._key: json.dumps(asdict(asked))})

    def forget(self) -> None:
        """It has ended."""
        self.storage.set_cursor_values({self._key: ""})

    @property
    def _key(self) -> str:
        return f"customer360/power_bi/{self.power_bi.workspace}/{self.power_bi.model}"
