"""Personal data as those see it who may not: enough to tell two customers apart, nobody to find.

Which columns are personal is declared here, by their gold names, and a test compares it with the
marks of the sources' fields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, Final

HIDDEN: Final = "•••"


def _name(value: object) -> str:
    return " ".join(f"{word[0]}{HIDDEN}" for word in str(value).split())


def _email(value: object) -> str:
    local, at, domain = str(value).rpartition("@")
    if not at:
        return HIDDEN
    _, dot, ending = domain.rpartition(".")
    return f"{local[:1]}{HIDDEN}@{HIDDEN}{dot}{ending if dot else ''}"


def _end(value: object) -> str:
    """The last two characters, of what is long enough to hide behind the rest."""
    text = str(value)
    return f"{HIDDEN}{text[-2:]}" if len(text) > 5 else HIDDEN


def _year(value: object) -> str:
    return f"{value.year}" if isinstance(value, date) else HIDDEN


def _nothing(_value: object) -> str:
    return HIDDEN


_MASKS: Final[Mapping[str, Callable[[object], str]]] = {
    "name": _name,
    "first_name": _name,
    "last_name": _name,
    "title": _nothing,
    "email": _email,
    "phone": _end,
    "street": _nothing,
    "address": _nothing,
    "postal_code": _nothing,
    "city": _nothing,
    "date_of_birth": _year,
    "age_years": _nothing,
    "loyalty_card": _end,
    "loyalty_card_number": _end,
    "handle": _nothing,
    "account_id": _end,
    "contact_id": _end,
}
PERSONAL_COLUMNS: Final = frozenset(_MASKS)


def masked(column: str, value: Any) -> Any:
    """A value of a column as it is shown to those who may not see personal data."""
    mask = _MASKS.get(column)
    return value if mask is None or value is None or value == "" else mask(value)


def masked_value(attribute: str, value: Any) -> Any:
    """A value of an attribute that is named in the data; of an unknown one nothing is shown."""
    return masked(attribute, value) if attribute in _MASKS or not value else HIDDEN


def without_personal(columns: Iterable[str]) -> list[str]:
    """The columns that everybody may see, as they are."""
    return [column for column in columns if column not in _MASKS]
