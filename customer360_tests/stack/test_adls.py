"""The whole graph on an `abfss://` lake, with the URLs of ADLS, and what goes wrong on the way."""

from __future__ import annotations

import os
import subprocess
import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from azure.storage.blob import AccountSasPermissions, ResourceTypes, generate_account_sas
from deltalake import DeltaTable

from customer360 import storage
from customer360.errors import StorageError
from customer360.fingerprint import differences, fingerprints
from customer360.keys import SILVER, TableKey
from customer360.resources.lake import Lake
from customer360_tests.dashboard.asking import PAGES, Asker
from customer360_tests.stack.azurite import (
    ACCOUNT,
    KEY,
    Azurite,
    Faults,
    clean_environment,
    failing_proxy,
)

pytestmark = pytest.mark.stack

WORLD = ("--customers", "120", "--days", "6", "--faults", "high")
WRONG_KEY = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldC0="
_PATIENCE_SECONDS = 900


def _customer360(
    lake: str, home: Path, *words: str, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "customer360"), *words]
    made = clean_environment() | environment | {"C360_LAKE": lake, "DAGSTER_HOME": str(home)}
    return subprocess.run(
        command,
        env=made,
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE_SECONDS,
    )


def _ok(lake: str, home: Path, *words: str, environment: Mapping[str, str]) -> str:
    result = _customer360(lake, home, *words, environment=environment)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def _until_done(lake: str, home: Path, *words: str, environment: Mapping[str, str]) -> None:
    """Repeat a command while it gives up: it says why, and goes on where it stopped."""
    for _ in range(8):
        result = _customer360(lake, home, *words, environment=environment)
        if result.returncode == 0:
            return
        assert "Traceback" not in result.stdout + result.stderr, result.stdout + result.stderr
    pytest.fail(result.stdout + result.stderr)


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The world on a local lake, loaded in two runs."""
    root = tmp_path_factory.mktemp("local")
    lake = Lake(str(root / "lake"))
    _load(lake.url, root / "home", {})
    return lake


def _load(lake: str, home: Path, environment: Mapping[str, str]) -> None:
    _ok(lake, home, "simulate", *WORLD, environment=environment)
    for window in (("--to", "2026-01-05"), ("--from", "2026-01-06")):
        _ok(lake, home, "run", *window, environment=environment)


@pytest.fixture
def here(azurite: Azurite, monkeypatch: pytest.MonkeyPatch) -> Azurite:
    """Azurite, with this process's variables set for it."""
    _set(monkeypatch, azurite.environment())
    return azurite


def _set(monkeypatch: pytest.MonkeyPatch, environment: Mapping[str, str]) -> None:
    for name in [n for n in os.environ if n.startswith("AZURE_")]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    storage._try.cache_clear()


def test_the_whole_graph_gives_the_tables_of_a_local_lake(
    here: Azurite, local: Lake, tmp_path: Path
) -> None:
    url, environment = here.url("whole"), here.environment()
    _load(url, tmp_path / "home", environment)
    assert differences(fingerprints(local), fingerprints(Lake(url))) == []

    there, at_home = Asker(Lake(url)), Asker(local)
    for page in PAGES:
        answer = there.get(page)
        assert (answer.status, answer.figures) == (200, at_home.get(page).figures)
    assert there.get("/segments/loyal.csv").text == at_home.get("/segments/loyal.csv").text

    told = _ok(url, tmp_path / "home", "verify", environment=environment)
    assert told.count("as the truth says") == 5, told
    told = _ok(url, tmp_path / "home", "upkeep", environment=environment)
    assert differences(fingerprints(local), fingerprints(Lake(url))) == [], told
    told = _ok(
        url, tmp_path / "home", "history", "gold.customers_snapshot", environment=environment
    )
    assert "verified" in told or "backup" in told.lower(), told
    out = tmp_path / "bad"
    words = ("quarantine", "export", "pos__receipts", "--out", str(out))
    _ok(url, tmp_path / "home", *words, environment=environment)
    assert list(out.iterdir())
    told = _ok(url, tmp_path / "home", "run", environment=environment)
    assert "nothing" in told.lower(), told


def test_a_busy_storage_and_cut_connections_lose_and_double_nothing(
    here: Azurite, local: Lake, tmp_path: Path
) -> None:
    faults = Faults(throttled_every=23, busy_every=400, cut_every=150, unanswered_every=300)
    url = here.url("faulty")
    with failing_proxy(here, faults) as endpoint:
        environment = here.environment(endpoint)
        for words in (("simulate", *WORLD), ("run",)):
            _until_done(url, tmp_path / "home", *words, environment=environment)
    happened = faults.happened
    assert all(happened[kind] for kind in ("throttled", "busy", "cut", "unanswered")), happened
    assert differences(fingerprints(local), fingerprints(Lake(url))) == []


@pytest.mark.parametrize(
    ("credential", "said"),
    [
        (
            {"AZURE_STORAGE_ACCOUNT_KEY": WRONG_KEY},
            (
                "cannot be listed with the account key: AuthorizationFailure (403). "
                "Check AZURE_STORAGE_ACCOUNT_KEY"
            ),
        ),
        (
            {"AZURE_STORAGE_ACCOUNT_KEY": "secret-no-key"},
            "the account key has not the form of one. Check AZURE_STORAGE_ACCOUNT_KEY.",
        ),
        (
            {"AZURE_STORAGE_SAS_TOKEN": "sv=2024-11-04&se=2026-01-02T03:04:05Z&sp=rl&sig=secret"},
            "The SAS token of lake@devstoreaccount1 expired 2026-01-02 03:04 UTC.",
        ),
        (
            {"AZURE_STORAGE_ACCOUNT_KEY": KEY, "AZURE_STORAGE_SAS_TOKEN": "sv=x&sig=secret"},
            "credentials of several kinds (account key, SAS token), expected one.",
        ),
        (
            {"AZURE_STORAGE_CLIENT_ID": "app", "AZURE_STORAGE_CLIENT_SECRET": "secret"},
            "The service principal lacks AZURE_STORAGE_TENANT_ID.",
        ),
    ],
)
def test_a_credential_that_does_not_fit_is_named_and_not_shown(
    azurite: Azurite,
    credential: dict[str, str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    _set(monkeypatch, azurite.environment(**credential))
    with pytest.raises(StorageError) as raised:
        Lake(azurite.url("x")).tables()
    assert said in str(raised.value)
    told = _customer360(
        azurite.url("x"), tmp_path / "home", "run", environment=azurite.environment(**credential)
    )
    assert told.returncode == 1
    assert said.split(".")[0] in " ".join(told.stderr.split())
    for value in credential.values():
        assert value not in told.stdout + told.stderr + repr(raised.value)


def test_a_missing_container_or_account_is_named(here: Azurite) -> None:
    with pytest.raises(StorageError, match="Container 'nowhere' of storage account 'devstore"):
        Lake(here.url("x").replace("lake@", "nowhere@")).tables()
    with pytest.raises(StorageError, match="is no lake: expected abfss://<container>@<account>"):
        Lake("abfss://lake/x").tables()


def test_a_sas_token_that_may_only_read_is_refused_by_the_storage_and_not_shown(
    here: Azurite, local: Lake, tmp_path: Path
) -> None:
    token = _token(AccountSasPermissions(read=True, list=True))
    environment = here.environment(AZURE_STORAGE_SAS_TOKEN=token)
    words = ("query", "select count(*) n from silver.pos__receipts")
    shown = _ok(here.url("whole"), tmp_path / "home", *words, environment=environment)
    assert str(local.row_count(TableKey(SILVER, "pos__receipts"))) in shown
    words = ("run", "--from", "2026-01-02", "--to", "2026-01-02")
    refused = _customer360(here.url("whole"), tmp_path / "home", *words, environment=environment)
    assert refused.returncode == 1
    signature = _signature(token)
    said = refused.stdout + refused.stderr
    assert signature not in said
    assert "403" in said or "Authorization" in said, said
    logs = "".join(p.read_text(errors="replace") for p in tmp_path.rglob("*") if p.is_file())
    assert signature not in logs


def test_a_sas_token_that_may_only_list_is_not_shown_by_any_client(
    here: Azurite, local: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = TableKey(SILVER, "pos__receipts")
    assert local.row_count(key)
    token = _token(AccountSasPermissions(list=True))
    _set(monkeypatch, here.environment(AZURE_STORAGE_SAS_TOKEN=token))
    url = Lake(here.url("whole")).table_url(key)
    readers = (
        lambda: DeltaTable(url),
        lambda: storage.arrow_filesystem(url).open_input_file("_delta_log/0.json").read(),
        lambda: storage.open_path(url).joinpath("_delta_log", f"{0:020}.json").read_bytes(),
    )
    for reader in readers:
        with pytest.raises(Exception) as raised:
            reader()
        said = "".join(traceback.format_exception(raised.value))
        assert _signature(token) not in said


def test_other_tools_principals_beside_a_token_are_refused(
    here: Azurite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "hunter2")
    with pytest.raises(StorageError, match="Found AZURE_CLIENT_SECRET beside the account key"):
        Lake(here.url("x")).tables()


def _token(permission: AccountSasPermissions) -> str:
    return generate_account_sas(
        ACCOUNT,
        KEY,
        ResourceTypes(container=True, object=True),
        permission,
        expiry=datetime.now(UTC) + timedelta(hours=2),
    )


def _signature(token: str) -> str:
    return token.partition("sig=")[2].partition("&")[0]


def test_a_file_that_lands_is_seen_at_the_next_look(here: Azurite) -> None:
    from customer360.landing.files import landed_days

    lake = Lake(here.url("watched"))
    first = "pos/receipts/dt=2026-01-02/a.csv"
    target = storage.open_path(lake.landing)
    (target / first).write_bytes(b"receipt_id\nR1\n")
    assert len(landed_days(lake.landing, "pos", "receipts")) == 1
    (target / first.replace("02/", "03/")).write_bytes(b"receipt_id\nR2\n")
    assert len(landed_days(lake.landing, "pos", "receipts")) == 2
