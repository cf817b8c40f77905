"""From raw record to typed columns: how a value is read, and why a record cannot be used.

Pure column expressions in the forms that give the same result on every engine (docs/engines.md).
Which version of a record wins is decided in `transforms.versions`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from customer360.sources.spec import Case, ChildSpec, EntitySpec, Field, Kind
from customer360.transforms.contract import (
    AMOUNT,
    CONTENT,
    FAILED_VALUE,
    FAILURE,
    KEY,
    RECORD,
    RECORD_LINE,
)

_NUMBER = r"^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?$"
_RULES = {
    Kind.TIMESTAMP: "not_a_timestamp",
    Kind.DATE: "not_a_date",
    Kind.INTEGER: "not_a_number",
    Kind.MONEY: "not_a_number",
    Kind.DECIMAL: "not_a_number",
    Kind.BOOLEAN: "not_a_boolean",
    Kind.STRING: "not_allowed",
}
NOT_A_LIST = "not_a_list"
# A record's clock may run ahead of its landing day by this many days: clocks of tills are wrong by
# hours.
CLOCK_TOLERANCE_DAYS = 1


def typed(bronze: DataFrame, entity: EntitySpec, currency: str) -> DataFrame:
    """Read the records of an entity.

    Args:
        bronze: Bronze rows, one per record as it came.
        entity: The declaration.
        currency: The lake's reporting currency (ISO 4217).

    Returns:
        One row per bronze row: the declared fields typed (null where unreadable); each child list
        as an array of JSON texts under the child's name; `is_deleted` where the entity has
        deletions; `issues`; `source_file`, `record_line`, `landed_on`; and the working columns
        `_failure` (`rule:column`, null if the record can be used), `_failed_value`, `_amount`,
        `_key`, `_content` (equal for identical content), `_record`
        (of records that cannot be used).
    """
    parsed = bronze.select(
        "record",
        "source_file",
        F.col("line_number").alias(RECORD_LINE),
        "landed_on",
        "decode_error",
        F.from_json("record", _schema(entity)).alias("r"),
        *_list_texts(entity),
    )
    raw = parsed.select(
        "record",
        "source_file",
        RECORD_LINE,
        "landed_on",
        "decode_error",
        *(_raw(f).alias(f"raw_{f.name}") for f in entity.fields),
        *(_list(c).alias(c.name) for c in entity.children),
        *(F.col(f"t.{c.path}").alias(f"raw_{c.name}") for c in entity.children),
    )
    readable = raw.select(
        "*", *(read(F.col(f"raw_{f.name}"), f).alias(f.name) for f in entity.fields)
    )
    judged = readable.withColumn(FAILURE, _failure(entity, currency))
    content = [f"raw_{f.name}" for f in entity.fields] + [c.name for c in entity.children]
    return judged.select(
        *(f.name for f in entity.fields),
        *(c.name for c in entity.children),
        *_tombstone(entity),
        _issues(entity.fields, entity.children).alias("issues"),
        FAILURE,
        _failed_value(entity).alias(FAILED_VALUE),
        (F.col(entity.amount) if entity.amount else F.lit(None).cast(Kind.MONEY.value)).alias(
            AMOUNT
        ),
        record_key(entity).alias(KEY),
        F.xxhash64(*content).alias(CONTENT),
        # Kept only where quarantine will show it: the text of every record would double what is
        # written here. A conflict is known later and fetches its text from bronze.
        F.when(F.col(FAILURE).isNotNull(), F.col("record")).alias(RECORD),
        "source_file",
        RECORD_LINE,
        "landed_on",
    )


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
        *(
            F.trim(F.col(f"element.{f.source_path[-1]}")).alias(f"raw_{f.name}")
            for f in child.fields
        ),
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
        _issues(child.fields).alias("issues"),
        "landed_on",
    )


def record_key(entity: EntitySpec) -> Column:
    """The key as one text, `|` between its parts; null unless every part is there."""
    parts = [F.col(k).cast("string") for k in entity.key]
    present = reduce(lambda a, b: a & b, (p.isNotNull() for p in parts))
    return F.when(present, F.concat_ws("|", *parts))


def read(raw: Column, field: Field) -> Column:
    """The typed value of a trimmed raw text; null when blank or unreadable."""
    text = F.when(raw != "", raw)
    if field.kind is Kind.STRING:
        cased = {Case.LOWER: F.lower(text), Case.UPPER: F.upper(text), Case.KEEP: text}[field.case]
        return F.when(cased.isin(*field.values), cased) if field.values else cased
    if field.kind is Kind.TIMESTAMP:
        # A bare time of day would be read as today, so the text must begin with a date.
        return F.when(text.like("____-__-__%"), text.try_cast("timestamp"))
    if field.kind is Kind.DATE:
        return F.when(text.like("____-__-__%"), F.substring(text, 1, 10).try_cast("date"))
    if field.kind is Kind.BOOLEAN:
        word = F.lower(text)
        return F.when(word.isin("true", "1", "yes", "y", "t"), F.lit(True)).when(
            word.isin("false", "0", "no", "n", "f"), F.lit(False)
        )
    if field.kind is Kind.INTEGER:
        return F.when(text.rlike("^[+-]?[0-9]+$"), text.try_cast("bigint"))
    return _decimal(text, field.kind)


def _decimal(text: Column, kind: Kind) -> Column:
    """A decimal; an exponent, which an engine writes for JSON numbers from 10^7, goes by double."""
    plain = F.when(text.rlike(_NUMBER), text)
    wide = F.when(F.lower(plain).contains("e"), plain.try_cast("double").try_cast("decimal(18,6)"))
    exact = F.coalesce(wide, plain.try_cast("decimal(18,6)"))
    scale = 2 if kind is Kind.MONEY else 6
    return F.round(exact, scale).cast(kind.value)


def _raw(field: Field) -> Column:
    return F.trim(F.col("r." + ".".join(field.source_path)))


def _schema(entity: EntitySpec) -> str:
    """All-string schema of a record, the only form in which both engines read JSON alike."""
    nested: dict[str, list[str]] = {}
    flat = []
    for field in entity.fields:
        head, *rest = field.source_path
        if rest:
            nested.setdefault(head, []).append(rest[0])
        else:
            flat.append(f"`{head}` string")
    structs = [
        f"`{head}` struct<{', '.join(f'`{leaf}`: string' for leaf in leaves)}>"
        for head, leaves in nested.items()
    ]
    lists = [f"`{c.path}` array<struct<{_leaves(c)}>>" for c in entity.children]
    return ", ".join([*flat, *structs, *lists])


def _leaves(child: ChildSpec) -> str:
    return ", ".join(f"`{f.source_path[-1]}`: string" for f in child.fields)


def _list_texts(entity: EntitySpec) -> list[Column]:
    """The child lists as text (`t`), to tell a list that is absent from one that cannot be read."""
    if not entity.children:
        return []
    schema = ", ".join(f"`{c.path}` string" for c in entity.children)
    return [F.from_json("record", schema).alias("t")]


def _list(child: ChildSpec) -> Column:
    """A child list whose elements are all objects; null otherwise.

    For an element that is no object one engine gives a null element, the other a null list.
    """
    elements = F.col(f"r.{child.path}")
    return F.when(~F.exists(elements, lambda e: e.isNull()), elements)


def _unreadable_list(child: ChildSpec) -> Column:
    """Something is there in place of the list, or inside it, that is no list of objects."""
    return F.col(f"raw_{child.name}").isNotNull() & F.col(child.name).isNull()


def _unreadable(field: Field) -> Column:
    """A value is there but cannot be read."""
    return (F.col(f"raw_{field.name}") != "") & F.col(field.name).isNull()


def _issues(fields: Sequence[Field], children: Sequence[ChildSpec] = ()) -> Column:
    """`column:rule` of every optional value that is there but cannot be read; null if none."""
    checked = [f for f in fields if not f.required and (f.kind is not Kind.STRING or f.values)]
    found = [F.when(_unreadable(f), F.lit(f"{f.name}:{_RULES[f.kind]}")) for f in checked]
    found += [F.when(_unreadable_list(c), F.lit(f"{c.path}:{NOT_A_LIST}")) for c in children]
    if not found:
        return F.lit(None).cast("string")
    joined = F.concat_ws(";", *found)
    return F.when(joined != "", joined)


def _failure(entity: EntitySpec, currency: str) -> Column:
    """The first reason, as `rule:column`, why a record cannot be used; null if it can."""
    checks: list[tuple[Column, Column | str]] = [
        (F.col("decode_error").isNotNull(), F.concat(F.col("decode_error"), F.lit(":")))
    ]
    for field in (f for f in entity.fields if f.required):
        checks.append((_unreadable(field), f"{_RULES[field.kind]}:{field.name}"))
        checks.append((F.col(field.name).isNull(), f"missing:{field.name}"))
    if entity.clock:
        limit = F.date_add("landed_on", CLOCK_TOLERANCE_DAYS + 1).cast("timestamp")
        checks.append((F.col(entity.clock) >= limit, f"after_landing_day:{entity.clock}"))
    if entity.currency:
        other = F.col(entity.currency) != currency
        checks.append((other, f"currency_not_supported:{entity.currency}"))
    for child in entity.children:
        checks += _child_checks(child)
    (condition, reason), *rest = checks
    chain = F.when(condition, reason)
    for condition, reason in rest:
        chain = chain.when(condition, reason)
    return chain


def _child_checks(child: ChildSpec) -> list[tuple[Column, Column | str]]:
    """One unusable element makes the record unusable: its money would be lost without a trace."""
    elements = F.col(child.name)
    checks: list[tuple[Column, Column | str]] = []
    if any(f.required for f in child.fields):
        checks.append((_unreadable_list(child), f"{NOT_A_LIST}:{child.path}"))
    for field in (f for f in child.fields if f.required):
        blank, bad = _element_tests(field)
        checks.append((F.exists(elements, blank), f"missing:{child.path}.{field.name}"))
        checks.append((F.exists(elements, bad), f"{_RULES[field.kind]}:{child.path}.{field.name}"))
    if child.key:
        keys = F.transform(elements, lambda e: F.trim(e[child.key]))
        checks.append(
            (F.size(F.array_distinct(keys)) < F.size(keys), f"repeated:{child.path}.{child.key}")
        )
    return checks


def _element_tests(field: Field) -> tuple[Callable[[Column], Column], Callable[[Column], Column]]:
    """Whether an element's field is blank, and whether it cannot be read."""
    leaf = field.source_path[-1]

    def blank(element: Column) -> Column:
        return F.coalesce(F.trim(element[leaf]), F.lit("")) == ""

    def bad(element: Column) -> Column:
        return read(F.trim(element[leaf]), field).isNull()

    return blank, bad


def _failed_value(entity: EntitySpec) -> Column:
    """The value that failed, where it is a field of the record itself."""
    column = F.substring_index(FAILURE, ":", -1)
    candidates = {f.name for f in entity.fields if f.required} | {entity.currency} - {""}
    chain: Column | None = None
    for name in sorted(candidates):
        value = F.col(f"raw_{name}")
        chain = (
            chain.when(column == name, value)
            if chain is not None
            else F.when(column == name, value)
        )
    return chain if chain is not None else F.lit(None).cast("string")


def _tombstone(entity: EntitySpec) -> list[Column]:
    """`is_deleted` of entities whose deletion is told by another field."""
    if not entity.deleted_by or entity.deleted_by[0] == "is_deleted":
        return []
    field, value = entity.deleted_by
    return [(F.col(field) == value).alias("is_deleted")]
