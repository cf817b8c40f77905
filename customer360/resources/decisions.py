"""What people decided about quarantined records: the table `ops/quarantine_decisions`.

A dropped record will never be repaired. It stays in quarantine and in the ledger, but nobody is
asked to look at it again. The table is an input: it cannot be derived from landing, so whoever
builds a lake again keeps it. No command removes a decision; a repair that lands overrules it.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from customer360 import keys

if TYPE_CHECKING:
    import pyarrow as pa

    from customer360.resources.lake import Lake
    from customer360.resources.reading import Reader


def _schema() -> pa.Schema:
    import pyarrow as pa

    return pa.schema(
        [
            ("entity", pa.string()),
            ("source_file", pa.string()),
            ("record_line", pa.int64()),
            ("landed_on", pa.date32()),
            ("rule", pa.string()),
            ("reason", pa.string()),
            ("decided_by", pa.string()),
            ("decided_at", pa.timestamp("us", "UTC")),
        ]
    )


def quarantined_sql(reader: Reader, entity: str) -> str:
    """SQL of an entity's quarantined records, one row per record, with `drop_reason`.

    Args:
        reader: The reader that will run it.
        entity: `<source>__<entity>`; its quarantine table exists.
    """
    table = reader.table(keys.quarantine(entity))
    if not reader.lake.exists(keys.QUARANTINE_DECISIONS):
        return f"select *, null::varchar as drop_reason from {table}"
    decisions = reader.table(keys.QUARANTINE_DECISIONS)
    return (
        f"select q.*, d.reason as drop_reason from {table} q left join "
        f"(select source_file, record_line, reason from {decisions} where entity = '{entity}') d "
        "using (source_file, record_line)"
    )


def record_drop(
    lake: Lake,
    entity: str,
    records: pa.Table,
    version: int | None,
    *,
    reason: str,
    by: str,
    at: datetime,
) -> None:
    """Write down that records of an entity were dropped.

    Args:
        lake: The lake.
        entity: `<source>__<entity>`.
        records: `source_file`, `record_line`, `landed_on`, `rule`; none of them dropped before.
        version: Version of the table before they were chosen.
        reason: Why they will never be repaired.
        by: Who says so.
        at: When, UTC.

    Raises:
        ChangedMeanwhileError: Another machine has dropped records of the entity since.
    """
    import pyarrow as pa

    schema = _schema()
    constants = {"entity": entity, "reason": reason, "decided_by": by, "decided_at": at}
    columns = [
        pa.repeat(pa.scalar(constants[field.name], field.type), len(records))
        if field.name in constants
        else records.column(field.name).cast(field.type)
        for field in schema
    ]
    decided = pa.table(columns, schema=schema)
    if lake.exists(keys.QUARANTINE_DECISIONS):
        import pyarrow.compute as pc

        before = lake.dataset(keys.QUARANTINE_DECISIONS)
        same = before.to_table(filter=pc.field("entity") == entity)
        decided = pa.concat_tables([same.select(schema.names).cast(schema), decided])
    lake.replace_where_unchanged(
        keys.QUARANTINE_DECISIONS, decided, f"entity = '{entity}'", version
    )
