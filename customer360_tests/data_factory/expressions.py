"""The expression language, as far as `adf/` uses it; anything else is an error."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

_TOKEN = re.compile(r"\s*(?:('(?:[^']|'')*')|(\d+)|([A-Za-z_]\w*)|(\?\.|[.,()\[\]]))")
_FORMATS = {
    "yyyy-MM-dd": "%Y-%m-%d",
    "yyyy-MM-ddTHH:mm:ssZ": "%Y-%m-%dT%H:%M:%SZ",
}


class ExpressionError(Exception):
    """An expression cannot be read, or names something that is not there."""


def _format(moment: str, pattern: str) -> str:
    try:
        return datetime.fromisoformat(moment).strftime(_FORMATS[pattern])
    except ValueError as error:
        raise ExpressionError(f"{moment!r} does not match ISO 8601") from error


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "concat": lambda *parts: "".join(str(part) for part in parts),
    "formatDateTime": _format,
    "encodeUriComponent": lambda text: quote(text, safe=""),
    "greater": lambda left, right: left > right,
    "or": lambda left, right: bool(left) or bool(right),
    "empty": lambda value: not value,
    "contains": lambda values, value: value in values,
}


def evaluate(value: Any, scope: Mapping[str, Callable[..., Any]]) -> Any:
    """A document with every expression in it replaced by its value.

    Args:
        value: Any part of a document.
        scope: What `pipeline()`, `item()` and the like stand for.
    """
    if isinstance(value, dict):
        if value.get("type") == "Expression":
            return evaluate(value["value"], scope)
        return {key: evaluate(inner, scope) for key, inner in value.items()}
    if isinstance(value, list):
        return [evaluate(inner, scope) for inner in value]
    if not isinstance(value, str):
        return value
    if value.startswith("@") and not value.startswith("@{"):
        return _Reader(value[1:], scope).whole()
    return re.sub(r"@\{([^}]*)\}", lambda found: str(_Reader(found[1], scope).whole()), value)


class _Reader:
    """Reads one expression from left to right, evaluating as it goes."""

    def __init__(self, text: str, scope: Mapping[str, Callable[..., Any]]) -> None:
        self._text = text
        self._scope = scope
        self._tokens: list[str] = []
        place = 0
        while place < len(text):
            found = _TOKEN.match(text, place)
            if found is None:
                raise ExpressionError(f"cannot read {text[place:]!r} in {text!r}")
            self._tokens.append(found[0].strip())
            place = found.end()

    def whole(self) -> Any:
        value = self._value()
        if self._tokens:
            raise ExpressionError(f"{self._tokens[0]!r} is too much in {self._text!r}")
        return value

    def _value(self) -> Any:
        token = self._next()
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        if token.isdigit():
            return int(token)
        return self._steps(self._called(token))

    def _called(self, name: str) -> Any:
        self._expect("(")
        arguments = []
        while self._tokens[:1] != [")"]:
            arguments.append(self._value())
            if self._tokens[:1] == [","]:
                self._next()
        self._expect(")")
        function = self._scope.get(name) or _FUNCTIONS.get(name)
        if function is None:
            raise ExpressionError(f"no function {name!r} for {self._text!r}")
        return function(*arguments)

    def _steps(self, value: Any) -> Any:
        while self._tokens[:1] in (["."], ["["]):
            if self._next() == ".":
                step = self._next()
            else:
                step = self._value()
                self._expect("]")
            if not isinstance(value, Mapping) or step not in value:
                raise ExpressionError(f"nothing at {step!r} in {self._text!r}")
            value = value[step]
        return value

    def _next(self) -> str:
        if not self._tokens:
            raise ExpressionError(f"{self._text!r} ends too early")
        return self._tokens.pop(0)

    def _expect(self, token: str) -> None:
        if (found := self._next()) != token:
            raise ExpressionError(f"{token!r} expected, found {found!r} in {self._text!r}")
