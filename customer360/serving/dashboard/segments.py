"""Segments: how large they are, what they buy, and who moved from one to another."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from customer360.serving.dashboard.figures import words
from customer360.serving.dashboard.flow import flow_picture
from customer360.serving.dashboard.view import Choice, Content, View

# The docs block that explains the rules, a numbered line each.
DEFINITIONS: Final = "customer_segment"
_RULE: Final = re.compile(r"^[0-9]+\. `(?P<segment>\w+)`: (?P<rule>.+)$", re.MULTILINE)
_FIRST: Final = "first purchase"


def content(view: View) -> Content:
    """Sizes with their rules, movement into a month, departments by segment."""
    sizes = view.rows(
        f"""select segment, count(*) as customers, sum(lifetime_spend_amount) as spend,
            sum(order_count) as purchases, count(*) filter (is_email_allowed) as reachable
        from {view.table("customer_360")} group by 1"""
    )
    rules = definitions(view.definitions)
    order = {segment: number for number, segment in enumerate(rules)}
    months = view.rows(
        f"""select distinct month_end_on as month, is_current
        from {view.table("customer_segments_monthly")} order by 1 desc"""
    )
    if not months:
        return {"sizes": sorted(sizes, key=lambda r: order.get(r["segment"], 99)), "rules": rules,
                "filters": [], "moves": [], "picture": None, "departments": None}  # fmt: skip
    choices = [
        Choice(f"{row['month']}", f"{row['month']:%B %Y}{' so far' if row['is_current'] else ''}")
        for row in months
    ]
    month = view.chosen("month", "Movement into the segments of", choices)
    moves = view.rows(
        f"""select coalesce(previous_segment, '{_FIRST}') as before, segment as after,
            count(*) as customers
        from {view.table("customer_segments_monthly")} where month_end_on = ?::date
        group by 1, 2 order by 1, 2""",
        [month.chosen],
    )
    return {
        "sizes": sorted(sizes, key=lambda row: order.get(row["segment"], len(order))),
        "rules": rules,
        "filters": [month],
        "moves": moves,
        "picture": flow_picture(
            [(words(m["before"]), words(m["after"]), int(m["customers"])) for m in moves]
        ),
        "departments": _departments(view),
    }


def definitions(docs: Mapping[str, str]) -> dict[str, str]:
    """The rule of each segment in words, in the order in which they are tried."""
    found = _RULE.finditer(docs.get(DEFINITIONS, ""))
    return {match["segment"]: match["rule"].replace("`", "") for match in found}


def _departments(view: View) -> Content | None:
    """Share of each segment's spending by department."""
    rows = view.rows(
        f"""select segment, department, sum(spend_amount) as spend
        from {view.table("customer_categories")}
        join {view.table("customer_segments")} using (customer_id)
        group by 1, 2 having sum(spend_amount) > 0 order by segment, department"""
    )
    if not rows:
        return None
    departments = sorted({row["department"] for row in rows})
    totals: dict[str, Any] = {}
    for row in rows:
        totals[row["segment"]] = totals.get(row["segment"], 0) + row["spend"]
    cells = {(row["segment"], row["department"]): row["spend"] for row in rows}
    return {
        "names": departments,
        "rows": [
            (segment, [cells.get((segment, d), 0) / total for d in departments])
            for segment, total in totals.items()
        ],
    }
