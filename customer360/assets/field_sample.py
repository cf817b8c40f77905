"""The first records of each loaded file, and whether their fields are as declared.

A load looks at a bounded sample, so that it costs next to nothing; `customer360 drift` looks at
every record. No dagster here; the check is in `assets.bronze`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from customer360 import keys
from customer360.landing.decode import BRONZE_SCHEMA

if TYPE_CHECKING:
    from customer360.resources.lake import Lake
    from customer360.resources.reading import Reader
    from customer360.sources.drift import EntityDrift
    from customer360.sources.spec import EntitySpec

_PER_FILE: Final = 200
_AT_LEAST: Final = 10
_RECORDS: Final = 2_000
# Earlier landing days that are asked whether they had what a load lacks, spread over all.
_EARLIER_DAYS: Final = 30
_COLUMNS: Final = ["record", "source_file", "line_number", "decode_error", "landed_on"]


@dataclass
class FieldSample:
    """The first records of each file of a load: up to 200, fewer where files are many.

    Attributes:
        files: How many files the load has.
    """

    files: int = 0
    _taken: Counter[str] = field(default_factory=Counter)
    _batches: list[pa.RecordBatch] = field(default_factory=list)

    def add(self, batch: pa.RecordBatch) -> None:
        """Take from a batch of bronze rows what is still wanted of its files."""
        per_file = max(_AT_LEAST, min(_PER_FILE, _RECORDS // max(1, self.files)))
        wanted: list[int] = []
        runs = pc.run_end_encode(batch.column("source_file"))
        start = 0
        for file, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True):
            count = min(end - start, per_file - self._taken[file])
            wanted.extend(range(start, start + count))
            self._taken[file] += max(0, count)
            start = end
        if wanted:
            # Taken, not sliced: a slice would keep the whole batch in memory.
            self._batches.append(batch.select(_COLUMNS).take(pa.array(wanted)))

    def table(self) -> pa.Table:
        """The records, with their origin."""
        schema = pa.schema([BRONZE_SCHEMA.field(name) for name in _COLUMNS])
        return pa.Table.from_batches(self._batches, schema=schema)


def sampled_drift(
    lake: Lake, table: str, entity: EntitySpec, sample: FieldSample, days: Sequence[date]
) -> EntityDrift:
    """Compare the sample of a load with the declaration.

    Args:
        lake: The lake, with the days loaded into bronze.
        table: `<source>__<entity>`.
        entity: The declaration.
        sample: The first records of the loaded files.
        days: The landing days loaded.

    Returns:
        Undeclared fields of the sample; declared ones that the sample lacks, or has with values of
        another type, although earlier landing days had them. Places are those of sampled records.
    """
    from customer360.resources.field_evidence import find_drift, lacking
    from customer360.resources.reading import open_reader

    with open_reader(lake) as reader:
        reader.hold("sampled", sample.table())
        drift = find_drift(reader, "sampled", table, entity)
        missed = lacking(reader, entity)
        # Without records nothing is missed, so there is a first day.
        earlier = [d for d in lake.days(keys.bronze(table)) if d < min(days)] if missed else []
        if not earlier:
            return drift
        _hold_with_earlier(reader, table, _spread(earlier), sample)
        longer = find_drift(reader, "sampled", table, entity)
    return replace(
        longer,
        new=drift.new,
        more_new=drift.more_new,
        records=drift.records,
        vanished=tuple(c for c in longer.vanished if c.declared.path in missed),
        retyped=tuple(c for c in longer.retyped if c.declared.path in missed),
        renamed=tuple(r for r in longer.renamed if r.vanished.declared.path in missed),
    )


def _spread(days: Sequence[date]) -> list[date]:
    """So many days, evenly spread, the last one among them."""
    if len(days) <= _EARLIER_DAYS:
        return list(days)
    step = len(days) / _EARLIER_DAYS
    return [days[int((i + 1) * step) - 1] for i in range(_EARLIER_DAYS)]


def _hold_with_earlier(
    reader: Reader, table: str, earlier: Sequence[date], sample: FieldSample
) -> None:
    """Hold the sample together with the first records of earlier days."""
    import pyarrow.dataset as ds

    bronze = reader.lake.dataset(keys.bronze(table))
    heads = [
        bronze.head(_PER_FILE, columns=_COLUMNS, filter=ds.field("landed_on") == day)
        for day in earlier
    ]
    loaded = sample.table()
    reader.hold("sampled", pa.concat_tables([*(h.cast(loaded.schema) for h in heads), loaded]))
