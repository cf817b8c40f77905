"""Finding customers by what somebody knows of them: a name, an address, a number, an id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from customer360.identity.typed_identifiers import spellings
from customer360.serving.dashboard.view import Content, View

MOST_FOUND: Final = 50
LONGEST_ASKED: Final = 200
_SHORTEST_PREFIX: Final = 2
_AFTER_ALL: Final = "\U0010ffff"
# Kinds of terms that say nothing of who somebody is.
_NOT_PERSONAL: Final = "('customer_id', 'former_id')"


def content(view: View) -> Content:
    """What was looked for and the customers found, exact finds first."""
    asked = " ".join(view.asked.get("q", "").split())[:LONGEST_ASKED]
    terms = view.table("customer_search")
    if not asked:
        return {"asked": "", "found": [], "is_cut": False}
    hits = _hits(view, terms, asked)
    shown = hits[:MOST_FOUND]
    return {
        "asked": asked,
        "found": _described(view, shown),
        "is_cut": len(hits) > MOST_FOUND,
    }


def _hits(view: View, terms: str, asked: str) -> list[dict[str, Any]]:
    """Customer ids with the terms that found them; at most one more than is shown."""
    exact = {s.lower() for s in spellings(asked, view.settings.default_country) if s}
    begin = asked.lower()
    has_begin = len(begin) >= _SHORTEST_PREFIX
    # One at a time: the terms are sorted, and of one the reader passes over all row groups but one.
    # What begins as it was typed holds, in front, what is spelled so.
    is_all_by_begin = has_begin and view.viewer.sees_personal_data
    queries: list[tuple[str, Sequence[object]]] = [
        ("term = ?", [term]) for term in sorted(exact) if not (is_all_by_begin and term == begin)
    ]
    if has_begin:
        # By beginnings one could spell out somebody's address letter by letter.
        kinds = "" if is_all_by_begin else f" and term_kind in {_NOT_PERSONAL}"
        queries.append((f"term >= ? and term < ?{kinds}", [begin, begin + _AFTER_ALL]))
    rows = [
        row
        for where, parameters in queries
        for row in view.rows(
            f"select term, term_kind, customer_id from {terms} where {where} "
            f"order by term, customer_id, term_kind limit {(MOST_FOUND + 1) * 8}",
            parameters,
        )
    ]
    found: dict[str, dict[str, Any]] = {}
    for row in sorted(rows, key=lambda row: row["term"] not in exact):
        found.setdefault(row["customer_id"], {**row, "is_exact": row["term"] in exact})
    return list(found.values())[: MOST_FOUND + 1]


def _described(view: View, hits: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    if not hits:
        return []
    places = ", ".join("?" for _ in hits)
    rows = view.rows(
        f"""select customer_id, first_name, last_name, email, city, country, segment, order_count,
            lifetime_spend_amount, last_ordered_at
        from {view.table("customer_360")} where customer_id in ({places})""",
        [hit["customer_id"] for hit in hits],
    )
    known = {row["customer_id"]: row for row in rows}
    return [{**hit, **known[hit["customer_id"]]} for hit in hits if hit["customer_id"] in known]
