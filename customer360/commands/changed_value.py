"""What another idea of who is who would do to segments and to the best customers.

The models of gold say what a segment is; their SQL is read as it stands and run on the orders of
the customers that would be.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from customer360 import keys
from customer360.identity import rules
from customer360.keys import CUSTOMER_360
from customer360.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from decimal import Decimal

    from customer360.resources.reading import Reader

_PROJECT: Final = PROJECT_ROOT / "customer360_dbt"
# In the order in which each is made of those before it.
_MODELS: Final = ("int_customer_orders_aggregated", "customer_rfm", "customer_segments")
_MACROS: Final = ("as_of_date", "fifth", "ratio", "segment")


class ChangedValue(NamedTuple):
    """Segments and best customers, before and after.

    Attributes:
        compared: Customers whose id stays.
        other_segment: Those of them who would be in another segment.
        top_before: What the tenth of buyers who spent most has spent.
        top_after: The same of the customers that would be.
    """

    compared: int
    other_segment: int
    top_before: Decimal
    top_after: Decimal


def changed_value(reader: Reader, links: str) -> ChangedValue:
    """Run the models of gold on other links.

    Args:
        reader: Of the lake as it is; gold has been made.
        links: URL of a folder of Parquet files: entity, record_key and customer_id of every order
            and receipt, and of every other record of a customer.
    """
    new, orders = reader.folder(links), reader.table(keys.gold("fct_orders"))
    reader.keep("fct_orders", _ORDERS.format(orders=orders, links=new, web=rules.ORDERS,
                                             store=rules.RECEIPTS))  # fmt: skip
    reader.keep("stg_identity__customers", f"select distinct customer_id from {new}")
    profiles = reader.table(CUSTOMER_360)
    as_of = reader.rows(f"select max(as_of_date) as day from {profiles}")[0]["day"]
    for name in _MODELS:
        reader.keep(name, _duckdb_sql(name, as_of))
    row = reader.rows(
        f"""
        select count(*) as compared,
            count(*) filter (where a.segment <> b.segment) as other_segment,
            ({_top(profiles, "lifetime_spend_amount")}) as top_before,
            ({_top("int_customer_orders_aggregated", "spend_amount")}) as top_after
        from customer_segments a join {profiles} b using (customer_id)"""
    )[0]
    return ChangedValue(**row)


_ORDERS: Final = """
select o.* replace (l.customer_id as customer_id) from {orders} o
left join {links} l on l.record_key = o.order_id
    and l.entity = case o.channel when 'web' then '{web}' else '{store}' end"""


def _top(table: str, amount: str) -> str:
    """SQL of what the tenth of buyers has spent who spent most."""
    return f"""
        select coalesce(sum(amount), 0) from (
            select {amount} as amount, ntile(10) over (order by {amount} desc) as tenth
            from {table} where order_count > 0
        ) where tenth = 1"""


def _duckdb_sql(model: str, as_of: date) -> str:
    """A model of gold as DuckDB spells it; what it refers to goes by the same names."""
    import jinja2
    import sqlglot
    import yaml

    project: dict[str, Any] = yaml.safe_load((_PROJECT / "dbt_project.yml").read_text())
    texts = [(_PROJECT / "macros" / f"{name}.sql").read_text() for name in _MACROS]
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)  # noqa: S701 - this is SQL
    environment.globals.update(
        ref=lambda name: name,
        var=lambda name: project["vars"][name],
        env_var=lambda *_: as_of.isoformat(),
        execute=True,
    )
    rendered = environment.from_string("\n".join([*texts, _model_file(model).read_text()])).render()
    return sqlglot.transpile(rendered, read="spark", write="duckdb")[0]


def _model_file(model: str) -> Path:
    (found,) = (_PROJECT / "models").rglob(f"{model}.sql")
    return found
