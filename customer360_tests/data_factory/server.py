"""The part of Azure's management interface that starts, shows, lists and cancels runs."""

from __future__ import annotations

import json
import re
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from customer360_tests.data_factory.faults import LOST
from customer360_tests.data_factory.pipelines import StandInFactory
from customer360_tests.data_factory.runs import PipelineRun
from customer360_tests.loopback import LOOPBACK, JsonHandler, serving_http

SUBSCRIPTION, GROUP, NAME = "11111111-2222-3333-4444-555555555555", "retail", "c360-test"
_BASE = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}"
    f"/providers/Microsoft.DataFactory/factories/{NAME}"
)
# Small, so that every list has a second page.
_PAGE = 3


def serving(
    factory: StandInFactory, host: str = LOOPBACK, port: int = 0
) -> AbstractContextManager[str]:
    """Serve a factory for the time of a `with` block; gives its management interface's address."""

    class Handler(_Handler):
        owner = factory

    return serving_http(Handler, host, port)


class _Handler(JsonHandler):
    owner: StandInFactory

    def answer(self) -> None:
        url = urlsplit(self.path)
        body = self.body()
        assert "api-version=2018-06-01" in url.query
        path = url.path.removeprefix(_BASE)
        fault = self.owner.faults.of_answer(f"{self.command} {path}")
        if fault is not None and fault.kind != LOST:
            self.send(fault.status, _error("Fault", "told to"), fault.headers)
            return
        status, content = self._dispatch(path, body) if path != url.path else _not_found("factory")
        if fault is not None:
            status, content = fault.status, _error("Fault", "the answer was lost")
        self.send(status, content, {})

    def _dispatch(self, path: str, body: Any) -> tuple[int, Any]:
        if started := re.fullmatch(r"/pipelines/(\w+)/createRun", path):
            if f"pipeline/{started[1]}.json" not in self.owner.documents:
                return _not_found("pipeline")
            invoked = {"id": "m1", "name": "Manual", "invokedByType": "Manual"}
            return 200, {"runId": self.owner.start(started[1], body, invoked)}
        if path == "/queryPipelineRuns":
            return 200, self._runs(body)
        named = re.fullmatch(r"/pipelineruns/([\w-]+)(/\w+)?", path, re.IGNORECASE)
        if named is None:
            return _not_found("path")
        run = self.owner.runs.get(named[1])
        if run is None:
            return _not_found("run")
        if named[2] == "/cancel":
            self.owner.cancel(run.run_id)
            return 200, {}
        if named[2]:
            return 200, _paged(list(run.activities), body)
        self.owner.asked.set()
        return 200, _shown(run)

    def _runs(self, body: Any) -> Any:
        wanted = {name for each in body.get("filters", []) for name in each["values"]}
        after, before = (
            datetime.fromisoformat(body[name]) for name in ("lastUpdatedAfter", "lastUpdatedBefore")
        )
        found = [
            _shown(run)
            for run in list(self.owner.runs.values())
            if run.pipeline in wanted and after <= run.updated <= before
        ]
        return _paged(sorted(found, key=lambda each: str(each["runStart"])), body)


def _paged(found: list[Any], body: Any) -> Any:
    first = int(body.get("continuationToken") or 0)
    page = {"value": found[first : first + _PAGE]}
    if first + _PAGE < len(found):
        page["continuationToken"] = str(first + _PAGE)  # type: ignore[assignment]
    return page


def _shown(run: PipelineRun) -> Any:
    """A run as the interface shows it: parameters are texts."""
    texts = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in run.parameters.items()
    }
    status = "Canceling" if run.cancelled.is_set() and run.status == "InProgress" else run.status
    return {
        "runId": run.run_id,
        "pipelineName": run.pipeline,
        "parameters": texts,
        "invokedBy": run.invoked_by,
        "runStart": run.started.isoformat(),
        "lastUpdated": run.updated.isoformat(),
        "status": status,
        "message": run.message,
    }


def _error(code: str, message: str) -> Any:
    return {"error": {"code": code, "message": message}}


def _not_found(what: str) -> tuple[int, Any]:
    return 404, _error("NotFound", f"no such {what}")
