"""Where secrets come from: environment variables, files, or Azure Key Vault, in this order.

`NAME` itself counts first; else `NAME_FILE` names a file that holds it (as containers get their
secrets); else, if `C360_KEY_VAULT` names a vault, its secret `name` with dashes (as
`azure-storage-account-key`). What is found is put into the process's environment, because that is
the only place where the embedded engine and dbt look. Nothing is read at import.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from customer360.errors import SettingsError

if TYPE_CHECKING:
    from azure.keyvault.secrets import SecretClient

# How storage lets somebody in, and the variables of each; of a service principal in the order in
# which Azure's library takes them. None of them: the identity of the machine.
WAYS: Final[Mapping[str, tuple[str, ...]]] = {
    "account key": ("AZURE_STORAGE_ACCOUNT_KEY",),
    "SAS token": ("AZURE_STORAGE_SAS_TOKEN",),
    "service principal": (
        "AZURE_STORAGE_TENANT_ID",
        "AZURE_STORAGE_CLIENT_ID",
        "AZURE_STORAGE_CLIENT_SECRET",
    ),
}
STORAGE: Final = tuple(name for names in WAYS.values() for name in names)
# Of other tools; the engine's client would take them before some of those above.
OTHER_PRINCIPALS: Final = ("AZURE_CLIENT_SECRET", "AZURE_FEDERATED_TOKEN_FILE")
DATABRICKS: Final = ("DATABRICKS_TOKEN", "DATABRICKS_CLIENT_SECRET")
DATABASE_PASSWORD: Final = "C360_DAGSTER_DATABASE_PASSWORD"  # noqa: S105 - the variable's name
SECRETS: Final = (
    *STORAGE,
    *DATABRICKS,
    DATABASE_PASSWORD,
    "C360_ALERT_WEBHOOK",
    "C360_ENGINE_URL",
)
FILE: Final = "_FILE"
VAULT: Final = "C360_KEY_VAULT"
# Which variables were set here. A process that inherits them reads their sources again, so that a
# secret that was replaced reaches the next run.
FILLED_IN: Final = "C360_FILLED_IN"


def fill_in(environ: MutableMapping[str, str], names: Iterable[str] = SECRETS) -> None:
    """Put the secrets that files and the vault hold into an environment, unless they are there.

    Args:
        environ: The environment; usually the process's own.
        names: The secrets wanted.

    Raises:
        SettingsError: A file or the vault cannot be read; all problems together, no value shown.
    """
    names = tuple(names)
    problems = from_files(environ, names)
    missing = [n for n in names if not _is_given(environ, n) and not environ.get(f"{n}{FILE}")]
    if environ.get(VAULT) and missing and not problems:
        problems += _from_vault(environ, missing)
    if problems:
        raise SettingsError("Secrets cannot be read:\n" + "\n".join(f"  - {p}" for p in problems))


def secret(name: str) -> str | None:
    """A secret's value, wherever it is; None if it is nowhere.

    Raises:
        SettingsError: Its file, or the vault, cannot be read.
    """
    fill_in(os.environ, (name,))
    return os.environ.get(name) or None


def from_files(environ: MutableMapping[str, str], names: Iterable[str] = SECRETS) -> list[str]:
    """Put the secrets of `NAME_FILE` variables into an environment; returns what went wrong."""
    problems = []
    for name in names:
        path = environ.get(f"{name}{FILE}")
        if _is_given(environ, name) or not path:
            continue
        try:
            # Editors and `echo` end a file with a line break that is no part of the secret.
            text = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            problems.append(f"{name}{FILE}: {path} cannot be read ({type(error).__name__})")
            continue
        if text:
            _set(environ, name, text)
        else:
            problems.append(f"{name}{FILE}: {path} is empty")
    return problems


def _is_given(environ: Mapping[str, str], name: str) -> bool:
    """Whether somebody else set the variable."""
    return bool(environ.get(name)) and name not in environ.get(FILLED_IN, "").split(",")


def _set(environ: MutableMapping[str, str], name: str, value: str) -> None:
    environ[name] = value
    filled = {*environ.get(FILLED_IN, "").split(","), name} - {""}
    environ[FILLED_IN] = ",".join(sorted(filled))


def _from_vault(environ: MutableMapping[str, str], names: Iterable[str]) -> list[str]:
    from azure.core.exceptions import AzureError, ResourceNotFoundError

    problems = []
    with _open_vault(environ[VAULT]) as vault:
        for name in names:
            try:
                value = vault.get_secret(secret_name(name)).value
            except ResourceNotFoundError:
                continue
            except AzureError as error:
                code = getattr(error, "status_code", None) or type(error).__name__
                problems.append(
                    f"{VAULT}: {environ[VAULT]} does not give {secret_name(name)} ({code}); the "
                    "identity needs the role Key Vault Secrets User"
                )
                # The next one would fail for the same reason, after the same wait.
                break
            if value:
                _set(environ, name, value)
    return problems


def _open_vault(url: str) -> SecretClient:
    from azure.identity import DefaultAzureCredential
    from azure.keyvault.secrets import SecretClient

    return SecretClient(url, DefaultAzureCredential())


def secret_name(variable: str) -> str:
    """Name of a variable's secret in a vault, which allows letters, digits and dashes only."""
    return variable.lower().replace("_", "-")


def named(way: str) -> str:
    """The variables of a way to be let in, for errors."""
    return ", ".join(WAYS.get(way, ())) or (
        "the identity of this machine, or set AZURE_STORAGE_ACCOUNT_KEY"
    )
