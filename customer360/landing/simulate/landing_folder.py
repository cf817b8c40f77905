"""Writing a day of a block: landing files first, their truth after them, nothing half done.

Here: paths, writing aside and renaming, the truth tables. Not here: what is in the files
(``day_files``), the sums (``money``).
"""

import io
from collections import Counter
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import polars as pl
from upath import UPath

from customer360.landing.deliver import write_whole
from customer360.landing.simulate.block import Block
from customer360.landing.simulate.fault_files import PreparedFile
from customer360.landing.simulate.sheet import RECORD_SCHEMA

FAULT_COLUMNS = {
    "kind": pl.String,
    "landed_on": pl.Date,
    "source": pl.String,
    "entity": pl.String,
    "source_file": pl.String,
    "line_number": pl.Int64,
    "column": pl.String,
    "value": pl.String,
    "expected": pl.String,
}


@dataclass
class Tally:
    """What has been landed so far, for the summary."""

    records: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    files: int = 0
    size: int = 0


@dataclass(frozen=True)
class LandingFolder:
    """The two folders a world is written to."""

    landing: UPath
    truth: UPath

    def has_day(self, day: date, block: int) -> bool:
        """Whether the day of a block was written completely by an earlier call."""
        return self._truth_path("records", day, block).exists()

    def write_day(
        self,
        block: Block,
        day: int,
        files: list[PreparedFile],
        tables: dict[str, pl.DataFrame],
        tally: Tally,
    ) -> None:
        """Write the files of ``day``, then the truth about them.

        Args:
            block: the block the files belong to.
            day: the simulated day.
            files: what lands.
            tables: further truth tables by name, with a ``person`` column of numbers or none.
            tally: counts what is written.
        """
        landed_on = block.world.on(day)
        paths = [f"{file.entity.folder}/dt={landed_on}/{file.name}" for file in files]
        faults: list[tuple[object, ...]] = []
        for path, file in zip(paths, files, strict=True):
            write_whole(self.landing / path, file.data)
            faults += _fault_rows(file, landed_on, path)
            _count(tally, file)
        fault_table = pl.DataFrame(faults, schema=FAULT_COLUMNS, orient="row")
        self._write_table("faults", landed_on, block.number, fault_table)
        for name, table in tables.items():
            self._write_table(name, landed_on, block.number, _named(block, table))
        records = _record_table(block, landed_on, files, paths)
        # The records come last: where they are, everything else of the day is there too.
        self._write_table("records", landed_on, block.number, records)

    def write_persons(self, number: int, persons: pl.DataFrame) -> None:
        """Write the people of a block as they are on the last simulated day."""
        path = self.truth / "persons" / f"block-{number:04d}.parquet"
        _write_parquet(path, persons)

    def _truth_path(self, table: str, day: date, block: int) -> UPath:
        return self.truth / table / f"dt={day}-{block:04d}.parquet"

    def _write_table(self, table: str, day: date, block: int, rows: pl.DataFrame) -> None:
        _write_parquet(self._truth_path(table, day, block), rows)


def with_person_id(block: Block, table: pl.DataFrame) -> pl.DataFrame:
    """Return ``table`` with ``person_id`` for the ``person`` numbers, null for nobody."""
    ids = block.people.frame["person_id"].extend_constant(None, 1)
    numbers = table["person"].to_numpy()
    person_id = ids.gather(np.where(numbers < 0, block.people.count, numbers))
    return table.with_columns(person_id=person_id).drop("person")


def _named(block: Block, table: pl.DataFrame) -> pl.DataFrame:
    return with_person_id(block, table) if "person" in table.columns else table


def _record_table(
    block: Block, landed_on: date, files: list[PreparedFile], paths: list[str]
) -> pl.DataFrame:
    nothing = pl.DataFrame(schema=RECORD_SCHEMA)
    tables = [nothing if file.records is None else file.records for file in files]
    number = np.repeat(np.arange(len(files)), [table.height for table in tables])
    rule = pl.col("rule").is_null()
    return with_person_id(block, pl.concat([nothing, *tables])).select(
        source=pl.Series([file.entity.source for file in files], dtype=pl.String).gather(number),
        entity=pl.Series([file.entity.entity for file in files], dtype=pl.String).gather(number),
        landed_on=pl.lit(landed_on),
        source_file=pl.Series(paths, dtype=pl.String).gather(number),
        line_number="line_number",
        record_key="record_key",
        person_id="person_id",
        version_at=(pl.col("version_ms") * 1000).cast(pl.Datetime("us", "UTC")),
        content="content",
        outcome=pl.when(rule).then(pl.lit("usable")).otherwise(pl.lit("quarantined")),
        rule="rule",
        issue_count="issue_count",
    )


def _fault_rows(file: PreparedFile, landed_on: date, path: str) -> list[tuple[object, ...]]:
    source, entity = file.entity.source, file.entity.entity
    return [
        (f.kind, landed_on, source, entity, path, f.line, f.column, f.value, f.expected)
        for f in file.faults
    ]


def _count(tally: Tally, file: PreparedFile) -> None:
    tally.files += 1
    tally.size += len(file.data)
    tally.records[file.entity.folder] += 0 if file.records is None else file.records.height
    tally.faults.update(fault.kind for fault in file.faults)


def _write_parquet(path: UPath, rows: pl.DataFrame) -> None:
    data = io.BytesIO()
    rows.write_parquet(data, compression="lz4")
    write_whole(path, data.getvalue())
