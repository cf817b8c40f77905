"""Opening what lies behind a URL: a local folder, or ADLS Gen2 with the environment's credential.

Three clients reach the same account: fsspec (listing, landing files, scratch), object_store (inside
the embedded engine and delta-rs, for tables) and Arrow (reading tables). object_store takes
everything from environment variables; the other two are handed the same values here. Where the
values come from is in `credentials`; what lies at which path is in `resources.lake` and
`landing.files`.
"""

from __future__ import annotations

import functools
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

import fsspec

from customer360 import credentials
from customer360.errors import StorageError
from customer360.plain_http import is_near, is_plain

if TYPE_CHECKING:
    import pyarrow.fs
    from azure.core.exceptions import AzureError
    from upath import UPath

SCHEME: Final = "abfss"
_SUFFIX: Final = ".dfs.core.windows.net"
_CONNECT_SECONDS: Final = 20
_ROTATED_SECONDS: Final = 300


def is_remote(url: str) -> bool:
    """Whether a URL is not a folder of this machine."""
    return "://" in url


def refusal_in_words(error: BaseException) -> str | None:
    """What an error of Azure's client, or one caused by it, says; None for errors of others.

    Without addresses: those may hold a token.
    """
    azure = sys.modules.get("azure.core.exceptions")
    refusal: BaseException | None = error
    while refusal is not None and not (azure and isinstance(refusal, azure.AzureError)):
        refusal = refusal.__cause__ or refusal.__context__
    if refusal is None:
        return None
    status = getattr(refusal, "status_code", None) or ""
    said = f"{status} {_code(refusal)}".strip()
    return (
        f"The storage refused a request, or did not answer: {said}. "
        "What was written before is whole; the same command goes on from there."
    )


def _code(error: BaseException) -> str:
    """Azure's code of an error, or what kind of error it is."""
    told = getattr(error, "error_code", None)
    return str(getattr(told, "value", told) or type(error).__name__)


def _is_azure(url: str) -> bool:
    return url.startswith(f"{SCHEME}://")


def open_url(url: str) -> tuple[Any, str]:
    """File system of a URL, and the path on it, without a closing slash.

    Raises:
        StorageError: The container cannot be reached or read; said once, before anything is done.
    """
    if not _is_azure(url):
        fs, path = fsspec.core.url_to_fs(url)
        return fs, str(path).rstrip("/")
    fs = _azure_filesystem(check_access(url))
    return fs, str(fs._strip_protocol(url)).rstrip("/")  # noqa: SLF001 - fsspec's own name for it


def open_path(url: str) -> UPath:
    """A URL as a path, for code that writes files one by one.

    Raises:
        StorageError: As `open_url`.
    """
    from upath import UPath

    return UPath(url, **check_access(url).fsspec_options()) if _is_azure(url) else UPath(url)


def arrow_filesystem(url: str) -> pyarrow.fs.FileSystem:
    """Arrow's own file system, rooted at a URL.

    Not one written in Python: a reading thread that lets go of such a file while the interpreter
    shuts down aborts the process (one of ninety commands that had done their work ended that way).
    With a SAS token it is one all the same, whose files are waited for (`arrow_files`).
    """
    from pyarrow import fs

    if not is_remote(url):
        return fs.SubTreeFileSystem(url, fs.LocalFileSystem())
    account = check_access(url)
    if account.way == "SAS token":
        from customer360.arrow_files import WaitedForHandler

        # Arrow puts the whole address, with the token in it, into its errors.
        azure = fs.PyFileSystem(WaitedForHandler(_azure_filesystem(account)))
    else:
        azure = fs.AzureFileSystem(account.name, **account.arrow_options())
    return fs.SubTreeFileSystem(f"{account.container}/{urlsplit(url).path.strip('/')}", azure)


@dataclass(frozen=True)
class Account:
    """A container of a storage account, and how to be let in.

    Attributes:
        name: The storage account.
        container: The container (Azure's other word: file system).
        endpoint: Blob endpoint, where it is not the account's public one.
        values: What `credentials` found, by variable; secret.
    """

    name: str
    container: str
    endpoint: str | None
    values: Mapping[str, str] = field(repr=False, compare=False)

    @property
    def ways(self) -> list[str]:
        """The ways to be let in of which any variable is set."""
        return [way for way, names in credentials.WAYS.items() if set(names) & set(self.values)]

    @property
    def way(self) -> str:
        """How it is let in, in words."""
        return self.ways[0] if self.ways else "managed identity"

    @property
    def blob_url(self) -> str:
        """URL of the account's blob service."""
        return self.endpoint or f"https://{self.name}.blob.core.windows.net"

    def credential(self) -> Any:
        """The credential as Azure's client libraries take it."""
        from azure.identity import ClientSecretCredential, DefaultAzureCredential

        if self.way == "account key":
            return {
                "account_name": self.name,
                "account_key": self.values["AZURE_STORAGE_ACCOUNT_KEY"],
            }
        if self.way == "SAS token":
            return self.values["AZURE_STORAGE_SAS_TOKEN"]
        if self.way == "service principal":
            return ClientSecretCredential(
                *(self.values[name] for name in credentials.WAYS[self.way])
            )
        return DefaultAzureCredential()

    def _parameters(self) -> dict[str, str]:
        """The credential as adlfs and Arrow name it: by the variables' own names."""
        return {n.removeprefix("AZURE_STORAGE_").lower(): v for n, v in self.values.items()}

    def fsspec_options(self) -> dict[str, Any]:
        """Options of adlfs."""
        options: dict[str, Any] = self._parameters()
        # It would remember listings: the engine's new tables and a sensor's new files stay unseen.
        options |= {"account_name": self.name, "anon": False, "use_listings_cache": False}
        if self.endpoint and ("account_key" in options or "sas_token" in options):
            # The only form in which adlfs takes a whole endpoint.
            key, sas = options.pop("account_key", None), options.pop("sas_token", None)
            secret = f"AccountKey={key}" if key else f"SharedAccessSignature={sas}"
            options["connection_string"] = (
                f"AccountName={self.name};{secret};BlobEndpoint={self.endpoint};"
            )
        elif self.endpoint:
            options["account_host"] = urlsplit(self.endpoint).netloc
        return options

    def arrow_options(self) -> dict[str, Any]:
        """Options of Arrow's file system, for every way but a SAS token."""
        options = self._parameters()
        if self.endpoint:
            parts = urlsplit(self.endpoint)
            # Arrow puts the account itself into the path where the authority is not a suffix.
            where = {"authority": parts.netloc, "scheme": parts.scheme}
            options |= {f"{s}_storage_{k}": v for s in ("blob", "dfs") for k, v in where.items()}
        return options


def account_of(url: str, environ: Mapping[str, str] | None = None) -> Account:
    """The account of an `abfss://container@account.dfs.core.windows.net/…` URL."""
    environ = os.environ if environ is None else environ
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != SCHEME or not parts.username or not host.endswith(_SUFFIX):
        raise StorageError(
            f"{url} is no lake: expected abfss://<container>@<account>{_SUFFIX}/<path>."
        )
    endpoint = environ.get("AZURE_STORAGE_ENDPOINT", "").rstrip("/") or None
    if endpoint and is_plain(endpoint) and not is_near(endpoint):
        raise StorageError(
            "AZURE_STORAGE_ENDPOINT: found a plain http:// address of another machine, expected "
            "https://, or http:// on this machine or in its container network."
        )
    values = {name: environ[name] for name in credentials.STORAGE if environ.get(name)}
    account = Account(host.removesuffix(_SUFFIX), parts.username, endpoint, values)
    _require_one_way(account, environ)
    return account


def _require_one_way(account: Account, environ: Mapping[str, str]) -> None:
    """The clients would not choose alike among several."""
    if len(account.ways) > 1:
        raise StorageError(
            f"Found credentials of several kinds ({', '.join(account.ways)}), expected one. Unset "
            f"the variables of the others: {'; '.join(map(credentials.named, account.ways))}."
        )
    beside = [name for name in credentials.OTHER_PRINCIPALS if environ.get(name)]
    if account.ways and beside:
        raise StorageError(
            f"Found {' and '.join(beside)} beside the {account.way}: the engine would take these, "
            f"other clients {credentials.named(account.way)}. Unset one of them."
        )
    missing = [n for n in credentials.WAYS.get(account.way, ()) if n not in account.values]
    if missing:
        raise StorageError(f"The {account.way} lacks {', '.join(missing)}.")


def check_access(url: str) -> Account:
    """Take the credentials up, and look once per process whether the container can be listed.

    Raises:
        StorageError: It cannot; the message says how it was tried and what to do.
    """
    _take_up_credentials(int(time.monotonic() // _ROTATED_SECONDS))
    account = account_of(url)
    _try(account, frozenset(account.values.items()))
    return account


@functools.lru_cache(maxsize=1)
def _take_up_credentials(period: int) -> None:
    """Read files and vault, once per period: a server notices that a secret was replaced."""
    del period
    credentials.fill_in(os.environ, credentials.STORAGE)


@functools.lru_cache(maxsize=8)
def _try(account: Account, values: frozenset[tuple[str, str]]) -> None:
    """List the container, once for these values of its credential."""
    from azure.core.exceptions import AzureError
    from azure.storage.blob import ContainerClient, ExponentialRetry

    del values
    _refuse_expired(account)
    if is_plain(account.blob_url):
        # object_store asks for it in so many words; an emulator has no certificate.
        os.environ["AZURE_ALLOW_HTTP"] = "true"
    client = ContainerClient(
        account.blob_url,
        account.container,
        account.credential(),
        # The client's own waits for 15 s before each try: a minute and a half for a wrong port.
        retry_policy=ExponentialRetry(initial_backoff=1, increment_base=2, retry_total=3),
        connection_timeout=_CONNECT_SECONDS,
    )
    try:
        with client:
            next(iter(client.list_blobs(results_per_page=1)), None)
    except (AzureError, ValueError) as error:
        raise StorageError(_explained(account, error)) from error


def _refuse_expired(account: Account) -> None:
    if account.way != "SAS token":
        return
    ends = parse_qs(account.values["AZURE_STORAGE_SAS_TOKEN"].lstrip("?")).get("se", [""])[0]
    try:
        until = datetime.fromisoformat(ends)
    except ValueError:
        # Not ours to judge; the service will.
        return
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    if until < datetime.now(UTC):
        raise StorageError(
            f"The SAS token of {account.container}@{account.name} expired {until:%Y-%m-%d %H:%M} "
            "UTC. Set a new one in AZURE_STORAGE_SAS_TOKEN."
        )


def _explained(account: Account, error: AzureError | ValueError) -> str:
    """What went wrong, and what to do. Azure's own words are not repeated: they may hold a URL."""
    from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

    where = f"Container {account.container!r} of storage account {account.name!r}"
    code = _code(error)
    if isinstance(error, ResourceNotFoundError):
        return f"{where} was not found. Create it, or correct C360_LAKE."
    if isinstance(error, HttpResponseError) and error.status_code in (401, 403):
        return (
            f"{where} cannot be listed with the {account.way}: {code} ({error.status_code}). Check "
            f"{credentials.named(account.way)}; an identity needs the role Storage Blob Data "
            "Contributor."
        )
    if isinstance(error, ValueError) or code == "AzureSigningError":
        return (
            f"{where}: the {account.way} has not the form of one. Check "
            f"{credentials.named(account.way)}."
        )
    return (
        f"{where} cannot be reached at {account.blob_url}: {code}. Check the network, the "
        "account's name in C360_LAKE, and AZURE_STORAGE_ENDPOINT if it is set."
    )


def _azure_filesystem(account: Account) -> Any:
    return fsspec.filesystem(SCHEME, **account.fsspec_options())
