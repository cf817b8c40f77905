"""`customer360 identity preview|approve`: what the next refresh would make of who is who.

Rules, model and decisions as they are now, on the records that the last refresh matched. Preview
writes nothing; to approve is to let the next refresh do it, however much it is.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from rich.table import Table
from rich.text import Text

from customer360.errors import MissingTableError
from customer360.identity.change import Change, excesses, measure
from customer360.identity.contract import CUSTOMER_LINKS, MATCH_RECORDS
from customer360.identity.gate import limits_of
from customer360.keys import CUSTOMER_360
from customer360.resources.lake import Lake
from customer360.resources.lock import writing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from customer360.commands.changed_value import ChangedValue
    from customer360.identity.linking import Proposal
    from customer360.resources.reading import Reader
    from customer360.settings import Settings

_SHOWN: Final = 5


def preview(settings: Settings, console: Console) -> bool:
    """Print how customers would change.

    Args:
        settings: The settings.
        console: Where it goes.

    Returns:
        Whether the next refresh may do it: it is within the limits, or somebody approved it.

    Raises:
        MissingTableError: Identity has not been resolved yet.
    """
    from customer360.commands.changed_value import changed_value
    from customer360.resources.identity_changes import basis_now, is_approved, last_applied

    with _proposed(settings, console, "preview") as (reader, proposal, links):
        change = measure(reader, proposal)
        value = changed_value(reader, links) if reader.lake.exists(CUSTOMER_360) else None
        console.print(_table(change, value, _largest(reader)))
        _tell_examples(reader, console)
        basis = basis_now(reader.lake, settings)
        is_other = basis != last_applied(reader.lake)
        consented = is_approved(reader.lake, basis)
    if not change.changing and change.customers == change.customers_after:
        console.print("The next refresh changes nobody.")
    too_much = excesses(change, limits_of(settings))
    if not too_much or not is_other:
        return True
    if consented:
        console.print(f"More than is allowed, and approved: {' and '.join(too_much)}.")
        return True
    console.print(
        f"[red]Blocked[/red]: {' and '.join(too_much)}. `customer360 identity approve --reason …` "
        "lets the next refresh do it.",
    )
    return False


def approve(settings: Settings, console: Console, *, reason: str, by: str) -> None:
    """Let the next refresh apply rules, model and decisions as they are now.

    Args:
        settings: The settings.
        console: Where it is told.
        reason: Why.
        by: Who says so.

    Raises:
        MissingTableError: Identity has not been resolved yet.
    """
    from customer360.resources.identity_changes import APPROVED, basis_now, record_change

    with _proposed(settings, console, "approve") as (reader, proposal, _):
        change = measure(reader, proposal)
        lake = reader.lake
        record_change(
            lake, basis_now(lake, settings), change,
            what=APPROVED, at=datetime.now(UTC), by=by, reason=reason,
        )  # fmt: skip
    console.print(
        f"Approved: {change.changing:,} of {change.customers:,} customers merge or split at the "
        f"next refresh ({change.share:.1%}), who spent {change.changing_amount:,}."
    )


@contextmanager
def _proposed(
    settings: Settings, console: Console, command: str
) -> Iterator[tuple[Reader, Proposal, str]]:
    """What would be: a reader of what is, the proposal, and the URL of the links it would make."""
    from customer360.identity.resolve import preview_links
    from customer360.resources.reading import open_reader
    from customer360.resources.session import open_engine

    lake = Lake(settings.lake)
    missing = [key.sql for key in (MATCH_RECORDS, CUSTOMER_LINKS) if not lake.exists(key)]
    if missing:
        raise MissingTableError(
            f"The lake {lake.url} has no {' and no '.join(missing)} yet. Load data with "
            "`customer360 run`."
        )
    # Beside a run it would read tables of two states.
    with (
        writing(lake, f"customer360 identity {command}", console.print),
        open_engine(settings) as engine,
        preview_links(engine) as (proposal, links),
        open_reader(lake) as reader,
    ):
        yield reader, proposal, links


def _tell_examples(reader: Reader, console: Console) -> None:
    for what in ("merge", "split"):
        for row in reader.rows(_EXAMPLES.format(what=what), [_SHOWN]):
            told = f"  {what}: {_few(row['befores'])} → {_few(row['afters'])}"
            console.print(Text(told), soft_wrap=True)


def _few(ids: list[str]) -> str:
    """Ids of an example, as many as one can read."""
    more = len(ids) - _SHOWN
    return ", ".join(ids[:_SHOWN]) + (f" and {more:,} more" if more > 0 else "")


def _largest(reader: Reader) -> tuple[str, str]:
    """Records to match of the largest customers, before and after."""
    found = []
    for when in ("before", "after"):
        rows = reader.rows(
            f"select count(*) as n from node_moves where {when} is not null "
            f"group by {when} order by n desc limit ?",
            [_SHOWN],
        )
        found.append(", ".join(f"{row['n']:,}" for row in rows))
    return found[0], found[1]


_EXAMPLES: Final = """
with pairs as (
    select distinct before, after from node_moves where before is not null and after is not null
), groups as (
    select list(distinct before order by before) as befores,
        list(distinct after order by after) as afters
    from pairs group by case when '{what}' = 'merge' then after else before end
)
select befores, afters from groups
where case when '{what}' = 'merge' then len(befores) > 1 else len(afters) > 1 end
order by len(befores) desc, len(afters) desc, befores limit ?"""


def _table(change: Change, value: ChangedValue | None, largest: tuple[str, str]) -> Table:
    rows: dict[str, Any] = {
        "customers with a record to match": f"{change.customers:,}",
        "  would be": f"{change.customers_after:,}",
        "would merge": f"{change.merging:,}",
        "would split": f"{change.splitting:,}",
        "would appear": f"{change.appearing:,}",
        "would disappear": f"{change.disappearing:,}",
        "most customers that become one": f"{change.most_merged:,}",
        "spent by those who merge or split": (
            f"{change.changing_amount:,} ({change.revenue_share:.1%} of all)"
        ),
        "records of the largest": f"{largest[0]}; would be {largest[1]}",
    }
    if value is not None:
        rows |= {
            "would change segment": f"{value.other_segment:,} of {value.compared:,}",
            "spent by the top tenth": f"{value.top_before:,}; would be {value.top_after:,}",
        }
    table = Table(title="The next refresh, as far as who is who", title_justify="left")
    table.add_column("")
    table.add_column("", justify="right")
    for name, told in rows.items():
        table.add_row(name, told)
    return table
