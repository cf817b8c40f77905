"""One writer of a lake at a time, and what a killed one leaves behind."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import dagster as dg
import psutil
import pytest

from customer360.resources.held_lake import PROCESS_TAG, end_dead_runs
from customer360.resources.lake import Lake
from customer360.resources.lock import writing
from customer360.resources.processes import OWNER, end_orphans, is_gone, process_mark

_HOLD = """
import sys
from customer360.resources.lake import Lake
from customer360.resources.lock import writing
with writing(Lake(sys.argv[1]), "the other one", print):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def _child(
    code: str, *arguments: str, says: str, env: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """A process that runs code until its input ends, once it has said a word."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env=os.environ | (env or {}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == f"{says}\n"
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _holder(lake: Lake) -> AbstractContextManager[subprocess.Popen[str]]:
    """Another process that holds the lake until its input ends."""
    return _child(_HOLD, lake.url, says="held")


@contextmanager
def _sleeper(owner: str, lake_url: str) -> Iterator[psutil.Process]:
    """A child process that works for an owner and would never end."""
    code = "print('up', flush=True); import sys; sys.stdin.read()"
    with _child(code, says="up", env={OWNER: owner, "C360_LAKE_URL": lake_url}) as process:
        yield psutil.Process(process.pid)


@pytest.fixture
def dead() -> str:
    """The mark of a process that has ended."""
    code = "from customer360.resources.processes import process_mark as m; print(m())"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return told.stdout.strip()


def test_a_second_writer_waits_for_the_first_and_says_for_whom(lake: Lake) -> None:
    told: list[str] = []
    waits = threading.Event()

    def tell(sentence: str) -> None:
        told.append(sentence)
        waits.set()

    with _holder(lake) as first:

        def free() -> None:
            waits.wait(60)
            first.kill()

        freeing = threading.Thread(target=free)
        freeing.start()
        with writing(lake, "this one", tell):
            assert told[0].startswith(
                f"Waiting: the lake is being written by the other one (process {first.pid}, since "
            )
        freeing.join()


def test_a_killed_writer_holds_nothing(lake: Lake) -> None:
    with _holder(lake) as first:
        first.kill()
        first.wait()
        with writing(lake, "this one", pytest.fail):
            assert (Path(lake.url) / "_locks" / "writer.json").exists()


def test_the_holder_takes_the_lake_again_within_its_process(lake: Lake) -> None:
    with writing(lake, "the command", pytest.fail):
        with writing(lake, "its run", pytest.fail):
            assert '"the command"' in (Path(lake.url) / "_locks" / "writer.json").read_text()
        kept = Path(lake.scratch_url("step"))
        kept.mkdir(parents=True)
        with writing(lake, "its next run", pytest.fail):
            assert kept.exists(), "scratch files of the holder itself are in use"
    with writing(lake, "somebody later", pytest.fail):
        assert not kept.exists()


def test_only_processes_of_this_lake_whose_owner_ended_are_ended(dead: str, lake: Lake) -> None:
    told: list[str] = []
    with (
        _sleeper(dead, lake.url) as orphan,
        _sleeper(process_mark(), lake.url) as child,
        _sleeper(dead, f"{lake.url}-another") as elsewhere,
    ):
        end_orphans(lake.url, told.append)
        assert not orphan.is_running() or orphan.status() == psutil.STATUS_ZOMBIE
        assert child.is_running()
        assert elsewhere.is_running()
        assert elsewhere.status() != psutil.STATUS_ZOMBIE
        assert [str(orphan.pid) in sentence for sentence in told] == [True]


def test_a_mark_tells_an_ended_process_from_a_living_and_from_another_machines(dead: str) -> None:
    assert is_gone(dead)
    assert not is_gone(process_mark())
    _, pid, _ = process_mark().rsplit(":", 2)
    host = process_mark().rsplit(":", 2)[0]
    assert is_gone(f"{host}:{pid}:1.00"), "the pid is now another process's"
    assert not is_gone("elsewhere:1:1.00")


def test_runs_of_killed_processes_are_failed_and_free_what_they_hold(dead: str) -> None:
    with dg.DagsterInstance.ephemeral() as instance:

        def started(mark: str | None) -> str:
            run = instance.create_run_for_job(_job)
            if mark is not None:
                instance.add_run_tags(run.run_id, {PROCESS_TAG: f"{run.run_id}@{mark}"})
            return _started(instance, run)

        killed, working, unknown = started(dead), started(process_mark()), started(None)
        # Executed again: it has the tags of the run before until its own process tells of itself.
        tags = instance.get_run_by_id(killed)
        assert tags is not None
        again = _started(instance, instance.create_run_for_job(_job, tags=tags.tags))
        assert end_dead_runs(instance) == [killed]
        statuses = {run.run_id: run.status.value for run in instance.get_runs()}
        alive = dict.fromkeys((working, unknown, again), "STARTED")
        assert statuses == {killed: "FAILURE"} | alive
        assert end_dead_runs(instance) == []


def _started(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str:
    instance.report_dagster_event(_start_event(run), run_id=run.run_id)
    return run.run_id


@dg.job
def _job() -> None:
    """Nothing."""


def _start_event(run: dg.DagsterRun) -> dg.DagsterEvent:
    return dg.DagsterEvent(
        event_type_value=dg.DagsterEventType.RUN_START.value, job_name=run.job_name
    )
