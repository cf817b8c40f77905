"""The Power BI project: current, whole, bound to gold, read by parsers that are not ours."""

from __future__ import annotations

import copy
import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from pbir_utils import export_pbir_metadata_to_csv
from tmdlparser import TMLDParser

from customer360.cli import main
from customer360.errors import PowerBiError
from customer360.resources.dbt import ensure_manifest, target_path
from customer360.serving.metrics import read_metrics
from customer360.serving.power_bi.model import TABLES, Model, build_model
from customer360.serving.power_bi.pages import HEIGHT, PAGES, WIDTH, visuals
from customer360.serving.power_bi.project import MODEL, REPORT, build_project, differences
from customer360.serving.power_bi.roles import build_roles
from customer360.settings import PROJECT_ROOT, Settings
from customer360.sources import SOURCES

POWER_BI = PROJECT_ROOT / "powerbi"
Manifest = dict[str, Any]


@pytest.fixture(scope="module")
def parsed() -> Manifest:
    settings = Settings()
    ensure_manifest(settings)
    manifest: Manifest = json.loads((target_path(settings) / "manifest.json").read_text())
    return manifest


@pytest.fixture
def manifest(parsed: Manifest) -> Manifest:
    return copy.deepcopy(parsed)


@pytest.fixture
def model(parsed: Manifest) -> Model:
    return build_model(parsed)


def _gold(manifest: Manifest, table: str) -> dict[str, Any]:
    node: dict[str, Any] = manifest["nodes"][f"model.customer360.{table}"]
    return node


def _rename(manifest: Manifest, table: str, old: str, new: str) -> None:
    node = _gold(manifest, table)
    node["columns"] = {
        (new if name == old else name): column | {"name": new if name == old else name}
        for name, column in node["columns"].items()
    }


def test_the_folder_is_what_the_manifest_gives(parsed: Manifest) -> None:
    assert differences(POWER_BI, build_project(parsed)) == [], "run `customer360 powerbi`"


def test_the_project_is_the_same_when_dbt_lists_its_nodes_otherwise(parsed: Manifest) -> None:
    # dbt's partial parsing puts what was edited at the end.
    turned = {
        name: dict(reversed(value.items()))
        if name in ("nodes", "semantic_models", "metrics")
        else value
        for name, value in parsed.items()
    }
    assert build_project(turned) == build_project(parsed)


@pytest.mark.parametrize(
    ("table", "column", "said"),
    [
        ("fct_orders", "revenue_amount", "metric revenue: there is no column"),
        ("fct_orders", "is_purchase", "metric purchases: there is no column"),
        ("fct_tickets", "opened_on", "metric tickets: there is no column"),
        ("fct_order_lines", "store_key", "relationship fct_order_lines_store_key: there is no"),
        ("dim_products", "product_key", "relationship fct_order_lines_product_key: there is no"),
        ("dim_dates", "calendar_month", "dim_dates.month_name is sorted by calendar_month"),
        ("dim_stores", "region", "Role own_region: there is no column"),
        ("customer_360", "country", "visual customers_slicer_1 of page Customers: there is no"),
        ("dim_products", "department", "visual overview_row2_2 of page Overview: there is no"),
    ],
)
def test_a_renamed_column_is_named_with_what_needs_it(
    manifest: Manifest, table: str, column: str, said: str
) -> None:
    _rename(manifest, table, column, "renamed")
    with pytest.raises(PowerBiError) as error:
        build_project(manifest)
    assert said in str(error.value)
    assert f"{table}.{column}" in str(error.value)


def test_a_renamed_column_that_nothing_needs_changes_the_file_of_its_table(
    manifest: Manifest,
) -> None:
    _rename(manifest, "dim_products", "brand", "make")
    assert differences(POWER_BI, build_project(manifest)) == [
        f"{MODEL}/definition/tables/dim_products.tmdl"
    ]


def _lose_table(manifest: Manifest) -> None:
    del manifest["nodes"]["model.customer360.fct_tickets"]


def _lose_calendar(manifest: Manifest) -> None:
    _gold(manifest, "dim_dates")["time_spine"] = None


def _change_type(manifest: Manifest) -> None:
    _gold(manifest, "dim_stores")["columns"]["city"]["data_type"] = "array<string>"


def _show_pii(manifest: Manifest) -> None:
    _gold(manifest, "customer_360")["columns"]["country"]["config"]["meta"] = {"pii": True}


def _label_as_a_column(manifest: Manifest) -> None:
    manifest["metrics"]["metric.customer360.tickets"]["label"] = "Topic"


def _count_elsewhere(manifest: Manifest) -> None:
    semantic = manifest["semantic_models"]["semantic_model.customer360.tickets"]
    semantic["depends_on"]["nodes"] = ["model.customer360.fct_interactions"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_lose_table, "gold tables that the dbt manifest has not: fct_tickets"),
        (_lose_calendar, "has a time_spine"),
        (_change_type, "dim_stores.city: found the type array<string>; expected string, boolean"),
        (_show_pii, "visual customers_row1_1 of page Customers: customer_360.country is personal"),
        (_label_as_a_column, "metric tickets: fct_tickets has a column of its label, 'Topic'"),
        (_count_elsewhere, "metric tickets: its table fct_interactions is not in TABLES"),
    ],
)
def test_a_model_that_cannot_be_made_says_why(
    manifest: Manifest, change: Callable[[Manifest], None], said: str
) -> None:
    change(manifest)
    with pytest.raises(PowerBiError) as error:
        build_project(manifest)
    assert said in str(error.value)


def test_relationships_follow_from_entities(model: Model) -> None:
    found = [
        f"{r.from_table}.{r.from_column} -> {r.to_table}.{r.to_column}" for r in model.relationships
    ]
    assert found == [
        "fct_orders.customer_id -> customer_360.customer_id",
        "fct_orders.ordered_on -> dim_dates.date_day",
        "fct_orders.store_key -> dim_stores.store_key",
        "fct_order_lines.customer_id -> customer_360.customer_id",
        "fct_order_lines.ordered_on -> dim_dates.date_day",
        "fct_order_lines.product_key -> dim_products.product_key",
        "fct_order_lines.store_key -> dim_stores.store_key",
        "fct_web_sessions.customer_id -> customer_360.customer_id",
        "fct_web_sessions.started_on -> dim_dates.date_day",
        "fct_tickets.customer_id -> customer_360.customer_id",
        "fct_tickets.opened_on -> dim_dates.date_day",
        "campaign_performance.started_on -> dim_dates.date_day",
    ]


def test_keys_are_hidden(model: Model) -> None:
    hidden = [f"{t.name}.{c.name}" for t in model.tables for c in t.columns if c.is_hidden]
    assert hidden == [
        "dim_stores.store_key",
        "dim_products.product_key",
        "fct_orders.order_key",
        "fct_orders.customer_id",
        "fct_orders.store_key",
        "fct_orders.ordered_on",
        "fct_order_lines.order_line_key",
        "fct_order_lines.order_key",
        "fct_order_lines.customer_id",
        "fct_order_lines.product_key",
        "fct_order_lines.store_key",
        "fct_order_lines.ordered_on",
        "fct_web_sessions.session_key",
        "fct_web_sessions.customer_id",
        "fct_web_sessions.started_on",
        "fct_tickets.customer_id",
        "fct_tickets.opened_on",
        "campaign_performance.started_on",
    ]


def test_every_metric_is_a_measure_with_its_twin(model: Model, parsed: Manifest) -> None:
    measures = {m.metric: (t.name, m) for t in model.tables for m in t.measures}
    assert set(measures) == set(read_metrics(parsed))
    labels = [m.label for _, m in measures.values()]
    assert len(set(labels)) == len(labels), "a measure's name is its own across all tables"
    table, measure = measures["web_revenue"]
    assert table == "fct_orders"
    assert (measure.label, measure.format) == ("Web revenue", "#,##0.00")
    assert measure.dax == (
        'CALCULATE(SUM(fct_orders[revenue_amount]) + 0, KEEPFILTERS(fct_orders[channel] = "web"))'
    )
    assert measure.sql == (
        "select coalesce(cast(sum(case when channel = 'web' then revenue_amount end) "
        "as decimal(18,2)), 0) from gold.fct_orders"
    )


def test_expressions_name_what_there_is(model: Model) -> None:
    columns = {f"{t.name}[{c.name}]" for t in model.tables for c in t.columns}
    columns |= {"region_readers[reader]", "region_readers[region]"}
    measures = {f"[{m.label}]" for t in model.tables for m in t.measures}
    expressions = [m.dax for t in model.tables for m in t.measures]
    expressions += [rows for role in build_roles(model) for rows in role.rows.values()]
    named = {found for text in expressions for found in re.findall(r"\w*\[[^]]+\]", text)}
    assert len(named) > 20
    assert named <= columns | measures


def test_roles_without_personal_data_hide_what_gold_marks(model: Model, parsed: Manifest) -> None:
    marked = {
        table: tuple(
            name
            for name, column in _gold(parsed, table)["columns"].items()
            if column["config"]["meta"].get("pii")
        )
        for table in ("customer_360", "fct_web_sessions")
    }
    assert marked["fct_web_sessions"] == (
        "visitor_id", "anonymous_id", "landing_page_url", "referrer_url",
    )  # fmt: skip
    roles = {role.name: role for role in build_roles(model)}
    assert list(roles) == ["everything", "no_personal_data", "own_region"]
    assert roles["everything"].hidden == {}
    assert roles["own_region"].hidden == marked
    assert roles["no_personal_data"].hidden == marked | {"region_readers": ("reader",)}


def test_what_sources_mark_as_personal_is_marked_in_gold(model: Model) -> None:
    declared = {f.name for s in SOURCES for e in s.entities for f in e.fields if f.pii}
    people = model.table("customer_360").columns
    assert {c.name for c in people if c.name in declared and not c.is_personal} == set()
    assert {"email", "phone", "last_name"} <= {c.name for c in people if c.is_personal}


def test_an_independent_parser_reads_the_tables(parsed: Manifest, model: Model) -> None:
    read = TMLDParser(str(POWER_BI / "customer360.pbip")).parse_all_tables()
    assert sorted(read) == sorted(f"{name}.tmdl" for name in (*TABLES, "region_readers"))
    for name in TABLES:
        (table,) = read[f"{name}.tmdl"]
        assert (table.element, table.description) == (
            f"table {name}", " ".join(_gold(parsed, name)["description"].split()),
        )  # fmt: skip
        elements = [p for p in table.properties if hasattr(p, "element")]
        by_kind: dict[str, list[str]] = {}
        for each in elements:
            kind, _, rest = each.element.partition(" ")
            by_kind.setdefault(kind, []).append(rest)
        assert by_kind["column"] == list(_gold(parsed, name)["columns"])
        assert by_kind["partition"] == [f"{name} = m"]
        labels = [text.partition(" = ")[0].strip("'") for text in by_kind.get("measure", [])]
        assert labels == [m.label for m in model.table(name).measures]
        types = {
            each.element.removeprefix("column "): line.strip().removeprefix("dataType: ")
            for each in elements
            for line in each.properties
            if line.strip().startswith("dataType:")
        }
        assert types == {c.name: c.kind.name for c in model.table(name).columns}


def test_an_independent_parser_finds_the_fields_of_the_report(model: Model, tmp_path: Path) -> None:
    out = tmp_path / "fields.csv"
    export_pbir_metadata_to_csv(str(POWER_BI / REPORT), str(out))
    with out.open(encoding="utf-8-sig") as lines:
        rows = list(csv.DictReader(lines))
    known = {(t.name, c.name, "Column") for t in model.tables for c in t.columns}
    known |= {(t.name, m.label, "Measure") for t in model.tables for m in t.measures}
    shown = {(r["Table"], r["Column or Measure"], r["Attribute Type"]) for r in rows}
    assert shown <= known
    assert {r["Page Name"] for r in rows} == {"Overview", "Customers", "Segments", "Campaigns"}
    labels = {m.metric: m.label for t in model.tables for m in t.measures}
    wanted = {
        labels[field]
        for page in PAGES
        for visual in visuals(page).values()
        for fields in visual.fields.values()
        for field in fields
        if field in labels
    }
    assert {label for _, label, kind in shown if kind == "Measure"} == wanted


# What the published schemas allow and ask for, of the parts that are used here (docs/power-bi.md).
SHAPES: dict[str, tuple[set[str], set[str]]] = {
    "page.json": (
        {"$schema", "name", "displayName", "displayOption"},
        {"height", "width", "filterConfig", "objects", "type", "visibility", "annotations"},
    ),
    "visual.json": (
        {"$schema", "name", "position", "visual"},
        {"filterConfig", "isHidden", "annotations", "parentGroupName"},
    ),
    "report.json": (
        {"$schema", "themeCollection"},
        {"settings", "filterConfig", "objects", "resourcePackages", "annotations"},
    ),
    "pages.json": ({"$schema"}, {"pageOrder", "activePageName"}),
    "version.json": ({"$schema", "version"}, set()),
    "definition.pbir": ({"$schema", "version", "datasetReference"}, set()),
    "definition.pbism": ({"$schema", "version"}, {"settings"}),
    "customer360.pbip": ({"$schema", "version", "artifacts"}, {"settings"}),
    ".platform": ({"$schema", "metadata", "config"}, set()),
}


def test_documents_have_the_published_shapes(parsed: Manifest) -> None:
    documents = {
        path: json.loads(text)
        for path, text in build_project(parsed).items()
        if Path(path).name in SHAPES
    }
    assert {Path(path).name for path in documents} == set(SHAPES)
    for path, document in documents.items():
        required, optional = SHAPES[Path(path).name]
        assert required <= set(document) <= required | optional, path
        if path.endswith("visual.json"):
            _check_visual(path, document)


def _check_visual(path: str, document: Manifest) -> None:
    assert set(document["position"]) == {"x", "y", "z", "height", "width", "tabOrder"}, path
    visual = document["visual"]
    allowed = {
        "visualType", "query", "objects", "visualContainerObjects", "drillFilterOtherVisuals",
    }  # fmt: skip
    assert {"visualType", "query"} <= set(visual) <= allowed, path
    assert {"queryState"} <= set(visual["query"]) <= {"queryState", "sortDefinition"}, path
    for role, state in visual["query"]["queryState"].items():
        assert set(state) == {"projections"}, (path, role)
        references = [each["queryRef"] for each in state["projections"]]
        assert len(set(references)) == len(references) > 0, (path, role)
        for each in state["projections"]:
            assert {"field", "queryRef"} <= set(each), path
            assert set(each) <= {"field", "queryRef", "nativeQueryRef", "displayName"}, path
            (kind,) = each["field"]
            assert kind in ("Column", "Measure"), path
            assert set(each["field"][kind]) == {"Expression", "Property"}, path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_visuals_are_on_their_page_and_beside_each_other(page: Any) -> None:
    placed = visuals(page)
    boxes = [visual.position for visual in placed.values()]
    for left, top, width, height in boxes:
        assert min(left, top) >= 0
        assert width >= 120
        assert height >= 60
        assert left + width <= WIDTH
        assert top + height <= HEIGHT
    for number, (left, top, width, height) in enumerate(boxes):
        for other_left, other_top, other_width, other_height in boxes[number + 1 :]:
            apart = (
                left + width <= other_left
                or other_left + other_width <= left
                or top + height <= other_top
                or other_top + other_height <= top
            )
            assert apart
    assert all(len(name) <= 50 for name in placed)


@pytest.fixture
def run(manifest: Manifest) -> Callable[..., Any]:
    # The manifest is there by then, and the command only reads it.
    assert manifest["nodes"]
    return CliRunner().invoke


def test_command_writes_checks_and_tidies(run: Callable[..., Any], tmp_path: Path) -> None:
    folder = tmp_path / "powerbi"
    arguments = ["powerbi", "--output", str(folder)]
    missing = run(main, [*arguments, "--check"])
    assert missing.exit_code == 1
    assert "customer360.pbip is missing" in missing.output
    assert run(main, arguments).exit_code == 0
    assert run(main, [*arguments, "--check"]).exit_code == 0
    tables = folder / MODEL / "definition" / "tables"
    (tables / "old.tmdl").write_text("table old\n")
    (tables / "dim_dates.tmdl").write_text("table dim_dates\n")
    local = folder / MODEL / ".pbi" / "cache.abf"
    local.parent.mkdir()
    local.write_bytes(b"\xff\x00")
    stale = run(main, [*arguments, "--check"])
    assert stale.exit_code == 1
    assert [line.strip().rpartition("/")[2] for line in stale.output.splitlines()[:2]] == [
        "dim_dates.tmdl differs",
        "old.tmdl is no longer generated",
    ]
    assert run(main, arguments).exit_code == 0
    assert run(main, [*arguments, "--check"]).exit_code == 0
    assert local.read_bytes() == b"\xff\x00"


def test_command_leaves_a_folder_alone_that_is_not_the_project(
    run: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    result = run(main, ["powerbi", "--output", str(tmp_path)])
    assert result.exit_code == 1
    assert "no customer360.pbip: expected what this command makes" in result.output
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_one_source_alone_asks_for_nothing_of_the_others(
    run: Callable[..., Any], tmp_path: Path
) -> None:
    folder = tmp_path / "powerbi"
    written = run(main, ["powerbi", "--output", str(folder), "--source", "synapse"])
    assert written.exit_code == 0
    text = (folder / MODEL / "definition" / "expressions.tmdl").read_text()
    names = re.findall(r"^expression (\w+)", text, re.MULTILINE)
    assert names == [
        "SynapseServer", "SynapseDatabase", "RegionReaders", "synapse_table", "gold_table", "utc",
    ]  # fmt: skip
    assert "expression gold_table = synapse_table" in text
    assert "AzureStorage" not in text
    assert "Databricks" not in text
