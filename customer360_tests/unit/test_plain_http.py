"""Plain http: where it may go, and that no token goes along."""

from __future__ import annotations

from typing import Any

import azure.identity
import pytest

from customer360.errors import SettingsError, StorageError
from customer360.resources.data_factory_client import build_client
from customer360.settings import load_settings
from customer360.storage import account_of
from customer360_tests.loopback import JsonHandler, serving_http

LAKE = "abfss://lake@shop.dfs.core.windows.net/c360"
STOOD_IN_FOR = ("C360_DATA_FACTORY_ENDPOINT", "C360_POWER_BI_ENDPOINT")
TRUSTED = ("C360_KEY_VAULT", "C360_DASHBOARD_TOKEN_KEYS")
NEAR = ("http://127.0.0.1:8080", "http://localhost", "http://[::1]:8080", "http://sources:8080")
FAR = (
    "http://factory.example.com",
    "http://factory.",
    "http://10.0.0.8:8080",
    # These are addresses, too.
    "http://134744072",
    "http://0x08080808",
    "http://[2001:db8::1]",
    "http://",
    "http://sources@factory.example.com",
)


@pytest.mark.parametrize("name", STOOD_IN_FOR)
@pytest.mark.parametrize("address", NEAR)
def test_a_stand_in_may_be_on_this_machine_or_in_its_container_network(
    name: str, address: str
) -> None:
    assert getattr(load_settings({name: address}), name.lower()[5:]) == address


@pytest.mark.parametrize("name", [*STOOD_IN_FOR, *TRUSTED])
@pytest.mark.parametrize("address", FAR)
def test_no_service_elsewhere_is_spoken_to_over_plain_http(name: str, address: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}: "):
        load_settings({name: address})


@pytest.mark.parametrize("name", TRUSTED)
def test_what_decides_about_trust_comes_from_this_machine_or_over_https(name: str) -> None:
    with pytest.raises(SettingsError, match=r"or http:// on this machine$"):
        load_settings({name: "http://vault:8200"})
    assert load_settings({name: "http://127.0.0.1:8200"})


@pytest.mark.parametrize("address", NEAR)
def test_an_emulator_of_storage_may_be_near(address: str) -> None:
    assert account_of(LAKE, {"AZURE_STORAGE_ENDPOINT": f"{address}/shop"}).blob_url


@pytest.mark.parametrize("address", FAR)
def test_storage_elsewhere_is_not_spoken_to_over_plain_http(address: str) -> None:
    with pytest.raises(StorageError, match="AZURE_STORAGE_ENDPOINT"):
        account_of(LAKE, {"AZURE_STORAGE_ENDPOINT": f"{address}/shop"})


class _Identity:
    """An identity that is never to be asked."""

    def get_token(self, *scopes: str, **_: Any) -> Any:
        raise AssertionError(f"asked for a token for {scopes}")

    get_token_info = get_token


@pytest.mark.parametrize("scheme", ["http", "HTTP"])
def test_no_token_goes_to_a_factory_over_plain_http(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(azure.identity, "DefaultAzureCredential", _Identity)
    headers: list[dict[str, str]] = []

    class Handler(JsonHandler):
        def answer(self) -> None:
            headers.append(dict(self.headers))
            self.send(200, {"runId": "r1", "status": "Succeeded"}, {})

    with serving_http(Handler) as endpoint:
        client = build_client("s1", endpoint.replace("http", scheme, 1))
        assert client.pipeline_runs.get("retail", "factory", "r1").run_id == "r1"
    assert headers
    assert not [each for each in headers if "Authorization" in each]
