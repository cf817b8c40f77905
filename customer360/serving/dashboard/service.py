"""Customer service: what people ask, how fast they are answered, whether they go on buying."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from customer360.pages.charts import amount_bars
from customer360.serving.dashboard.figures import words
from customer360.serving.dashboard.view import Choice, Content, View, summed

TILES: Final = ("tickets", "open_tickets", "satisfaction")
# Column of service_performance that holds each figure.
COLUMNS: Final[Mapping[str, str]] = {
    "tickets": "ticket_count",
    "open_tickets": "open_ticket_count",
    "satisfaction_points": "csat_point_count",
    "satisfaction_answers": "csat_answer_count",
}
_PARTS: Final = summed(COLUMNS)
_ALL: Final = "all"
_BANDS: Final = ("high", "middle", "low", "none")
_SUMS: Final = """sum(ticket_count) as tickets, sum(open_ticket_count) as open,
    sum(csat_point_count)::double / nullif(sum(csat_answer_count), 0) as satisfaction,
    sum(csat_answer_count) as answers,
    sum(first_answer_minutes_total)::double / nullif(sum(first_answer_count), 0) / 60
        as first_answer_hours,
    sum(resolution_minutes_total)::double / nullif(sum(resolved_count), 0) / 60
        as resolution_hours"""


def content(view: View) -> Content:
    """Topics of a channel, and buying before and after a ticket by how content people were."""
    performance = view.table("service_performance")
    names = view.rows(f"select distinct channel from {performance} order by 1")
    channel = view.chosen(
        "channel",
        "Channel",
        [Choice(_ALL, "all channels"), *(Choice(r["channel"], r["channel"]) for r in names)],
    )
    where, parameters = "true", []
    if channel.chosen != _ALL:
        where, parameters = "channel = ?", [channel.chosen]
    (totals,) = view.rows(f"select {_PARTS} from {performance} where {where}", parameters)
    topics = view.rows(
        f"""select topic, {_SUMS} from {performance} where {where}
        group by 1 order by tickets desc, topic""",
        parameters,
    )
    bars = [{"part": words(row["topic"]), "number": int(row["tickets"])} for row in topics]
    bands = view.rows(
        f"""select csat_band, sum(observed_ticket_count) as observed,
            sum(bought_before_count) as before, sum(bought_after_count) as after,
            sum(spend_before_amount) as spend_before, sum(spend_after_amount) as spend_after
        from {performance} where {where} group by 1""",
        parameters,
    )
    return {
        "filters": [channel],
        "tiles": view.tiles(TILES, totals),
        "topics": topics,
        "chart": amount_bars(bars) if bars else None,
        "bands": sorted(bands, key=lambda row: _BANDS.index(row["csat_band"])),
    }
