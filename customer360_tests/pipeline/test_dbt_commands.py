"""dbt as its users type it: `customer360 dbt …`, and plain `dbt` beside a started engine."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from customer360.assets.silver_load import load_days
from customer360.keys import GOLD, TableKey
from customer360.resources.lake import Lake
from customer360.resources.session import Engine
from customer360_tests.builders import put_bronze, record, spec
from customer360_tests.dbt.gold import create_silver

BIN = Path(sys.executable).parent
DAY = date(2026, 1, 10)
ORDERS = TableKey(GOLD, "fct_orders")
_PATIENCE_SECONDS = 120


@dataclass(frozen=True)
class Shop:
    """A lake whose silver holds three receipts, and a folder of its own for dbt's artifacts."""

    lake: Lake
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "C360_LAKE": self.lake.url,
            "DBT_TARGET_PATH": str(self.folder / "target"),
            "DBT_LOG_PATH": str(self.folder / "logs"),
        }

    def customer360(self, *arguments: str, exits: int = 0) -> str:
        """Run the command; gives its output, fails unless it exits as expected."""
        command = [str(BIN / "customer360"), *arguments]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == exits, done.stdout + done.stderr
        return done.stdout

    @contextmanager
    def started(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """The command in the background, ended at the end of the block."""
        command = [str(BIN / "customer360"), *arguments]
        with subprocess.Popen(
            command,
            env=self.environment | {"PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                yield process
            finally:
                # Not SIGINT, which is ignored below a shell's background job.
                os.killpg(process.pid, signal.SIGTERM)
                process.wait(timeout=_PATIENCE_SECONDS)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    folder = tmp_path_factory.mktemp("shop")
    lake = Lake(str(folder / "lake"))
    engine = Engine("sail", lake)
    create_silver(engine)
    receipts = [record("pos__receipts", receipt_id=f"R{n}") for n in range(3)]
    put_bronze(lake, "pos__receipts", receipts, day=DAY)
    load_days(engine, *spec("pos__receipts"), [DAY], "EUR")
    engine.close()
    return Shop(lake, folder)


@pytest.fixture(scope="module")
def built(shop: Shop) -> Shop:
    """The shop with snapshots and models."""
    # The history models read the snapshots, as in any dbt project: those come first.
    assert "ERROR=0" in shop.customer360("dbt", "snapshot")
    assert "Completed successfully" in shop.customer360("dbt", "run")
    return shop


def test_snapshot_and_run_make_tables_that_test_finds(built: Shop) -> None:
    assert TableKey(GOLD, "customers_snapshot") in set(built.lake.tables())
    assert built.lake.row_count(ORDERS) == 3
    # Another process and engine: the models' views are not there until somebody makes them.
    tested = built.customer360("dbt", "test", "--select", "fct_orders customer_360")
    assert "PASS" in tested
    assert "ERROR=0" in tested


def test_docs_are_generated_and_served(built: Shop) -> None:
    built.customer360("dbt", "docs", "generate")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    serve = ("dbt", "docs", "serve", "--host", "127.0.0.1", "--port", str(port), "--no-browser")
    with built.started(*serve):
        catalog = json.loads(_fetch(f"http://127.0.0.1:{port}/catalog.json"))
        page = _fetch(f"http://127.0.0.1:{port}/")
    described = catalog["nodes"]["model.customer360.customer_360"]["columns"]
    assert "customer_id" in described
    assert b"<html" in page


def test_plain_dbt_works_beside_a_started_engine(built: Shop) -> None:
    with built.started("engine", "start") as engine:
        assert engine.stdout is not None
        exports, folder = {}, None
        for line in engine.stdout:
            words = shlex.split(line)
            if words[:1] == ["export"]:
                name, _, value = words[1].partition("=")
                exports[name] = value
            elif words[:1] == ["cd"]:
                folder = words[1]
                break
        assert folder is not None
        command = [str(BIN / "dbt"), "build", "--select", "fct_orders"]
        done = subprocess.run(
            command,
            cwd=folder,
            env=os.environ | exports | {"DBT_LOG_PATH": str(built.folder / "logs")},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ERROR=0" in done.stdout
    assert engine.returncode == 0


def test_what_dbt_refuses_fails_the_command(shop: Shop) -> None:
    told = shop.customer360("dbt", "run", "--select", "fct_nothing", exits=2)
    assert "does not match any enabled nodes" in told


def _fetch(url: str) -> bytes:
    """The body, as soon as somebody answers."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 - loopback only
                body: bytes = answer.read()
                return body
        except urllib.error.URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
