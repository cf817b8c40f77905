"""The same graph in every environment; only resources change, and loading it reaches nothing."""

from __future__ import annotations

import socket
from typing import Any

import dagster as dg
import pytest

from customer360.build import build_definitions
from customer360.resources.dbt import ensure_manifest
from customer360.settings import ENVIRONMENTS, load_settings

# One worker: the manifest of a target is made once, in one place.
pytestmark = pytest.mark.xdist_group("environments")

LAKE = "abfss://lake@account.dfs.core.windows.net/customer360"
SECRET = "dapi-not-to-be-seen"  # noqa: S105 - no secret, searched for


def _definitions(env: str) -> dg.Definitions:
    settings = load_settings({"C360_ENV": env, "C360_LAKE": LAKE})
    ensure_manifest(settings)
    return build_definitions(settings)


def _edges(definitions: dg.Definitions) -> dict[str, set[str]]:
    graph = definitions.resolve_asset_graph()
    return {
        key.to_user_string(): {parent.to_user_string() for parent in graph.get(key).parent_keys}
        for key in graph.get_all_asset_keys()
    }


@pytest.mark.parametrize("env", [name for name in ENVIRONMENTS if name != "local"])
def test_every_environment_has_the_same_assets_and_edges(env: str) -> None:
    assert _edges(_definitions(env)) == _edges(_definitions("local"))


def test_definitions_load_without_credentials_and_network(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings({"C360_ENV": "azure", "C360_LAKE": LAKE})
    ensure_manifest(settings)

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("the network was asked for something")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    definitions = build_definitions(settings)
    assert {"lake", "engine", "dbt"} <= set(definitions.resources or {})


def test_dagster_is_not_shown_the_url_of_a_cluster() -> None:
    settings = load_settings(
        {
            "C360_ENGINE": "spark",
            "C360_ENGINE_URL": f"sc://cluster:15002/;token={SECRET}",
            "C360_LAKE": LAKE,
        }
    )
    ensure_manifest(settings)
    repository = build_definitions(settings).get_repository_def()
    resources = repository.get_top_level_resources()
    shown = [repr(resource) for resource in resources.values()]
    shown += [
        str(resource.config_schema.default_value)
        for resource in resources.values()
        if resource.config_schema and resource.config_schema.default_provided
    ]
    assert len(shown) > len(resources)
    assert "'kind': 'spark'" in "".join(shown)
    assert SECRET not in "".join(shown) + repr(settings)
