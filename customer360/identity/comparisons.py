"""How two records are compared, field by field, and what each level of agreement is worth.

Splink's model (Fellegi and Sunter): a level is worth the logarithm of how much likelier it is
between two records of one person (m) than between records of two (u). Conditions are SQL that
DuckDB, Apache Spark and the embedded engine read alike, on rows of `match_records` with the
suffixes `_l` and `_r`. What m and u are is in `match_model`; no level is worth anything by itself.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Level(NamedTuple):
    """One level of agreement; the first whose condition holds counts.

    Attributes:
        name: For people, in `identity explain`.
        condition: SQL; `else` for the last.
        says_nothing: A field is unknown or cannot be compared: no evidence either way.
    """

    name: str
    condition: str
    says_nothing: bool = False


ELSE: Final = Level("different", "ELSE")


def _unknown(name: str) -> Level:
    return Level("unknown", f"{name}_l is null or {name}_r is null", says_nothing=True)


def _same(name: str) -> Level:
    return Level("same", f"{name}_l = {name}_r")


def _same_name(name: str) -> Level:
    """Two equal initials are less than that."""
    return Level("same", f"{name}_l = {name}_r and length({name}_l) > 1")


def _initial(name: str) -> Level:
    alike = f"substr({name}_l, 1, 1) = substr({name}_r, 1, 1)"
    return Level("initial", f"{alike} and (length({name}_l) = 1 or length({name}_r) = 1)")


def _slip(name: str, letters: str) -> Level:
    """One letter more, less or other, or two swapped."""
    distance = f"levenshtein({name}_l, {name}_r)"
    slip = f"{distance} <= 1 or ({letters}_l = {letters}_r and {distance} <= 2)"
    # Two initials, or Li and Lu, are no slip of each other.
    return Level("one slip", f"least(length({name}_l), length({name}_r)) > 2 and ({slip})")


def _similar(name: str) -> Level:
    longer = f"greatest(length({name}_l), length({name}_r))"
    return Level("similar", f"levenshtein({name}_l, {name}_r) * 10 <= 4 * {longer}")


_OTHER_SCRIPT: Final = Level("written in another script", "script_l <> script_r", True)
_SWAPPED: Final = (
    "(first_name_l = last_name_r and levenshtein(last_name_l, first_name_r) * 10"
    " <= 4 * greatest(length(last_name_l), length(first_name_r)))"
    " or (last_name_l = first_name_r and levenshtein(first_name_l, last_name_r) * 10"
    " <= 4 * greatest(length(first_name_l), length(last_name_r)))"
)
_PLACE: Final = "(postal_code_l = postal_code_r or city_l = city_r)"
_NO_PART_KNOWN_OF_BOTH: Final = " and ".join(
    f"({part}_l is null or {part}_r is null)" for part in ("street", "postal_code", "city")
)
_NEARLY_THE_PLACE: Final = f"({_PLACE} or levenshtein(postal_code_l, postal_code_r) <= 1)"

COMPARISONS: Final[dict[str, tuple[Level, ...]]] = {
    "first_name": (
        _unknown("first_name"),
        _OTHER_SCRIPT,
        _same_name("first_name"),
        Level("swapped with the family name", _SWAPPED),
        _slip("first_name", "first_letters"),
        Level(
            "short form",
            "length(first_name_l) > 2 and length(first_name_r) > 2"
            " and (substr(first_name_l, 1, 3) = substr(first_name_r, 1, 3)"
            " or position(first_name_l in first_name_r) > 0"
            " or position(first_name_r in first_name_l) > 0)",
        ),
        _initial("first_name"),
        _similar("first_name"),
        ELSE,
    ),
    "last_name": (
        _unknown("last_name"),
        _OTHER_SCRIPT,
        # Counted once, with the given name.
        Level("swapped with the given name", _SWAPPED, says_nothing=True),
        _same_name("last_name"),
        _slip("last_name", "last_letters"),
        _initial("last_name"),
        _similar("last_name"),
        ELSE,
    ),
    "date_of_birth": (
        _unknown("date_of_birth"),
        _same("date_of_birth"),
        Level(
            "day and month swapped",
            "substr(date_of_birth_l, 1, 4) = substr(date_of_birth_r, 1, 4)"
            " and substr(date_of_birth_l, 6, 2) = substr(date_of_birth_r, 9, 2)"
            " and substr(date_of_birth_l, 9, 2) = substr(date_of_birth_r, 6, 2)",
        ),
        Level(
            "one digit, or a year beside a first of the month",
            "levenshtein(date_of_birth_l, date_of_birth_r) <= 1"
            " or (substr(date_of_birth_l, 6, 2) = substr(date_of_birth_r, 6, 2)"
            " and abs(cast(substr(date_of_birth_l, 1, 4) as int)"
            " - cast(substr(date_of_birth_r, 1, 4) as int)) <= 1"
            " and (substr(date_of_birth_l, 9, 2) = '01' or substr(date_of_birth_r, 9, 2) = '01'))",
        ),
        Level("two digits", "levenshtein(date_of_birth_l, date_of_birth_r) <= 2"),
        ELSE,
    ),
    "email": (
        _unknown("email"),
        _same("email"),
        # Equal parts before the @ alone say little: they are often made of the names.
        Level(
            "slip behind the @",
            "email_local_l = email_local_r and levenshtein(email_l, email_r) <= 2",
        ),
        ELSE,
    ),
    "phone": (_unknown("phone"), _same("phone"), ELSE),
    "loyalty_card": (_unknown("loyalty_card"), _same("loyalty_card"), ELSE),
    "address": (
        Level("unknown", _NO_PART_KNOWN_OF_BOTH, says_nothing=True),
        Level("same home", f"street_l = street_r and {_PLACE}"),
        Level(
            "nearly the same home",
            f"levenshtein(street_l, street_r) <= 4 and {_NEARLY_THE_PLACE}",
        ),
        Level("same town", "postal_code_l = postal_code_r and city_l = city_r"),
        Level("something the same", f"{_PLACE} or street_l = street_r"),
        ELSE,
    ),
}


def level_names(comparison: str) -> list[str]:
    """The levels that say something, the strongest first."""
    return [level.name for level in COMPARISONS[comparison] if not level.says_nothing]


def level_number(comparison: str, name: str) -> int:
    """The number that Splink gives a level: 0 for the last, one more for each before it."""
    names = level_names(comparison)
    return len(names) - 1 - names.index(name)


def level_name(comparison: str, number: int) -> str:
    """The name of the level that has a number."""
    if number < 0:
        return "unknown"
    return level_names(comparison)[-1 - number]
