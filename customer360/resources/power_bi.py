"""Power BI's REST interface, as far as refreshes of one semantic model go: start, look, cancel.

Each function asks once; when to ask again is decided in `power_bi_refresh`. Azure's client is
imported at first use. No token, no header and no address is in any message.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from customer360.errors import PowerBiError
from customer360.resources.patience import Patience

if TYPE_CHECKING:
    from azure.core import PipelineClient
    from azure.core.pipeline.policies import HTTPPolicy, SansIOHTTPPolicy
    from azure.core.rest import HttpResponse

    from customer360.settings import Settings

_ENDPOINT: Final = "https://api.powerbi.com"
_SCOPE: Final = "https://analysis.windows.net/powerbi/api/.default"
_CONNECT_SECONDS: Final = 10
_READ_SECONDS: Final = 60
# Readers see all tables of the old state or all of the new one.
_FULL: Final = {"type": "Full", "commitMode": "Transactional"}
# How a refresh is listed that the interface can show, and end, by its id.
BY_REQUEST: Final = "ViaEnhancedApi"
COMPLETED: Final = "Completed"
_ENDED: Final = frozenset({COMPLETED, "Failed", "Cancelled", "Disabled", "TimedOut"})
_HINTS: Final = {
    401: "the identity could not be authenticated",
    403: "the identity may not do this; it needs the role Contributor in the workspace, and the "
    "tenant has to let service principals use Fabric's interfaces",
    404: "there is no such workspace or semantic model; publish powerbi/ and check "
    "C360_POWER_BI_WORKSPACE and C360_POWER_BI_MODEL",
    429: "throttled",
}


@dataclass(frozen=True)
class Refresh:
    """A refresh of the semantic model.

    Attributes:
        request_id: Its id.
        status: As Power BI names it.
        kind: Who started it, as Power BI names it; empty where it does not say.
        message: Why it failed, in Power BI's words.
        started_at: When, as Power BI writes it (UTC).
        ended_at: When; empty while it runs.
    """

    request_id: str
    status: str
    kind: str = ""
    message: str = ""
    started_at: str = ""
    ended_at: str = ""

    @property
    def has_ended(self) -> bool:
        """Whether it will not change any more."""
        return self.status in _ENDED


class UnansweredError(PowerBiError):
    """Power BI did not answer, failed, or wants to be asked later.

    Attributes:
        is_refused: Certainly not carried out: throttled.
        retry_after: Seconds to wait; None where nothing was said.
    """

    def __init__(self, message: str, *, is_refused: bool, retry_after: float | None) -> None:
        super().__init__(message)
        self.is_refused = is_refused
        self.retry_after = retry_after


class NotNowError(PowerBiError):
    """A refresh was not accepted: as a rule because another one is running."""


@dataclass(frozen=True)
class PowerBi:
    """One semantic model.

    Attributes:
        workspace: Id of its workspace.
        model: Its id.
        endpoint: Address of the interface; Power BI's own when None. A plain http address
            (settings allow it on this machine only) gets no token.
        patience: How long to wait.
    """

    workspace: str
    model: str
    endpoint: str | None = field(default=None, repr=False)
    patience: Patience = field(default_factory=Patience)

    @property
    def link(self) -> str:
        """Address of the model's page, for people."""
        return f"https://app.powerbi.com/groups/{self.workspace}/datasets/{self.model}/details"

    def start(self) -> str:
        """Ask for a refresh; returns its request id.

        Raises:
            NotNowError: Power BI does not accept one now.
            UnansweredError: It may have begun, or not.
            PowerBiError: The identity may not.
        """
        response = self._ask("POST", "", _FULL)
        # The id is the last part of where the refresh can be looked at.
        place = response.headers.get("Location", "").rstrip("/").rpartition("/")[2]
        request_id = place or response.headers.get("x-ms-request-id", "")
        if not request_id:
            raise UnansweredError(
                "Power BI accepted a refresh and gave no request id", is_refused=False,
                retry_after=None,
            )  # fmt: skip
        return request_id

    def look(self, request_id: str) -> Refresh | None:
        """A refresh as it is now; None when Power BI knows none of this id.

        Raises:
            UnansweredError: Power BI does not answer.
            PowerBiError: The identity may not look.
        """
        response = self._ask("GET", f"/{request_id}", is_unknown_fine=True)
        if response.status_code == 404:
            return None
        found = _content(response)
        return _refresh(found | {"requestId": request_id})

    def latest(self, count: int = 20) -> list[Refresh]:
        """The latest refreshes, whoever started them, newest first.

        Raises:
            UnansweredError: Power BI does not answer.
            PowerBiError: The identity may not look.
        """
        found = _content(self._ask("GET", f"?$top={count}"))
        return [_refresh(each) for each in found.get("value", [])]

    def cancel(self, request_id: str) -> None:
        """Ask for the end of a refresh; one that has ended, or is unknown, is fine.

        Raises:
            UnansweredError: Power BI does not answer.
            PowerBiError: The identity may not.
        """
        try:
            self._ask("DELETE", f"/{request_id}", is_unknown_fine=True)
        except NotNowError:
            # It has ended meanwhile.
            return

    def _ask(
        self, method: str, path: str, body: Any = None, *, is_unknown_fine: bool = False
    ) -> HttpResponse:
        from azure.core.exceptions import AzureError, ClientAuthenticationError
        from azure.core.rest import HttpRequest

        request = HttpRequest(method, f"{self._refreshes}{path}", json=body)
        try:
            response: HttpResponse = self._client.send_request(request)
        except ClientAuthenticationError as error:
            # Its text names the identities that were tried, and none of their secrets.
            raise PowerBiError(f"Power BI: {_HINTS[401]}: {str(error).splitlines()[0]}") from error
        except AzureError as error:
            raise UnansweredError(
                f"Power BI: no answer ({type(error).__name__})", is_refused=False, retry_after=None
            ) from None
        _require_answer(response, is_unknown_fine=is_unknown_fine)
        return response

    @property
    def _refreshes(self) -> str:
        base = self.endpoint or _ENDPOINT
        return f"{base}/v1.0/myorg/groups/{self.workspace}/datasets/{self.model}/refreshes"

    @cached_property
    def _client(self) -> PipelineClient[Any, Any]:
        from azure.core import PipelineClient
        from azure.core.pipeline.policies import BearerTokenCredentialPolicy

        policies: list[HTTPPolicy[Any, Any] | SansIOHTTPPolicy[Any, Any]] = []
        if not self._refreshes.startswith("http://"):
            from azure.identity import DefaultAzureCredential

            policies.append(BearerTokenCredentialPolicy(DefaultAzureCredential(), _SCOPE))
        # No policy that logs: an address names the workspace, a header carries the token.
        return PipelineClient(
            self.endpoint or _ENDPOINT,
            policies=policies,
            connection_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
        )


def build_power_bi(settings: Settings) -> PowerBi | None:
    """The semantic model that the settings name; None when they name none."""
    if not settings.power_bi_model:
        return None
    return PowerBi(
        settings.power_bi_workspace,
        settings.power_bi_model,
        settings.power_bi_endpoint,
        Patience(run=settings.power_bi_timeout_minutes * 60),
    )


def _require_answer(response: HttpResponse, *, is_unknown_fine: bool) -> None:
    status = response.status_code
    if status < 400 or (status == 404 and is_unknown_fine):
        return
    said = f"Power BI: HTTP {status}{_code(response)}"
    if status == 429 or status >= 500:
        raise UnansweredError(
            f"{said}: {_HINTS.get(status, 'the service failed')}",
            is_refused=status == 429,
            retry_after=_seconds(response.headers.get("Retry-After", "")),
        )
    if status in (400, 409):
        raise NotNowError(f"{said}: the request was refused")
    raise PowerBiError(f"{said}: {_HINTS.get(status, 'the request was refused')}")


def _code(response: HttpResponse) -> str:
    """Power BI's own word for an error, with a space before it; what else it says stays out."""
    try:
        error = _content(response).get("error")
    except UnansweredError:
        return ""
    code = error.get("code") if isinstance(error, dict) else error
    return f" {code}" if isinstance(code, str) and code.replace("_", "").isalnum() else ""


def _seconds(text: str) -> float | None:
    return float(text) if text.isdigit() else None


def _content(response: HttpResponse) -> dict[str, Any]:
    try:
        content = json.loads(response.text() or "{}")
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise UnansweredError(
            "Power BI: the answer is no JSON object", is_refused=False, retry_after=None
        )
    return content


def _refresh(found: Mapping[str, Any]) -> Refresh:
    # `status` is Unknown as long as a refresh runs; `extendedStatus`, where there is one, is finer.
    status = str(found.get("extendedStatus") or found.get("status") or "Unknown")
    return Refresh(
        request_id=str(found.get("requestId") or ""),
        status=status,
        kind=str(found.get("refreshType") or ""),
        message=_message(found),
        started_at=str(found.get("startTime") or ""),
        ended_at=str(found.get("endTime") or ""),
    )


def _message(found: Mapping[str, Any]) -> str:
    """Why a refresh failed: messages of its details, or the list's exception."""
    told = [str(m.get("message") or m.get("code") or "") for m in found.get("messages") or []]
    if any(told):
        return "; ".join(text for text in told if text)
    text = str(found.get("serviceExceptionJson") or "")
    try:
        error = json.loads(text)
    except ValueError:
        return text
    if not isinstance(error, dict):
        return text
    return str(error.get("errorDescription") or error.get("errorCode") or "")
