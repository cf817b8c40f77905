"""No SQL and no DataFrame code uses what engines treat differently (docs/engines.md)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from customer360_tests.portable_rules import ALLOWED, RULES, Allowed
from customer360_tests.portable_scan import Finding, Rule, scan_file, scan_python, scan_sql

ROOT = Path(__file__).resolve().parents[2]


def _files() -> Iterator[Path]:
    """SQL of the dbt project as written, not what dbt compiled, and the package's Python."""
    for folder in ("models", "macros", "snapshots", "tests"):
        yield from sorted((ROOT / "customer360_dbt" / folder).rglob("*.sql"))
    yield from sorted((ROOT / "customer360").rglob("*.py"))


@pytest.fixture(scope="module")
def findings() -> list[Finding]:
    return [finding for path in _files() for finding in scan_file(path, ROOT, RULES)]


def _is_covered(finding: Finding, allowed: Allowed) -> bool:
    same_place = finding.path == allowed.path and finding.rule.name == allowed.rule
    return same_place and allowed.excerpt in finding.excerpt


def _snippet_findings(snippet: str, rule: Rule) -> list[Finding]:
    if snippet.startswith("py:"):
        source = "from pyspark.sql import functions as F\n" + snippet.removeprefix("py:").strip()
        return list(scan_python("snippet.py", source, (rule,)))
    return list(scan_sql("snippet.sql", snippet, (rule,)))


def test_code_uses_portable_forms_only(findings: list[Finding]) -> None:
    refused = [f for f in findings if not any(_is_covered(f, a) for a in ALLOWED)]
    assert not refused, "\n" + "\n".join(str(f) for f in refused)


@pytest.mark.parametrize("allowed", ALLOWED, ids=lambda a: f"{a.path}-{a.excerpt}")
def test_allowed_use_is_still_there(allowed: Allowed, findings: list[Finding]) -> None:
    assert any(_is_covered(f, allowed) for f in findings), "remove it from the allow-list"


@pytest.mark.parametrize(
    ("rule", "snippet"), [(r, s) for r in RULES for s in r.bad], ids=lambda v: getattr(v, "name", v)
)
def test_rule_refuses_bad_snippet(rule: Rule, snippet: str) -> None:
    assert _snippet_findings(snippet, rule)


@pytest.mark.parametrize(
    ("rule", "snippet"),
    [(r, s) for r in RULES for s in r.good],
    ids=lambda v: getattr(v, "name", v),
)
def test_rule_passes_portable_form(rule: Rule, snippet: str) -> None:
    assert not _snippet_findings(snippet, rule)


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.name)
def test_portable_form_of_rule_breaks_no_other_rule(rule: Rule) -> None:
    for snippet in rule.good:
        others = [f for r in RULES for f in _snippet_findings(snippet, r)]
        assert not others, "\n".join(str(f) for f in others)


def test_finding_names_file_line_construct_and_portable_form() -> None:
    sql = "select a\n-- avg(x) in a comment\n, 'avg(x) in a literal', avg(x) from {{ ref('t') }}"
    (finding,) = scan_sql("models/m.sql", sql, RULES)
    assert (finding.path, finding.line, finding.rule.name) == ("models/m.sql", 3, "average")
    assert "cast(avg(x) as decimal(18,2))" in str(finding)


def test_strings_handed_to_the_engine_are_read_as_sql() -> None:
    source = (
        "def f(session, key):\n    return session.sql(\n        f'select nvl(a, 0) from {key}')\n"
    )
    (finding,) = scan_python("customer360/x.py", source, RULES)
    assert (finding.line, finding.rule.name) == (3, "nvl")


def test_duckdb_statements_are_that_dialects() -> None:
    source = "import duckdb\n\nROWS = duckdb.execute('select * exclude (a), hash(b) from t')\n"
    assert not list(scan_python("customer360/x.py", source, RULES))


def test_jinja_arguments_are_read_as_sql() -> None:
    (finding,) = scan_sql("models/m.sql", "select {{ ratio('nvl(a, 0)', 'b') }} from t", RULES)
    assert finding.rule.name == "nvl"
