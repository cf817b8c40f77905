"""What the report shows: its pages and visuals, each of metrics and columns of the model.

Columns with personal data are in none: for roles without them their visuals would be errors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

# Kinds of visuals and the roles of their fields, as Power BI names both.
CARD: Final = "card"
SLICER: Final = "slicer"
LINES: Final = "lineChart"
COLUMNS: Final = "columnChart"
BARS: Final = "clusteredBarChart"
TABLE: Final = "tableEx"
MATRIX: Final = "pivotTable"

# Of a page, in pixels; what is on it stands in a grid.
WIDTH: Final = 1280
HEIGHT: Final = 720
_EDGE: Final = 16
_GAP: Final = 12
_SLICER_HEIGHT: Final = 64
_CARD_HEIGHT: Final = 96


@dataclass(frozen=True)
class Visual:
    """A visual.

    Attributes:
        kind: Its kind.
        title: What it shows, in words; also what a screen reader says.
        fields: Metrics, by name, and columns, as `table.column`, by role.
        position: Left edge, top edge, width and height, in pixels.
        sort: Field by which it is sorted, the greatest first; its own order when empty.
    """

    kind: str
    title: str
    fields: Mapping[str, tuple[str, ...]]
    position: tuple[int, int, int, int] = (0, 0, 0, 0)
    sort: str = ""


@dataclass(frozen=True)
class Page:
    """A page: slicers on top, cards below them, then two rows of visuals.

    Attributes:
        name: Its name.
        title: What people read.
        slicers: Columns that it can be narrowed by, as `table.column`, with their titles.
        cards: Metrics, by name.
        rows: Visuals below, by row.
    """

    name: str
    title: str
    slicers: Mapping[str, str]
    cards: tuple[str, ...]
    rows: tuple[tuple[Visual, ...], ...]


_DAY: Final = "dim_dates.date_day"
_MONTH: Final = "dim_dates.month_start_on"
_REGION: Final = "dim_stores.region"
_SEGMENT: Final = "customer_360.segment"
# Of the store, as orders and their lines both have one.
_CHANNEL: Final = "dim_stores.store_type"
_CAMPAIGN: Final = "campaign_performance.campaign_name"


def _over_time(title: str, *metrics: str, series: str = "") -> Visual:
    fields = {"Category": (_MONTH,), "Y": metrics}
    return Visual(LINES, title, fields | ({"Series": (series,)} if series else {}))


def _ranked(title: str, category: str, metric: str) -> Visual:
    return Visual(BARS, title, {"Category": (category,), "Y": (metric,)}, sort=metric)


def _listed(title: str, fields: Sequence[str], sort: str) -> Visual:
    return Visual(TABLE, title, {"Values": tuple(fields)}, sort=sort)


PAGES: Final = (
    Page(
        "overview",
        "Overview",
        {_DAY: "Period", _REGION: "Region", _CHANNEL: "Channel", _SEGMENT: "Segment"},
        (
            "revenue", "store_revenue", "web_revenue", "purchases", "average_basket",
            "active_customers", "new_customers", "repeat_rate",
        ),
        (
            (
                _over_time("Revenue per month, by channel", "revenue", series=_CHANNEL),
                _over_time(
                    "Active, new and returning customers per month",
                    "active_customers", "new_customers", "returning_customers",
                ),
            ),
            (
                _ranked("Revenue by region", _REGION, "revenue"),
                _ranked("Lines sold by department", "dim_products.department", "lines_sold"),
                _listed(
                    "Stores",
                    ("dim_stores.store_name", "revenue", "purchases", "average_basket",
                     "active_customers"),
                    "revenue",
                ),
            ),
        ),
    ),
    Page(
        "customers",
        "Customers",
        {
            "customer_360.country": "Country",
            "customer_360.buying_channel": "Buys through",
            _SEGMENT: "Segment",
            _DAY: "Period of tickets and sessions",
        },
        (
            "customers", "buyers", "email_reachable_customers", "customers_at_risk",
            "spend_at_risk", "tickets", "satisfaction", "session_conversion_rate",
        ),
        (
            (
                _ranked("Customers by country", "customer_360.country", "customers"),
                _ranked(
                    "Customers by top department", "customer_360.top_department", "customers"
                ),
                _over_time("Tickets and their satisfaction per month", "tickets",
                           "satisfaction_answers"),
            ),
            (
                _listed(
                    "Customers by what they spent",
                    (
                        "customer_360.customer_id", "customer_360.segment", "customer_360.country",
                        "customer_360.order_count", "customer_360.lifetime_spend_amount",
                        "customer_360.last_ordered_at", "customer_360.open_ticket_count",
                        "customer_360.is_email_allowed",
                    ),
                    "customer_360.lifetime_spend_amount",
                ),
            ),
        ),
    ),
    Page(
        "segments",
        "Segments",
        {_DAY: "Period", _REGION: "Region", _CHANNEL: "Channel", _SEGMENT: "Segment"},
        (
            "customers", "buyers", "customers_at_risk", "spend_at_risk", "revenue", "repeat_rate",
        ),
        (
            (
                _ranked("Customers by segment", _SEGMENT, "customers"),
                _ranked("Revenue by segment", _SEGMENT, "revenue"),
                _over_time("Revenue per month, by segment", "revenue", series=_SEGMENT),
            ),
            (
                _listed(
                    "Segments",
                    (_SEGMENT, "customers", "email_reachable_customers", "active_customers",
                     "revenue", "average_basket", "repeat_rate"),
                    "customers",
                ),
                Visual(
                    MATRIX,
                    "What each segment buys: lines sold by department",
                    {
                        "Rows": (_SEGMENT,),
                        "Columns": ("dim_products.department",),
                        "Values": ("lines_sold",),
                    },
                ),
            ),
        ),
    ),
    Page(
        "campaigns",
        "Campaigns",
        {
            _DAY: "Started in",
            "campaign_performance.channel": "Channel",
            "campaign_performance.assigned_group": "Group",
        },
        (
            "messages_sent", "messages_opened", "messages_clicked", "open_rate", "click_rate",
            "treatments", "treatments_with_purchase",
        ),
        (
            (
                _ranked("Open rate by campaign", _CAMPAIGN, "open_rate"),
                _ranked("Click rate by campaign", _CAMPAIGN, "click_rate"),
                Visual(
                    COLUMNS,
                    "Messages sent per month, by channel",
                    {
                        "Category": (_MONTH,),
                        "Y": ("messages_sent",),
                        "Series": ("campaign_performance.channel",),
                    },
                ),
            ),
            (
                _listed(
                    "Campaigns, treated people beside those held out",
                    (
                        _CAMPAIGN, "campaign_performance.assigned_group",
                        "campaign_performance.started_on", "campaign_performance.ended_on",
                        "messages_sent", "open_rate", "click_rate",
                        "campaign_performance.people_count", "campaign_performance.buyer_count",
                        "campaign_performance.conversion_rate",
                        "campaign_performance.conversion_rate_difference",
                        "campaign_performance.revenue_per_person_difference_amount",
                        "campaign_performance.budget_amount",
                    ),
                    "messages_sent",
                ),
            ),
        ),
    ),
)  # fmt: skip


def visuals(page: Page) -> dict[str, Visual]:
    """All visuals of a page at their places, by name."""
    found: dict[str, Visual] = {}
    top = _EDGE
    slicers = [Visual(SLICER, title, {"Values": (f,)}) for f, title in page.slicers.items()]
    cards = [Visual(CARD, "", {"Values": (metric,)}) for metric in page.cards]
    below = HEIGHT - _EDGE - (top + _SLICER_HEIGHT + _CARD_HEIGHT + 2 * _GAP)
    each = (below - _GAP * (len(page.rows) - 1)) // len(page.rows)
    rows = [("slicer", slicers, _SLICER_HEIGHT), ("card", cards, _CARD_HEIGHT)]
    rows += [(f"row{n}", list(row), each) for n, row in enumerate(page.rows, 1)]
    for kind, row, height in rows:
        width = (WIDTH - 2 * _EDGE - _GAP * (len(row) - 1)) // len(row)
        for number, visual in enumerate(row):
            left = _EDGE + number * (width + _GAP)
            found[f"{page.name}_{kind}_{number + 1}"] = Visual(
                visual.kind, visual.title, visual.fields, (left, top, width, height), visual.sort
            )
        top += height + _GAP
    return found
