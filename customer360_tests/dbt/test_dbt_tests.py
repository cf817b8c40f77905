"""The tests of the dbt project fail on the faults that they are there for."""

from __future__ import annotations

from datetime import date

from customer360.assets.silver_load import load_days
from customer360.identity import contract as identity
from customer360_tests.builders import DAY, put_bronze, record, spec
from customer360_tests.dbt.gold import Gold, put_identity

AS_OF = date(2026, 1, 20)
# Statement that breaks a gold table → the test that must notice.
FAULTS = {
    "update gold.fct_orders set lines_amount = 1.00": "order_lines_close_with_their_orders",
    "update gold.customer_360 set lifetime_spend_amount = 10.51": (
        "revenue_of_customers_and_of_nobody_is_all_revenue"
    ),
    "update gold.customer_360 set segment = null": "every_customer_is_in_customer_360",
    "update gold.fct_web_sessions set event_count = 2": "every_web_event_is_in_one_session",
}


def test_silver_tests_fail_on_a_double_key_a_blank_and_an_unknown_customer(gold: Gold) -> None:
    link = {"entity": "pos__receipts", "record_key": "R1", "customer_id": "C1"}
    blank = {"entity": "pos__receipts", "record_key": None, "customer_id": "C1"}
    put_identity(gold.engine, identity.CUSTOMER_LINKS, [link, link, blank])
    failed = gold.failures("test", "--select", "source:silver.customer_links", as_of=AS_OF)
    assert failed == {
        "customer_links_key_is_unique",
        "customer_links_required_columns_are_filled",
        "customer_links_customer_id_exists_in_customers",
    }


def test_a_customer_without_a_household_is_found(gold: Gold) -> None:
    put_identity(gold.engine, identity.CUSTOMERS, [{"customer_id": "C1"}])
    gold.run("run", "--select", "+dim_customers", as_of=AS_OF)
    filled = "dim_customers_required_columns_are_filled"
    assert gold.failures("test", "--select", filled, as_of=AS_OF) == {filled}


def test_gold_tests_fail_on_sums_that_do_not_close(gold: Gold) -> None:
    for table in ("pos__receipts", "pos__receipt_lines", "web__events"):
        put_bronze(gold.engine.lake, table, [record(table)])
        load_days(gold.engine, *spec(table), [DAY], "EUR")
    put_identity(gold.engine, identity.CUSTOMERS, [{"customer_id": "C1"}])
    link = {"entity": "pos__receipts", "record_key": "R1", "customer_id": "C1"}
    put_identity(gold.engine, identity.CUSTOMER_LINKS, [link])
    gold.run("run", "--select", "+customer_360", as_of=AS_OF)
    for statement in FAULTS:
        gold.engine.session.sql(statement)
    failed = gold.failures("test", "--select", "test_type:singular", as_of=AS_OF)
    assert failed == set(FAULTS.values())
