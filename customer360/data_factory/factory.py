"""The whole factory as files, and how a folder differs from it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from customer360.data_factory.master import build_master, build_trigger, connections
from customer360.data_factory.pipelines import build_copy_pipelines
from customer360.data_factory.stores import build_datasets, build_linked_services
from customer360.data_factory.vocabulary import FACTORY, INGEST_DAY, TRIGGER, Json
from customer360.errors import DataFactoryError
from customer360.generated_folder import differing, replace
from customer360.sources.spec import SourceSpec

# Folders that the Git integration reads, in the order in which they refer to each other.
FOLDERS: Final = ("factory", "linkedService", "dataset", "pipeline", "trigger")


def build_factory(sources: Sequence[SourceSpec]) -> dict[str, Json]:
    """Everything in the factory.

    Args:
        sources: The source systems.

    Returns:
        JSON documents by path below the factory's folder, as `pipeline/ingest_day.json`.
    """
    parts: dict[str, dict[str, Json]] = {
        "linkedService": build_linked_services(),
        "dataset": build_datasets(),
        "pipeline": build_copy_pipelines() | {INGEST_DAY: build_master(sources)},
        "trigger": {TRIGGER: build_trigger()},
    }
    documents = {f"factory/{FACTORY}.json": _factory(sources)}
    for folder, resources in parts.items():
        for name, properties in resources.items():
            documents[f"{folder}/{name}.json"] = {"name": name, "properties": properties}
    return documents


def _factory(sources: Sequence[SourceSpec]) -> Json:
    """The factory itself, with all that differs from one deployment to the next."""
    values: dict[str, tuple[str, Any]] = {
        "lake_url": ("string", "https://customer360lake.dfs.core.windows.net"),
        "lake_container": ("string", "lake"),
        "landing_folder": ("string", "landing"),
        "drop_url": ("string", "https://customer360drop.blob.core.windows.net"),
        "drop_container": ("string", "drop"),
        "connections": ("object", connections(sources)),
    }
    parameters = {name: {"type": kind, "value": value} for name, (kind, value) in values.items()}
    return {
        "name": FACTORY,
        "properties": {"globalParameters": parameters},
        "location": "westeurope",
        "identity": {"type": "SystemAssigned"},
    }


def render(document: Json) -> str:
    """A document as the text of its file, the way the Git integration writes it."""
    return json.dumps(document, indent="\t", ensure_ascii=True) + "\n"


def read_factory(folder: Path) -> dict[str, Json]:
    """The documents of a factory's folder, by path.

    Raises:
        DataFactoryError: There is no such folder, or a file in it is not a JSON object.
    """
    if not folder.is_dir():
        raise DataFactoryError(
            f"No factory at {folder}: expected a folder with {', '.join(FOLDERS)}. "
            f"`customer360 adf generate --out {folder}` writes it."
        )
    documents, problems = {}, []
    for path in _files(folder):
        name = path.relative_to(folder).as_posix()
        try:
            document = json.loads(path.read_text())
        except ValueError as error:
            problems.append(f"{name}: not JSON: {error}")
            continue
        if isinstance(document, dict):
            documents[name] = document
        else:
            problems.append(f"{name}: expected a JSON object")
    if problems:
        raise DataFactoryError("The factory cannot be read:\n  " + "\n  ".join(problems))
    return documents


def write_factory(folder: Path, documents: Mapping[str, Json]) -> list[str]:
    """Make a folder hold exactly these documents.

    Files of other folders than those of the Git integration stay.

    Returns:
        The paths that changed, sorted.
    """
    changed = differences(folder, documents)
    replace(folder, _rendered(documents), changed)
    return changed


def differences(folder: Path, documents: Mapping[str, Json]) -> list[str]:
    """Paths of files that are missing, too many, or not as rendered; sorted."""
    there = {path.relative_to(folder).as_posix(): path.read_bytes() for path in _files(folder)}
    return differing(there, _rendered(documents))


def _rendered(documents: Mapping[str, Json]) -> dict[str, str]:
    return {name: render(document) for name, document in documents.items()}


def _files(folder: Path) -> list[Path]:
    return sorted(path for part in FOLDERS for path in (folder / part).glob("*.json"))
