"""What Power BI's interface answers: refreshes, and errors in words.

Of an error only its status and Power BI's own word for it are told: no address, header or token.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from customer360.errors import PowerBiError

if TYPE_CHECKING:
    from azure.core.rest import HttpResponse

# How a refresh is listed that the interface can show, and end, by its id.
BY_REQUEST: Final = "ViaEnhancedApi"
COMPLETED: Final = "Completed"
_ENDED: Final = frozenset({COMPLETED, "Failed", "Cancelled", "Disabled", "TimedOut"})
HINTS: Final = {
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


def require_answer(response: HttpResponse, *, is_unknown_fine: bool) -> None:
    """Raise unless Power BI carried a request out.

    Args:
        response: The answer.
        is_unknown_fine: An answer that says there is no such thing is none.

    Raises:
        UnansweredError: It failed, or wants to be asked later.
        NotNowError: It refused.
        PowerBiError: The identity may not, or there is no such model.
    """
    status = response.status_code
    if status < 400 or (status == 404 and is_unknown_fine):
        return
    said = f"Power BI: HTTP {status}{_code(response)}"
    if status == 429 or status >= 500:
        raise UnansweredError(
            f"{said}: {HINTS.get(status, 'the service failed')}",
            is_refused=status == 429,
            retry_after=_seconds(response.headers.get("Retry-After", "")),
        )
    if status in (400, 409):
        raise NotNowError(f"{said}: the request was refused")
    raise PowerBiError(f"{said}: {HINTS.get(status, 'the request was refused')}")


def _code(response: HttpResponse) -> str:
    """Power BI's own word for an error, with a space before it; what else it says stays out."""
    try:
        error = content(response).get("error")
    except UnansweredError:
        return ""
    code = error.get("code") if isinstance(error, dict) else error
    return f" {code}" if isinstance(code, str) and code.replace("_", "").isalnum() else ""


def _seconds(text: str) -> float | None:
    return float(text) if text.isdigit() else None


def content(response: HttpResponse) -> dict[str, Any]:
    """The JSON object of an answer.

    Raises:
        UnansweredError: It is none, as of a proxy in between.
    """
    try:
        found = json.loads(response.text() or "{}")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise UnansweredError(
            "Power BI: the answer is no JSON object", is_refused=False, retry_after=None
        )
    return found


def read_refresh(found: Mapping[str, Any]) -> Refresh:
    """A refresh, as the list or its details show it."""
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
