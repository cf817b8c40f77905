"""`customer360 identity merge|split|keep-apart|revoke|decisions|review`: people decide."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from rich.table import Table
from rich.text import Text

from customer360.commands.customer_lookup import find
from customer360.errors import IdentityError
from customer360.identity.contract import (
    CUSTOMER_CROSSWALK,
    CUSTOMER_LINKS,
    CUSTOMER_MATCHES,
    MATCH_RECORDS,
)
from customer360.keys import CUSTOMER_360
from customer360.resources.identity_decisions import (
    KEEP_APART,
    MERGE,
    REVOKE,
    Decision,
    active,
    add_decision,
    next_number,
    read_decisions,
)
from customer360.resources.lake import Lake
from customer360.resources.lock import writing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from customer360.resources.reading import Reader
    from customer360.settings import Settings

_NEXT: Final = "The next refresh goes by it: `customer360 run --select 'key:\"{ids}\"+'`."


def decide(
    settings: Settings, console: Console, kind: str, who: Sequence[str], *, reason: str, by: str
) -> None:
    """Write down that two records or customers are one person, or that they are not.

    Args:
        settings: The settings.
        console: Where it is told.
        kind: merge or keep_apart.
        who: Both: a customer id, which means all records of the customer, or a record: its node as
            `contact_id:K1`, its key, or an identifier of one customer. A merge is always of all
            records of both customers as they are.
        reason: Why.
        by: Who says so.

    Raises:
        IdentityError: Nobody or several are found, or it contradicts a decision that holds, or
            repeats it.
        MissingTableError: Identity has not been resolved yet.
    """
    from customer360.resources.reading import open_reader

    lake = Lake(settings.lake)
    # Inside the lock: a run that it waits for may change whose a record is.
    with writing(lake, f"customer360 identity {kind}", console.print):
        with open_reader(lake) as reader:
            country = settings.default_country
            one, other = (_nodes(reader, text, country, whole=kind == MERGE) for text in who)
        if set(one) & set(other):
            already = (
                "are one customer already, as of the last refresh"
                if kind == MERGE
                else "name the same record"
            )
            raise IdentityError(
                f"{who[0]!r} and {who[1]!r} {already}: {sorted(set(one) & set(other))[0]}. "
                "`customer360 identity explain` names the records of a customer."
            )
        # All of both are put together, as a rule may speak against some of them; to part them,
        # none of the one may come to any of the other.
        together = [(one[0], node) for node in (*one[1:], *other)]
        pairs = together if kind == MERGE else [(a, b) for a in one for b in other]
        _add(lake, console, kind, pairs, reason=reason, by=by)


def split(
    settings: Settings, console: Console, who: Sequence[str], *, reason: str, by: str
) -> None:
    """Write down that some records of a customer are somebody else than the others.

    Args:
        settings: The settings.
        console: Where it is told.
        who: Records of one customer, each named as `decide` takes it.
        reason: Why.
        by: Who says so.

    Raises:
        IdentityError: They are no records of one customer, or all that the customer has.
        MissingTableError: Identity has not been resolved yet.
    """
    from customer360.resources.reading import open_reader

    lake = Lake(settings.lake)
    with writing(lake, "customer360 identity split", console.print):
        with open_reader(lake) as reader:
            country = settings.default_country
            named = {text: _nodes(reader, text, country, whole=False) for text in who}
            customer = set(_nodes(reader, next(iter(named.values()))[0], country, whole=True))
        parted = {node for nodes in named.values() for node in nodes}
        if any(len(nodes) != 1 for nodes in named.values()) or not parted <= customer:
            raise IdentityError(
                "To split a customer, name records of one customer, each by its node or key; found "
                f"{', '.join(sorted(parted))}. `customer360 identity explain` names them."
            )
        if parted == customer:
            raise IdentityError(
                f"{', '.join(sorted(parted))}: the customer has no other record to part them from."
            )
        pairs = [(a, b) for a in parted for b in customer - parted]
        _add(lake, console, KEEP_APART, pairs, reason=reason, by=by)


def _add(
    lake: Lake,
    console: Console,
    kind: str,
    pairs: Sequence[tuple[str, str]],
    *,
    reason: str,
    by: str,
) -> None:
    number = next_number(read_decisions(lake))
    ordered = tuple(sorted((min(pair), max(pair)) for pair in pairs))
    add_decision(lake, Decision(number, kind, ordered, 0, reason, by, datetime.now(UTC)))
    console.print(f"Decision {number}: {kind} {_pairs(ordered)}.", markup=False)
    console.print(_NEXT.format(ids=CUSTOMER_CROSSWALK.path), markup=False)


def revoke(settings: Settings, console: Console, number: int, *, reason: str, by: str) -> None:
    """Take a decision back.

    Raises:
        IdentityError: There is no such decision that holds.
    """
    lake = Lake(settings.lake)
    with writing(lake, "customer360 identity revoke", console.print):
        decisions = read_decisions(lake)
        if number not in {decision.decision_id for decision in active(decisions)}:
            raise IdentityError(
                f"No decision {number} holds. `customer360 identity decisions` lists those that do."
            )
        following = next_number(decisions)
        add_decision(lake, Decision(following, REVOKE, (), number, reason, by, datetime.now(UTC)))
    console.print(f"Decision {following}: decision {number} holds no longer.")
    console.print(_NEXT.format(ids=CUSTOMER_CROSSWALK.path), markup=False)


def show_decisions(settings: Settings, console: Console) -> None:
    """List all decisions, and say which hold."""
    decisions = read_decisions(Lake(settings.lake))
    if not decisions:
        console.print("Nobody has decided anything yet.")
        return
    holding = {decision.decision_id for decision in active(decisions)}
    table = Table()
    for heading in ("decision", "what", "about", "by", "at", "why", ""):
        table.add_column(heading, overflow="fold")
    for d in decisions:
        about = f"decision {d.revokes}" if d.kind == REVOKE else _pairs(d.pairs)
        state = "" if d.kind == REVOKE else "holds" if d.decision_id in holding else "revoked"
        at = f"{d.decided_at:%Y-%m-%d %H:%M}"
        cells = (str(d.decision_id), d.kind, about, d.decided_by, at, d.reason, state)
        table.add_row(*(Text(cell) for cell in cells))
    console.print(table)


def review(settings: Settings, console: Console, limit: int) -> None:
    """List the pairs that a person should look at, those with most money at stake first.

    A pair is uncertain when its odds are even or better and nothing links it, or when it would be a
    link and a conflict keeps it apart; unless both are one customer anyway, or it is decided.

    Raises:
        MissingTableError: Identity or gold has not been made yet.
    """
    from customer360.resources.reading import open_reader

    lake = Lake(settings.lake)
    with open_reader(lake) as reader:
        rows = _uncertain(reader)
    decided = {pair for decision in active(read_decisions(lake)) for pair in decision.pairs}
    open_pairs = [row for row in rows if (row["node_1"], row["node_2"]) not in decided]
    if not open_pairs:
        console.print("Nothing is uncertain.")
        return
    table = Table()
    for heading in ("record", "record", "customers", "weight", "conflict"):
        table.add_column(heading, overflow="fold")
    table.add_column("at stake", justify="right")
    for row in open_pairs[:limit]:
        customers = f"{row['customer_1']} {row['customer_2']}"
        weight = f"{row['match_weight']:+.1f}"
        cells = (row["told_1"], row["told_2"], customers, weight, row["conflict"] or "")
        table.add_row(*(Text(cell) for cell in cells), f"{row['at_stake']:,}")
    console.print(table)
    console.print(
        f"{len(open_pairs):,} uncertain pairs. At stake is what the smaller of both customers has "
        "spent. `customer360 identity explain` shows why, `merge` and `keep-apart` decide."
    )


def _uncertain(reader: Reader) -> list[dict[str, Any]]:
    """Pairs of two customers that are nearly linked, or only kept apart by a conflict."""
    return reader.rows(
        f"""
        with owners as (
            select m.node, l.customer_id,
                m.node || coalesce(' (' || nullif(concat_ws(' ', first_name, last_name), '')
                    || ')', '') as told
            from {reader.table(MATCH_RECORDS)} m
            join {reader.table(CUSTOMER_LINKS)} l using (entity, record_key)
        ), spent as (
            select customer_id, coalesce(lifetime_spend_amount, 0) as amount
            from {reader.table(CUSTOMER_360)}
        )
        select m.node_1, m.node_2, a.told as told_1, b.told as told_2,
            m.match_weight, m.conflict,
            a.customer_id as customer_1, b.customer_id as customer_2,
            least(s.amount, t.amount) as at_stake
        from {reader.table(CUSTOMER_MATCHES)} m
        join owners a on a.node = m.node_1 join owners b on b.node = m.node_2
        join spent s on s.customer_id = a.customer_id
        join spent t on t.customer_id = b.customer_id
        where a.customer_id <> b.customer_id and m.match_weight >= 0
            and (m.conflict is null or m.linked_by is not null)
        order by at_stake desc, m.node_1, m.node_2"""
    )


def _nodes(reader: Reader, text: str, country: str, *, whole: bool) -> list[str]:
    """The nodes that somebody names, sorted; whole: all of the customer that a record is of."""
    records, links = reader.table(MATCH_RECORDS), reader.table(CUSTOMER_LINKS)
    named = reader.rows(
        f"select r.node, l.customer_id from {records} r left join {links} l "
        "using (entity, record_key) where node = ? or record_key = ? order by node",
        [text, text],
    )
    if len(named) == 1 and not (whole and named[0]["customer_id"]):
        return [str(named[0]["node"])]
    matches = find(reader, text, country).matches
    owners = {row["customer_id"] for row in named if row["customer_id"]}
    customers = sorted(owners or {match.customer_id for match in matches})
    if len(customers) != 1:
        raise IdentityError(
            f"{text!r} has to name one record or one customer; found "
            f"{', '.join(map(str, customers)) or 'nobody'}. Name a customer id, or a record as "
            "`customer360 identity explain` shows it."
        )
    rows = reader.rows(
        f"select node from {records} join {links} using (entity, record_key) "
        "where customer_id = ? order by node",
        customers,
    )
    if not rows:
        raise IdentityError(
            f"{text!r} is {customers[0]}, of whom no account, contact, profile or guest is known: "
            "there is nothing to decide about."
        )
    return [str(row["node"]) for row in rows]


def _pairs(pairs: Sequence[tuple[str, str]]) -> str:
    told = ", ".join(f"{one} and {other}" for one, other in pairs[:3])
    return told + (f" and {len(pairs) - 3} more pairs" if len(pairs) > 3 else "")
