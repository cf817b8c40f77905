"""The project's files: what they are, and how a folder differs from them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from customer360.generated_folder import differing, read_folder, write_folder
from customer360.serving.power_bi.model import build_model
from customer360.serving.power_bi.queries import SOURCES
from customer360.serving.power_bi.report import Json, build_report
from customer360.serving.power_bi.tmdl import render_model

NAME: Final = "customer360"
MODEL: Final = f"{NAME}.SemanticModel"
REPORT: Final = f"{NAME}.Report"
_SCHEMAS: Final = "https://developer.microsoft.com/json-schemas/fabric"
_MARK: Final = f"{NAME}.pbip"
# What Power BI Desktop keeps beside the project: of one person's machine, and data.
_LOCAL: Final = (".pbi",)
_IGNORED: Final = "".join(f"**/{name}/\n" for name in _LOCAL)


def build_project(manifest: Mapping[str, Any], sources: Sequence[str] = SOURCES) -> dict[str, str]:
    """All files of the project.

    Args:
        manifest: The parsed `manifest.json` of the dbt project.
        sources: Where gold may be read from (`queries.SOURCES`).

    Returns:
        Texts by path below the project's folder.

    Raises:
        MetricError: A metric is none that Power BI can show.
        PowerBiError: The model or the report names something that gold has not.
    """
    model = build_model(manifest)
    files = {
        ".gitignore": _IGNORED,
        _MARK: _json(
            {
                "$schema": f"{_SCHEMAS}/pbip/pbipProperties/1.0.0/schema.json",
                "version": "1.0",
                "artifacts": [{"report": {"path": REPORT}}],
                "settings": {"enableAutoRecovery": True},
            }
        ),
        f"{MODEL}/.platform": _platform("SemanticModel"),
        f"{MODEL}/definition.pbism": _json(
            {
                "$schema": f"{_SCHEMAS}/item/semanticModel/definitionProperties/1.0.0/schema.json",
                "version": "4.2",
                "settings": {},
            }
        ),
        f"{REPORT}/.platform": _platform("Report"),
        f"{REPORT}/definition.pbir": _json(
            {
                "$schema": f"{_SCHEMAS}/item/report/definitionProperties/2.0.0/schema.json",
                "version": "4.0",
                "datasetReference": {"byPath": {"path": f"../{MODEL}"}},
            }
        ),
    }
    for path, text in render_model(model, sources).items():
        files[f"{MODEL}/definition/{path}"] = text
    for path, document in build_report(model).items():
        files[f"{REPORT}/definition/{path}"] = _json(document)
    return files


def _platform(kind: str) -> str:
    # The same in every checkout: by it a workspace knows the item again.
    logical_id = uuid.uuid5(uuid.NAMESPACE_DNS, f"{kind}.{NAME}")
    return _json(
        {
            "$schema": f"{_SCHEMAS}/gitIntegration/platformProperties/2.0.0/schema.json",
            "metadata": {"type": kind, "displayName": NAME},
            "config": {"version": "2.0", "logicalId": str(logical_id)},
        }
    )


def _json(document: Json) -> str:
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"


def differences(folder: Path, files: Mapping[str, str]) -> list[str]:
    """Paths of files that are missing, too many, or other than given; sorted.

    Raises:
        GeneratedFolderError: The folder is somebody else's.
    """
    return differing(read_folder(folder, _MARK, _LOCAL), files)


def write_project(folder: Path, files: Mapping[str, str]) -> list[str]:
    """Make a folder hold exactly these files.

    What Power BI Desktop keeps for itself (`.pbi/`) stays.

    Returns:
        The paths that changed, sorted.

    Raises:
        GeneratedFolderError: The folder is somebody else's.
    """
    return write_folder(folder, files, _MARK, _LOCAL)
