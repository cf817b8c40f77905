"""Power BI's REST interface, as far as refreshes of one semantic model go: start, look, cancel.

Each function asks once; when to ask again is decided in `power_bi_refresh`. Azure's client is
imported at first use. No token, no header and no address is in any message.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from customer360.errors import PowerBiError
from customer360.plain_http import is_plain
from customer360.resources.patience import Patience
from customer360.resources.power_bi_answers import (
    HINTS,
    NotNowError,
    Refresh,
    UnansweredError,
    content,
    read_refresh,
    require_answer,
)

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


@dataclass(frozen=True)
class PowerBi:
    """One semantic model.

    Attributes:
        workspace: Id of its workspace.
        model: Its id.
        endpoint: Address of the interface; Power BI's own when None. A plain http address
            (settings allow it on this machine and in its container network) gets no token.
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
        found = content(response)
        return read_refresh(found | {"requestId": request_id})

    def latest(self, count: int = 20) -> list[Refresh]:
        """The latest refreshes, whoever started them, newest first.

        Raises:
            UnansweredError: Power BI does not answer.
            PowerBiError: The identity may not look.
        """
        found = content(self._ask("GET", f"?$top={count}"))
        return [read_refresh(each) for each in found.get("value", [])]

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
            raise PowerBiError(f"Power BI: {HINTS[401]}: {str(error).splitlines()[0]}") from error
        except AzureError as error:
            raise UnansweredError(
                f"Power BI: no answer ({type(error).__name__})", is_refused=False, retry_after=None
            ) from None
        require_answer(response, is_unknown_fine=is_unknown_fine)
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
        if not is_plain(self._refreshes):
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
