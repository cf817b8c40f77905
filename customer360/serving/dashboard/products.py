"""What is bought: categories, single products, what goes together, what comes back."""

from __future__ import annotations

from typing import Final

from customer360.pages.charts import amount_bars
from customer360.serving.dashboard.view import Choice, Content, View

PRODUCTS_SHOWN: Final = 25
PAIRS_SHOWN: Final = 20
# Fewer purchases together say nothing.
_LEAST_TOGETHER: Final = 10
_ALL: Final = "all"
_SUMS: Final = """sum(revenue_amount) as revenue, sum(item_quantity) as pieces,
    sum(returned_quantity) as returned, sum(returned_amount) as returned_amount,
    sum(margin_amount) as margin"""


def content(view: View) -> Content:
    """Categories and products of a department, and categories that are bought together."""
    performance = view.table("product_performance")
    names = view.rows(f"select distinct department from {performance} order by 1")
    department = view.chosen(
        "department",
        "Department",
        [Choice(_ALL, "all departments")]
        + [Choice(row["department"], row["department"]) for row in names],
    )
    where, parameters = "true", []
    if department.chosen != _ALL:
        where, parameters = "department = ?", [department.chosen]
    level = "department" if department.chosen == _ALL else "category"
    groups = view.rows(
        f"""select {level} as name, {_SUMS} from {performance} where {where}
        group by 1 order by revenue desc, name""",
        parameters,
    )
    bars = [{"part": row["name"], "number": float(row["revenue"])} for row in groups]
    return {
        "filters": [department],
        "level": level,
        "groups": groups,
        "chart": amount_bars(bars, money=True) if bars else None,
        "products": view.rows(
            f"""select * from {performance} where {where} and sku is not null
            order by revenue_amount desc, product_key limit {PRODUCTS_SHOWN}""",
            parameters,
        ),
        "pairs": view.rows(
            f"""select * from {view.table("category_pairs")} where order_count >= {_LEAST_TOGETHER}
            order by lift desc, category_1, category_2 limit {PAIRS_SHOWN}"""
        ),
        "least_together": _LEAST_TOGETHER,
    }
