"""`customer360 quarantine repair`: check a file of corrected records, then land it.

The checks use the code that will load the file: what passes here is usable when it is loaded.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from customer360.assets.silver_load import SilverTables, tables_of
from customer360.commands.quarantine import entities, known_entity
from customer360.errors import QuarantineError
from customer360.landing.deliver import deliver
from customer360.landing.files import LandingFile
from customer360.landing.repairs import REPAIRS
from customer360.resources.lake import Lake
from customer360.resources.loads import as_of_date
from customer360.resources.lock import writing
from customer360.resources.session import Engine, in_days, open_engine
from customer360.transforms import contract

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame
    from rich.console import Console

    from customer360.settings import Settings
    from customer360.sources.spec import EntitySpec, SourceSpec

_SHOWN = 20


@dataclass(frozen=True)
class _File:
    """A file of repairs, and where it will land.

    Attributes:
        path: The file.
        source: Source of its records.
        entity: Their entity.
        day: Landing day.
        landing_path: Where it lands, below the landing zone; the same for the same content.
    """

    path: Path
    source: SourceSpec
    entity: EntitySpec
    day: date
    landing_path: str


def repair(
    settings: Settings, console: Console, path: Path, *, day: date | None, only_check: bool
) -> None:
    """Check a file of corrected records and land it, all of it or nothing.

    Args:
        settings: The settings.
        console: Where it is said.
        path: The file: what `export` wrote, or any landing format with the field `_repairs`.
        day: Landing day; the last one that is loaded when omitted, so that the repair does not
            move the clock of the data.
        only_check: Land nothing.

    Raises:
        QuarantineError: Anything is wrong with any record; the message says what, line by line.
    """
    lake = Lake(settings.lake)
    with writing(lake, "customer360 quarantine repair", console.print):
        file = _described(lake, path, day or as_of_date(lake))
        with open_engine(settings) as engine:
            count, problems = _checked(engine, file, settings.currency)
        if problems:
            raise QuarantineError(_told(path, problems))
        table = file.source.table(file.entity.name)
        if only_check:
            console.print(f"All {count:,} records of {table} would land and repair theirs.")
        elif deliver(lake.landing, file.landing_path, path):
            console.print(
                f"Landed {count:,} records of {table} as {file.landing_path}. "
                "Next: `customer360 run`.",
                soft_wrap=True,
            )
        else:
            console.print(
                f"Has landed already as {file.landing_path}. Next: `customer360 run`.",
                soft_wrap=True,
            )


def _described(lake: Lake, path: Path, day: date) -> _File:
    """Which entity the file repairs, by the first record that says so."""
    names = (_entity_named(text) for batch in _decoded(path, day) for text in batch["record"])
    name = next((n for n in names if n), None)
    if name is None:
        raise QuarantineError(
            f"No record of {path} has a field {REPAIRS!r} that names what it repairs, as "
            "<source>/<entity>/dt=YYYY-MM-DD/<file>:<line>. `customer360 quarantine export` "
            "writes records with it."
        )
    source, entity = known_entity(name)
    entities(lake, name)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    plain, gz = path.name.removesuffix(".gz"), ".gz" if path.name.endswith(".gz") else ""
    ending = f"{Path(plain).suffix}{gz}"
    where = f"{source.name}/{entity.name}/dt={day}/repair-{digest}{ending}"
    return _File(path, source, entity, day, where)


def _entity_named(record: pa.StringScalar) -> str | None:
    """`<source>__<entity>` of the first original that a record names."""
    try:
        fields = json.loads(record.as_py())
        source, entity, *_ = str(fields[REPAIRS]).split("/")
    except (ValueError, KeyError, TypeError):
        return None
    return f"{source.strip()}__{entity}"


def _decoded(path: Path, day: date) -> Iterator[pa.RecordBatch]:
    """The file's records as bronze will hold them, but for their origin's path."""
    from customer360.landing.decode import decode_files
    from customer360.landing.validity import judged

    file = LandingFile("", day, path.name, path.stat().st_size, 0.0)
    batches = decode_files(
        str(path.resolve().parent), [file], batch_id="", ingested_at=datetime.now(UTC)
    )
    return judged(batches)


def _checked(engine: Engine, file: _File, currency: str) -> tuple[int, list[tuple[int, str]]]:
    """How many records the file has, and what is wrong with which line."""
    from pyspark.sql import functions as F

    from customer360.transforms.typing import typed

    tables = tables_of(file.source, file.entity)
    scratch = f"repair-{uuid.uuid4()}"
    try:
        bronze = _staged(engine, file, scratch)
        records = typed(bronze, file.entity, currency).withColumn(
            "source_file", F.lit(file.landing_path)
        )
        url = f"{engine.lake.scratch_url(scratch)}/typed"
        records.write.mode("overwrite").parquet(url)
        records = engine.session.read.schema(records.schema).parquet(url)
        problems = [
            *_unusable(records),
            *_misdirected(engine, tables, records, file.day),
            *_conflicting(engine, tables, records, file.entity, currency),
        ]
        return records.count(), sorted(set(problems))
    finally:
        engine.lake.remove_scratch(scratch)


def _staged(engine: Engine, file: _File, scratch: str) -> DataFrame:
    """The file's records where the engine reads them, in bounded memory."""
    import pyarrow.parquet as pq

    from customer360.landing.decode import BRONZE_SCHEMA
    from customer360.storage import open_url

    fs, folder = open_url(f"{engine.lake.scratch_url(scratch)}/decoded")
    fs.makedirs(folder, exist_ok=True)
    with (
        fs.open(f"{folder}/part.parquet", "wb") as sink,
        pq.ParquetWriter(sink, BRONZE_SCHEMA) as writer,
    ):
        for batch in _decoded(file.path, file.day):
            writer.write_batch(batch)
    return engine.session.read.parquet(f"{engine.lake.scratch_url(scratch)}/decoded")


def _unusable(records: DataFrame) -> Iterator[tuple[int, str]]:
    """Records that quarantine would take again, and those that repair nothing."""
    from pyspark.sql import functions as F

    columns = contract.RECORD_LINE, contract.FAILURE, contract.FAILED_VALUE, contract.REPAIRS
    failed = F.col(contract.FAILURE).isNotNull() | F.col(contract.REPAIRS).isNull()
    for line, failure, value, repairs in records.where(failed).select(*columns).collect():
        if failure is not None:
            rule, _, column = failure.partition(":")
            found = "" if value is None else f": {json.dumps(value, ensure_ascii=False)}"
            yield line, f"still {rule} {column}".rstrip() + found
        if repairs is None:
            yield line, f"has no field {REPAIRS!r}, so it repairs nothing"


def _misdirected(
    engine: Engine, tables: SilverTables, records: DataFrame, day: date
) -> Iterator[tuple[int, str]]:
    """Links that name no quarantined record, one that lands later, or one that others name."""
    from pyspark.sql import functions as F

    from customer360.landing.formats.decoded import DECODE_ERRORS
    from customer360.transforms.repairs import links

    place = ["source_file", contract.RECORD_LINE]
    outranked = engine.table(tables.outranked).where("status = 'repaired'")
    known = (
        engine.table(tables.quarantine)
        .select(*place, "rule")
        .unionByName(outranked.select(*place, F.lit("repaired").alias("rule")))
        .withColumnsRenamed({"source_file": "original_file", contract.RECORD_LINE: "original_line"})
    )
    linked = links(records).join(known, ["original_file", "original_line"], "left")
    columns = "original_file", "original_line", "original_landed_on", "rule", contract.RECORD_LINE
    named: dict[str, int] = {}
    for file, number, landed_on, rule, line in linked.select(*columns).orderBy(*columns).collect():
        original = f"{file}:{number}" if number is not None else file
        if rule is None:
            yield line, f"repairs {original}, which is not in quarantine"
        elif rule == "repaired":
            yield line, f"repairs {original}, which has been repaired"
        elif landed_on > day:
            yield line, f"repairs {original}, which lands after {day}"
        elif named.setdefault(original, line) != line and rule not in DECODE_ERRORS:
            # One damaged text may hold several records; everything else is one record.
            yield line, f"repairs {original}, as line {named[original]} does"


def _conflicting(
    engine: Engine, tables: SilverTables, records: DataFrame, entity: EntitySpec, currency: str
) -> Iterator[tuple[int, str]]:
    """Records whose key has landed with other content, where records never change."""
    from pyspark.sql import functions as F

    from customer360.transforms.typing import record_key, typed
    from customer360.transforms.versions import CONFLICTING, ranked

    if not entity.immutable:
        return
    usable = records.where(F.col(contract.FAILURE).isNull())
    current = engine.table(tables.silver).withColumn(contract.KEY, record_key(entity))
    places = current.join(usable.select(contract.KEY).distinct(), contract.KEY, "left_semi")
    places = places.select("landed_on", "source_file", contract.RECORD_LINE)
    places = places.withColumnRenamed(contract.RECORD_LINE, "line_number")
    days = [row[0] for row in places.select("landed_on").distinct().collect()]
    if days:
        bronze = engine.table(tables.bronze).where(in_days(days))
        rivals = typed(bronze.join(places, places.columns, "left_semi"), entity, currency)
        usable = usable.unionByName(rivals)
    conflicts = ranked(usable, entity).where(F.col(contract.STATUS) == CONFLICTING)
    mine = records.join(conflicts.select(contract.KEY).distinct(), contract.KEY, "left_semi")
    for line, key in mine.select(contract.RECORD_LINE, contract.KEY).collect():
        what = (
            f"another record with the key {key!r} has other content, and records of this entity "
            "never change; give it its own key, or the content of the other one"
        )
        yield line, what


def _told(path: Path, problems: list[tuple[int, str]]) -> str:
    lines = [f"  line {line}: {what}" for line, what in problems[:_SHOWN]]
    if len(problems) > _SHOWN:
        lines.append(f"  and {len(problems) - _SHOWN:,} more")
    found = "\n".join(lines)
    return (
        f"{path} is not landed; {len(problems):,} things are wrong:\n{found}\n"
        "Correct these lines, or remove those that you do not repair now."
    )
