"""What the stand-in can reach: storage accounts as folders, hosts on loopback, secrets by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit


class ActivityError(Exception):
    """An activity failed; the text is what the factory would say."""


@dataclass
class World:
    """What lies around a factory.

    Attributes:
        containers: Folder of each container, by account address and name.
        hosts: Loopback port of each host and port that a linked service names.
        secrets: The Key Vault.
    """

    containers: dict[tuple[str, str], Path]
    hosts: dict[str, int] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)

    def folder(self, service: Mapping[str, Any], location: Mapping[str, Any]) -> Path:
        """The folder of a dataset's location."""
        properties = service["typeProperties"]
        account = properties.get("url") or properties["serviceEndpoint"]
        container = location.get("fileSystem") or location["container"]
        return self._container(account, container) / location["folderPath"]

    def secret(self, reference: Mapping[str, Any]) -> str:
        """Value of a Key Vault reference."""
        name = reference["secretName"]
        if name not in self.secrets:
            raise ActivityError(f"no secret {name!r} in the key vault")
        return self.secrets[name]

    def port(self, host: str) -> int:
        """Loopback port of a `host:port` or `https://host`."""
        if host not in self.hosts:
            raise ActivityError(f"the host {host} cannot be reached")
        return self.hosts[host]

    def rename(self, request: Mapping[str, Any]) -> None:
        """What ADLS does with a request that renames."""
        if request["method"] != "PUT" or request.get("body") != "":
            raise ActivityError("renaming is a PUT without a body")
        if request["authentication"] != {"type": "MSI", "resource": "https://storage.azure.com/"}:
            raise ActivityError("403 from storage: no token for it")
        url = urlsplit(request["url"])
        container, _, path = unquote(url.path).lstrip("/").partition("/")
        account = f"{url.scheme}://{url.netloc}"
        from_container, _, aside = (
            unquote(request["headers"]["x-ms-rename-source"]).lstrip("/").partition("/")
        )
        source = self._container(account, from_container) / aside
        target = self._container(account, container) / path
        if not source.exists():
            raise ActivityError("404 SourcePathNotFound")
        if not target.parent.is_dir():
            raise ActivityError("404 RenameDestinationParentPathNotFound")
        source.replace(target)

    def _container(self, account: str, name: str) -> Path:
        if (account, name) not in self.containers:
            raise ActivityError(f"no container {name!r} in {account}")
        return self.containers[account, name]
