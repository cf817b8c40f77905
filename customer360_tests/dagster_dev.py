"""`dagster dev` as a child process, spoken to over GraphQL."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from customer360.keys import TableKey
from customer360.settings import PROJECT_ROOT, Settings

REPOSITORY = {"repositoryLocationName": "customer360", "repositoryName": "__repository__"}
_PATIENCE_SECONDS = 240
_BACKFILL_FAILED = ("FAILED", "CANCELED")

_WORKSPACE = """{ workspaceOrError { __typename ... on Workspace { locationEntries { name loadStatus
  locationOrLoadError { __typename ... on PythonError { message } } } } } }"""
_LAUNCH = """mutation($p: ExecutionParams!) { launchRun(executionParams: $p) { __typename
  ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
_RUNS = """{ runsOrError { ... on Runs {
  results { runId status creationTime startTime endTime tags { key value } } } } }"""
_TERMINATE = """mutation($id: String!) { terminateRun(runId: $id) { __typename
  ... on PythonError { message } } }"""
_MATERIALIZATIONS = """query($key: AssetKeyInput!) { assetOrError(assetKey: $key) { ... on Asset {
  assetMaterializations { partition } } } }"""
_BACKFILL = """mutation($p: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $p) {
  __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
_PROGRESS = """query($id: String!) { partitionBackfillOrError(backfillId: $id) {
  __typename ... on PythonError { message } ... on PartitionBackfill {
    status error { message } runs(limit: 100) { id status tags { key value } }
    partitionStatuses { results { partitionName runStatus } }
    assetBackfillData { assetBackfillStatuses { ... on AssetPartitionsStatusCounts {
      assetKey { path } numPartitionsTargeted numPartitionsMaterialized } } } } } }"""
_PARTITIONS = """query($k: AssetKeyInput!) { assetNodeOrError(assetKey: $k) { ... on AssetNode {
  assetPartitionStatuses { ... on TimePartitionStatuses {
    ranges { startKey endKey status } } } } } }"""
_START_SENSOR = """mutation($s: SensorSelector!) { startSensor(sensorSelector: $s) { __typename
  ... on PythonError { message } } }"""
_RESET_CURSOR = """mutation($s: SensorSelector!) { setSensorCursor(sensorSelector: $s) { __typename
  ... on PythonError { message } } }"""


class DagsterDev:
    """A running `dagster dev`."""

    def __init__(self, port: int, log: Path) -> None:
        self._url = f"http://127.0.0.1:{port}/graphql"
        self._log = log

    def ask(self, query: str, **variables: Any) -> Any:
        """Data of a GraphQL answer."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(  # noqa: S310 - loopback only
            self._url, body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - loopback only
            content = json.load(answer)
        assert "errors" not in content, content["errors"]
        return content["data"]

    def locations(self) -> dict[str, str]:
        """Code locations and what they are: RepositoryLocation when they loaded."""
        entries = self.ask(_WORKSPACE)["workspaceOrError"]["locationEntries"]
        return {e["name"]: (e["locationOrLoadError"] or {}).get("__typename", "") for e in entries}

    def runs(self) -> list[dict[str, Any]]:
        """All runs, oldest first, with their tags as a dictionary."""
        found = self.ask(_RUNS)["runsOrError"]["results"]
        for run in found:
            run["tags"] = {t["key"]: t["value"] for t in run["tags"]}
        return sorted(found, key=lambda r: r["creationTime"])

    def launch(self, job: str, tags: dict[str, str], assets: Sequence[str] = ()) -> str:
        """Launch a job, or some assets of it (`layer/table`), as the UI does; gives its id."""
        selector: dict[str, Any] = {**REPOSITORY, "jobName": job}
        if assets:
            selector["assetSelection"] = [{"path": asset.split("/")} for asset in assets]
        params = {
            "selector": selector,
            "runConfigData": {},
            "executionMetadata": {"tags": [{"key": k, "value": v} for k, v in tags.items()]},
        }
        answer = self.ask(_LAUNCH, p=params)["launchRun"]
        assert answer["__typename"] == "LaunchRunSuccess", answer
        return str(answer["run"]["runId"])

    def terminate(self, run_id: str) -> None:
        """Terminate a run as the UI does."""
        answer = self.ask(_TERMINATE, id=run_id)["terminateRun"]
        assert answer["__typename"] == "TerminateRunSuccess", answer

    def materialized(self, *path: str) -> list[str]:
        """Partition of each materialisation of an asset."""
        found = self.ask(_MATERIALIZATIONS, key={"path": path})["assetOrError"]
        return [each["partition"] for each in found.get("assetMaterializations", [])]

    def backfill_assets(self, assets: Sequence[TableKey], days: Sequence[date]) -> str:
        """Launch a backfill as the UI's asset pages do; returns its id."""
        return self._backfill(assets, days, {})

    def backfill_job(self, job: str, assets: Sequence[TableKey], days: Sequence[date]) -> str:
        """Launch a backfill as the UI's page of a job does; returns its id."""
        selector = {"partitionSetName": f"{job}_partition_set", "repositorySelector": REPOSITORY}
        return self._backfill(assets, days, {"selector": selector})

    def _backfill(
        self, assets: Sequence[TableKey], days: Sequence[date], more: dict[str, Any]
    ) -> str:
        params = {
            "assetSelection": [{"path": list(key)} for key in assets],
            "partitionNames": [str(day) for day in days],
            "fromFailure": False,
            "tags": [],
        }
        answer = self.ask(_BACKFILL, p=params | more)["launchPartitionBackfill"]
        assert answer["__typename"] == "LaunchBackfillSuccess", answer
        return str(answer["backfillId"])

    def wait_for_backfill(self, backfill: str) -> dict[str, Any]:
        """Wait until a backfill has ended; returns status, runs and progress."""
        deadline = time.monotonic() + 2 * _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            found = self.ask(_PROGRESS, id=backfill)["partitionBackfillOrError"]
            assert found["__typename"] == "PartitionBackfill", found
            if found["status"].startswith("COMPLETED") or found["status"] in _BACKFILL_FAILED:
                for run in found["runs"]:
                    run["tags"] = {t["key"]: t["value"] for t in run["tags"]}
                return dict(found)
            time.sleep(1)
        raise AssertionError(f"backfill {backfill} did not end: {found}\n{self.log()}")

    def partitions(self, asset: TableKey) -> list[tuple[str, str, str]]:
        """First day, last day and status of the ranges of days that an asset knows of."""
        node = self.ask(_PARTITIONS, k={"path": list(asset)})["assetNodeOrError"]
        ranges = node["assetPartitionStatuses"]["ranges"]
        # Dagster names the moments at which days begin.
        return [(r["startKey"][:10], r["endKey"][:10], r["status"]) for r in ranges]

    def start_sensor(self, name: str) -> None:
        answer = self.ask(_START_SENSOR, s={**REPOSITORY, "sensorName": name})["startSensor"]
        assert answer["__typename"] == "Sensor", answer

    def reset_cursor(self, name: str) -> None:
        answer = self.ask(_RESET_CURSOR, s={**REPOSITORY, "sensorName": name})["setSensorCursor"]
        assert answer["__typename"] == "Sensor", answer

    def wait_for_run(self, count: int) -> dict[str, Any]:
        """Wait until there are `count` runs and the newest has ended; returns it."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            runs = self.runs()
            if len(runs) >= count and runs[count - 1]["status"] in (
                "SUCCESS",
                "FAILURE",
                "CANCELED",
            ):
                assert len(runs) == count, runs
                return runs[count - 1]
            time.sleep(1)
        raise AssertionError(f"no ended run number {count}: {self.runs()}\n{self.log()}")

    def log(self) -> str:
        return self._log.read_text(errors="replace")[-6000:]


@contextlib.contextmanager
def dagster_dev(
    settings: Settings, home: Path, variables: Mapping[str, str] | None = None
) -> Iterator[DagsterDev]:
    """Start `dagster dev` on a free port; ends its whole process group.

    Args:
        settings: Settings, of which the lake is used.
        home: Dagster's home.
        variables: Further environment variables.
    """
    home.mkdir(parents=True, exist_ok=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = home / "dev.log"
    # As `make dev` starts it.
    dagster = str(Path(sys.executable).parent / "dagster")
    command = [sys.executable, "-m", "customer360.commands.prepare", "--then"]
    command += [dagster, "dev", "-h", "127.0.0.1", "-p", str(port)]
    environment = os.environ | {"DAGSTER_HOME": str(home), "C360_LAKE": settings.lake}
    environment |= variables or {}
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            cwd=PROJECT_ROOT,
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = DagsterDev(port, log)
    try:
        _wait_until_loaded(server, process)
        yield server
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=30)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_until_loaded(server: DagsterDev, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, server.log()
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            if server.locations():
                return
        time.sleep(0.5)
    raise AssertionError(f"dagster dev did not serve:\n{server.log()}")
