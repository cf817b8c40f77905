"""Azure's management client of Data Factory, and its errors in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from customer360.errors import IngestionError
from customer360.plain_http import is_plain

if TYPE_CHECKING:
    from azure.mgmt.datafactory import DataFactoryManagementClient

# Reading is tried again by the client itself, on 429 after the time that the factory asks for.
_RETRIES: Final = 6
_CONNECT_SECONDS: Final = 10
_READ_SECONDS: Final = 60
_HINTS: Final = {
    401: "the identity could not be authenticated",
    403: "the identity may not do this; it needs the role Data Factory Contributor on the factory",
    404: "there is no such factory or pipeline; deploy adf/ and check C360_AZURE_SUBSCRIPTION, "
    "C360_AZURE_RESOURCE_GROUP and C360_DATA_FACTORY",
    429: "throttled",
}


def build_client(subscription: str, endpoint: str | None) -> DataFactoryManagementClient:
    """A client that authenticates as azure-identity finds an identity.

    Args:
        subscription: Id of the subscription.
        endpoint: Address of the management interface; Azure's own when None. A plain http address
            (settings allow it on this machine and in its container network) gets no token.
    """
    from azure.core.pipeline.policies import SansIOHTTPPolicy
    from azure.identity import DefaultAzureCredential
    from azure.mgmt.datafactory import DataFactoryManagementClient

    options: dict[str, Any] = {
        "retry_total": _RETRIES,
        "connection_timeout": _CONNECT_SECONDS,
        "read_timeout": _READ_SECONDS,
    }
    if endpoint is not None:
        options["base_url"] = endpoint
        if is_plain(endpoint):
            options["authentication_policy"] = SansIOHTTPPolicy()
    return DataFactoryManagementClient(DefaultAzureCredential(), subscription, **options)


def is_unanswered(error: Exception) -> bool:
    """Whether a request may have been carried out or not, or may be sent again later."""
    from azure.core.exceptions import HttpResponseError

    if isinstance(error, HttpResponseError) and error.status_code is not None:
        return error.status_code == 429 or error.status_code >= 500
    return not isinstance(error, _client_authentication())


def in_words(error: Exception) -> str:
    """An error of the client as one sentence, without addresses and headers."""
    status = getattr(error, "status_code", None)
    if isinstance(error, _client_authentication()):
        return f"{_HINTS[401]}: {str(error).splitlines()[0]}"
    if status is None:
        return f"no answer ({type(error).__name__})"
    code = getattr(getattr(error, "error", None), "code", None)
    hint = _HINTS.get(status, "the service failed" if status >= 500 else "the request was refused")
    return f"HTTP {status}{f' {code}' if code else ''}: {hint}"


def _client_authentication() -> type[Exception]:
    from azure.core.exceptions import ClientAuthenticationError

    return ClientAuthenticationError


@contextmanager
def asking(what: str) -> Iterator[None]:
    """Within it, errors of the client are errors of ours.

    Args:
        what: What cannot be done when it fails, as `Runs cannot be listed`.

    Raises:
        IngestionError: The factory refuses, or does not answer for long.
    """
    from azure.core.exceptions import AzureError

    try:
        yield
    except AzureError as error:
        raise IngestionError(f"{what}: {in_words(error)}") from error


def retry_after(error: Exception) -> float | None:
    """Seconds that a throttled answer asks to wait."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    text = str(headers.get("Retry-After", ""))
    return float(text) if text.isdigit() else None
