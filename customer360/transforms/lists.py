"""Lists nested in a record: whether they can be read, and their elements as rows of a child table.

The record around them is read in `transforms.typing`, single values in `transforms.values`.
"""

from __future__ import annotations

from collections.abc import Callable

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from customer360.sources.spec import ChildSpec, EntitySpec, Field
from customer360.transforms.values import RULES, first_text, issue_texts, joined_issues, read

NOT_A_LIST = "not_a_list"


def typed_child(parents: DataFrame, entity: EntitySpec, child: ChildSpec) -> DataFrame:
    """Read the elements of a child list.

    Args:
        parents: Usable typed rows of the entity, with the child list under the child's name.
        entity: The parent's declaration.
        child: The child's declaration.

    Returns:
        One row per element: parent key, position where it is the key, typed fields, `issues`,
        `landed_on`. Parents without elements give no rows.
    """
    position = F.posexplode(child.name).alias("position", "element")
    elements = parents.select(*entity.key, "landed_on", position)
    raw = elements.select(
        *(F.col(k).alias(f"parent_{k}") for k in entity.key),
        "landed_on",
        "position",
        *(_element_text(F.col("element"), f).alias(f"raw_{f.name}") for f in child.fields),
    )
    readable = raw.select(
        "*", *(read(F.col(f"raw_{f.name}"), f).alias(f.name) for f in child.fields)
    )
    number = (
        [(F.col("position") + 1).cast("bigint").alias(child.position)] if child.position else []
    )
    return readable.select(
        *(F.col(f"parent_{k}").alias(k) for k in entity.key),
        *number,
        *(f.name for f in child.fields),
        joined_issues(issue_texts(child.fields)).alias("issues"),
        "landed_on",
    )


def element_schema(child: ChildSpec) -> str:
    """Fields of an element inside `struct<…>`, all text."""
    leaves = (path[-1] for field in child.fields for path in field.source_paths)
    return ", ".join(f"`{leaf}`: string" for leaf in leaves)


def list_texts(entity: EntitySpec) -> list[Column]:
    """The child lists as text (`t`), to tell a list that is absent from one that cannot be read."""
    if not entity.children:
        return []
    schema = ", ".join(f"`{c.path}` string" for c in entity.children)
    return [F.from_json("record", schema).alias("t")]


def readable_list(child: ChildSpec) -> Column:
    """A child list whose elements are all objects; null otherwise.

    For an element that is no object one engine gives a null element, the other a null list.
    """
    elements = F.col(f"r.{child.path}")
    return F.when(~F.exists(elements, lambda e: e.isNull()), elements)


def unreadable_list(child: ChildSpec) -> Column:
    """Something is there in place of the list, or inside it, that is no list of objects."""
    return F.col(f"raw_{child.name}").isNotNull() & F.col(child.name).isNull()


def list_issue_texts(entity: EntitySpec) -> list[Column]:
    """`path:not_a_list` of each child list that is there but cannot be read."""
    return [F.when(unreadable_list(c), F.lit(f"{c.path}:{NOT_A_LIST}")) for c in entity.children]


def list_checks(child: ChildSpec) -> list[tuple[Column, Column | str]]:
    """One unusable element makes the record unusable: its money would be lost without a trace."""
    elements = F.col(child.name)
    checks: list[tuple[Column, Column | str]] = []
    if any(f.required for f in child.fields):
        checks.append((unreadable_list(child), f"{NOT_A_LIST}:{child.path}"))
    for field in (f for f in child.fields if f.required):
        blank, bad = _element_tests(field)
        checks.append((F.exists(elements, blank), f"missing:{child.path}.{field.name}"))
        checks.append((F.exists(elements, bad), f"{RULES[field.kind]}:{child.path}.{field.name}"))
    if child.key:
        key = next(f for f in child.fields if f.name == child.key)
        # Compared as read: "1" and "01" are one line number.
        keys = F.transform(elements, lambda e: read(_element_text(e, key), key))
        checks.append(
            (F.size(F.array_distinct(keys)) < F.size(keys), f"repeated:{child.path}.{child.key}")
        )
    return checks


def _element_tests(field: Field) -> tuple[Callable[[Column], Column], Callable[[Column], Column]]:
    """Whether an element's field is blank, and whether it cannot be read."""

    def blank(element: Column) -> Column:
        return F.coalesce(_element_text(element, field), F.lit("")) == ""

    def bad(element: Column) -> Column:
        return read(_element_text(element, field), field).isNull()

    return blank, bad


def _element_text(element: Column, field: Field) -> Column:
    """The trimmed text of a field of an element."""
    return first_text([F.trim(element[path[-1]]) for path in field.source_paths])
