"""Source declarations: contradictions are refused, all at once."""

from __future__ import annotations

import pytest

from customer360.errors import SpecError
from customer360.sources import SOURCES
from customer360.sources.spec import (
    ChildSpec,
    EntitySpec,
    Field,
    Format,
    Kind,
    QuarantineLimit,
    SourceSpec,
)
from customer360_tests.builders import _VALID


def _entity(**overrides: object) -> EntitySpec:
    values: dict[str, object] = {
        "name": "cards",
        "description": "A card; one row per card.",
        "landing_format": Format.CSV,
        "fields": (
            Field("card_id", "Id.", required=True),
            Field("updated_at", "Version.", Kind.TIMESTAMP, required=True),
        ),
        "key": ("card_id",),
        "clock": "updated_at",
    }
    return EntitySpec(**{**values, **overrides})  # type: ignore[arg-type]


def _source(entity: EntitySpec) -> SourceSpec:
    return SourceSpec("loyalty", "Loyalty programme.", "loyalty@example.com", (entity,))


def test_a_consistent_declaration_is_accepted() -> None:
    assert _source(_entity()).table("cards") == "loyalty__cards"


def test_every_contradiction_is_named() -> None:
    with pytest.raises(SpecError) as error:
        _source(
            _entity(
                key=("card", "card_id"),
                clock="",
                fields=(Field("card_id", "Id."), Field("Bad", "Case."), Field("issues", "Taken.")),
            )
        )
    message = str(error.value)
    assert "key 'card' is not a declared field" in message
    assert "key 'card_id' must be required" in message
    assert "an entity that changes needs a clock" in message
    assert "'Bad' is not a lower-case name" in message
    assert "'issues' is a column that the platform adds" in message


def test_a_child_list_is_checked_as_well() -> None:
    child = ChildSpec(
        name="uses",
        description="A use; one row per use.",
        path="uses",
        fields=(Field("card_id", "Id."), Field("at", "When.", path="a.b"), Field("points", "P.")),
        key="number",
        position="number",
        amount="points",
    )
    with pytest.raises(SpecError) as error:
        _source(_entity(children=(child,)))
    message = str(error.value)
    assert "needs either a key or a position" in message
    assert "key 'number' is not a declared, required field" in message
    assert "amount 'points' is not a declared, required field" in message
    assert "'card_id' is a field and also a column of the table's key" in message
    assert "'a.b' is nested; elements are flat" in message


def test_all_eight_sources_are_declared_with_their_entities() -> None:
    tables = {s.table(e.name) for s in SOURCES for e in s.entities}
    assert tables == set(_VALID)
    assert len(SOURCES) == 8


def test_only_keys_clocks_and_money_are_required() -> None:
    # An optional field that were required would quarantine whole records for a missing detail.
    allowed_extra = {("crm__contacts", "op")}
    for source in SOURCES:
        for entity in source.entities:
            table = source.table(entity.name)
            required = {f.name for f in entity.fields if f.required}
            expected = {*entity.key, entity.clock, entity.amount} - {""}
            extra = {(table, name) for name in required - expected}
            assert extra <= allowed_extra, table


def test_a_path_that_is_read_twice_or_nested_too_deep_is_refused() -> None:
    fields = (
        Field("card_id", "Id.", required=True),
        Field("number", "Number.", also=("card_id", "a.b.c")),
        Field("updated_at", "Version.", Kind.TIMESTAMP, required=True),
    )
    with pytest.raises(SpecError) as error:
        _source(_entity(fields=fields))
    assert "'card_id' is read twice" in str(error.value)
    assert "'a.b.c' is nested more than once" in str(error.value)


def test_a_limit_that_makes_no_sense_is_refused() -> None:
    limit = QuarantineLimit(least_share=1.5, times_usual=0.5, history_days=0, least_records=0)
    with pytest.raises(SpecError) as error:
        _source(_entity(quarantine_limit=limit))
    for part in ("least_share 1.5", "times_usual 0.5", "history_days 0", "records 0"):
        assert part in str(error.value)
