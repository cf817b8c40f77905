"""`make screenshots`: the pictures of the README, taken of a simulated world.

    python -m customer360_tests.stack.screenshots [--lake FOLDER] [--to docs/images]

Nobody in the pictures exists, so they are taken unmasked. A picture is of the first screen of a
page; the asset graph is what Dagster's own UI shows.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import duckdb

from customer360.keys import gold
from customer360.resources.lake import Lake
from customer360.settings import PROJECT_ROOT
from customer360_tests.dashboard.serving import chromium, free_port, served

if TYPE_CHECKING:
    from playwright.sync_api import Page

DAYS: Final = 120
WORLD: Final = ("--customers", "1500", "--days", str(DAYS), "--seed", "1", "--faults", "low")
_SCREEN: Final = {"width": 1280, "height": 860}
_WIDE: Final = {"width": 1280, "height": 560}
_DRAWN_MILLISECONDS: Final = 3000
_PATIENCE_SECONDS: Final = 180


def _customer360(lake: Path, home: Path, *arguments: str) -> None:
    environment = os.environ | {"C360_LAKE": str(lake), "DAGSTER_HOME": str(home)}
    command = [str(Path(sys.executable).parent / "customer360"), *arguments]
    subprocess.run(command, env=environment, check=True)


def _somebody(lake: Lake) -> tuple[str, str]:
    """Id and family name of a customer of whom there is much to see."""
    customers = lake.arrow(gold("customer_360"))  # noqa: F841 -- DuckDB reads it by its name
    found = duckdb.sql(
        """select customer_id, last_name from customers
        where email is not null and phone is not null and street is not null
            and ticket_count > 0 and campaign_sent_count > 0 and has_contact and has_account
            and household_member_count > 1 and regexp_matches(last_name, '^[A-Z][a-z]+$')
        order by order_count desc, customer_id limit 1"""
    ).fetchall()
    assert found, "The world has nobody with orders, tickets, campaigns and a household."
    return found[0]


def _take(page: Page, name: str, to: Path) -> None:
    path = to / f"{name}.png"
    page.screenshot(path=path)
    print(f"{path}: {path.stat().st_size / 1024:.0f} kB")  # noqa: T201 -- what a person waits for


def dashboard_pictures(lake: Lake, folder: Path, to: Path) -> None:
    """Take a picture of each page worth one.

    Args:
        lake: A lake with gold.
        folder: For logs.
        to: Where pictures go.
    """
    customer_id, name = _somebody(lake)
    addresses = {
        "overview": "/",
        "customers": f"/customers?q={name.lower()[:2]}",
        "profile": f"/customers/{customer_id}",
        "segments": "/segments",
        "retention": "/retention",
        "trust": "/trust",
    }
    with served(lake.url, folder, "--show-personal-data") as dashboard, chromium() as browser:
        context = browser.new_context(
            base_url=dashboard.url, viewport=_SCREEN, color_scheme="light"
        )
        page = context.new_page()
        for picture, address in addresses.items():
            page.goto(address)
            _take(page, f"dashboard-{picture}", to)
        context.close()


@contextmanager
def _dagster(home: Path) -> Iterator[str]:
    """Dagster's webserver on this machine, for the time of a `with` block."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    binaries = Path(sys.executable).parent
    command = [str(binaries / "dagster-webserver"), "-h", "127.0.0.1", "-p", str(port),
               "-m", "customer360.definitions"]  # fmt: skip
    variables = os.environ | {"DAGSTER_HOME": str(home), "PATH": f"{binaries}:{os.environ['PATH']}"}
    with (home / "webserver.log").open("wb") as log:
        process = subprocess.Popen(command, env=variables, stdout=log, stderr=log, cwd=PROJECT_ROOT)
        try:
            deadline = time.monotonic() + _PATIENCE_SECONDS
            while not _answers(f"{url}/server_info"):
                said = (home / "webserver.log").read_text()
                assert process.poll() is None, said
                assert time.monotonic() < deadline, said
                time.sleep(0.2)
            yield url
        finally:
            process.terminate()
            process.wait(timeout=_PATIENCE_SECONDS)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310 -- http://127.0.0.1
            return True
    except (urllib.error.URLError, TimeoutError):
        return False


def graph_picture(home: Path, to: Path) -> None:
    """Take a picture of the asset graph in Dagster's UI.

    Args:
        home: Dagster's home, with a run.
        to: Where the picture goes.
    """
    with _dagster(home) as url, chromium() as browser:
        context = browser.new_context(viewport=_WIDE, color_scheme="light")
        page = context.new_page()
        page.goto(f"{url}/asset-groups")
        graph = page.locator("foreignObject").get_by_text("landing").first
        graph.wait_for(timeout=_PATIENCE_SECONDS * 1000)
        page.wait_for_timeout(_DRAWN_MILLISECONDS)
        # A home greets once; and the navigation takes the graph's room.
        if (greeting := page.get_by_role("button", name="Skip")).is_visible():
            greeting.click()
        page.get_by_text("Hide navigation").click()
        page.reload()
        graph.wait_for()
        page.wait_for_timeout(_DRAWN_MILLISECONDS)
        _take(page, "asset-graph", to)
        context.close()


def main() -> None:
    """Simulate a world, unless one is given, and take all pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lake", type=Path, help="folder with lake/ and home/ of an earlier run")
    parser.add_argument("--to", type=Path, default=PROJECT_ROOT / "docs" / "images")
    options = parser.parse_args()
    options.to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        root = options.lake or Path(temporary)
        lake, home = root / "lake", root / "home"
        if not lake.exists():
            home.mkdir(parents=True, exist_ok=True)
            # It ends yesterday, or every page would say that no new day has come.
            start = datetime.now(UTC).date() - timedelta(days=DAYS)
            _customer360(lake, home, "simulate", *WORLD, "--start", start.isoformat())
            _customer360(lake, home, "run")
        dashboard_pictures(Lake(str(lake)), Path(temporary), options.to)
        graph_picture(home, options.to)


if __name__ == "__main__":
    main()
