"""Contracts, what counts as a rename, and changes of declarations as text."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from customer360.commands.drift_patch import Change as Suggestion
from customer360.commands.drift_patch import suggested_patch
from customer360.errors import SpecError
from customer360.settings import PROJECT_ROOT
from customer360.sources import SOURCES
from customer360.sources.contract_version import Declared, contract_version, declared
from customer360.sources.declaration_text import add_fields, add_path
from customer360.sources.drift import Change, NewField, Place, Rename, candidates, surest
from customer360.sources.spec import EntitySpec, Field, Kind
from customer360_tests.builders import spec

SOURCES_FOLDER = PROJECT_ROOT / "customer360" / "sources"
_, ORDERS = spec("ecommerce__orders")


def place(line: int, file: str = "f1") -> Place:
    return Place(date(2026, 1, int(file[1:]) + 1), file, line)


def vanished(path: str, kind: Kind = Kind.STRING, share: float = 1.0) -> Change:
    one = Declared(path, kind.value, Field(path.rpartition(".")[2], "A field."))
    return Change(one, place(1), share, 0.0, 100)


def new(path: str, records: int = 100, first: Place | None = None, *types: str) -> NewField:
    begin = first or place(1)
    return NewField(path, types or ("string",), records, 0.5, begin, place(99, "f9"), ())


def renames(gone: list[Change], came: list[NewField]) -> list[tuple[str, str, float]]:
    pairs = list(candidates(gone, came, [c.declared for c in gone]))
    return [(r.vanished.declared.path, r.new.path, r.sureness) for r in surest(pairs)]


def changed(entity: EntitySpec, **values: object) -> EntitySpec:
    """The entity with another version of its last field."""
    last = dataclasses.replace(entity.fields[-1], **values)  # type: ignore[arg-type]
    return dataclasses.replace(entity, fields=(*entity.fields[:-1], last))


@pytest.mark.parametrize(
    "values",
    [{"name": "other"}, {"path": "a.b"}, {"kind": Kind.DATE}, {"required": True}, {"also": ("x",)}],
)
def test_the_contract_version_tells_what_changes_a_record(values: dict[str, object]) -> None:
    assert contract_version(changed(ORDERS, **values)) != contract_version(ORDERS)


def test_the_contract_version_leaves_out_what_does_not_change_a_record() -> None:
    reordered = dataclasses.replace(ORDERS, fields=ORDERS.fields[::-1])
    described = changed(ORDERS, description="In other words.", pii=False)
    assert contract_version(reordered) == contract_version(described) == contract_version(ORDERS)


def test_declared_paths_name_objects_lists_and_what_is_in_them() -> None:
    found = {one.path: one for one in declared(ORDERS)}
    assert (found["shipping_address"].expected, found["lines"].expected) == ("object", "list")
    assert found["lines[].line_amount"].is_required
    field = dataclasses.replace(ORDERS.children[0].fields[0], also=("no",))
    assert Declared("lines[].line_number", "bigint", field, "lines").paths == (
        "lines[].line_number",
        "lines[].no",
    )


@pytest.mark.parametrize(
    ("gone", "came", "expected"),
    [
        (vanished("phone"), new("phone_number"), [("phone", "phone_number", 1.0)]),
        (vanished("phone", share=0.5), new("tel", 50), [("phone", "tel", 1.0)]),
        (vanished("phone"), new("tel", 100, place(5, "f2")), [("phone", "tel", 0.5)]),
        (vanished("n", Kind.INTEGER), new("m", 100, None, "number"), [("n", "m", 1.0)]),
        (vanished("lines[].sku"), new("lines[].article"), [("lines[].sku", "lines[].article", 1)]),
        # Far rarer, there before, of another type, at another place, not to be read:
        (vanished("phone"), new("batch", 10), []),
        (vanished("phone"), new("tel", 100, place(1, "f0")), []),
        (vanished("phone"), new("tel", 100, None, "number"), []),
        (vanished("phone"), new("address.phone"), []),
        (vanished("phone"), new('"phone.2"'), []),
    ],
)
def test_what_is_taken_for_a_rename(
    gone: Change, came: NewField, expected: list[tuple[str, str, float]]
) -> None:
    assert renames([gone], [came]) == expected


def test_each_field_is_in_one_rename_and_the_name_decides_between_equals() -> None:
    gone = [vanished("phone"), vanished("email")]
    came = [new("customer_email"), new("customer_phone"), new("coupon")]
    assert renames(gone, came) == [
        ("email", "customer_email", 1.0),
        ("phone", "customer_phone", 1.0),
    ]
    assert surest([]) == ()
    assert all(isinstance(pair, Rename) for pair in candidates(gone, came, []))


def formatted(text: str, folder: Path) -> bool:
    """Whether the formatter and the linter would leave a file of the project alone."""
    path = folder / "source.py"
    path.write_text(text)
    config = ("--config", str(PROJECT_ROOT / "pyproject.toml"), str(path))
    calls = [("check", "--quiet"), ("format", "--check", "--quiet")]
    return all(
        subprocess.run([sys.executable, "-m", "ruff", *call, *config], check=False).returncode == 0
        for call in calls
    )


@pytest.mark.parametrize("source", ["crm", "ecommerce", "marketing", "pos", "service", "web"])
def test_added_fields_and_paths_are_laid_out_as_the_formatter_would(
    source: str, tmp_path: Path
) -> None:
    text = (SOURCES_FOLDER / f"{source}.py").read_text()
    added = [
        Field("points", "Description to be written.", Kind.INTEGER),
        Field("tier", "Description to be written.", path="loyalty.tier"),
        Field(
            "a_name_that_is_rather_long", "Description to be written.", Kind.TIMESTAMP,
            path="loyalty.aNameThatIsRatherLong",
        ),
        Field("n" * 60, "Description to be written.", Kind.TIMESTAMP, path="l." + "p" * 60),
    ]  # fmt: skip
    for entity in next(s for s in SOURCES if s.name == source).entities:
        where = ("EntitySpec", entity.name)
        for field in entity.fields:
            text = add_path(text, where, field.name, f"other_{field.name}")
            text = add_path(text, where, field.name, f"third.{field.name}")
        text = add_fields(text, where, added)
        for child in entity.children:
            text = add_fields(text, ("ChildSpec", child.name), added[:1])
            text = add_path(text, ("ChildSpec", child.name), child.fields[0].name, "other")
    assert text.count('"points"') >= 1
    assert formatted(text, tmp_path)


def test_a_declaration_in_another_form_is_refused_with_what_was_expected() -> None:
    with pytest.raises(SpecError, match="closes on a line of its own"):
        add_fields('X = EntitySpec(name="x", fields=(Field("a", "A."),))\n', ("EntitySpec", "x"),
                   [Field("b", "B.")])  # fmt: skip
    with pytest.raises(SpecError, match=r"expected EntitySpec\(name=…"):
        add_fields("X = 1\n", ("EntitySpec", "x"), [Field("b", "B.")])
    with pytest.raises(SpecError, match='begins with Field\\("c"'):
        add_path('X = EntitySpec(name="x", fields=(Field("a", "A."),))\n', ("EntitySpec", "x"),
                 "c", "d")  # fmt: skip


def test_a_patch_covers_several_entities_of_a_file_and_the_derived_documents() -> None:
    source, orders = spec("ecommerce__orders")
    _, accounts = spec("ecommerce__accounts")
    note = "tags (array) is left out"
    patch = suggested_patch(
        [
            Suggestion(source, accounts, (), (("", "phone", "phone_number"),), ()),
            Suggestion(
                source, orders, (("lines", Field("gift", "G.", Kind.BOOLEAN)),), (), (note,)
            ),
        ]
    )
    assert patch.startswith(f"# ecommerce__orders: {note}\n--- a/customer360/sources/ecommerce.py")
    assert patch.count("--- a/") == 3
    assert '+        Field("gift", "G.", Kind.BOOLEAN),\n' in patch
    assert "Also read from `phone_number`." in patch
    assert "+| `gift` | boolean |  | G. |" in patch
    assert "- name: gift" in patch


def test_nothing_to_change_is_an_empty_patch() -> None:
    assert suggested_patch([]) == ""
