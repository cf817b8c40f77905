"""Kills each service of the compose stack once in the middle of a run; tells what became of it.

`python -m customer360_tests.containers.kill_each` after `make up` with empty volumes; prints the
transcript that docs/containers.md shows. A day lands, the sensor asks for a run, a service is
killed while that works; in the end the lake has to hold what a lake on this machine holds that
nobody disturbed. Processes of containers are ended, for which it must be root: a service that
`docker kill` ends counts as stopped on purpose, and nothing would start it again.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import click

from customer360.automation.jobs import RANGE_END
from customer360.settings import PROJECT_ROOT
from customer360_tests.commands import customer360
from customer360_tests.dagster_dev import DagsterDev
from customer360_tests.stack.azurite import clean_environment

_PATIENCE_SECONDS = 1500
_FIRST_DAY = date(2026, 1, 1)
# Days that are loaded before anything is killed.
_BEFORE = 3
_STEPS = """query($id: ID!) { runOrError(runId: $id) { ... on Run {
  stats { ... on RunStatsSnapshot { stepsSucceeded } } } } }"""


class Stack:
    """The running stack.

    Attributes:
        profile: The profile it was started with.
    """

    def __init__(self, profile: str, port: int) -> None:
        self.profile = profile
        self.dagster = DagsterDev(port, Path(os.devnull))

    def compose(self, *arguments: str) -> str:
        """Run a command of docker compose; returns what it prints."""
        command = ["docker", "compose", "--profile", self.profile, *arguments]
        environment = os.environ | {"C360_PROFILE": self.profile}
        return _output(command, environment)

    def customer360(self, *arguments: str) -> str:
        """Run a command of customer360 beside the code location."""
        return self.compose("exec", "-T", "code", "customer360", *arguments)

    def state(self, service: str) -> dict[str, Any]:
        """What Docker knows of a service's container."""
        container = self.compose("ps", "--all", "--quiet", service).strip()
        return dict(json.loads(_output(["docker", "inspect", container]))[0]["State"])

    def kill(self, service: str) -> float:
        """Kill a service's first process; returns the seconds until it was healthy again."""
        before = self.state(service)
        os.kill(before["Pid"], signal.SIGKILL)
        started = time.monotonic()

        def is_back() -> bool:
            state = self.state(service)
            is_new = state["StartedAt"] != before["StartedAt"]
            return is_new and state.get("Health", {}).get("Status") == "healthy"

        _wait(is_back, f"{service} healthy again")
        return time.monotonic() - started

    def runs(self, day: date) -> list[dict[str, Any]]:
        """The runs that load a day, oldest first; none while the webserver is away."""
        try:
            return [r for r in self.dagster.runs() if r["tags"].get(RANGE_END) == str(day)]
        except OSError:
            return []

    def steps_done(self, day: date) -> int:
        """Steps that the newest run of a day has done."""
        runs = self.runs(day)
        try:
            found = self.dagster.ask(_STEPS, id=runs[-1]["runId"]) if runs else None
        except OSError:
            return 0
        return int(found["runOrError"]["stats"].get("stepsSucceeded") or 0) if found else 0

    def wait_for_steps(self, day: date, count: int) -> None:
        """Wait until the newest run of a day has done so many steps."""
        _wait(lambda: self.steps_done(day) >= count, f"a run of {day}")


def _output(command: list[str], environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        command, cwd=PROJECT_ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise click.ClickException(f"{' '.join(command)}:\n{done.stdout}{done.stderr}")
    return done.stdout


def _wait(happened: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not happened():
        if time.monotonic() > deadline:
            raise click.ClickException(f"gave up waiting: {what}")
        time.sleep(2)


class Undisturbed:
    """A lake on this machine that the same days are loaded into, one after the other."""

    def __init__(self, folder: Path) -> None:
        places = {"C360_LAKE": str(folder / "lake"), "DAGSTER_HOME": str(folder / "home")}
        self._environment = clean_environment() | places

    def customer360(self, *arguments: str) -> str:
        """Run a command of customer360 on it."""
        return _output(list(customer360(*arguments)), self._environment)


def _simulate(customers: int, days: int) -> list[str]:
    return ["simulate", "--customers", str(customers), "--days", str(days)]


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--profile", default="default", show_default=True, help="Profile of the stack.")
@click.option("--port", default=3000, show_default=True, help="Port of the webserver.")
@click.option("--customers", default=300, show_default=True, help="People in the world.")
@click.option("--after-steps", default=12, show_default=True, help="Kill when so many are done.")
@click.argument("services", nargs=-1)
def main(
    profile: str, port: int, customers: int, after_steps: int, services: tuple[str, ...]
) -> None:
    """Kill services, or each, in the middle of a run; exit 1 if the lake is not as it should be."""
    stack = Stack(profile, port)
    storage = "spark" if profile == "spark" else "azurite"
    services = services or ("webserver", "daemon", "postgres", "code", storage)
    with tempfile.TemporaryDirectory(prefix="customer360-undisturbed-") as folder:
        beside = Undisturbed(Path(folder))
        for number, service in enumerate([None, *services]):
            days = _BEFORE + number
            last = _FIRST_DAY + timedelta(days=days - 1)
            began = time.monotonic()
            stack.customer360(*_simulate(customers, days))
            away = None
            if service is not None:
                stack.wait_for_steps(last, after_steps)
                away = stack.kill(service)
            told = _follow(stack, last)
            seconds = time.monotonic() - began
            what = f"{service} killed, back after {away:.0f} s" if away else "nothing killed"
            click.echo(f"day {last}: {what}; {told}; {seconds:.0f} s from landing to end")
            beside.customer360(*_simulate(customers, days))
            beside.customer360("run")
        compared, found = _compare(stack, beside)
    click.echo(f"{compared} tables compared with an undisturbed lake: {len(found)} differ {found}")
    sys.exit(1 if found else 0)


def _follow(stack: Stack, day: date) -> str:
    """Wait until a day is loaded; what became of its runs."""

    def is_loaded() -> bool:
        runs = stack.runs(day)
        return bool(runs) and runs[-1]["status"] == "SUCCESS"

    _wait(is_loaded, f"{day} loaded")
    return "runs: " + ", ".join(run["status"] for run in stack.runs(day))


def _compare(stack: Stack, beside: Undisturbed) -> tuple[int, list[str]]:
    """How many tables were compared, and those that differ."""
    here, there = (
        json.loads(lake.customer360("fingerprint", "--json")) for lake in (stack, beside)
    )
    compared = [t for t in {*here, *there} if not (here.get(t) or there[t])["left_out"]]
    return len(compared), sorted(t for t in compared if here.get(t) != there.get(t))


if __name__ == "__main__":
    main()
