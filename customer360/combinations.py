"""Combinations of settings, each valid alone, that cannot work together; and why.

What one setting may be is in `settings`. Whether what is named can be reached, and answers, is for
the resource that reaches it to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from customer360.plain_http import is_on_this_machine

DATABRICKS: Final = "databricks"
# Without these, runs of a Data Factory can neither be started nor found.
DATA_FACTORY: Final = ("azure_subscription", "azure_resource_group", "data_factory")
# Without these any token of anybody would do.
DASHBOARD_TOKEN: Final = (
    "dashboard_token_keys", "dashboard_token_issuer", "dashboard_token_audience",
)  # fmt: skip
# A semantic model is found in its workspace.
POWER_BI: Final = ("power_bi_workspace", "power_bi_model")


def impossible(values: Mapping[str, Any], environ: Mapping[str, str]) -> Iterator[str]:
    """A sentence for every combination that cannot work, with what to do instead.

    Args:
        values: The settings that could be parsed, by name.
        environ: The environment variables, for those of other tools that decide with them.
    """
    lake, engine = str(values.get("lake", "")), values.get("engine")
    target, url = values.get("dbt_target"), values.get("engine_url")
    if url and engine not in ("spark", DATABRICKS):
        yield (
            f"C360_ENGINE_URL with C360_ENGINE={engine}: only a running Apache Spark cluster is "
            "named by a URL; set C360_ENGINE=spark, or leave the URL out"
        )
    if url and engine == DATABRICKS and ";" in url:
        yield (
            "C360_ENGINE_URL with C360_ENGINE=databricks: expected an address alone, as "
            "sc://host:443; credentials and compute are named by DATABRICKS_ variables"
        )
    if engine == "spark" and not url and lake.startswith("abfss://"):
        yield (
            "C360_ENGINE=spark with an abfss:// lake: the local Apache Spark server has no "
            "Azure file system; use C360_ENGINE=sail, or a local lake, or name a cluster that "
            "has one in C360_ENGINE_URL"
        )
    if engine == DATABRICKS and target == "local":
        yield (
            "C360_ENGINE=databricks with C360_DBT_TARGET=local: dbt's local target shares the "
            "engine's session by a URL, and credentials of Databricks are put into no URL; use "
            "C360_DBT_TARGET=databricks"
        )
    if DATABRICKS in (engine, target) and lake and "://" not in lake and not _is_here(environ):
        yield (
            f"C360_LAKE={lake} with Databricks: a workspace cannot see a folder of this machine; "
            "use an abfss:// lake"
        )
    yield from _lacking(values)


def _lacking(values: Mapping[str, Any]) -> Iterator[str]:
    if values.get("ingestion") == "data_factory":
        for name in DATA_FACTORY:
            if not values.get(name):
                yield f"C360_{name.upper()}: nothing found, needed by C360_INGESTION=data_factory"
    by_token = values.get("dashboard_token_header")
    for name in DASHBOARD_TOKEN if by_token else ():
        if not values.get(name):
            yield f"C360_{name.upper()}: nothing found, needed by C360_DASHBOARD_TOKEN_HEADER"
    if (by_token or values.get("dashboard_roles_header")) and not values.get("dashboard_roles"):
        yield (
            "C360_DASHBOARD_ROLES: nothing found; a header says who is asking, but no role sees "
            "personal data. Name those that do, or leave the header out"
        )
    for name, other in (POWER_BI, POWER_BI[::-1]):
        if values.get(other) and not values.get(name):
            yield f"C360_{name.upper()}: nothing found, needed by C360_{other.upper()}"


def _is_here(environ: Mapping[str, str]) -> bool:
    """Whether the workspace is on this machine, and sees its folders."""
    host = environ.get("DATABRICKS_HOST", "")
    return is_on_this_machine(host if "://" in host else f"//{host}")
