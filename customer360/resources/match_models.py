"""The models of matching that a lake has trained: the table `ops/match_models`.

The newest is in use. The table is an input: what it says cannot be derived from landing, so
whoever builds a lake again keeps it. Models are added, never changed.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from customer360.errors import MissingTableError
from customer360.identity.contract import MATCH_MODELS, MATCH_RECORDS
from customer360.identity.match_model import MatchModel, default_model, read_model

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from customer360.resources.lake import Lake

_COLUMNS: Final = ("version", "name", "trained_on", "records", "trained_at", "model")


def _schema() -> pa.Schema:
    import pyarrow as pa

    kinds = (
        pa.int64(), pa.string(), pa.string(), pa.int64(), pa.timestamp("us", "UTC"), pa.string()
    )  # fmt: skip
    return pa.schema(list(zip(_COLUMNS, kinds, strict=True)))


def model_in_use(lake: Lake) -> MatchModel:
    """The newest model; the default one where none was trained."""
    if not lake.exists(MATCH_MODELS):
        return default_model()
    rows = lake.arrow(MATCH_MODELS, ["version", "model"]).to_pylist()
    return read_model(str(max(rows, key=lambda row: row["version"])["model"]))


def train_model(lake: Lake, tell: Callable[[str], None]) -> tuple[MatchModel, int]:
    """Train a model on the lake's present records; returns it, and how many they are.

    Raises:
        MissingTableError: Identity has not been resolved yet.
        IdentityError: There are too few records.
    """
    from customer360.identity.training import train

    if not lake.exists(MATCH_RECORDS):
        raise MissingTableError(
            f"The lake {lake.url} has no {MATCH_RECORDS.sql} yet. Load data with `customer360 run`."
        )
    records = lake.arrow(MATCH_RECORDS)
    told = f"{records.num_rows:,} records of this lake"
    return train(records, f"trained-{_versions(lake) + 1}", told, tell), records.num_rows


def add_model(lake: Lake, model: MatchModel, *, records: int, at: datetime) -> int:
    """Add a model; it is in use from now on.

    Args:
        lake: The lake.
        model: The model.
        records: How many records it was trained on.
        at: When, UTC.

    Returns:
        Its version.

    Raises:
        ChangedMeanwhileError: Another machine has added a model at the same time.
    """
    import pyarrow as pa

    read = lake.version(MATCH_MODELS)
    version = _versions(lake) + 1
    values = (version, model.name, model.trained_on, records, at, model.json())
    row = pa.Table.from_pylist([dict(zip(_COLUMNS, values, strict=True))], _schema())
    lake.replace_where_unchanged(MATCH_MODELS, row, f"version = {version}", read)
    return version


def _versions(lake: Lake) -> int:
    return lake.row_count(MATCH_MODELS) if lake.exists(MATCH_MODELS) else 0
