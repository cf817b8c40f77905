"""The factory's files: current, closed, and known in every name to Azure's own client."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from customer360.cli import main
from customer360.data_factory.factory import build_factory, differences, read_factory
from customer360.data_factory.references import check_references, reference_problems
from customer360.data_factory.vocabulary import Json
from customer360.errors import DataFactoryError
from customer360.settings import PROJECT_ROOT
from customer360.sources import SOURCES
from customer360.sources.copies import FilesCopy, PagesCopy, TableCopy, copy_problems

ADF = PROJECT_ROOT / "adf"


@pytest.fixture
def factory() -> dict[str, Json]:
    return copy.deepcopy(build_factory(SOURCES))


def test_the_folder_is_what_the_declarations_give() -> None:
    assert differences(ADF, build_factory(SOURCES)) == [], "run `customer360 adf generate`"


def test_the_folder_has_no_reference_that_leads_nowhere() -> None:
    check_references(read_factory(ADF))


def test_every_entity_is_in_the_list_that_the_master_works_off(factory: dict[str, Json]) -> None:
    listed = factory["pipeline/ingest_day.json"]["properties"]["parameters"]["sources"]
    names = [item["entity"] for item in listed["defaultValue"]]
    assert names == [s.table(e.name) for s in SOURCES for e in s.entities]
    kinds = {item["entity"]: item["kind"] for item in listed["defaultValue"]}
    assert kinds["crm__contacts"] == "database"
    assert kinds["social__profiles"] == "rest"
    assert kinds["pos__receipts"] == "files"


def _activity(factory: dict[str, Json], pipeline: str, number: int = 0) -> Json:
    found = factory[f"pipeline/{pipeline}.json"]["properties"]["activities"][number]
    assert isinstance(found, dict)
    return found


def _lose_dataset(factory: dict[str, Json]) -> None:
    del factory["dataset/landing_lines.json"]


def _misspell_parameter(factory: dict[str, Json]) -> None:
    parameters = _activity(factory, "copy_table")["inputs"][0]["parameters"]
    parameters["sever"] = parameters.pop("server")


def _misspell_expression(factory: dict[str, Json]) -> None:
    parameters = _activity(factory, "copy_table")["inputs"][0]["parameters"]
    parameters["server"]["value"] = "@pipeline().parameters.conection.server"


def _misspell_global(factory: dict[str, Json]) -> None:
    parameters = _activity(factory, "copy_table")["outputs"][0]["parameters"]
    parameters["url"]["value"] = "@pipeline().globalParameters.lake"


def _lose_pipeline(factory: dict[str, Json]) -> None:
    del factory["pipeline/land_files.json"]


def _forget_dependency(factory: dict[str, Json]) -> None:
    _activity(factory, "copy_files", 1)["dependsOn"] = []


def _depend_on_nothing(factory: dict[str, Json]) -> None:
    _activity(factory, "copy_files", 1)["dependsOn"][0]["activity"] = "look"


def _nest_a_loop(factory: dict[str, Json]) -> None:
    condition = _activity(factory, "copy_files", 1)["typeProperties"]
    condition["ifTrueActivities"] = [_activity(factory, "land_files", 2) | {"dependsOn": []}]


def _item_outside(factory: dict[str, Json]) -> None:
    look = _activity(factory, "copy_files")["typeProperties"]["dataset"]["parameters"]
    look["folder"]["value"] = "@item().drop_folder"


def _lose_secret_store(factory: dict[str, Json]) -> None:
    del factory["linkedService/key_vault.json"]


def _trigger_nothing(factory: dict[str, Json]) -> None:
    trigger = factory["trigger/daily_window.json"]["properties"]["pipeline"]
    trigger["pipelineReference"]["referenceName"] = "ingest"


def _forget_parameter(factory: dict[str, Json]) -> None:
    del factory["trigger/daily_window.json"]["properties"]["pipeline"]["parameters"]["window_end"]


def _rename_file(factory: dict[str, Json]) -> None:
    factory["dataset/landing_json.json"]["name"] = "landing_text"


def _own_parameter(factory: dict[str, Json]) -> None:
    location = factory["dataset/landing_json.json"]["properties"]["typeProperties"]["location"]
    location["fileName"]["value"] = "@dataset().name"


_BROKEN: list[tuple[Callable[[dict[str, Json]], None], str]] = [
    (
        _lose_dataset,
        (
            "pipeline/copy_table.json $.properties.activities[0].outputs[0]: "
            "no dataset 'landing_lines'"
        ),
    ),
    (_misspell_parameter, "'database_rows' has no parameter 'sever'"),
    (_misspell_parameter, "'database_rows' needs the parameter 'server'"),
    (_misspell_expression, "no parameter 'conection' is declared here"),
    (_misspell_global, "no global parameter 'lake' in factory/"),
    (_lose_pipeline, "pipeline/copy_files.json"),
    (_forget_dependency, "uses the output of 'look for the day', which has not ended before it"),
    (_depend_on_nothing, "no activity 'look' beside this one"),
    (_nest_a_loop, "the factory allows no ForEach inside a IfCondition"),
    (_item_outside, "item() has no meaning outside a loop"),
    (_lose_secret_store, "linkedService/source_database.json"),
    (_trigger_nothing, "trigger/daily_window.json $.properties.pipeline.pipelineReference: no"),
    (_forget_parameter, "'ingest_day' needs the parameter 'window_end'"),
    (_rename_file, "dataset/landing_json.json $.name: found 'landing_text'"),
    (_own_parameter, "no parameter 'name' is declared here"),
]


@pytest.mark.parametrize(("break_it", "says"), _BROKEN)
def test_a_reference_that_leads_nowhere_is_refused_with_its_place(
    factory: dict[str, Json], break_it: Callable[[dict[str, Json]], None], says: str
) -> None:
    assert list(reference_problems(factory)) == []
    break_it(factory)
    with pytest.raises(DataFactoryError) as error:
        check_references(factory)
    assert says in str(error.value)


def test_generate_writes_check_compares_and_a_stale_folder_fails(tmp_path: Path) -> None:
    folder = tmp_path / "adf"
    run = CliRunner().invoke
    assert run(main, ["adf", "generate", "--check", "--out", str(folder)]).exit_code == 1
    assert run(main, ["adf", "generate", "--out", str(folder)]).exit_code == 0
    assert run(main, ["adf", "generate", "--check", "--out", str(folder)]).exit_code == 0
    (folder / "dataset" / "landing_json.json").write_text("{}")
    (folder / "pipeline" / "old.json").write_text("{}")
    (folder / "trigger" / "daily_window.json").unlink()
    stale = run(main, ["adf", "generate", "--check", "--out", str(folder)])
    assert stale.exit_code == 1
    for line in (
        "dataset/landing_json.json differs",
        "pipeline/old.json is no longer generated",
        "trigger/daily_window.json is missing",
    ):
        assert line in stale.output
    assert run(main, ["adf", "generate", "--out", str(folder)]).exit_code == 0
    assert differences(folder, build_factory(SOURCES)) == []


def test_no_document_holds_a_secret_or_a_key(factory: dict[str, Json]) -> None:
    for name, document in factory.items():
        text = json.dumps(document).lower()
        assert "securestring" not in text, name
        assert "accountkey" not in text, name
        assert "connectionstring" not in text, name


@pytest.mark.parametrize(
    ("declared", "says"),
    [
        (TableCopy("contacts", "updated_at"), "'contacts' is not a table as schema.table"),
        (TableCopy("crm.contacts; drop table x", "updated_at"), "is not a table"),
        (TableCopy("crm.contacts", "now()"), "'now()' is not a column's name"),
        (PagesCopy("/v1/items"), "'/v1/items' is not a path"),
        (PagesCopy("v1/items?all=1"), "is not a path"),
        (PagesCopy("v1/items", records="a b"), "'a b' is not the name of a list"),
        (FilesCopy("../other"), "'../other' is not a folder"),
    ],
)
def test_a_copy_that_nothing_could_be_made_of_is_refused(
    declared: TableCopy | PagesCopy | FilesCopy, says: str
) -> None:
    assert says in "; ".join(copy_problems("crm.contacts", declared))


def test_the_azure_client_knows_every_type_and_property(factory: dict[str, Json]) -> None:
    """The service ignores or refuses a misspelt property; its client's models name all of them."""
    assert list(_unknown(factory)) == []
    source = _activity(factory, "copy_table")["typeProperties"]["source"]
    source["querry"] = source.pop("query")
    factory["linkedService/lake.json"]["properties"]["type"] = "AzureBlobFs"
    problems = list(_unknown(factory))
    assert any("PostgreSqlV2Source has no 'querry'" in each for each in problems)
    assert any("LinkedService of type 'AzureBlobFs'" in each for each in problems)


def _unknown(factory: dict[str, Json]) -> Iterator[str]:
    from azure.mgmt.datafactory import models

    kinds: dict[str, Any] = {
        "pipeline": models.PipelineResource,
        "dataset": models.DatasetResource,
        "linkedService": models.LinkedServiceResource,
        "trigger": models.TriggerResource,
        "factory": models.Factory,
    }
    for path, document in factory.items():
        read = kinds[path.partition("/")[0]]._deserialize(document, [])
        yield from _unknown_in(read, path)


def _unknown_in(read: Any, place: str) -> Iterator[str]:
    from azure.mgmt.datafactory._utils.model_base import Model

    if isinstance(read, Model):
        yield from _unknown_in_model(read, place)
    elif isinstance(read, dict):
        for key, value in read.items():
            yield from _unknown_in(value, f"{place}.{key}")
    elif isinstance(read, list):
        for number, value in enumerate(read):
            yield from _unknown_in(value, f"{place}[{number}]")


def _unknown_in_model(read: Any, place: str) -> Iterator[str]:
    kinds = _kinds(type(read))
    if kinds:
        # The client reads some kinds as the base of all of them.
        if read["type"] not in kinds:
            yield f"{place}: {type(read).__name__} of type {read['type']!r}"
            return
        read = kinds[read["type"]](dict(read))
    names = {field._rest_name: name for name, field in read._attr_to_rest_field.items()}
    for key in read.keys():  # noqa: SIM118 - a model is no dictionary
        if key not in names:
            yield f"{place}: {type(read).__name__} has no {key!r}"
        else:
            yield from _unknown_in(getattr(read, names[key]), f"{place}.{key}")


def _kinds(base: Any) -> dict[str, Any]:
    """The classes below a class by the `type` that names them; empty for one that is a kind."""
    found: dict[str, Any] = {}
    for name, kind in base.__dict__.get("__mapping__", {}).items():
        found |= {name: kind} | _kinds(kind)
    return found
