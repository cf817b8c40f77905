"""Engines that run already: found or refused at once, and their secrets kept."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from customer360.errors import EngineError
from customer360.resources import databricks
from customer360.resources.clusters import RunningCluster
from customer360.resources.reopening import is_lost

SESSION = "0e8f1b6e-2f3c-4a55-9a53-1f8b5c1f9d11"


@pytest.fixture
def port() -> Iterator[int]:
    """A port at which something listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@pytest.mark.parametrize(
    ("given", "connection"),
    [
        ("", f"/;session_id={SESSION}"),
        ("/", f"/;session_id={SESSION}"),
        ("/;use_ssl=true;token=abc", f"/;use_ssl=true;token=abc;session_id={SESSION}"),
    ],
)
def test_every_session_has_its_id_in_the_url(port: int, given: str, connection: str) -> None:
    cluster = RunningCluster(f"sc://127.0.0.1:{port}{given}")
    assert cluster.connection(SESSION) == f"sc://127.0.0.1:{port}{connection}"
    assert cluster.is_running
    assert "abc" not in cluster.name


def test_an_address_without_a_cluster_is_refused_without_showing_the_token(port: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        free = closed.getsockname()[1]
    with pytest.raises(EngineError, match=f"Nothing answers at 127.0.0.1:{free}") as error:
        RunningCluster(f"sc://127.0.0.1:{free}/;token=hunter2")
    assert "C360_ENGINE_URL" in str(error.value)
    assert "hunter2" not in str(error.value)
    assert free != port


@pytest.mark.parametrize(
    ("named", "found"),
    [({}, "neither is named"), ({"cluster_id": "1", "serverless_compute_id": "auto"}, "both are")],
)
def test_one_compute_has_to_be_named(named: dict[str, str], found: str) -> None:
    config: Any = SimpleNamespace(**{"cluster_id": None, "serverless_compute_id": None, **named})
    with pytest.raises(EngineError, match=found):
        databricks._compute(config)


def test_missing_credentials_say_what_to_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, port: int
) -> None:
    for name in ("TOKEN", "CLIENT_ID", "CLIENT_SECRET", "CONFIG_PROFILE"):
        monkeypatch.delenv(f"DATABRICKS_{name}", raising=False)
    monkeypatch.setenv("DATABRICKS_HOST", f"localhost:{port}")
    monkeypatch.setenv("DATABRICKS_CONFIG_FILE", str(tmp_path / "none"))

    def refuse(*_: Any, **__: Any) -> None:
        raise ValueError("default auth: cannot configure default credentials")

    monkeypatch.setattr("databricks.sdk.core.Config.__init__", refuse)
    with pytest.raises(EngineError, match="no credentials for a workspace") as error:
        databricks.DatabricksCompute("customer360")
    assert "DATABRICKS_TOKEN" in str(error.value)
    assert isinstance(error.value.__cause__, ValueError)


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        ("[INVALID_HANDLE.SESSION_CLOSED] The handle is invalid. Session was closed.", True),
        ("[INVALID_HANDLE.SESSION_CHANGED] The existing Spark server driver has restarted.", True),
        ("[INVALID_HANDLE.OPERATION_NOT_FOUND] Operation not found.", False),
        ("[TABLE_OR_VIEW_NOT_FOUND] The table or view `a` cannot be found.", False),
    ],
)
def test_only_a_session_that_is_gone_is_lost(text: str, lost: bool) -> None:
    assert is_lost(RuntimeError(text)) is lost
