"""Records of every entity with whatever a source may put into a field, from a seed."""

from __future__ import annotations

import json
import random
from typing import Any, Final

from customer360.sources import SOURCES
from customer360_tests.builders import record, spec

TABLES: Final = tuple(source.table(e.name) for source in SOURCES for e in source.entities)

_TEXTS: Final = (
    *("", " ", "  x ", "\t", "\n", "\0", "\x01\x1f", "\x7f", "\x85", "\u00a0", "\u2028", "\ufeff"),
    *("NULL", "null", "None", "N/A", "-", "true", "No", "T", "D", "U", "eur", "EUR", " EUR "),
    *("NaN", "nan", "Infinity", "-inf", "1e400", "1e-400", "1E7", "1e3", "0x1F", "1_000", "1,5"),
    *("0", "-0", "+1", "007", "01", "1", " 1", "1.", ".5", "1.005", "9" * 18, "9" * 40, "-" * 3),
    *("999999999999.999999", "1000000000000", "9223372036854775807", "9223372036854775808"),
    *("1e11", "1e12", "9.9999999999999e11", "123456789012345678.99", "\u0663", "\uff11", "\u00bd"),
    *("2026-01-02", "2026-01-02T03:04:05Z", "2026-01-02 03:04:05.123456789", "2026-1-2"),
    *("2026-02-29", "2026-01-02T24:00:00Z", "2026-01-02T23:59:60Z", "2026-01-02T00:00:00+25:00"),
    *("0000-00-00", "0001-01-01", "-001-01-01", "9999-12-31T23:59:59.999999-14:00", "12:30"),
    *(
        "1677-09-21",
        "2262-04-12T00:00:00Z",
        "10000-01-01",
        "+262143-01-01",
        "2026-01-02Tx",
        "today",
    ),
    *("2026-01-02T03:04:05 Europe/Berlin", "2026-01-02T03:04:05[UTC]", "2026-01-02T03:04:05 CET"),
    *(
        "a|b",
        "|",
        "a\\|b",
        "a:b",
        "a;b",
        "'; drop table x --",
        "${x}",
        "%s",
        '"',
        "\\",
        "{}",
        "[1]",
    ),
    *("é", "e\u0301", "ß", "İ", "ı", "\ufb01", "\U0001f600", "\U0001f468\u200d\U0001f469", "日本"),
    *(
        "\u202eabc\u202c",
        "\u0627\u0644",
        "\u05e9",
        "\ud800",
        "\udfff",
        "\ue000",
        "\uffff",
        "x" * 9000,
    ),
)
_OTHERS: Final = (
    *(None, True, False, 0, -1, 1.5, 1e300, -1e-300, 0.1 + 0.2, 10**18, 10**40, 12345678.9, 1e16),
    *([], {}, [None], [[]], [{}], {"a": {"b": [1]}}, [1, "x"], {"": None}, [{"line_number": 1}]),
)
_LINES: Final = (
    *("", "   ", "{}", "[]", "null", "7", '"x"', "{", '{"a":', "no json", '{"a":1}{"a":2}', "\0"),
    *('{"a":nan}', '{"a":1,}', "\ufeff{}", '{"a":' + "[" * 200 + "]" * 200 + "}", "\t{ }"),
)


class Records:
    """Random records of one entity; the same for the same seed."""

    def __init__(self, table: str, seed: int) -> None:
        self._table = table
        self._entity = spec(table)[1]
        self._random = random.Random(f"{table} {seed}")

    def lines(self, count: int) -> list[str]:
        """Lines of a JSON Lines file: mostly objects, a few of no use."""
        return [self._line() for _ in range(count)]

    def _line(self) -> str:
        if self._random.random() < 0.04:
            return self._random.choice(_LINES)
        text = json.dumps(self._record(), ensure_ascii=True)
        if "\\ud" in text or "\\n" in text or self._random.random() < 0.5:
            return text
        return json.dumps(json.loads(text), ensure_ascii=False)

    def _record(self) -> dict[str, Any]:
        made = json.loads(json.dumps(record(self._table)))
        for key in self._entity.key:
            # Few keys, so that versions, copies and conflicts meet.
            if self._entity.field(key).kind.value == "string":
                made[key] = self._key()
        for _ in range(self._random.choice((0, 0, 1, 1, 1, 2, 3, 8))):
            self._spoil(made)
        return made

    def _key(self) -> str:
        if len(self._entity.key) == 1:
            return str(self._random.randrange(40))
        return "".join(self._random.choices("ab|", k=self._random.randint(1, 3)))

    def _spoil(self, made: dict[str, Any]) -> None:
        """Put anything into one field, of the record or of an element of a list."""
        paths = [field.source_path for field in self._entity.fields]
        paths += [(child.path,) for child in self._entity.children] + [("not_declared",)]
        head, *rest = self._random.choice(paths)
        child = self._random.choice([*self._entity.children, None])
        elements = made.get(child.path) if child else None
        if child and isinstance(elements, list) and self._random.random() < 0.6:
            made[child.path] = self._elements(elements, [f.source_path[0] for f in child.fields])
        elif rest and isinstance(made.get(head), dict):
            made[head][rest[0]] = self._value()
        elif self._random.random() < 0.1:
            made.pop(head, None)
        else:
            made[head] = self._value()

    def _elements(self, elements: list[Any], names: list[str]) -> list[Any]:
        """A list with one element more, which is much like one that is there."""
        model = self._random.choice([*elements, {}])
        if not isinstance(model, dict) or self._random.random() < 0.1:
            return [*elements, self._value()]
        # Most elements are like another but for a key, which may be written in another way.
        other = self._random.choice(("01", "+2", " 2", "3", 1, 2, None, "1.0"))
        extra = {**model, names[0]: other} if self._random.random() < 0.5 else dict(model)
        return [*elements, {**extra, self._random.choice(names): self._value()}]

    def _value(self) -> Any:
        if self._random.random() < 0.25:
            return self._random.choice(_OTHERS)
        text = self._random.choice(_TEXTS)
        if self._random.random() < 0.15:
            text = self._random.choice(_TEXTS) + text
        return text
