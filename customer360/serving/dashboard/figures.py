"""How numbers are spelled on the pages, and how figures are made of counted parts.

What a figure means is in the metrics (`serving.metrics`); a ratio is divided here, exactly, from
the sums that the marts hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from customer360.serving.metrics import Metric, Ratio

NOTHING: Final = "–"
_DIGITS: Final = {"money": 2, "share": 4, "score": 4}


@dataclass(frozen=True)
class Tile:
    """A figure as a page shows it.

    Attributes:
        name: Name of the metric.
        label: What people call it.
        meaning: What it is, in a sentence.
        shown: The value, spelled.
        change: Against the period before, spelled; empty where there is nothing to compare with.
        direction: `up`, `down`, `same` or empty.
    """

    name: str
    label: str
    meaning: str
    shown: str
    change: str = ""
    direction: str = ""


def value(metric: Metric, parts: Mapping[str, Any]) -> Decimal | None:
    """A metric of its parts; a ratio is rounded half up, money to cents, others to 4 digits.

    Args:
        metric: The metric.
        parts: Values of the figures by name; of a ratio its numerator and denominator.

    Returns:
        The value; None for a ratio of nothing.
    """
    if not isinstance(metric, Ratio):
        return Decimal(parts[metric.name] or 0)
    below = Decimal(parts[metric.denominator.name] or 0)
    if not below:
        return None
    quotient = Decimal(parts[metric.numerator.name] or 0) / below
    return quotient.quantize(Decimal(1).scaleb(-_DIGITS[metric.unit]), ROUND_HALF_UP)


def tile(
    metric: Metric, now: Mapping[str, Any], before: Mapping[str, Any] | None, currency: str
) -> Tile:
    """A metric with its change since the period before.

    Args:
        metric: The metric.
        now: Values of its parts, by name.
        before: The same of the period before; None if that is not comparable.
        currency: ISO 4217 code of money.
    """
    present = value(metric, now)
    past = value(metric, before) if before is not None else None
    change, direction = _change(metric.unit, present, past)
    return Tile(
        metric.name,
        metric.label,
        metric.description,
        spelled(present, metric.unit, currency),
        change,
        direction,
    )


def _change(unit: str, now: Decimal | None, before: Decimal | None) -> tuple[str, str]:
    if now is None or before is None:
        return "", ""
    direction = "up" if now > before else "down" if now < before else "same"
    if unit == "share":
        return f"{(now - before) * 100:+.1f} points", direction
    if unit == "score":
        return f"{now - before:+.2f}", direction
    return (f"{(now - before) / before:+.1%}" if before > 0 else ""), direction


def spelled(number: Decimal | int | None, unit: str, currency: str = "") -> str:
    """A number of a unit for people."""
    if number is None:
        return NOTHING
    if unit == "money":
        return f"{Decimal(number):,.2f} {currency}".rstrip()
    if unit == "share":
        return f"{_half_up(Decimal(number) * 100, 1)}%"
    if unit == "score":
        return f"{_half_up(Decimal(number), 2)}"
    return f"{int(number):,}"


def _half_up(number: Decimal, digits: int) -> Decimal:
    """As SQL and Power BI round; formats of Python round half to even."""
    return number.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def shown(found: object) -> str:
    """Any value for people: nothing as a dash, moments to the minute, yes and no."""
    if found is None or found == "":
        return NOTHING
    if isinstance(found, bool):
        return "yes" if found else "no"
    if isinstance(found, datetime):
        return f"{found:%Y-%m-%d %H:%M}"
    if isinstance(found, date):
        return found.isoformat()
    if isinstance(found, int | Decimal):
        return f"{found:,}"
    return str(found)


def words(name: str) -> str:
    """A name of the data in words: `at_risk` is at risk."""
    return name.replace("__", ": ").replace("_", " ")
