"""`customer360 identity preview`: what the next refresh would make of who is who, before it does.

Rules, model and decisions as they are now, on the records that the last refresh matched; nothing is
written. Customers are compared by their accounts, contacts and profiles.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rich.table import Table
from rich.text import Text

from customer360.commands.customer_lookup import CUSTOMER_360
from customer360.errors import MissingTableError
from customer360.identity.contract import CUSTOMER_LINKS, MATCH_RECORDS
from customer360.resources.lake import Lake
from customer360.resources.lock import writing

if TYPE_CHECKING:
    from rich.console import Console

    from customer360.resources.reading import Reader
    from customer360.settings import Settings

_SHOWN: Final = 5


def preview(settings: Settings, console: Console) -> None:
    """Print how customers would change.

    Args:
        settings: The settings.
        console: Where it goes.

    Raises:
        MissingTableError: Identity has not been resolved yet.
    """
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
    held = writing(lake, "customer360 identity preview", console.print)
    with held, open_engine(settings) as engine:
        after = preview_links(engine)
    with open_reader(lake) as reader:
        reader.hold("links_after", after)
        _compare(reader)
        figures = reader.rows(_FIGURES)[0]
        console.print(_table(figures))
        for what in ("merge", "split"):
            for row in reader.rows(_EXAMPLES.format(what=what), [_SHOWN]):
                told = f"  {what}: {', '.join(row['befores'])} → {', '.join(row['afters'])}"
                console.print(Text(told), soft_wrap=True)
    if figures["merging"] == figures["splitting"] == figures["renamed"] == 0:
        console.print("The next refresh changes nobody.")


def _compare(reader: Reader) -> None:
    """Keep `moves`: one row per present customer, with what would become of them."""
    spent = (
        f"select customer_id, coalesce(lifetime_spend_amount, 0) as amount, segment "
        f"from {reader.table(CUSTOMER_360)}"
        if reader.lake.exists(CUSTOMER_360)
        else "select '' as customer_id, 0.00 as amount, '' as segment where false"
    )
    reader.keep("spent", spent)
    reader.keep(
        "pairs",
        f"select distinct b.customer_id as before, a.customer_id as after "
        f"from {reader.table(CUSTOMER_LINKS)} b join links_after a using (entity, record_key)",
    )
    reader.keep(
        "moves",
        """
        with befores as (select before, count(*) as parts from pairs group by before),
        afters as (select after, count(*) as parts from pairs group by after),
        told as (
            select p.before, max(b.parts) > 1 as splits, max(a.parts) > 1 as merges,
                min(p.after) as after
            from pairs p join befores b on b.before = p.before join afters a on a.after = p.after
            group by p.before
        )
        select t.before, splits, merges, not splits and not merges and t.before <> t.after
                as is_renamed,
            coalesce(s.amount, 0) as amount, s.segment
        from told t left join spent s on s.customer_id = t.before
        """,
    )


_FIGURES: Final = """
select count(*) as customers, count(*) filter (where merges) as merging,
    count(*) filter (where splits) as splitting, count(*) filter (where is_renamed) as renamed,
    coalesce(sum(amount) filter (where merges or splits), 0) as moved_amount,
    coalesce(sum(amount), 0) as amount,
    (select count(distinct customer_id) from links_after) as customers_after,
    (select max(n) from (select count(*) as n from pairs group by after)) as most_merged,
    count(distinct segment) filter (where merges or splits) as segments
from moves"""

_EXAMPLES: Final = """
with groups as (
    select list(distinct p.before order by p.before) as befores,
        list(distinct p.after order by p.after) as afters
    from pairs p group by case when '{what}' = 'merge' then p.after else p.before end
)
select befores, afters from groups
where case when '{what}' = 'merge' then len(befores) > 1 else len(afters) > 1 end
order by len(befores) desc, len(afters) desc, befores limit ?"""


def _table(figures: dict[str, Any]) -> Table:
    share = figures["moved_amount"] / figures["amount"] if figures["amount"] else 0
    rows = {
        "customers with a personal record": f"{figures['customers']:,}",
        "  after": f"{figures['customers_after']:,}",
        "would merge": f"{figures['merging']:,}",
        "would split": f"{figures['splitting']:,}",
        "would get another id only": f"{figures['renamed']:,}",
        "most customers that become one": f"{figures['most_merged'] or 0:,}",
        "spent by those who merge or split": f"{figures['moved_amount']:,} ({share:.1%} of all)",
        "segments they are of": f"{figures['segments']:,}",
    }
    table = Table(title="The next refresh, as far as who is who", title_justify="left")
    table.add_column("")
    table.add_column("", justify="right")
    for name, value in rows.items():
        table.add_row(name, value)
    return table
