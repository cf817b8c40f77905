"""Finds constructs in SQL and DataFrame code; which ones are refused is data in `portable_rules`.

SQL is scanned as written, Jinja included: comments are blanked, and so is the content of literals
for the rules that look at code. Python is walked as a syntax tree: calls on `F`, DataFrame methods,
and every string that reaches the engine as SQL.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from customer360_tests.portable_sql import Sql

SQL_METHODS = ("sql", "where", "filter", "selectExpr", "expr")
_STATEMENT = re.compile(r"\s*(select|insert|merge|create|delete|update|with|drop|alter)\s", re.I)


@dataclass(frozen=True)
class Rule:
    """A construct that engines treat differently.

    Attributes:
        name: What it is called in findings and in the allow-list.
        section: Section of the measurements: a differs silently, b fails on Sail, c fails on Spark,
            design is a rule of this project.
        reason: What happens.
        portable: What to write instead.
        bad: Snippets that must be refused; those beginning with `py:` are Python.
        good: Snippets that must pass.
        functions: Names refused as a SQL call and as a call on `F`.
        inside: Calls directly around one of `functions` that make it portable.
        pattern: Regular expression over lower-case SQL code with blanked literals.
        literal: Regular expression over SQL with its literals, and over strings in Python.
        methods: DataFrame methods that are refused.
        sql: Any other test of SQL, yielding offsets.
        python: Any other test of a Python node.
    """

    name: str
    section: str
    reason: str
    portable: str
    bad: tuple[str, ...]
    good: tuple[str, ...]
    functions: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()
    pattern: str = ""
    literal: str = ""
    methods: tuple[str, ...] = ()
    sql: Callable[[Sql], Iterator[int]] | None = None
    python: Callable[[ast.AST, Tree], bool] | None = None


@dataclass(frozen=True)
class Finding:
    """A refused construct at a place."""

    path: str
    line: int
    rule: Rule
    excerpt: str

    def __str__(self) -> str:
        """One line: place, construct, reason, portable form."""
        return (
            f"{self.path}:{self.line}: {self.rule.name}: {self.excerpt.strip()[:90]}\n"
            f"    {self.rule.reason}; write: {self.rule.portable}"
        )


class Tree:
    """A Python module that uses DataFrames.

    Attributes:
        parents: Parent of every node.
    """

    def __init__(self, source: str) -> None:
        self.root = ast.parse(source)
        self.parents = {c: n for n in ast.walk(self.root) for c in ast.iter_child_nodes(n)}
        docstrings = (ast.Module, ast.ClassDef, ast.FunctionDef)
        self._prose = {
            n.body[0].value
            for n in ast.walk(self.root)
            if isinstance(n, docstrings) and n.body and isinstance(n.body[0], ast.Expr)
        }

    def strings(self) -> Iterator[tuple[ast.expr, str]]:
        """Every string but docstrings, f-strings with `x` for what is computed."""
        for node in ast.walk(self.root):
            if isinstance(node, ast.JoinedStr):
                yield (
                    node,
                    "".join(
                        str(p.value) if isinstance(p, ast.Constant) else "x" for p in node.values
                    ),
                )
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                whole = not isinstance(self.parents.get(node), (ast.JoinedStr, ast.FormattedValue))
                if whole and node not in self._prose:
                    yield node, node.value

    def callers(self, node: ast.AST) -> Iterator[str]:
        """Names of the calls around a node: round for `F.round(node)`, cast for `node.cast(…)`."""
        while node in self.parents:
            child, node = node, self.parents[node]
            if isinstance(node, ast.Call) and node.func is not child:
                yield called(node)
            elif isinstance(node, ast.Attribute):
                yield node.attr


def called(node: ast.AST) -> str:
    """Name of the function or method that a node calls; empty if it is no call."""
    if not isinstance(node, ast.Call):
        return ""
    return getattr(node.func, "attr", "") or getattr(node.func, "id", "")


def is_function(node: ast.AST) -> bool:
    """Whether a node is a call on `F`."""
    target = node.func if isinstance(node, ast.Call) else None
    return isinstance(target, ast.Attribute) and getattr(target.value, "id", "") == "F"


def scan_sql(
    path: str, source: str, rules: tuple[Rule, ...], first_line: int = 1
) -> Iterator[Finding]:
    """Findings in SQL or Jinja SQL."""
    sql = Sql(source)
    for rule in rules:
        for offset in sorted(set(_offsets(sql, rule))):
            line = source.count("\n", 0, offset)
            yield Finding(path, first_line + line, rule, source.split("\n")[line])


def _offsets(sql: Sql, rule: Rule) -> Iterator[int]:
    if rule.pattern:
        yield from (m.start() for m in re.finditer(rule.pattern, sql.code))
    if rule.literal:
        yield from (m.start() for m in re.finditer(rule.literal, sql.text))
    for name in rule.functions:
        for match in re.finditer(rf"(?<![a-z0-9_.]){name}\s*\(", sql.code):
            if sql.enclosing(match.start())[:1] not in [[i] for i in rule.inside]:
                yield match.start()
    if rule.sql:
        yield from rule.sql(sql)


def scan_python(path: str, source: str, rules: tuple[Rule, ...]) -> Iterator[Finding]:
    """Findings in a Python module; modules that never import pyspark have only their SQL scanned.

    Strings in a module that uses DuckDB or the lake's reader are that dialect's, unless a DataFrame
    method takes them.
    """
    tree = Tree(source)
    lines = source.split("\n")
    uses_spark = re.search(r"^\s*(from|import) pyspark", source, re.M) is not None
    uses_duckdb = re.search(r"^\s*(from|import) .*(duckdb|\.reading)\b", source, re.M) is not None
    for node, text in tree.strings():
        is_argument = called(tree.parents.get(node, node)) in SQL_METHODS
        if is_argument or (not uses_duckdb and _STATEMENT.match(text)):
            yield from scan_sql(path, text, rules, node.lineno)
        elif uses_spark:
            yield from _in_string(path, node, text, rules, tree, lines)
    if uses_spark:
        for rule in rules:
            for node in ast.walk(tree.root):
                if _refuses(rule, node, tree):
                    line = getattr(node, "lineno", 1)
                    yield Finding(path, line, rule, lines[line - 1])


def _in_string(
    path: str, node: ast.expr, text: str, rules: tuple[Rule, ...], tree: Tree, lines: list[str]
) -> Iterator[Finding]:
    """Findings in a string that is no SQL, as an option's name or a pattern for the engine."""
    parent = tree.parents.get(node)
    of_re = isinstance(parent, ast.Call) and ast.unparse(parent.func).startswith("re.")
    for rule in rules:
        if rule.literal and not of_re and re.search(rule.literal, text.lower()):
            yield Finding(path, node.lineno, rule, lines[node.lineno - 1])


def _refuses(rule: Rule, node: ast.AST, tree: Tree) -> bool:
    if rule.python and rule.python(node, tree):
        return True
    name = called(node)
    if name in rule.methods:
        return not isinstance(getattr(node, "func", None), ast.Name)
    if name not in rule.functions or not is_function(node):
        return False
    return next(tree.callers(node), "") not in rule.inside


def scan_file(path: Path, root: Path, rules: tuple[Rule, ...]) -> list[Finding]:
    """Findings in a file, by line."""
    source, shown = path.read_text(), str(path.relative_to(root))
    scan = scan_python if path.suffix == ".py" else scan_sql
    return sorted(scan(shown, source, rules), key=lambda f: (f.line, f.rule.name))
