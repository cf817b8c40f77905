"""How one value is read: from trimmed text to its declared type, or not at all.

Column expressions only, in the forms that give the same result on every engine (docs/engines.md).
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column
from pyspark.sql import functions as F

from customer360.sources.spec import Case, Field, Kind

_NUMBER = r"^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?$"
# What is wrong with a value that is there and cannot be read.
RULES = {
    Kind.TIMESTAMP: "not_a_timestamp",
    Kind.DATE: "not_a_date",
    Kind.INTEGER: "not_a_number",
    Kind.MONEY: "not_a_number",
    Kind.DECIMAL: "not_a_number",
    Kind.BOOLEAN: "not_a_boolean",
    Kind.STRING: "not_allowed",
}


def first_text(texts: Sequence[Column]) -> Column:
    """The first trimmed text that is not blank; a single one as it is."""
    return texts[0] if len(texts) == 1 else F.coalesce(*(F.when(t != "", t) for t in texts))


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


def unreadable(field: Field) -> Column:
    """A value is there but cannot be read."""
    return (F.col(f"raw_{field.name}") != "") & F.col(field.name).isNull()


def issue_texts(fields: Sequence[Field]) -> list[Column]:
    """`column:rule` of each optional value that is there but cannot be read; null where it can."""
    checked = [f for f in fields if not f.required and (f.kind is not Kind.STRING or f.values)]
    return [F.when(unreadable(f), F.lit(f"{f.name}:{RULES[f.kind]}")) for f in checked]


def joined_issues(texts: Sequence[Column]) -> Column:
    """The issues of a row in one text, `;` between; null if there are none."""
    if not texts:
        return F.lit(None).cast("string")
    joined = F.concat_ws(";", *texts)
    return F.when(joined != "", joined)
