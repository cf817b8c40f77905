"""Changes of a source's file as text, laid out as the formatter would.

What to change is decided in `commands.drift_patch`; nothing here reads a lake.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Sequence
from typing import Final

from customer360.errors import SpecError
from customer360.sources.spec import Field, Kind

_WIDTH: Final = 100
_SPEC: Final = "customer360.sources.spec"


def add_fields(text: str, declaration: tuple[str, str], fields: Sequence[Field]) -> str:
    """Add fields at the end of a declaration.

    Args:
        text: The source's file.
        declaration: Class and `name` of the declaration, as `("EntitySpec", "receipts")`.
        fields: The fields.

    Raises:
        SpecError: The file declares its fields in another form.
    """
    listed = _fields(text, declaration)
    lines = text.splitlines(keepends=True)
    last, end = listed.elts[-1], listed.end_lineno or 0
    if last.end_lineno == end:
        raise _unexpected(declaration, "a list of fields that closes on a line of its own")
    added = "".join(_call(last.col_offset, _arguments(field)) for field in fields)
    kinds = ["Kind"] if any(field.kind is not Kind.STRING for field in fields) else []
    return _with_names("".join([*lines[: end - 1], added, *lines[end - 1 :]]), kinds)


def add_path(text: str, declaration: tuple[str, str], name: str, path: str) -> str:
    """Let a field accept a further path.

    Args:
        text: The source's file.
        declaration: Class and `name` of the declaration that lists the field.
        name: The field.
        path: The further path.

    Raises:
        SpecError: The file declares the field in another form.
    """
    calls = [e for e in _fields(text, declaration).elts if isinstance(e, ast.Call) and e.args]
    call = next((c for c in calls if _literal(c.args[0]) == name), None)
    if call is None:
        raise _unexpected(declaration, f"a line that begins with Field({json.dumps(name)}")
    arguments = [_segment(text, node) for node in call.args]
    also: list[str] = []
    for word in call.keywords:
        if word.arg == "also":
            also = list(ast.literal_eval(word.value))
        else:
            arguments.append(f"{word.arg}={_segment(text, word.value)}")
    arguments.append(f"also={_tuple([*also, path])}")
    lines = text.splitlines(keepends=True)
    begin, end = call.lineno - 1, call.end_lineno or 0
    return "".join([*lines[:begin], _call(call.col_offset, arguments), *lines[end:]])


def _fields(text: str, declaration: tuple[str, str]) -> ast.Tuple:
    """The tuple of fields of a declaration."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            words = {word.arg: word.value for word in node.keywords}
            named = "name" in words and _literal(words["name"]) == declaration[1]
            fields = words.get("fields")
            if node.func.id == declaration[0] and named and isinstance(fields, ast.Tuple):
                return fields
    raise _unexpected(declaration, f"{declaration[0]}(name=…, fields=(…)) in the source's own file")


def _unexpected(declaration: tuple[str, str], expected: str) -> SpecError:
    kind, name = declaration
    return SpecError(
        f"The {kind} {name!r} cannot be patched: expected {expected}. Change the file by hand."
    )


def _literal(node: ast.expr) -> object:
    return node.value if isinstance(node, ast.Constant) else None


def _segment(text: str, node: ast.expr) -> str:
    return ast.get_source_segment(text, node) or ""


def _arguments(field: Field) -> Iterator[str]:
    """Arguments of the call that declares a new field."""
    yield json.dumps(field.name)
    yield json.dumps(field.description)
    if field.kind is not Kind.STRING:
        yield f"Kind.{field.kind.name}"
    if field.path:
        yield f"path={json.dumps(field.path)}"


def _tuple(texts: Sequence[str]) -> str:
    listed = ", ".join(json.dumps(text) for text in texts)
    return f"({listed},)" if len(texts) == 1 else f"({listed})"


def _call(indent: int, arguments: Iterator[str] | Sequence[str]) -> str:
    """An element `Field(…),` of a tuple: on one line, its arguments on one, or each on its own."""
    parts, space = list(arguments), " " * indent
    joined = ", ".join(parts)
    is_short = "\n" not in joined
    if is_short and indent + len(f"Field({joined}),") <= _WIDTH:
        return f"{space}Field({joined}),\n"
    if is_short and indent + 4 + len(joined) <= _WIDTH:
        return f"{space}Field(\n{space}    {joined}\n{space}),\n"
    return f"{space}Field(\n" + "".join(f"{space}    {p},\n" for p in parts) + f"{space}),\n"


def _with_names(text: str, names: Sequence[str]) -> str:
    """The file with names imported from the module of declarations."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.ImportFrom) and node.module == _SPEC:
            imported = sorted({alias.name for alias in node.names} | set(names))
            line = f"from {_SPEC} import {', '.join(imported)}\n"
            if len(line) > _WIDTH + 1:
                line = f"from {_SPEC} import (\n" + "".join(f"    {n},\n" for n in imported) + ")\n"
            if set(names) <= {alias.name for alias in node.names}:
                return text
            lines = text.splitlines(keepends=True)
            return "".join([*lines[: node.lineno - 1], line, *lines[node.end_lineno or 0 :]])
    return text
