"""The stand-in: refreshes, how they end, what goes wrong on the way, over loopback."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from customer360_tests.data_factory.faults import LOST, AnswerFault, Faults
from customer360_tests.loopback import JsonHandler, serving_http

WORKSPACE = "11111111-2222-3333-4444-555555555555"
MODEL = "66666666-7777-8888-9999-000000000000"
_BASE = f"/v1.0/myorg/groups/{WORKSPACE}/datasets/{MODEL}/refreshes"


@dataclass
class StoodRefresh:
    """A refresh in the stand-in.

    Attributes:
        request_id: Its id.
        kind: Who started it.
        ending: Status that it will end with.
        looks: How often it is still seen running.
        message: What its details say when it has failed.
        is_cancelled: Somebody asked for its end.
    """

    request_id: str
    kind: str
    ending: str = "Completed"
    looks: int = 2
    message: str = ""
    is_cancelled: bool = False

    @property
    def status(self) -> str:
        if self.looks > 0:
            return "Unknown"
        return "Cancelled" if self.is_cancelled else self.ending


@dataclass
class StandIn:
    """One semantic model.

    Attributes:
        refreshes: All refreshes, oldest first.
        endings: Status and message of those to come; afterwards they complete.
        looks: How often a refresh to come is seen running.
        faults: Answers that go wrong.
        asked: Requests, as `METHOD path`, in order.
        authorizations: Authorization headers that came along.
        is_deaf_to_cancel: A request for the end of a refresh changes nothing.
    """

    refreshes: list[StoodRefresh] = field(default_factory=list)
    endings: list[tuple[str, str]] = field(default_factory=list)
    looks: int = 2
    faults: Faults = field(default_factory=Faults)
    asked: list[str] = field(default_factory=list)
    authorizations: list[str] = field(default_factory=list)
    is_deaf_to_cancel: bool = False

    def begin(self, kind: str = "ViaEnhancedApi", looks: int | None = None) -> StoodRefresh:
        """Let a refresh begin."""
        ending, message = self.endings.pop(0) if self.endings else ("Completed", "")
        refresh = StoodRefresh(
            f"refresh-{len(self.refreshes) + 1}",
            kind,
            ending,
            self.looks if looks is None else looks,
            message,
        )
        self.refreshes.append(refresh)
        return refresh

    def fault(self, status: int, path: str, times: int = 1, **headers: str) -> None:
        """Let answers to requests that match go wrong."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.faults.answer(AnswerFault(status, path, times, named))

    def lose(self, path: str) -> None:
        """Let the answer to a request get lost that is carried out."""
        self.faults.answer(AnswerFault(503, path, kind=LOST))

    def started(self) -> list[str]:
        """Ids of refreshes that were started over the interface."""
        return [r.request_id for r in self.refreshes if r.kind == "ViaEnhancedApi"]

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any, dict[str, str]]:
        """Status, content and headers of the answer to a request."""
        url = urlsplit(path)
        below = url.path.removeprefix(_BASE)
        if below == url.path:
            return 404, _error("PowerBIEntityNotFound"), {}
        if method == "POST" and not below:
            return self._start(body)
        if method == "GET" and not below:
            count = int(parse_qs(url.query)["$top"][0])
            return 200, {"value": [_listed(r) for r in self.refreshes[::-1][:count]]}, {}
        found = next((r for r in self.refreshes if f"/{r.request_id}" == below), None)
        if found is None or found.kind != "ViaEnhancedApi":
            return 404, _error("RefreshNotFound"), {}
        if method == "DELETE":
            return self._cancel(found)
        shown = _detailed(found)
        found.looks -= 1
        return (202 if shown["status"] == "Unknown" else 200), shown, {}

    def _start(self, body: Any) -> tuple[int, Any, dict[str, str]]:
        assert body == {"type": "Full", "commitMode": "Transactional"}, body
        running = [r for r in self.refreshes if r.status == "Unknown"]
        for refresh in running:
            if refresh.kind != "ViaEnhancedApi":
                refresh.looks -= 1
        if running:
            return 400, _error("RefreshInProgressException"), {}
        begun = self.begin()
        headers = {
            "x-ms-request-id": begun.request_id,
            "Location": f"https://api.powerbi.com{_BASE}/{begun.request_id}",
        }
        return 202, {}, headers

    def _cancel(self, refresh: StoodRefresh) -> tuple[int, Any, dict[str, str]]:
        if refresh.status != "Unknown":
            return 400, _error("RefreshHasEnded"), {}
        if not self.is_deaf_to_cancel:
            refresh.is_cancelled, refresh.looks = True, 0
        return 200, {}, {}


def _listed(refresh: StoodRefresh) -> Any:
    shown = {
        "requestId": refresh.request_id,
        "refreshType": refresh.kind,
        "startTime": "2026-01-01T03:00:00Z",
        "status": refresh.status,
    }
    if refresh.status != "Unknown":
        shown["endTime"] = "2026-01-01T03:10:00Z"
    if refresh.status == "Failed":
        error = {"errorCode": "ModelRefresh_ShortMessage", "errorDescription": refresh.message}
        shown["serviceExceptionJson"] = json.dumps(error)
    return shown


def _detailed(refresh: StoodRefresh) -> Any:
    status = refresh.status
    shown = {
        "startTime": "2026-01-01T03:00:00Z",
        "type": "Full",
        "status": status,
        "extendedStatus": "InProgress" if status == "Unknown" else status,
        "messages": [{"message": refresh.message, "type": "Error"}] if refresh.message else [],
    }
    if status != "Unknown":
        shown["endTime"] = "2026-01-01T03:10:00Z"
    return shown


def _error(code: str) -> Any:
    return {"error": {"code": code, "message": "told by the stand-in"}}


def serving(stand_in: StandIn) -> AbstractContextManager[str]:
    """Serve a stand-in on loopback; gives its address."""

    class Handler(_Handler):
        owner = stand_in

    return serving_http(Handler)


class _Handler(JsonHandler):
    owner: StandIn

    do_DELETE = JsonHandler.do_POST  # noqa: N815 -- the library calls it so

    def answer(self) -> None:
        owner = self.owner
        body = self.body()
        request = f"{self.command} {urlsplit(self.path).path.removeprefix(_BASE)}".strip()
        owner.asked.append(request)
        if "Authorization" in self.headers:
            owner.authorizations.append(self.headers["Authorization"])
        fault = owner.faults.of_answer(request)
        if fault is not None and fault.kind != LOST:
            self.send(fault.status, _error("Fault"), dict(fault.headers))
            return
        status, content, headers = owner.answer(self.command, self.path, body)
        if fault is not None:
            status, content, headers = fault.status, _error("Lost"), {}
        self.send(status, content, headers)
