"""Names that the generated factory and those who start and watch its runs have in common."""

from __future__ import annotations

from typing import Any, Final

Json = dict[str, Any]

FACTORY: Final = "customer360-factory"
INGEST_DAY: Final = "ingest_day"
COPY_TABLE: Final = "copy_table"
COPY_PAGES: Final = "copy_pages"
COPY_FILES: Final = "copy_files"
LAND_FILES: Final = "land_files"
TRIGGER: Final = "daily_window"

WINDOW_START: Final = "window_start"
WINDOW_END: Final = "window_end"
# Which entities (`<source>__<entity>`) a run copies; all when empty.
ENTITIES: Final = "entities"
ENTITY: Final = "entity"
# Who asked for a run, so that it is found again when its id was never received; empty for triggers.
REQUEST: Final = "request"

COPY: Final = "copy"
PUBLISH: Final = "publish"
# Folder of a landing day in which copies are written aside; its name keeps readers out.
INCOMING: Final = "_incoming"
# Name of a copy of a day's rows: the same for every run of a window, so a repeat replaces it.
COPY_PREFIX: Final = "copy_"


def expression(text: str) -> Json:
    """A value that the factory evaluates."""
    return {"value": f"@{text}", "type": "Expression"}


def parameter(name: str) -> str:
    """A pipeline's parameter, inside an expression."""
    return f"pipeline().parameters.{name}"


def shared(name: str) -> str:
    """A global parameter of the factory, inside an expression."""
    return f"pipeline().globalParameters.{name}"


def reference(kind: str, name: str, **parameters: Any) -> Json:
    """A reference to a dataset, linked service or pipeline.

    Args:
        kind: `Dataset`, `LinkedService` or `Pipeline`.
        name: The resource's name.
        parameters: Values of its parameters.
    """
    link: Json = {"referenceName": name, "type": f"{kind}Reference"}
    return link | ({"parameters": parameters} if parameters else {})
