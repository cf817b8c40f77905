"""The report as PBIR: one JSON document per page and per visual, bound to the model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from customer360.errors import PowerBiError
from customer360.serving.power_bi.model import Model
from customer360.serving.power_bi.pages import (
    CARD,
    HEIGHT,
    LINES,
    PAGES,
    SLICER,
    WIDTH,
    Page,
    Visual,
    visuals,
)

Json = dict[str, Any]
_SCHEMAS: Final = "https://developer.microsoft.com/json-schemas/fabric/item/report/definition"


def build_report(model: Model) -> dict[str, Json]:
    """The documents of the report's definition.

    Args:
        model: The model that its visuals are bound to.

    Returns:
        JSON by path below `definition/`.

    Raises:
        PowerBiError: A visual shows what is no metric and no column of the model, or personal data;
            all such are named.
    """
    fields = _fields(model)
    problems = list(_problems(model, fields))
    if problems:
        raise PowerBiError("The Power BI report cannot be made:\n  " + "\n  ".join(problems))
    documents: dict[str, Json] = {
        "version.json": {"$schema": _schema("versionMetadata", "1.0.0"), "version": "2.0.0"},
        "report.json": {
            "$schema": _schema("report", "3.0.0"),
            "themeCollection": {},
            "settings": {"exportDataMode": "AllowSummarized"},
        },
        "pages/pages.json": {
            "$schema": _schema("pagesMetadata", "1.0.0"),
            "pageOrder": [page.name for page in PAGES],
            "activePageName": PAGES[0].name,
        },
    }
    for page in PAGES:
        documents[f"pages/{page.name}/page.json"] = _page(page)
        for number, (name, visual) in enumerate(visuals(page).items()):
            path = f"pages/{page.name}/visuals/{name}/visual.json"
            documents[path] = _visual(name, number, visual, fields)
    return documents


def _schema(kind: str, version: str) -> str:
    return f"{_SCHEMAS}/{kind}/{version}/schema.json"


def _fields(model: Model) -> dict[str, Json]:
    """What a visual can show: the projection of each metric and of each column."""
    found: dict[str, Json] = {}
    for table in model.tables:
        source = {"SourceRef": {"Entity": table.name}}
        for measure in table.measures:
            found[measure.metric] = {
                "field": {"Measure": {"Expression": source, "Property": measure.label}},
                "queryRef": f"{table.name}.{measure.label}",
                "nativeQueryRef": measure.label,
            }
        for column in table.columns:
            found[f"{table.name}.{column.name}"] = {
                "field": {"Column": {"Expression": source, "Property": column.name}},
                "queryRef": f"{table.name}.{column.name}",
                "nativeQueryRef": column.name,
                "displayName": column.name.replace("_", " ").capitalize(),
            }
    return found


def _problems(model: Model, fields: dict[str, Json]) -> Iterator[str]:
    personal = {f"{t.name}.{c.name}" for t in model.tables for c in t.columns if c.is_personal}
    for page in PAGES:
        for name, visual in visuals(page).items():
            shown = dict.fromkeys([*(f for fs in visual.fields.values() for f in fs), visual.sort])
            for field in shown:
                if field and field not in fields:
                    kind = "column" if "." in field else "metric"
                    yield f"visual {name} of page {page.title}: there is no {kind} {field}"
                if field in personal:
                    yield f"visual {name} of page {page.title}: {field} is personal data"


def _page(page: Page) -> Json:
    return {
        "$schema": _schema("page", "2.0.0"),
        "name": page.name,
        "displayName": page.title,
        "displayOption": "FitToPage",
        "height": HEIGHT,
        "width": WIDTH,
    }


def _visual(name: str, number: int, visual: Visual, fields: dict[str, Json]) -> Json:
    left, top, width, height = visual.position
    query: Json = {
        "queryState": {
            role: {"projections": [fields[field] for field in shown]}
            for role, shown in visual.fields.items()
        }
    }
    if visual.kind == LINES:
        query["sortDefinition"] = _sorted(fields[visual.fields["Category"][0]], "Ascending")
    elif visual.sort:
        query["sortDefinition"] = _sorted(fields[visual.sort], "Descending")
    content: Json = {"visualType": visual.kind, "query": query}
    if visual.kind == SLICER and not _is_day(visual):
        content["objects"] = {"data": [{"properties": {"mode": _text("Dropdown")}}]}
    shown_title = visual.title or fields[visual.fields["Values"][0]]["nativeQueryRef"]
    content["visualContainerObjects"] = {
        # A card says its own name below the number.
        "title": [
            {
                "properties": {
                    "show": _literal("false" if visual.kind == CARD else "true"),
                    "text": _text(shown_title),
                }
            }
        ],
        "general": [{"properties": {"altText": _text(shown_title)}}],
    }
    content["drillFilterOtherVisuals"] = True
    return {
        "$schema": _schema("visualContainer", "2.1.0"),
        "name": name,
        "position": {
            "x": left, "y": top, "z": number, "height": height, "width": width, "tabOrder": number,
        },
        "visual": content,
    }  # fmt: skip


def _is_day(visual: Visual) -> bool:
    """Days are chosen by a span, which is what a slicer of dates is by itself."""
    return visual.fields["Values"][0] == "dim_dates.date_day"


def _sorted(projection: Json, direction: str) -> Json:
    return {
        "sort": [{"field": projection["field"], "direction": direction}],
        "isDefaultSort": False,
    }


def _text(value: str) -> Json:
    return _literal("'" + value.replace("'", "''") + "'")


def _literal(value: str) -> Json:
    return {"expr": {"Literal": {"Value": value}}}
