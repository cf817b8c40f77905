"""The customers of a segment as CSV, streamed, for whoever may take it along."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Final

from customer360.keys import gold
from customer360.serving.dashboard.gold import open_gold
from customer360.serving.dashboard.masking import without_personal
from customer360.spelling import exact

if TYPE_CHECKING:
    from customer360.serving.dashboard.gold import GoldLake
    from customer360.serving.dashboard.viewers import Viewer

COLUMNS: Final = (
    "customer_id", "title", "first_name", "last_name", "email", "phone", "street", "postal_code",
    "city", "country", "segment", "order_count", "lifetime_spend_amount", "last_ordered_at",
    "is_email_allowed", "is_sms_allowed", "is_phone_allowed", "is_post_allowed",
)  # fmt: skip
# What a spreadsheet takes for a formula: also in wide letters, and after blanks that it drops.
_FORMULA: Final = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")


def segment_lines(lake: GoldLake, segment: str, viewer: Viewer) -> Iterator[str] | None:
    """Lines of CSV, the largest spenders first; None where there is no such segment.

    Who may not see personal data gets the other columns.

    The first customers are read before this returns, so that what is wrong with the tables shows
    while it can still be answered.

    Raises:
        MissingTableError: Gold has not been built.
    """
    with open_gold(lake) as reader:
        table = reader.table(gold("customer_segments"))
        known = reader.rows(f"select 1 from {table} where segment = ? limit 1", [segment])
    if not known:
        return None
    columns = list(COLUMNS) if viewer.sees_personal_data else without_personal(COLUMNS)
    lines = _lines(lake, segment, columns)
    begun = list(islice(lines, 2))
    return chain(begun, lines)


def _lines(lake: GoldLake, segment: str, columns: list[str]) -> Iterator[str]:
    with open_gold(lake) as reader:
        batches = reader.batches(
            f"""select {", ".join(columns)} from {reader.table(gold("customer_360"))}
            where segment = $segment order by lifetime_spend_amount desc, customer_id""",
            {"segment": segment},
        )
        yield _text([columns])
        for batch in batches:
            values = [column.to_pylist() for column in batch.columns]
            yield _text([[_cell(v) for v in row] for row in zip(*values, strict=True)])


def _text(rows: list[list[Any]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        told = exact(value)
        return str(told).lower() if isinstance(told, bool) else str(told)
    return f"'{value}" if _FORMULA.match(value) and not _is_phone(value) else value


def _is_phone(value: str) -> bool:
    return value[:1] == "+" and value[1:].isdigit()
