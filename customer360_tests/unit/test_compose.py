"""The compose stack as written: settings that work, no secret in it, nothing unwatched."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from customer360 import credentials
from customer360.settings import PROJECT_ROOT, load_settings
from customer360_tests.data_factory.server import GROUP, NAME, SUBSCRIPTION
from customer360_tests.source_systems.service import main

PROFILES = sorted((PROJECT_ROOT / "deploy").glob("*.env"))
COMPOSE: dict[str, Any] = yaml.safe_load((PROJECT_ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ONE_SHOT = "storage-container"
_DEFAULT = re.compile(r"\$\{\w+:?-(.*)\}")


def _variables(path: Path) -> dict[str, str]:
    lines = (line for line in path.read_text().splitlines() if line and not line.startswith("#"))
    return dict(line.split("=", 1) for line in lines)


def test_every_profile_is_one_that_services_or_settings_differ_by() -> None:
    named = {name for service in SERVICES.values() for name in service.get("profiles", [])}
    assert {path.stem for path in PROFILES} == named | {"azure"}


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.stem)
def test_every_profile_holds_settings_that_work_together(path: Path) -> None:
    given = SERVICES["code"]["environment"]
    environ = _variables(path) | {n: _DEFAULT.sub(r"\1", value) for n, value in given.items()}
    # The files are in the containers only.
    settings = load_settings({k: v for k, v in environ.items() if not k.endswith("_FILE")})
    assert settings.dagster_database == "postgresql://dagster@postgres:5432/dagster"
    # A secret is named by a file that compose provides; a cluster's URL is one if it has a token.
    assert set(environ) & set(credentials.SECRETS) <= {"C360_ENGINE_URL"}
    assert "token" not in environ.get("C360_ENGINE_URL", "")
    files = {value for name, value in environ.items() if name.endswith("_FILE")}
    provided = {f"/run/secrets/{name}" for name in SERVICES["code"]["secrets"]}
    assert files <= provided


def test_the_profile_with_source_systems_reaches_the_stand_ins_and_nobody_else_does() -> None:
    settings = load_settings(_variables(PROJECT_ROOT / "deploy" / "sources.env"))
    factory = settings.azure_subscription, settings.azure_resource_group, settings.data_factory
    assert factory == (SUBSCRIPTION, GROUP, NAME)
    service, options = SERVICES["sources"], {each.name: each for each in main.params}
    given = dict(each.removeprefix("--").split("=", 1) for each in service["command"])
    assert settings.data_factory_endpoint == f"http://sources:{options['port'].default}"
    assert f"'127.0.0.1', {options['port'].default}" in service["healthcheck"]["test"][-1]
    # They copy into the lake that the platform reads, and make the crm beside Dagster's history.
    assert given["lake"] == settings.lake
    assert f"lake:{settings.lake}" in service["volumes"]
    assert given["database"] == "postgresql://dagster@postgres:5432/dagster"
    assert given["password-file"] == f"/run/secrets/{service['secrets'][0]}"
    chosen = {f"SOURCES_{name.upper()}" for name in options}
    assert set(service["environment"]) <= chosen
    for name in service["environment"]:
        default = options[name.removeprefix("SOURCES_").lower()].default
        assert service["environment"][name] == f"${{{name}:-{default}}}"
    assert {n for n, s in SERVICES.items() if s.get("image") == service["image"]} == {"sources"}


def test_every_service_is_started_again_and_watched() -> None:
    for name, service in SERVICES.items():
        if name != ONE_SHOT:
            assert service["restart"] == "unless-stopped", name
            assert "healthcheck" in service, name


def test_every_image_of_others_has_a_version() -> None:
    images = [service["image"] for service in SERVICES.values() if "build" not in service]
    images.append(COMPOSE["x-customer360"]["build"]["args"]["BASE_IMAGE"])
    for image in images:
        _, _, default = image.partition(":-")
        assert default.rstrip("}").rpartition(":")[2][0].isdigit(), image


def test_only_pages_are_reached_from_outside_and_from_this_machine_alone() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert list(published) == ["webserver", "dashboard"]
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)
