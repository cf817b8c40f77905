"""Settings: every `C360_*` environment variable, typed and parsed once; all problems in one error.

An environment (`C360_ENV`) names a row of defaults; a single variable overrides its cell. Nothing
else in the package reads environment variables of this prefix or asks which environment it runs in,
except `resources` and `automation`, which are handed a `Settings`.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from customer360 import credentials, plain_http
from customer360.combinations import impossible
from customer360.errors import SettingsError

PREFIX: Final = "C360_"
ENGINES: Final = ("sail", "spark", "databricks")
DBT_TARGETS: Final = ("local", "databricks")
INGESTIONS: Final = ("none", "data_factory")
# Delta's own smallest retention: a reader that is at work keeps its files, an incremental table
# finds the version of its source that it was built from, and a bad week can be undone.
RETENTION_DAYS_MIN: Final = 7
# Dagster's own: how many events it hands to its storage at once (automation/event_log.py).
EVENT_BATCH_SIZE: Final = "DAGSTER_EVENT_BATCH_SIZE"
PROJECT_ROOT: Final = Path(__file__).resolve().parent.parent

# Every environment and every cell is written out; an unknown environment is an error, never a
# fallback.
ENVIRONMENTS: Final[Mapping[str, Mapping[str, str]]] = {
    "local": {"engine": "sail", "dbt_target": "local", "lake": "lake", "ingestion": "none"},
    "server": {"engine": "sail", "dbt_target": "local", "lake": "lake", "ingestion": "none"},
    # Nobody's storage account, and nobody's factory, is a default.
    "azure": {
        "engine": "databricks",
        "dbt_target": "databricks",
        "lake": "",
        "ingestion": "none",
    },
}


@dataclass(frozen=True)
class Settings:
    """One parsed configuration. Built by `load_settings`, or directly in tests.

    Attributes:
        env: Name of the environment (a row of `ENVIRONMENTS`).
        lake: URL or absolute local path of the lake; landing files are below `<lake>/landing`.
        engine: `sail` (embedded), `spark` (Apache Spark + Delta: a local Connect server, or the
            cluster of `engine_url`) or `databricks` (a cluster or serverless compute).
        engine_url: Spark Connect URL of a running cluster, which is used and never ended; secret,
            as it may carry a token. For Databricks only where a proxy is in between.
        dbt_target: Profile target of the dbt project.
        catalog: Unity Catalog that serves this lake, on Databricks; its schemas are the layers.
        currency: ISO 4217 code of the one reporting currency of this lake.
        default_country: ISO 3166 code assumed for a phone number whose record names no country.
        first_day: Earliest landing day that can be loaded (start of the Dagster partitions).
        shared_identifier_limit: An identifier seen with more personal records than this links
            nobody.
        identity_customers_limit: Share of customers that other rules, another model or decisions
            may merge or split without somebody's approval.
        identity_revenue_limit: The same for what those customers have spent, of what all have.
        schedule: Cron expression (UTC) of the nightly refresh.
        retention_days: Days for which upkeep keeps what earlier versions of tables consist of.
        key_vault: URL of the Azure Key Vault that holds secrets which neither a variable nor a file
            gives (`credentials`).
        alert_webhook: URL that is posted a JSON message when a run fails; secret.
        ingestion: Who copies files into the landing zone: `none` (they just appear) or
            `data_factory` (Azure Data Factory, started and watched from here).
        azure_subscription: Id of the subscription that the Data Factory is in.
        azure_resource_group: Its resource group.
        data_factory: Its name.
        data_factory_endpoint: Address of its management interface; Azure's own when None.
        ingestion_timeout_minutes: A copy that takes longer is cancelled.
        docs_url: Address of the documentation site (`make docs`), which assets link to.
        power_bi_workspace: Id of the Power BI workspace that the semantic model is in.
        power_bi_model: Id of the semantic model, which is refreshed after gold; none when empty.
        power_bi_endpoint: Address of Power BI's interface; its own when None.
        power_bi_timeout_minutes: A refresh that takes longer is cancelled.
        dagster_database: URL of the PostgreSQL database for Dagster's history, without a password;
            SQLite files in DAGSTER_HOME when None.
        dashboard_roles: Roles, by commas, that see personal data in the dashboard.
        dashboard_roles_header: Header in which a proxy names the roles of who is asking, by commas.
        dashboard_proxies: Addresses or networks of that proxy, by commas; from others the header
            says nothing.
        dashboard_token_header: Header with a token of the identity provider (OpenID Connect).
        dashboard_token_keys: URL of the keys that its tokens are signed with (JWKS).
        dashboard_token_issuer: Issuer that a token must name.
        dashboard_token_audience: Audience that a token must name.
        dashboard_token_claim: Claim that holds the roles.
    """

    env: str = "local"
    lake: str = "lake"
    engine: str = "sail"
    engine_url: str | None = field(default=None, repr=False)
    dbt_target: str = "local"
    catalog: str = "customer360"
    currency: str = "EUR"
    default_country: str = "DE"
    first_day: date = date(2015, 1, 1)
    shared_identifier_limit: int = 12
    identity_customers_limit: float = 0.02
    identity_revenue_limit: float = 0.05
    schedule: str = "0 3 * * *"
    retention_days: int = 30
    key_vault: str | None = None
    alert_webhook: str | None = field(default=None, repr=False)
    ingestion: str = "none"
    azure_subscription: str = ""
    azure_resource_group: str = ""
    data_factory: str = ""
    data_factory_endpoint: str | None = None
    ingestion_timeout_minutes: int = 240
    docs_url: str = ""
    power_bi_workspace: str = ""
    power_bi_model: str = ""
    power_bi_endpoint: str | None = None
    power_bi_timeout_minutes: int = 120
    dagster_database: str | None = None
    dashboard_roles: str = ""
    dashboard_roles_header: str = ""
    dashboard_proxies: str = "127.0.0.1,::1"
    dashboard_token_header: str = ""
    dashboard_token_keys: str = ""
    dashboard_token_issuer: str = ""
    dashboard_token_audience: str = ""
    dashboard_token_claim: str = "roles"  # noqa: S105 -- the name of a claim

    @property
    def landing(self) -> str:
        """URL of the landing zone."""
        return f"{self.lake}/landing"


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("expected a day as YYYY-MM-DD") from None


def _count(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]*", text):
        raise ValueError("expected a whole number above 0")
    return int(text)


def _share(text: str) -> float:
    if not re.fullmatch(r"0|1|0?\.[0-9]+|1\.0+|0\.0*", text):
        raise ValueError("expected a share between 0 and 1, as 0.02")
    return float(text)


def _days_kept(text: str) -> int:
    days = _count(text)
    if days < RETENTION_DAYS_MIN:
        raise ValueError(f"expected at least {RETENTION_DAYS_MIN} days")
    return days


def _one_of(allowed: tuple[str, ...], text: str) -> str:
    if text not in allowed:
        raise ValueError(f"expected one of {', '.join(allowed)}")
    return text


def _code(letters: int, text: str) -> str:
    if not re.fullmatch(rf"[A-Z]{{{letters}}}", text):
        raise ValueError(f"expected a code of {letters} capital letters")
    return text


def _cron(text: str) -> str:
    if len(text.split()) != 5:
        raise ValueError("expected a cron expression of five fields, as in '0 3 * * *'")
    return text


def _lake(text: str) -> str:
    if not text:
        raise ValueError("expected an abfss:// URL; this environment has no default")
    if "://" not in text:
        return str(Path(text).expanduser().resolve())
    if urlsplit(text).scheme != "abfss":
        raise ValueError("expected a local folder or an abfss:// URL")
    return text.rstrip("/")


def _engine_url(text: str) -> str:
    expected = "expected a Spark Connect URL, as sc://host:15002/;use_ssl=true"
    url = urlsplit(text)
    place, *parameters = url.path.split(";")
    # Without a slash before it a parameter would be taken for a part of the host, and shown.
    if url.scheme != "sc" or not re.fullmatch(r"[^;]+", url.netloc) or place not in ("", "/"):
        raise ValueError(expected)
    try:
        _ = url.port
    except ValueError:
        raise ValueError(expected) from None
    if any(p.startswith("session_id=") for p in parameters):
        raise ValueError("expected a URL without a session_id: every run opens its own session")
    return text.rstrip("/;")


def _identifier(text: str) -> str:
    if not re.fullmatch(r"\w+", text):
        raise ValueError("expected a name of letters, digits and underscores")
    return text.lower()


def _webhook(text: str) -> str:
    if urlsplit(text).scheme not in ("http", "https"):
        raise ValueError("expected an http:// or https:// URL")
    return text


def _site(text: str) -> str:
    url = urlsplit(text)
    if url.scheme not in ("http", "https") or url.query or url.fragment:
        raise ValueError(
            "expected the address of a folder, as https://docs.example.com/customer360"
        )
    return text.rstrip("/")


def _name(text: str) -> str:
    if not re.fullmatch(r"[\w.()-]+", text):
        raise ValueError("expected a name of letters, digits and - _ . ( )")
    return text


def _guid(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text.lower()):
        raise ValueError("expected an id as 11111111-2222-3333-4444-555555555555")
    return text.lower()


def _address(text: str, plain: Callable[[str], bool], where: str) -> str:
    url = urlsplit(text)
    if url.username or url.password:
        raise ValueError("expected an address without user and password")
    if url.scheme != "https" and not (plain_http.is_plain(text) and plain(text)):
        raise ValueError(f"expected an https:// URL, or http:// {where}")
    return text.rstrip("/")


def _trusted(text: str) -> str:
    """An address whose answers are secrets, or decide who is trusted."""
    return _address(text, plain_http.is_on_this_machine, "on this machine")


def _endpoint(text: str) -> str:
    """An address of a service that somebody may stand in for; over plain http it gets no token."""
    return _address(text, plain_http.is_near, "on this machine or in its container network")


def _database(text: str) -> str:
    expected = "expected a URL as postgresql://user@host:5432/name"
    url = urlsplit(text)
    if url.password is not None:
        raise ValueError(f"{expected}; the password belongs into {credentials.DATABASE_PASSWORD}")
    is_whole = url.username and url.hostname and re.fullmatch(r"/[\w-]+", url.path)
    if url.scheme != "postgresql" or not is_whole or url.query:
        raise ValueError(expected)
    try:
        _ = url.port
    except ValueError:
        raise ValueError(expected) from None
    return text


def _text(text: str) -> str:
    return text


def _header(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9-]+", text):
        raise ValueError("expected the name of an HTTP header, as X-Forwarded-Groups")
    return text


def _networks(text: str) -> str:
    for part in text.split(","):
        try:
            ipaddress.ip_network(part.strip())
        except ValueError:
            raise ValueError("expected addresses or networks by commas, as 10.0.0.0/8") from None
    return text


_PARSERS: Final[Mapping[str, Any]] = {
    "env": lambda text: _one_of(tuple(ENVIRONMENTS), text),
    "lake": _lake,
    "engine": lambda text: _one_of(ENGINES, text),
    "engine_url": _engine_url,
    "dbt_target": lambda text: _one_of(DBT_TARGETS, text),
    "catalog": _identifier,
    "currency": lambda text: _code(3, text),
    "default_country": lambda text: _code(2, text),
    "first_day": _day,
    "shared_identifier_limit": _count,
    "identity_customers_limit": _share,
    "identity_revenue_limit": _share,
    "schedule": _cron,
    "retention_days": _days_kept,
    "key_vault": _trusted,
    "alert_webhook": _webhook,
    "ingestion": lambda text: _one_of(INGESTIONS, text),
    "azure_subscription": _name,
    "azure_resource_group": _name,
    "data_factory": _name,
    "data_factory_endpoint": _endpoint,
    "ingestion_timeout_minutes": _count,
    "docs_url": _site,
    "power_bi_workspace": _guid,
    "power_bi_model": _guid,
    "power_bi_endpoint": _endpoint,
    "power_bi_timeout_minutes": _count,
    "dagster_database": _database,
    "dashboard_roles": _text,
    "dashboard_roles_header": _header,
    "dashboard_proxies": _networks,
    "dashboard_token_header": _header,
    "dashboard_token_keys": _trusted,
    "dashboard_token_issuer": _text,
    "dashboard_token_audience": _text,
    "dashboard_token_claim": _text,
}
# A value that is shown in an error must not be a secret.
_SECRET: Final = frozenset(
    {
        "alert_webhook",
        "dagster_database",
        "data_factory_endpoint",
        "engine_url",
        "power_bi_endpoint",
    }
)
# Not settings of this package: set for dbt by `resources.dbt`, read by the dbt project or the
# Makefile.
OTHER_VARIABLES: Final = (
    "C360_LAKE_URL",
    "C360_LAKE_TABLES",
    "C360_AS_OF_DATE",
    "C360_CHANGED_DAYS",
    "C360_GOLD_READERS",
    "C360_OWNER",
    "C360_PORT",
    "C360_DASHBOARD_PORT",
    credentials.DATABASE_PASSWORD,
    credentials.FILLED_IN,
)


def _unknown(environ: Mapping[str, str]) -> list[str]:
    known = [variable_name(name) for name in _PARSERS]
    others = {*OTHER_VARIABLES, *(f"{name}{credentials.FILE}" for name in credentials.SECRETS)}
    problems = []
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known and name not in others:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
            problems.append(f"{name}: no such setting; did you mean {near[0]}?")
    return problems


def variable_name(setting: str) -> str:
    """Name of the environment variable of a setting."""
    return PREFIX + setting.upper()


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Parse the settings from environment variables.

    Args:
        environ: The variables; the process's own when omitted.

    Returns:
        The settings, with the environment's defaults filled in.

    Raises:
        SettingsError: One or more values are wrong or unknown; the message lists all of them.
    """
    environ = dict(os.environ if environ is None else environ)
    problems = _unknown(environ)
    problems += credentials.from_files(environ)
    env = environ.get(variable_name("env")) or "local"
    raw = {**ENVIRONMENTS.get(env, {}), "env": env}
    raw |= {n: v for n in _PARSERS if (v := environ.get(variable_name(n), "").strip())}
    values: dict[str, Any] = {}
    for name, text in raw.items():
        try:
            values[name] = _PARSERS[name](text)
        except ValueError as error:
            shown = "(hidden)" if name in _SECRET else repr(text)
            problems.append(f"{variable_name(name)}: found {shown}, {error}")
    problems += impossible(values, environ)
    if problems:
        raise SettingsError("Settings cannot be used:\n" + "\n".join(f"  - {p}" for p in problems))
    return Settings(**values)


def setting_names() -> list[str]:
    """Names of all settings, as declared on `Settings`."""
    return [f.name for f in fields(Settings)]
