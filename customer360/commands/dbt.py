"""`customer360 dbt …` and `customer360 engine start`: dbt as its users know it, on this lake."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

import click

from customer360.errors import EngineError
from customer360.resources.backups import require_backed_up
from customer360.resources.dbt import (
    PROJECT_DIR,
    dbt_environment,
    dbt_executable,
    target_path,
    uses_engine,
)
from customer360.resources.lake import Lake
from customer360.resources.lock import writing
from customer360.resources.processes import OWNER, process_mark
from customer360.resources.session import Engine, open_engine
from customer360.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

# dbt commands that never ask the engine anything.
_OFFLINE = ("parse", "deps", "clean", "ls", "list", "--version", "--help", "-h")
# dbt commands that write no table.
_READING = ("test", "docs", "compile", "show", "source", "debug")


def variables(engine: Engine | None, settings: Settings) -> dict[str, str]:
    """What a dbt process needs to work on this lake, and on an open engine where it uses one."""
    return dbt_environment(settings, Lake(settings.lake), engine) | _offline(settings)


def _offline(settings: Settings) -> dict[str, str]:
    """What a dbt process needs that asks no engine; a DBT_TARGET_PATH that is set stays."""
    return {
        "DBT_PROFILES_DIR": str(PROJECT_DIR),
        "DBT_TARGET": settings.dbt_target,
        "DBT_TARGET_PATH": os.environ.get("DBT_TARGET_PATH") or str(target_path(settings)),
    }


def run_dbt(settings: Settings, arguments: Sequence[str]) -> int:
    """Run dbt with these arguments; returns its exit code."""
    command = [dbt_executable(), *arguments]
    if not arguments or arguments[0] in _OFFLINE or arguments[:2] == ("docs", "serve"):
        return _call(command, _offline(settings))
    if arguments[0] not in _READING:
        require_backed_up(Lake(settings.lake))
    if not uses_engine(settings):
        # A warehouse has its views from the last run.
        with _held(settings, arguments[0]):
            return _call(command, variables(None, settings))
    with _held(settings, arguments[0]), open_engine(settings) as engine:
        made = variables(engine, settings)
        if not _makes_all_views(arguments):
            make_views(made)
        return _call(command, made)


def _held(settings: Settings, command: str) -> AbstractContextManager[None]:
    """The lake, held for a command that writes gold; what dbt only reads needs no turn."""
    if command in _READING:
        return nullcontext()
    return writing(Lake(settings.lake), f"customer360 dbt {command}", _tell)


def _tell(sentence: str) -> None:
    # Not to standard output, which is dbt's.
    click.echo(sentence, err=True)


def _makes_all_views(arguments: Sequence[str]) -> bool:
    """Whether this is a whole `dbt run` or `dbt build`, which makes the views on its way."""
    chosen = any(a.startswith(("-s", "-m", "--select", "--models", "--exclude")) for a in arguments)
    return arguments[0] in ("run", "build") and not chosen


def make_views(environment: dict[str, str]) -> None:
    """Make the project's views in the engine's session, where tests and models look for them.

    In a warehouse they would be there from the last run; the engine's catalog lives in memory.
    """
    select = ["--select", "config.materialized:view"]
    _call([dbt_executable(), "--quiet", "run", *select], environment)


def _call(command: Sequence[str], extra: dict[str, str]) -> int:
    """Run dbt in the project's folder; who interrupts or ends us means dbt, and we wait for it."""
    process: subprocess.Popen[bytes] | None = None

    def end(*_: object) -> None:
        if process is not None:
            process.terminate()

    # A terminal sends its interrupt to both of us; SIGTERM comes to this process alone. Handlers
    # rather than SIG_IGN, and before dbt starts: it would inherit what is ignored.
    before = {
        signal.SIGINT: signal.signal(signal.SIGINT, lambda *_: None),
        signal.SIGTERM: signal.signal(signal.SIGTERM, end),
    }
    try:
        environment = os.environ | extra | {OWNER: process_mark()}
        process = subprocess.Popen(command, cwd=PROJECT_DIR, env=environment)  # noqa: S603
        return process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def serve_engine(settings: Settings, console: Console) -> None:
    """Keep an engine running until interrupted.

    Raises:
        EngineError: The settings name one that runs by itself.
    """
    if settings.engine_url or not uses_engine(settings):
        raise EngineError(
            "`customer360 engine start` keeps a local engine for dbt; C360_ENGINE_URL and "
            "Databricks run by themselves. `customer360 dbt …` uses them."
        )
    stop = threading.Event()
    with open_engine(settings) as engine:
        make_views(variables(engine, settings))
        # After the engine: it takes the signals for itself when it starts.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        console.print(
            f"# {settings.engine} engine on {settings.lake}; Ctrl-C stops it. In another shell:"
        )
        for name, value in variables(engine, settings).items():
            console.print(f"export {name}={shlex.quote(value)}", soft_wrap=True)
        console.print(f"cd {shlex.quote(str(PROJECT_DIR))} && dbt run", soft_wrap=True)
        while not stop.wait(timeout=1):
            continue
