"""`customer360 identity train`: learn what agreement is worth from the lake's own records."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.table import Table

from customer360.errors import IdentityError
from customer360.identity.comparisons import COMPARISONS, level_names
from customer360.identity.match_model import default_model
from customer360.resources.lake import Lake
from customer360.resources.lock import writing
from customer360.resources.match_models import add_model, model_in_use, train_model

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from customer360.identity.match_model import MatchModel
    from customer360.settings import Settings


def train(settings: Settings, console: Console, *, dry_run: bool, save: Path | None = None) -> None:
    """Train a model, show it beside the one in use, and keep it.

    Args:
        settings: The settings.
        console: Where progress and the comparison go.
        dry_run: Do not keep it.
        save: File to write it to.

    Raises:
        MissingTableError: Identity has not been resolved yet.
        IdentityError: There are too few records.
    """
    lake = Lake(settings.lake)
    try:
        before = model_in_use(lake)
    except IdentityError as error:
        console.print(str(error), style="yellow")
        before = default_model()

    def tell(sentence: str) -> None:
        console.print(f"  {sentence}", soft_wrap=True)

    held = nullcontext() if dry_run else writing(lake, "customer360 identity train", console.print)
    with held:
        model, records = train_model(lake, tell)
        version = 0 if dry_run else add_model(lake, model, records=records, at=datetime.now(UTC))
    console.print(_table(before, model))
    if save is not None:
        save.write_text(model.json())
    if dry_run:
        console.print(f"Nothing was kept; {before.name} stays in use.")
        return
    console.print(
        f"{model.name} (version {version}) is in use from the next refresh on, which matches all "
        "records again: `customer360 run --select 'key:\"silver/customer_matches\"+'`. "
        "`customer360 identity preview` says whom it would move; too many wait for `identity "
        "approve`."
    )


def _table(before: MatchModel, after: MatchModel) -> Table:
    """What each level is worth in both, in powers of two of the odds."""
    table = Table(title="Evidence for one person (powers of two of the odds)", title_justify="left")
    for heading in ("field", "level"):
        table.add_column(heading)
    for model in (before, after):
        table.add_column(model.name, justify="right")
    for comparison in COMPARISONS:
        for name in level_names(comparison):
            weights = (model.weight(comparison, name) for model in (before, after))
            table.add_row(comparison, name, *(f"{weight:+.1f}" for weight in weights))
    return table
