"""Gold in tests: silver tables filled by hand, dbt run in this process, rows read back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from customer360.assets.silver_load import create_tables
from customer360.checks import ledger
from customer360.identity import contract as identity
from customer360.keys import GOLD, LEDGER, TableKey
from customer360.resources.dbt import PROJECT_DIR, environment
from customer360.resources.session import Engine
from customer360.sources import SOURCES

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult

ONLY_MODELS = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
IDENTITY_TABLES = {
    identity.CUSTOMERS: identity.CUSTOMER_COLUMNS,
    identity.CUSTOMER_LINKS: identity.LINK_COLUMNS,
    identity.CUSTOMER_IDENTIFIERS: identity.IDENTIFIER_COLUMNS,
    identity.CUSTOMER_VALUES: identity.VALUE_COLUMNS,
    identity.MATCH_RECORDS: identity.MATCH_RECORD_COLUMNS,
    identity.CUSTOMER_MATCHES: identity.MATCH_COLUMNS,
    identity.CUSTOMER_CROSSWALK: identity.CROSSWALK_COLUMNS,
    identity.HOUSEHOLDS: identity.HOUSEHOLD_COLUMNS,
}


def create_silver(engine: Engine) -> None:
    """Create every table that dbt reads, empty."""
    for source in SOURCES:
        for entity in source.entities:
            create_tables(engine, source, entity)
    for key, columns in IDENTITY_TABLES.items():
        engine.create(key, identity.typed(columns), partitioned=False)
    engine.create(LEDGER, ledger.COLUMNS, partitioned=False)


def put_identity(engine: Engine, key: TableKey, rows: Sequence[Mapping[str, Any]]) -> None:
    """Replace the rows of an identity table; columns that a row does not name are null."""
    columns = identity.typed(IDENTITY_TABLES[key])
    values = [tuple(row.get(name) for name, _ in columns) for row in rows]
    schema = ", ".join(f"{name} {kind}" for name, kind in columns)
    engine.overwrite(key, columns, engine.session.createDataFrame(values, schema))


def put_links(engine: Engine, links: Mapping[tuple[str, str], tuple[str, str]]) -> None:
    """Replace the customer links: (entity, record key) → (customer, type of identifier)."""
    rows = [
        {"entity": entity, "record_key": key, "customer_id": customer, "matched_by": kind}
        for (entity, key), (customer, kind) in links.items()
    ]
    put_identity(engine, identity.CUSTOMER_LINKS, rows)


class Gold:
    """dbt on one engine: run it, read what it made."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine, self.folder = engine, folder
        self.statuses: dict[str, str] = {}

    def run(
        self,
        *arguments: str,
        as_of: date,
        project: Path = PROJECT_DIR,
        changed_days: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Run dbt and keep each node's status by name; fails unless dbt succeeds.

        Args:
            arguments: dbt's command line.
            as_of: The clock of the data.
            project: The project's folder.
            changed_days: Per incremental model the days that changed since it was built.
        """
        outcome = self._invoke(arguments, as_of, project, changed_days or {})
        broken = {n: s for n, s in self.statuses.items() if s in ("error", "fail", "skipped")}
        assert outcome.success, f"{outcome.exception or ''} {broken}"

    def failures(self, *arguments: str, as_of: date) -> set[str]:
        """Run dbt and give the names of the tests that failed; fails if anything else is wrong."""
        outcome = self._invoke(arguments, as_of, PROJECT_DIR, {})
        assert outcome.exception is None, outcome.exception
        assert "error" not in self.statuses.values(), self.statuses
        return {name for name, status in self.statuses.items() if status == "fail"}

    def _invoke(
        self,
        arguments: tuple[str, ...],
        as_of: date,
        project: Path,
        changed_days: Mapping[str, Sequence[str]],
    ) -> dbtRunnerResult:
        from dbt.cli.main import dbtRunner

        variables = {
            "SPARK_REMOTE": self.engine.url,
            "C360_LAKE_URL": self.engine.lake.url,
            "C360_AS_OF_DATE": as_of.isoformat(),
            "C360_CURRENCY": "EUR",
            "C360_CHANGED_DAYS": json.dumps(changed_days),
        }
        where = ["--project-dir", str(project), "--profiles-dir", str(project)]
        to = ["--target-path", str(self.folder / "target"), "--log-path", str(self.folder / "logs")]
        with environment(variables):
            outcome = dbtRunner().invoke(["--quiet", *arguments, *where, *to])
        results = getattr(outcome.result, "results", [])
        self.statuses = {r.node.name: str(r.status) for r in results}
        return outcome

    def rows(self, table: str, *columns: str) -> list[dict[str, Any]]:
        """Rows of a gold table as dictionaries, sorted; some columns only, if named."""
        arrow = self.engine.lake.arrow(TableKey(GOLD, table), list(columns) or None)
        return sorted(arrow.to_pylist(), key=lambda row: str(list(row.values())))


def see(gold: Gold, emails: dict[str, str], as_of: date) -> list[tuple[Any, ...]]:
    """Let a run see customers with these addresses; gives all versions recorded so far."""
    customers = [
        {"customer_id": c, "email": e, "record_count": as_of.day} for c, e in emails.items()
    ]
    put_identity(gold.engine, identity.CUSTOMERS, customers)
    gold.run("build", "--select", "+dim_customers_history", *ONLY_MODELS, as_of=as_of)
    columns = ("customer_id", "email", "valid_from", "valid_to", "is_current")
    return sorted(tuple(row.values()) for row in gold.rows("dim_customers_history", *columns))
