"""What the stand-in can reach: storage accounts as folders, hosts, secrets by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

# Hosts that the linked services of `adf/` name.
CRM, SOCIAL = "crm.example.com:5432", "https://social.example.com"


class ActivityError(Exception):
    """An activity failed; the text is what the factory would say."""


@dataclass
class World:
    """What lies around a factory.

    Attributes:
        containers: Folder of each container, by account address and name.
        hosts: Where each `host:port` or `https://host` that a linked service names really is, as
            `host:port`.
        secrets: The Key Vault.
    """

    containers: dict[tuple[str, str], Path]
    hosts: dict[str, str] = field(default_factory=dict)
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

    def authority(self, host: str) -> str:
        """Where a `host:port` or `https://host` really is."""
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


def deployed(lake: Path, drop: Path, hosts: Mapping[str, str], *, crm: str, social: str) -> World:
    """What lies around a factory as `adf/` describes it.

    Args:
        lake: Folder of the lake.
        drop: Folder of the drop storage.
        hosts: Where the systems are, as in `World`.
        crm: Password of the crm's reader.
        social: Header that the social networks' interface wants to see.
    """
    return World(
        containers={
            ("https://customer360lake.dfs.core.windows.net", "lake"): lake,
            ("https://customer360drop.blob.core.windows.net", "drop"): drop,
        },
        hosts=dict(hosts),
        secrets={"crm-password": crm, "social-authorization": social},
    )
