"""The house: which part may import which."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from customer360.settings import PROJECT_ROOT

PACKAGE = PROJECT_ROOT / "customer360"
PURE = (
    "sources",
    "transforms",
    "landing",
    "identity",
    "data_factory",
    "serving/synapse",
    "serving/site",
)


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


@pytest.mark.parametrize("room", PURE)
def test_rooms_below_the_graph_never_import_dagster(room: str) -> None:
    for path in (PACKAGE / room).rglob("*.py"):
        offending = {m for m in _imports(path) if m.split(".")[0].startswith("dagster")}
        assert not offending, f"{path} imports {offending}"


@pytest.mark.parametrize(
    ("room", "forbidden"),
    [
        (
            "sources",
            ("transforms", "resources", "assets", "checks", "automation", "build", "commands"),
        ),
        ("transforms", ("resources", "assets", "checks", "automation", "build", "commands")),
        ("data_factory", ("resources", "assets", "checks", "automation", "build", "commands")),
        ("landing", ("resources", "assets", "checks", "automation", "build", "commands")),
        ("resources", ("assets", "checks", "automation", "build", "commands")),
        ("automation", ("build", "commands")),
        ("assets", ("build", "commands")),
        ("checks", ("pages", "build", "commands")),
        ("pages", ("assets", "automation", "build", "commands")),
        ("serving/synapse", ("resources", "assets", "automation", "build", "commands")),
        ("serving/site", ("resources", "assets", "automation", "build", "commands")),
    ],
)
def test_dependencies_point_down(room: str, forbidden: tuple[str, ...]) -> None:
    for path in (PACKAGE / room).rglob("*.py"):
        for module in _imports(path):
            upward = [f for f in forbidden if module.startswith(f"customer360.{f}")]
            assert not upward, f"{path} imports {module}"


def test_help_imports_nothing_heavy() -> None:
    heavy = "dagster", "pyspark", "pyarrow", "polars", "dbt", "pandas", "duckdb", "azure"
    code = (
        "import sys; from customer360.cli import main; main(['--help'], standalone_mode=False); "
        f"sys.exit(','.join(m for m in {heavy!r} if m in sys.modules) or 0)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
