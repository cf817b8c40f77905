"""From raw record to typed columns: how a value is read, and why a record cannot be used.

Pure column expressions in the forms that give the same result on every engine (docs/engines.md).
Which version of a record wins is decided in `transforms.versions`.
"""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from customer360.sources.spec import EntitySpec, Field, Kind
from customer360.transforms.contract import (
    AMOUNT,
    CONTENT,
    FAILED_VALUE,
    FAILURE,
    KEY,
    RECORD,
    RECORD_LINE,
    REPAIRS,
)
from customer360.transforms.lists import (
    element_schema,
    list_checks,
    list_issue_texts,
    list_texts,
    readable_list,
)
from customer360.transforms.values import (
    RULES,
    first_text,
    issue_texts,
    joined_issues,
    read,
    unreadable,
)

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
        `_key`, `_content` (equal for identical content), `_repairs` (the records that it says it
        repairs, null for most), `_record` (of records that cannot be used).
    """
    parsed = bronze.select(
        "record",
        "source_file",
        F.col("line_number").alias(RECORD_LINE),
        "landed_on",
        "decode_error",
        F.from_json(_readable(), _schema(entity)).alias("r"),
        *list_texts(entity),
    )
    raw = parsed.select(
        "record",
        "source_file",
        RECORD_LINE,
        "landed_on",
        "decode_error",
        F.trim(F.col(f"r.{REPAIRS}")).alias(REPAIRS),
        *(_raw(f).alias(f"raw_{f.name}") for f in entity.fields),
        *(readable_list(c).alias(c.name) for c in entity.children),
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
        joined_issues([*issue_texts(entity.fields), *list_issue_texts(entity)]).alias("issues"),
        FAILURE,
        _failed_value(entity).alias(FAILED_VALUE),
        (F.col(entity.amount) if entity.amount else F.lit(None).cast(Kind.MONEY.value)).alias(
            AMOUNT
        ),
        record_key(entity).alias(KEY),
        F.xxhash64(*content).alias(CONTENT),
        F.when(F.col(REPAIRS) != "", F.col(REPAIRS)).alias(REPAIRS),
        # Kept only where quarantine will show it: the text of every record would double what is
        # written here. A conflict is known later and fetches its text from bronze.
        F.when(F.col(FAILURE).isNotNull(), F.col("record")).alias(RECORD),
        "source_file",
        RECORD_LINE,
        "landed_on",
    )


def _readable() -> Column:
    """The record's text; null where decoding found a fault.

    Of a record that was cut off, or is not quite JSON, one engine reads some fields and the other
    none (docs/engines.md).
    """
    return F.when(F.col("decode_error").isNull(), F.col("record"))


def record_key(entity: EntitySpec) -> Column:
    r"""The key as one text, `|` between its parts; null unless every part is there.

    A `|` inside a part, but for the last, is `\|`, and a `\` is `\\`: two keys never have one text.
    """
    *parts, last = [F.col(k).cast("string") for k in entity.key]
    parts = [*(_escaped(part) for part in parts), last]
    present = reduce(lambda a, b: a & b, (p.isNotNull() for p in parts))
    return F.when(present, F.concat_ws("|", *parts))


def _escaped(part: Column) -> Column:
    doubled = F.replace(part, F.lit("\\"), F.lit("\\\\"))
    return F.replace(doubled, F.lit("|"), F.lit("\\|"))


def _raw(field: Field) -> Column:
    return first_text([F.trim(F.col("r." + ".".join(path))) for path in field.source_paths])


def _schema(entity: EntitySpec) -> str:
    """All-string schema of a record, the only form in which both engines read JSON alike."""
    nested: dict[str, list[str]] = {}
    flat = []
    for head, *rest in (path for field in entity.fields for path in field.source_paths):
        if rest:
            nested.setdefault(head, []).append(rest[0])
        else:
            flat.append(f"`{head}` string")
    structs = [
        f"`{head}` struct<{', '.join(f'`{leaf}`: string' for leaf in leaves)}>"
        for head, leaves in nested.items()
    ]
    lists = [f"`{c.path}` array<struct<{element_schema(c)}>>" for c in entity.children]
    return ", ".join([*flat, *structs, *lists, f"`{REPAIRS}` string"])


def _failure(entity: EntitySpec, currency: str) -> Column:
    """The first reason, as `rule:column`, why a record cannot be used; null if it can."""
    checks: list[tuple[Column, Column | str]] = [
        (F.col("decode_error").isNotNull(), F.concat(F.col("decode_error"), F.lit(":")))
    ]
    for field in (f for f in entity.fields if f.required):
        checks.append((unreadable(field), f"{RULES[field.kind]}:{field.name}"))
        checks.append((F.col(field.name).isNull(), f"missing:{field.name}"))
    if entity.clock:
        limit = F.date_add("landed_on", CLOCK_TOLERANCE_DAYS + 1).cast("timestamp")
        checks.append((F.col(entity.clock) >= limit, f"after_landing_day:{entity.clock}"))
    if entity.currency:
        other = F.col(entity.currency) != currency
        checks.append((other, f"currency_not_supported:{entity.currency}"))
    for child in entity.children:
        checks += list_checks(child)
    (condition, reason), *rest = checks
    chain = F.when(condition, reason)
    for condition, reason in rest:
        chain = chain.when(condition, reason)
    return chain


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
