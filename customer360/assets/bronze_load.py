"""Loading landing files of one entity into bronze, as they came.

No dagster here; the asset is in `assets.bronze`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from customer360 import keys
from customer360.assets.field_sample import FieldSample
from customer360.landing.decode import BRONZE_SCHEMA, decode_files
from customer360.landing.files import LandingFile, list_files
from customer360.landing.validity import judged

if TYPE_CHECKING:
    from customer360.resources.lake import Lake


@dataclass
class BronzeLoad:
    """What was loaded.

    Attributes:
        files: Files per landing day.
        records: Records per landing day.
        errors: Records that could not be decoded, per landing day and decode error.
        sample: The first records of each file.
    """

    files: Counter[date] = field(default_factory=Counter)
    records: Counter[date] = field(default_factory=Counter)
    errors: dict[date, Counter[str]] = field(default_factory=dict)
    sample: FieldSample = field(default_factory=FieldSample)

    def counted(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Pass batches on, counting their rows."""
        for batch in batches:
            for day, rows in _counts(batch.column("landed_on")):
                self.records[day] += rows
            failed = batch.filter(batch.column("decode_error").is_valid())
            for row in failed.select(["landed_on", "decode_error"]).to_pylist():
                self.errors.setdefault(row["landed_on"], Counter())[row["decode_error"]] += 1
            self.sample.add(batch)
            yield batch


def load_bronze(
    lake: Lake,
    source: str,
    entity: str,
    days: Sequence[date],
    *,
    batch_id: str,
    ingested_at: datetime,
) -> BronzeLoad:
    """Load the files of landing days, replacing what bronze held of these days, in one commit.

    Args:
        lake: The lake.
        source: Source system.
        entity: Entity of the source.
        days: Landing days that have files.
        batch_id: Id of the run, stored with every row.
        ingested_at: Moment of the load (UTC), stored with every row.

    Returns:
        Files, records and decode errors per day, and a sample of the records.
    """
    files = list_files(lake.landing, source, entity, set(days)) if days else []
    load = BronzeLoad(
        files=Counter(f.landed_on for f in files), sample=FieldSample(files=len(files))
    )
    rows = load.counted(judged(_decoded(lake, files, batch_id, ingested_at)))
    lake.replace_days(keys.bronze(f"{source}__{entity}"), rows, BRONZE_SCHEMA, list(days))
    return load


def _decoded(
    lake: Lake, files: Sequence[LandingFile], batch_id: str, ingested_at: datetime
) -> Iterator[pa.RecordBatch]:
    return decode_files(lake.landing, files, batch_id=batch_id, ingested_at=ingested_at)


def _counts(column: pa.Array) -> Iterator[tuple[date, int]]:
    for pair in pc.value_counts(column).to_pylist():
        yield pair["values"], pair["counts"]
