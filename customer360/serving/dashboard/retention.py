"""Who comes back: cohorts of first purchases, how soon people buy again, and who stays away."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any, Final

from customer360.pages.charts import curves
from customer360.serving.dashboard.view import Content, View

AT_RISK_SHOWN: Final = 50
_NAMES: Final = {1: "after the first", 2: "after the second", 3: "after the third"}
_RISK: Final = ("customers_at_risk", "spend_at_risk")


def content(view: View) -> Content:
    """Cohorts by month, curves of repeat purchases, customers at risk by what they spent."""
    cohorts = view.rows(
        f"select * from {view.table('retention_cohorts')} order by cohort_month_on, months_since"
    )
    points = repeat_curves(
        view.rows(
            f"select * from {view.table('repeat_purchases')} order by purchase_number, day_count"
        )
    )
    return {
        "cohorts": [
            (month, list(rows))
            for month, rows in groupby(cohorts, lambda row: row["cohort_month_on"])
        ],
        "curves": curves(points, "days since the purchase") if points else None,
        "tiles": view.tiles(_RISK, view.counted(_RISK, "customer_360")),
        "at_risk": view.rows(
            f"""select customer_id, first_name, last_name, city, order_count,
                lifetime_spend_amount, last_ordered_at, recency_days, is_email_allowed
            from {view.table("customer_360")} where segment = 'at_risk'
            order by lifetime_spend_amount desc, customer_id limit {AT_RISK_SHOWN}"""
        ),
    }


def repeat_curves(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Share of customers who have bought again, day by day after a purchase (Kaplan-Meier).

    Who has not bought again yet counts for as long as they have been watched, and no longer.

    Args:
        rows: Of `repeat_purchases`, in order of purchase and day.

    Returns:
        Points `at` (days), `part` (after which purchase) and `share`.
    """
    points = []
    for number, of_one in groupby(rows, lambda row: row["purchase_number"]):
        days = list(of_one)
        watched = sum(row["bought_again_count"] + row["censored_count"] for row in days)
        staying = 1.0
        part = _NAMES.get(number, f"after purchase {number}")
        for row in days:
            if watched:
                staying *= 1 - row["bought_again_count"] / watched
            points.append({"at": row["day_count"], "part": part, "share": round(1 - staying, 4)})
            watched -= row["bought_again_count"] + row["censored_count"]
    return points
