"""Numbers on pages: how they are rounded, compared, spelled, and what is computed from counts."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

import pytest

from customer360.keys import gold
from customer360.serving.dashboard.campaigns import effect
from customer360.serving.dashboard.figures import Tile, shown, spelled, tile, value, words
from customer360.serving.dashboard.flow import flow_picture
from customer360.serving.dashboard.retention import repeat_curves
from customer360.serving.metrics import Figure, Ratio


def _figure(name: str, unit: str) -> Figure:
    return Figure(name, name.title(), "", unit, gold("t"), "sum", "c", "d", ())


def _ratio(unit: str) -> Ratio:
    above, below = _figure("above", "money"), _figure("below", "count")
    return Ratio("ratio", "Ratio", "One by the other.", unit, above, below)


@pytest.mark.parametrize(
    ("unit", "above", "below", "expected"),
    [
        ("money", "10.00", 3, "3.33"),
        ("money", "0.05", 10, "0.01"),
        ("money", "-0.05", 10, "-0.01"),
        ("money", "20.00", 3, "6.67"),
        ("share", "1", 3, "0.3333"),
        ("share", "2", 3, "0.6667"),
        ("share", "0.00005", 1, "0.0001"),
        ("score", "7", 2, "3.5000"),
        ("money", "0", 3, "0.00"),
        ("money", "-7.50", 2, "-3.75"),
    ],
)
def test_ratio_is_rounded_half_away_from_zero(
    unit: str, above: str, below: int, expected: str
) -> None:
    parts = {"above": Decimal(above), "below": below}
    assert str(value(_ratio(unit), parts)) == expected


@pytest.mark.parametrize("below", [0, None])
def test_ratio_is_nothing_when_there_is_nothing_to_divide_by(below: int | None) -> None:
    assert value(_ratio("share"), {"above": Decimal(3), "below": below}) is None


def test_figure_of_nothing_is_zero() -> None:
    assert value(_figure("above", "money"), {"above": None}) == 0


@pytest.mark.parametrize(
    ("unit", "now", "before", "change", "direction"),
    [
        ("money", "110.00", "100.00", "+10.0%", "up"),
        ("money", "90.00", "100.00", "-10.0%", "down"),
        ("money", "100.00", "100.00", "+0.0%", "same"),
        ("money", "100.00", "0.00", "", "up"),
        ("money", "100.00", "-5.00", "", "up"),
        ("count", "1", "3", "-66.7%", "down"),
        ("share", "0.2500", "0.2000", "+5.0 points", "up"),
        ("share", "0.1000", "0.2000", "-10.0 points", "down"),
        ("score", "3.5", "4.0", "-0.50", "down"),
    ],
)
def test_tile_tells_the_change_since_the_period_before(
    unit: str, now: str, before: str, change: str, direction: str
) -> None:
    found = tile(_figure("n", unit), {"n": Decimal(now)}, {"n": Decimal(before)}, "EUR")
    assert (found.change, found.direction) == (change, direction)


def test_tile_tells_no_change_when_there_is_nothing_to_compare_with() -> None:
    ratio, parts = _ratio("money"), {"above": Decimal("9.00"), "below": 2}
    expected = Tile("ratio", "Ratio", "One by the other.", "4.50 EUR")
    assert tile(ratio, parts, None, "EUR") == expected
    assert tile(ratio, parts, {"above": Decimal(1), "below": 0}, "EUR") == expected


@pytest.mark.parametrize(
    ("number", "unit", "expected"),
    [
        (Decimal("1234567.5"), "money", "1,234,567.50 EUR"),
        (Decimal("-0.10"), "money", "-0.10 EUR"),
        (None, "money", "–"),
        (1234567, "count", "1,234,567"),
        (Decimal("0.1225"), "share", "12.3%"),
        (Decimal("-0.1225"), "share", "-12.3%"),
        (0.125, "share", "12.5%"),
        (Decimal("4.125"), "score", "4.13"),
        (None, "share", "–"),
    ],
)
def test_spelled_is_for_people(number: Any, unit: str, expected: str) -> None:
    assert spelled(number, unit, "EUR") == expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (None, "–"),
        ("", "–"),
        (True, "yes"),
        (False, "no"),
        (datetime(2026, 1, 2, 3, 4, 59, tzinfo=UTC), "2026-01-02 03:04"),
        (date(2026, 1, 2), "2026-01-02"),
        (0, "0"),
        (Decimal("1234.50"), "1,234.50"),
        ("at_risk", "at_risk"),
    ],
)
def test_shown_tells_any_value(found: object, expected: str) -> None:
    assert shown(found) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("at_risk", "at risk"),
        ("crm__contacts", "crm: contacts"),
        ("unknown", "unknown"),
    ],
)
def test_words_are_those_of_people(name: str, expected: str) -> None:
    assert words(name) == expected


def _days(number: int, *rows: tuple[int, int, int]) -> list[dict[str, Any]]:
    names = ("purchase_number", "day_count", "bought_again_count", "censored_count")
    return [dict(zip(names, (number, *row), strict=True)) for row in rows]


def test_repeat_curves_are_kaplan_meiers() -> None:
    # Five who bought once. One buys again on day 2, one on day 5; one was last seen on day 3, one
    # on day 5, one on day 8. By hand: 1 - 4/5; unchanged; 1 - 4/5 x 2/3 (who leaves on day 5 was
    # there that day); unchanged. Two who bought twice: both buy again on day 1.
    rows = [*_days(1, (2, 1, 0), (3, 0, 1), (5, 1, 1), (8, 0, 1)), *_days(2, (1, 2, 0))]
    assert repeat_curves(rows) == [
        {"at": 2, "part": "after the first", "share": 0.2},
        {"at": 3, "part": "after the first", "share": 0.2},
        {"at": 5, "part": "after the first", "share": 0.4667},
        {"at": 8, "part": "after the first", "share": 0.4667},
        {"at": 1, "part": "after the second", "share": 1.0},
    ]


def test_repeat_curves_of_nobody_are_none() -> None:
    assert repeat_curves([]) == []


def _group(people: int, buyers: int, revenue: str) -> dict[str, Any]:
    return {"people_count": people, "buyer_count": buyers, "revenue_amount": Decimal(revenue)}


def test_effect_is_the_difference_with_its_interval() -> None:
    found = effect(_group(100, 30, "900.00"), _group(50, 10, "200.00"))
    assert found is not None
    # By hand: p = 31/102, q = 11/52, error = sqrt(pq/102 + ...) = 0.07267, 1.96 of it each way.
    assert found.difference == pytest.approx(0.1)
    assert (found.low, found.high) == (pytest.approx(-0.0501, abs=5e-5),
                                       pytest.approx(0.2348, abs=5e-5))  # fmt: skip
    assert found.extra_revenue == Decimal("500.00")
    assert not found.is_beyond_chance


@pytest.mark.parametrize(("treated", "held_out"), [(400, 100), (100, 400)])
def test_effect_is_beyond_chance_when_the_interval_leaves_out_none(
    treated: int, held_out: int
) -> None:
    found = effect(_group(1000, treated, "0"), _group(1000, held_out, "0"))
    assert found is not None
    assert found.is_beyond_chance


def test_effect_of_nobody_buying_has_an_interval_that_holds_none() -> None:
    found = effect(_group(3, 0, "0"), _group(3, 0, "0"))
    assert found is not None
    assert found.low < 0 < found.high


@pytest.mark.parametrize(("treated", "held_out"), [(0, 5), (5, 0), (0, 0)])
def test_effect_is_unknown_when_a_group_is_empty(treated: int, held_out: int) -> None:
    assert effect(_group(treated, 0, "0"), _group(held_out, 0, "0")) is None


MOVES: Final = [("new", "loyal", 30), ("new", "lost", 10), ("<b>", "lost", 20)]


def test_flow_picture_draws_each_move_as_thick_as_it_is() -> None:
    picture = flow_picture(MOVES)
    assert picture is not None
    ribbons = re.findall(r'd="M184,([\d.]+)C.*?V([\d.]+)C.*?<title>(.*?)</title>', picture)
    told = [title for *_, title in ribbons]
    assert told == ["&lt;b&gt; to lost: 20", "new to lost: 10", "new to loyal: 30"]
    ends = [
        float(low) - float(high) for high, low in re.findall(r" 536,([\d.]+)V([\d.]+)C", picture)
    ]
    # 60 customers in 360 less one gap of 10.
    assert ends == [pytest.approx(n * 350 / 60, abs=0.11) for n in (20, 10, 30)]


def test_flow_picture_names_every_bar_with_its_number() -> None:
    picture = flow_picture(MOVES)
    assert picture is not None
    bars = re.findall(r"<text[^>]*>([^<]*)</text>", picture)
    assert bars == ["new 40", "&lt;b&gt; 20", "lost 30", "loyal 30"]
    assert "<b>" not in picture


@pytest.mark.parametrize("moves", [[], [("new", "lost", 0)]])
def test_flow_picture_of_nobody_is_none(moves: list[tuple[str, str, int]]) -> None:
    assert flow_picture(moves) is None
