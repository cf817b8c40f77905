"""The semantic model, read by the libraries that Power BI's own tools read it with.

Microsoft's library of tabular models reads the TMDL, resolves every reference and writes it again;
Microsoft's parser of M reads the queries. What needs a running engine, DAX above all, neither sees.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from customer360.serving.power_bi.project import MODEL
from customer360.settings import PROJECT_ROOT

pytestmark = pytest.mark.stack

HERE = Path(__file__).parent
DEFINITION = PROJECT_ROOT / "powerbi" / MODEL / "definition"
TOOLS = PROJECT_ROOT / ".tools" / "power_bi"
LIBRARIES = TOOLS / "pbi_cli" / "dlls"
QUERY_PARSER = TOOLS / "node_modules" / "@microsoft" / "powerquery-parser"
Read = Callable[[Path], "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Read:
    """Reads a definition with Microsoft's library; what it writes is in `written` beside it."""
    for name in ("mono", "mcs"):
        assert shutil.which(name), (
            f"{name} is needed to run Microsoft's library. Debian: apt-get install mono-runtime "
            "mono-mcs libmono-system-runtime-serialization4.0-cil"
        )
    assert LIBRARIES.is_dir(), "`make test-all` fetches Microsoft's library"
    folder = tmp_path_factory.mktemp("tabular")
    names = sorted(LIBRARIES.glob("*.dll"))
    for name in names:
        shutil.copy(name, folder)
    references = [f"-r:{name.name}" for name in names if "Adomd" not in name.name]
    source = str(HERE / "tabular_model.cs")
    compiled = subprocess.run(
        ["mcs", "-out:tabular_model.exe", *references, source],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert compiled.returncode == 0, compiled.stderr
    program = folder / "tabular_model.exe"

    def reading(definition: Path) -> subprocess.CompletedProcess[str]:
        command = ["mono", str(program), str(definition), str(definition.parent / "written")]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return reading


@pytest.fixture
def definition(tmp_path: Path) -> Path:
    """A copy of the model's definition."""
    return shutil.copytree(DEFINITION, tmp_path / "definition")


def _texts(folder: Path) -> dict[str, str]:
    """Files by path; the library ends lines and files its own way."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes().decode("utf-8-sig")
        .replace("\r\n", "\n").rstrip("\n")
        for path in folder.rglob("*.tmdl")
    }  # fmt: skip


def test_the_library_understands_every_line(read: Read, definition: Path) -> None:
    result = read(definition)
    assert (result.returncode, result.stdout) == (0, ""), result.stdout + result.stderr
    assert _texts(definition.parent / "written") == _texts(DEFINITION)


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (
            "relationships.tmdl",
            "fromColumn: fct_orders.store_key",
            "fromColumn: fct_orders.shop_key",
            "Failed links: [relationship 'fct_orders_store_key']::[FromColumn]",
        ),
        (
            "tables/dim_dates.tmdl",
            "sortByColumn: calendar_month",
            "sortByColumn: month",
            "Failed links: [column 'month_name' in table 'dim_dates']::[SortByColumn]",
        ),
        (
            "roles/own_region.tmdl",
            "columnPermission email",
            "columnPermission mail",
            "Failed links: [column permission for column 'mail' in table customer_360]::[Column]",
        ),
        ("tables/dim_stores.tmdl", "dataType: string", "dataType: text", "TMDL Format Error"),
        ("tables/dim_stores.tmdl", "\tisHidden", "\tishiden", "TMDL Format Error"),
    ],
)
def test_the_library_refuses_what_is_wrong(
    read: Read, definition: Path, file: str, old: str, new: str, said: str
) -> None:
    path = definition / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    result = read(definition)
    assert result.returncode == 1
    assert said in result.stdout


def _queries() -> Iterator[tuple[str, str]]:
    """The M of every named expression and of every table."""
    text = (DEFINITION / "expressions.tmdl").read_text()
    for block in re.split(r"^/// .*\n", text, flags=re.MULTILINE):
        if block.strip():
            head, _, query = block.partition("=")
            yield head.split()[1], query.strip()
    for path in sorted((DEFINITION / "tables").glob("*.tmdl")):
        yield path.stem, path.read_text().partition("\t\tsource =\n")[2]


def _refused(queries: dict[str, str]) -> dict[str, str]:
    assert QUERY_PARSER.is_dir(), "`make test-all` fetches Microsoft's parser of M"
    result = subprocess.run(
        ["node", str(HERE / "query_parser.js"), str(QUERY_PARSER)],
        input=json.dumps(queries), capture_output=True, text=True, check=True,
    )  # fmt: skip
    refused: dict[str, str] = json.loads(result.stdout)
    return refused


def test_the_parser_of_m_reads_every_query() -> None:
    queries = dict(_queries())
    assert {"GoldSource", "lake_table", "gold_table", "utc", "fct_orders"} <= set(queries)
    assert all(query.strip() for query in queries.values())
    assert _refused(queries) == {}


def test_the_parser_of_m_refuses_what_is_wrong() -> None:
    queries = dict(_queries())
    queries["utc"] = queries["utc"].replace("then", "than")
    assert list(_refused(queries)) == ["utc"]
