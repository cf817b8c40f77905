"""Secrets from variables, files and a vault, in this order; none is shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from customer360 import credentials
from customer360.errors import SettingsError
from customer360.settings import load_settings

KEY, SAS = "AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_SAS_TOKEN"
VAULT = "https://vault.example"


class Vault:
    """Stands for azure-keyvault-secrets' client: what it asks, and the answers of the service."""

    def __init__(self, secrets: dict[str, str], error: Exception | None = None) -> None:
        self.secrets, self.error = secrets, error
        self.asked: list[str] = []

    def get_secret(self, name: str) -> Any:
        self.asked.append(name)
        if self.error:
            raise self.error
        if name not in self.secrets:
            raise ResourceNotFoundError("SecretNotFound")
        return SimpleNamespace(value=self.secrets[name])


def use(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def opened(url: str) -> Iterator[Vault]:
        assert url == VAULT
        yield vault

    monkeypatch.setattr(credentials, "_open_vault", opened)


def test_a_variable_comes_before_a_file_and_a_file_before_the_vault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key").write_text("of the file\n")
    vault = Vault({"azure-storage-account-key": "of the vault", "databricks-token": "of the vault"})
    use(vault, monkeypatch)
    made = {
        SAS: "of the variable",
        f"{SAS}_FILE": str(tmp_path / "missing"),
        f"{KEY}_FILE": str(tmp_path / "key"),
        "C360_KEY_VAULT": VAULT,
    }
    credentials.fill_in(made, (SAS, KEY, "DATABRICKS_TOKEN", "C360_ALERT_WEBHOOK"))
    assert (made[SAS], made[KEY], made["DATABRICKS_TOKEN"]) == (
        "of the variable",
        "of the file",
        "of the vault",
    )
    assert "C360_ALERT_WEBHOOK" not in made
    assert vault.asked == ["databricks-token", "c360-alert-webhook"]
    assert made["C360_FILLED_IN"] == f"{KEY},DATABRICKS_TOKEN"


def test_a_secret_that_was_replaced_reaches_a_process_that_inherited_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = Vault({"databricks-token": "first"})
    use(vault, monkeypatch)
    (tmp_path / "key").write_text("first")
    made = {f"{KEY}_FILE": str(tmp_path / "key"), "C360_KEY_VAULT": VAULT, SAS: "given"}
    names = (KEY, SAS, "DATABRICKS_TOKEN")
    credentials.fill_in(made, names)
    inherited = dict(made)
    (tmp_path / "key").write_text("second")
    vault.secrets = {"databricks-token": "second", "azure-storage-sas-token": "not asked for"}
    credentials.fill_in(inherited, names)
    assert [inherited[name] for name in names] == ["second", "given", "second"]


def test_files_that_cannot_be_used_are_all_named(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    made = {f"{KEY}_FILE": str(tmp_path / "gone"), f"{SAS}_FILE": str(tmp_path / "empty")}
    with pytest.raises(SettingsError) as raised:
        credentials.fill_in(made)
    assert f"{KEY}_FILE: {tmp_path}/gone cannot be read (FileNotFoundError)" in str(raised.value)
    assert f"{SAS}_FILE: {tmp_path}/empty is empty" in str(raised.value)


def test_a_vault_that_refuses_is_asked_once_and_says_which_role_lacks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refusal = HttpResponseError("caller is not authorized: token eyJhbGciOi")
    refusal.status_code = 403
    vault = Vault({}, refusal)
    use(vault, monkeypatch)
    with pytest.raises(
        SettingsError, match=r"does not give azure-storage-account-key \(403\)"
    ) as e:
        credentials.fill_in({"C360_KEY_VAULT": VAULT})
    assert "Key Vault Secrets User" in str(e.value)
    assert "eyJhbGciOi" not in str(e.value)
    assert len(vault.asked) == 1


def test_settings_take_the_webhook_from_a_file_and_hide_it(tmp_path: Path) -> None:
    (tmp_path / "hook").write_text("https://host/hunter2\n")
    settings = load_settings({"C360_ALERT_WEBHOOK_FILE": str(tmp_path / "hook")})
    assert settings.alert_webhook == "https://host/hunter2"
    assert "hunter2" not in repr(settings)
    (tmp_path / "hook").write_text("ftp://host/hunter2\n")
    with pytest.raises(SettingsError) as raised:
        load_settings({"C360_ALERT_WEBHOOK_FILE": str(tmp_path / "hook")})
    assert "hunter2" not in str(raised.value)
