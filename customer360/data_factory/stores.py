"""Linked services and datasets: what the factory can read and write.

Each is made once per kind of system and takes host, user and the name of a Key Vault secret as
parameters, so that one pipeline per kind serves every source of that kind.
"""

from __future__ import annotations

from typing import Final

from customer360.data_factory.vocabulary import Json, reference

KEY_VAULT: Final = "key_vault"
LAKE: Final = "lake"
DROP: Final = "drop_storage"
DATABASE: Final = "source_database"
REST_API: Final = "source_rest_api"

DATABASE_ROWS: Final = "database_rows"
REST_PAGES: Final = "rest_pages"
DROPPED_FILES: Final = "dropped_files"
LANDING_LINES: Final = "landing_lines"
LANDING_JSON: Final = "landing_json"
LANDING_FILES: Final = "landing_files"

# No JSON text holds this character unescaped, so a line of one column needs no quotes.
_NO_DELIMITER: Final = "\u0001"


def build_linked_services() -> dict[str, Json]:
    """Linked services by name; secrets are names in the Key Vault, never values."""
    return {
        KEY_VAULT: _service(
            "AzureKeyVault", {"baseUrl": "https://customer360-secrets.vault.azure.net/"}
        ),
        LAKE: _service("AzureBlobFS", {"url": "@{linkedService().url}"}, "url"),
        DROP: _service(
            "AzureBlobStorage",
            {"serviceEndpoint": "@{linkedService().url}", "accountKind": "StorageV2"},
            "url",
        ),
        DATABASE: _service(
            "PostgreSqlV2",
            {
                "server": "@{linkedService().server}",
                "port": "@{linkedService().port}",
                "database": "@{linkedService().database}",
                "username": "@{linkedService().username}",
                "authenticationType": "Basic",
                # Verify-full: the certificate must be the server's own.
                "sslMode": 5,
                "password": _secret("password_secret"),
            },
            *DATABASE_CONNECTION,
        ),
        REST_API: _service(
            "RestService",
            {
                "url": "@{linkedService().base_url}",
                "enableServerCertificateValidation": True,
                "authenticationType": "Anonymous",
                # The secret is the whole header, as `Bearer …`.
                "authHeaders": {"Authorization": _secret("authorization_secret")},
            },
            *REST_CONNECTION,
        ),
    }


# What a deployment has to say about each source of a kind; see `master.connections`.
DATABASE_CONNECTION: Final = ("server", "port", "database", "username", "password_secret")
REST_CONNECTION: Final = ("base_url", "authorization_secret")


def build_datasets() -> dict[str, Json]:
    """Datasets by name."""
    lines = {
        "columnDelimiter": _NO_DELIMITER,
        "rowDelimiter": "\n",
        "encodingName": "UTF-8",
        "quoteChar": "",
        "escapeChar": "",
        "firstRowAsHeader": False,
        "nullValue": "",
    }
    return {
        DATABASE_ROWS: _dataset("PostgreSqlV2Table", DATABASE, {}, DATABASE_CONNECTION),
        REST_PAGES: _dataset(
            "RestResource",
            REST_API,
            {"relativeUrl": _own("relative_url")},
            REST_CONNECTION,
            "relative_url",
        ),
        DROPPED_FILES: _dataset(
            "Binary",
            DROP,
            {"location": _location("AzureBlobStorageLocation", "container")},
            ("url",),
            "container",
            "folder",
        ),
        LANDING_LINES: _landing("DelimitedText", lines),
        LANDING_JSON: _landing("Json", {"encodingName": "UTF-8"}),
        LANDING_FILES: _dataset(
            "Binary",
            LAKE,
            {"location": _location("AzureBlobFSLocation", "fileSystem")},
            ("url",),
            "container",
            "folder",
        ),
    }


def _service(kind: str, properties: Json, *parameters: str) -> Json:
    body: Json = {"type": kind, "annotations": ["customer360"], "typeProperties": properties}
    if parameters:
        body["parameters"] = {name: {"type": "string"} for name in parameters}
    return body


def _secret(parameter: str) -> Json:
    return {
        "type": "AzureKeyVaultSecret",
        "store": reference("LinkedService", KEY_VAULT),
        "secretName": {"value": f"@linkedService().{parameter}", "type": "Expression"},
    }


def _own(name: str) -> Json:
    return {"value": f"@dataset().{name}", "type": "Expression"}


def _location(kind: str, container: str, *, is_file: bool = False) -> Json:
    place: Json = {"type": kind, container: _own("container"), "folderPath": _own("folder")}
    return place | ({"fileName": _own("file")} if is_file else {})


def _landing(kind: str, properties: Json) -> Json:
    location = _location("AzureBlobFSLocation", "fileSystem", is_file=True)
    return _dataset(
        kind, LAKE, {"location": location} | properties, ("url",), "container", "folder", "file"
    )


def _dataset(
    kind: str, service: str, properties: Json, passed_on: tuple[str, ...], *own: str
) -> Json:
    """A dataset whose parameters are its own and those that it hands to its linked service."""
    handed = {name: _own(name) for name in passed_on}
    return {
        "type": kind,
        "linkedServiceName": reference("LinkedService", service, **handed),
        "parameters": {name: {"type": "string"} for name in (*passed_on, *own)},
        "annotations": ["customer360"],
        "schema": [],
        "typeProperties": properties,
    }
