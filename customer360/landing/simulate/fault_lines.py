"""How one line goes wrong: what is left of it, and what has to become of it.

Here: faults inside a single record. Not here: further copies of a record (``copied_lines``), whole
files (``fault_files``), how often (``fault_kinds``).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from customer360.landing.simulate.fault_kinds import OPTIONAL_DATES, OPTIONAL_NUMBERS
from customer360.landing.simulate.formats import EntityFormat
from customer360.landing.simulate.record_text import key_of, parse, write
from customer360.landing.simulate.sheet import Fault, Verdict

NOT_NUMBERS = ("n/a", "two", "12.5.0", "--")
NOT_DATES = ("2026-02-30", "1985-13-01", "31/31/1999", "unknown")
NOT_MOMENTS = ("2026-02-30T10:00:00Z", "2026-13-01T00:00:00Z", "soon", "99:99")
# Far enough ahead to be impossible also where the file arrives late or a second time.
FUTURE_YEARS = (2058, 2099)


@dataclass(frozen=True)
class Spoiled:
    """A line with its fault; the fault's line number is set where the line lands."""

    line: bytes
    verdict: Verdict
    fault: Fault


class Spoiler:
    """Spoils single lines of one entity with numbers from one stream."""

    def __init__(self, entity: EntityFormat, rng: np.random.Generator) -> None:
        """Take the entity whose lines are spoiled and the stream that decides how."""
        self.entity = entity
        self.rng = rng
        self._raw: dict[str, Callable[[bytes], Spoiled | None]] = {
            "truncated_record": self._truncate,
            "not_json": self._replace,
            "unclosed_quote": self._open_quote,
            "too_few_fields": self._drop_fields,
            "too_many_fields": self._add_fields,
            "invalid_utf8": self._break_encoding,
        }

    def spoil(self, kind: str, line: bytes) -> Spoiled | None:
        """Return ``line`` with a fault of ``kind``, None where the line offers no place for it."""
        if kind in self._raw:
            return self._raw[kind](line)
        record = parse(self.entity, line)
        change = self._changed(kind, record)
        if change is None:
            return None
        rule, issues, expected, column, value = change
        verdict = Verdict(rule, issues, has_key=True, key=key_of(self.entity, record))
        return Spoiled(write(self.entity, record), verdict, Fault(kind, expected, 0, column, value))

    def _pick(self, options: tuple[Any, ...]) -> Any:
        return options[int(self.rng.integers(0, len(options)))]

    def _lost(self, kind: str, rule: str, line: bytes) -> Spoiled:
        verdict = Verdict(rule, has_key=True, key=None)
        return Spoiled(line, verdict, Fault(kind, f"quarantined:{rule}"))

    def _truncate(self, line: bytes) -> Spoiled:
        cut = line[: int(self.rng.integers(1, len(line) - 1))]
        # A cut inside a letter would be a fault of the encoding as well.
        whole = cut.decode(errors="ignore").encode()
        return self._lost("truncated_record", "malformed_json", whole)

    def _replace(self, line: bytes) -> Spoiled:
        del line
        text = self._pick(
            (b"<html>502 Bad Gateway</html>", b"ERROR timeout after 30s", b"{'a': 1}")
        )
        return self._lost("not_json", "malformed_json", text)

    def _open_quote(self, line: bytes) -> Spoiled | None:
        if b'"' in line:
            return None
        cells = line.split(b",")
        filled = tuple(place for place, cell in enumerate(cells) if cell)
        place = self._pick(filled)
        cells[place] = b'"' + cells[place]
        return self._lost("unclosed_quote", "unclosed_quote", b",".join(cells))

    def _drop_fields(self, line: bytes) -> Spoiled | None:
        if b'"' in line:
            return None
        kept = line.split(b",")[: -int(self.rng.integers(1, 3))]
        return self._lost("too_few_fields", "wrong_field_count", b",".join(kept))

    def _add_fields(self, line: bytes) -> Spoiled:
        return self._lost("too_many_fields", "wrong_field_count", line + b",17" * 2)

    def _break_encoding(self, line: bytes) -> Spoiled:
        place = 1 if self.entity.is_csv else line.find(b'":"') + 4
        return self._lost("invalid_utf8", "bad_encoding", line[:place] + b"\xff\xfe" + line[place:])

    def _changed(
        self, kind: str, record: dict[str, Any]
    ) -> tuple[str | None, int, str, str | None, str | None] | None:
        if kind.startswith("missing_"):
            column = self._required(kind.removeprefix("missing_"))
            if column is None or not self._lose(record, column):
                return None
            return "missing", 0, "quarantined:missing", column, None
        if kind in ("not_a_number", "impossible_clock", "future_clock"):
            return self._unreadable(kind, record)
        if kind in ("wrong_type", "impossible_date"):
            return self._issue(kind, record)
        return self._other(kind, record)

    def _required(self, part: str) -> str | None:
        if part == "clock":
            return self.entity.clock
        if part == "money":
            return str(self._pick(self.entity.money))
        keys = tuple(column for column in self.entity.keys if column != self.entity.clock)
        return str(self._pick(keys))

    def _lose(self, record: dict[str, Any], column: str) -> bool:
        place, name = self._place(record, column)
        if name not in place:
            return False
        ways = ("blank",) if self.entity.is_csv else ("absent", "null", "blank")
        way = self._pick(ways)
        if way == "absent":
            del place[name]
        else:
            place[name] = None if way == "null" else ""
        return True

    def _place(self, record: dict[str, Any], column: str) -> tuple[dict[str, Any], str]:
        if not column.startswith("lines."):
            return record, column
        line = self._pick(tuple(record["lines"]))
        return line, column.removeprefix("lines.")

    def _unreadable(
        self, kind: str, record: dict[str, Any]
    ) -> tuple[str, int, str, str, str] | None:
        if kind == "not_a_number":
            numbers = (*self.entity.money, *NUMBER_KEYS.get(self.entity.folder, ()))
            rule, column, value = kind, str(self._pick(numbers)), str(self._pick(NOT_NUMBERS))
        elif kind == "impossible_clock":
            rule, column = "not_a_timestamp", str(self.entity.clock)
            value = str(self._pick(NOT_MOMENTS))
        else:
            rule, column = "after_landing_day", str(self.entity.clock)
            year = int(self.rng.integers(*FUTURE_YEARS))
            # 29 February exists in few years; the 28th in all.
            value = f"{year}{record[column][4:]}".replace("-02-29T", "-02-28T")
        place, name = self._place(record, column)
        place[name] = value
        return rule, 0, f"quarantined:{rule}", column, value

    def _issue(self, kind: str, record: dict[str, Any]) -> tuple[None, int, str, str, str]:
        numbers = kind == "wrong_type"
        columns = (OPTIONAL_NUMBERS if numbers else OPTIONAL_DATES)[self.entity.folder]
        column = str(self._pick(columns))
        value = str(self._pick(NOT_NUMBERS if numbers else NOT_DATES))
        record[column] = value
        return None, 1, "issue", column, value

    def _other(
        self, kind: str, record: dict[str, Any]
    ) -> tuple[str | None, int, str, str, str] | None:
        if kind == "unknown_sku":
            column = "lines.sku" if "lines" in record else "sku"
            place, name = self._place(record, column)
            if not place.get(name):
                return None
            place[name] = f"SKU-X{int(self.rng.integers(0, 99999)):05d}"
            return None, 0, "none", column, str(place[name])
        if kind == "extra_field":
            record["export_batch"] = "b7"
            return None, 0, "none", "export_batch", "b7"
        column, rule, value = {
            "currency_not_supported": ("currency", kind, str(self._pick(("USD", "GBP", "PLN")))),
            "op_not_allowed": ("op", "not_allowed", str(self._pick(("X", "UPSERT")))),
        }[kind]
        record[column] = value
        return rule, 0, f"quarantined:{rule}", column, value


# A number that is part of the key and cannot be read takes the whole record with it.
NUMBER_KEYS = {
    "pos/receipt_lines": ("line_number",),
    "ecommerce/orders": ("lines.line_number",),
}
