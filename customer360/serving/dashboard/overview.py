"""The first page: how many customers, what they buy, and how that changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from customer360.pages.charts import amount_bars, time_columns
from customer360.serving.dashboard.figures import words
from customer360.serving.dashboard.view import Choice, Content, Filter, View, summed

TILES: Final = (
    "revenue", "store_revenue", "web_revenue", "purchases", "average_basket",
    "active_customers", "new_customers", "returning_customers", "repeat_rate",
)  # fmt: skip
# Column of sales_by_period that holds each figure.
COLUMNS: Final[Mapping[str, str]] = {
    "revenue": "revenue_amount",
    "store_revenue": "store_revenue_amount",
    "web_revenue": "web_revenue_amount",
    "purchases": "purchase_count",
    "purchased_amount": "purchased_amount",
    "active_customers": "active_customer_count",
    "new_customers": "new_customer_count",
    "returning_customers": "returning_customer_count",
}
_SUMS: Final = summed(COLUMNS)
_EVERYBODY: Final = "everybody"
_MONTHS_SHOWN: Final = 24
_KINDS: Final = ("last_28_days", "last_90_days", "last_365_days", "month")


def content(view: View) -> Content:
    """Figures of a period, place and segment, with the period before and the course of days."""
    sales = view.table("sales_by_period")
    periods = view.rows(
        f"""select period_kind, period_number, period_start_on, period_end_on,
            bool_and(is_complete) as is_complete
        from {sales} where period_kind <> 'day' group by 1, 2, 3, 4 order by period_number"""
    )
    periods.sort(key=lambda period: _KINDS.index(period["period_kind"]))
    if not periods:
        return {"is_empty": True}
    filters = _filters(view, sales, periods)
    period, place, segment = (each.chosen for each in filters)
    where, parameters = _narrowed(place, segment)
    kind, _, number = period.partition(":")
    chosen = _one(periods, kind, int(number))
    past = _one(periods, kind, int(number) + 1)
    now = _figures(view, sales, where, parameters, chosen)
    # A period that began before the first order would make every change look like growth.
    comparable = past["is_complete"]
    before = _figures(view, sales, where, parameters, past) if comparable else None
    days = view.rows(
        f"""select period_start_on as day, {_SUMS} from {sales}
        where period_kind = 'day' and period_start_on between ? and ? and {where}
        group by 1 order by 1""",
        [chosen["period_start_on"], chosen["period_end_on"], *parameters],
    )
    months = view.rows(
        f"""select period_start_on as month, {_SUMS} from {sales}
        where period_kind = 'month' and period_number < {_MONTHS_SHOWN} and {where}
        group by 1 order by 1""",
        parameters,
    )
    return {
        "filters": filters,
        "period": chosen,
        "before": past if comparable else None,
        "tiles": view.tiles(TILES, now, before),
        "revenue_chart": _revenue_chart(days),
        "days": days,
        "customers_chart": _customers_chart(months),
        "months": months,
        "segments": _by_segment(view, sales, place, chosen),
        "regions": _by_region(view, sales, segment, chosen),
        "sizes": _sizes(view, segment),
    }


def _filters(view: View, sales: str, periods: Sequence[Mapping[str, Any]]) -> list[Filter]:
    places = view.rows(
        f"select distinct place_kind, place from {sales} where period_kind = 'month' "
        "order by place_kind, place"
    )
    segments = view.rows(
        f"select distinct segment from {sales} where period_kind = 'month' "
        "and segment <> 'unknown' order by segment"
    )
    return [
        view.chosen(
            "period",
            "Period",
            [
                Choice(f"{p['period_kind']}:{p['period_number']}", _period_label(p))
                for p in periods
                if p["period_kind"] == "month" or p["period_number"] == 0
            ],
        ),
        view.chosen(
            "place",
            "Where",
            [Choice(f"{p['place_kind']}:{p['place']}", _place_label(p)) for p in places],
        ),
        view.chosen(
            "segment",
            "Segment",
            [Choice(_EVERYBODY, "everybody")]
            + [Choice(row["segment"], words(row["segment"])) for row in segments],
        ),
    ]


def _period_label(period: Mapping[str, Any]) -> str:
    if period["period_kind"] == "month":
        running = "" if period["is_complete"] else " (not whole)"
        return f"{period['period_start_on']:%B %Y}{running}"
    return words(period["period_kind"])


def _place_label(place: Mapping[str, Any]) -> str:
    known = {"all": "everywhere", "store": "all stores", "web": "web shop"}
    name = str(place["place"])
    return f"stores of {name}" if place["place_kind"] == "region" else known.get(name, name)


def _narrowed(place: str, segment: str) -> tuple[str, list[object]]:
    kind, _, name = place.partition(":")
    where, parameters = "place_kind = ? and place = ?", [kind, name]
    if segment != _EVERYBODY:
        return f"{where} and segment = ?", [*parameters, segment]
    return where, list[object](parameters)


def _one(periods: Sequence[Mapping[str, Any]], kind: str, number: int) -> Mapping[str, Any]:
    found = [p for p in periods if (p["period_kind"], p["period_number"]) == (kind, number)]
    return found[0] if found else {"is_complete": False}


def _figures(
    view: View, sales: str, where: str, parameters: Sequence[object], period: Mapping[str, Any]
) -> Mapping[str, Any]:
    (row,) = view.rows(
        f"select {_SUMS} from {sales} where period_kind = ? and period_start_on = ? and {where}",
        [period["period_kind"], period["period_start_on"], *parameters],
    )
    return row


def _revenue_chart(days: Sequence[Mapping[str, Any]]) -> Content | None:
    rows = [
        {"at": row["day"].isoformat(), "kind": kind, "number": float(row[name])}
        for kind, name in (("stores", "store_revenue"), ("web shop", "web_revenue"))
        for row in days
    ]
    return {"spec": time_columns(rows, money=True)} if rows else None


def _customers_chart(months: Sequence[Mapping[str, Any]]) -> Content | None:
    rows = [
        {"at": f"{row['month']:%Y-%m}", "kind": kind, "number": number}
        for row in months
        for kind, number in (
            ("first purchase", row["new_customers"]),
            ("bought before", row["active_customers"] - row["new_customers"]),
        )
    ]
    return {"spec": time_columns(rows)} if rows else None


def _by_segment(
    view: View, sales: str, place: str, period: Mapping[str, Any]
) -> list[dict[str, Any]]:
    where, parameters = _narrowed(place, _EVERYBODY)
    return view.rows(
        f"""select segment, {_SUMS} from {sales}
        where period_kind = ? and period_start_on = ? and {where} group by 1
        order by revenue desc, segment""",
        [period["period_kind"], period["period_start_on"], *parameters],
    )


def _by_region(view: View, sales: str, segment: str, period: Mapping[str, Any]) -> Content | None:
    where = "place_kind = 'region'" + ("" if segment == _EVERYBODY else " and segment = ?")
    rows = view.rows(
        f"""select place, {_SUMS} from {sales}
        where period_kind = ? and period_start_on = ? and {where} group by 1
        order by revenue desc, place""",
        [
            period["period_kind"],
            period["period_start_on"],
            *([] if segment == _EVERYBODY else [segment]),
        ],
    )
    bars = [{"part": row["place"], "number": float(row["revenue"])} for row in rows]
    return {"rows": rows, "spec": amount_bars(bars, money=True)} if rows else None


def _sizes(view: View, segment: str) -> Content:
    """Everybody who is known, and those of the segment."""
    rows = view.rows(
        f"select segment, count(*) as n from {view.table('customer_segments')} group by 1"
    )
    known = {row["segment"]: row["n"] for row in rows}
    return {
        "known": sum(known.values()),
        "in_segment": None if segment == _EVERYBODY else known.get(segment, 0),
    }
