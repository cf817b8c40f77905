"""Who is who: the truth about people and about the devices they use.

Here: the rows of truth/persons and truth/devices. Not here: writing them (``landing_folder``).
"""

import numpy as np
import polars as pl

from customer360.landing.simulate.block import Block
from customer360.landing.simulate.orders import WebPurchases
from customer360.landing.simulate.people import as_of


def person_rows(block: Block, day: int) -> pl.DataFrame:
    """Return one row per person as of simulated ``day``.

    Identifiers are listed whether or not a system has met them yet; ``purchase_rate`` is in
    purchases a day while active; ``dropped_out_on`` is null while the person is still a customer.
    """
    people, habits = block.people, block.habits
    known = as_of(people, np.arange(people.count), np.full(people.count, day))
    e164 = [
        "+" + people.frame[f"{prefix}_dial"] + people.frame[f"{prefix}_national"]
        for prefix in ("phone", "family_phone")
    ]
    left = pl.Series(np.where(block.left_day <= day, block.left_day, -(2**31)))
    frame = pl.concat(
        [
            people.frame.select("person_id", "household_id", "culture", "email", "work_email",
                                "birth_day", "joined_day"),
            known,
            habits.select("card", "second_card", "account_id", "second_account_id", "contact_id",
                          "second_contact_id", "network", "handle", "store_rate", "web_rate",
                          "campaign_effect"),
        ],
        how="horizontal",
    )  # fmt: skip
    return frame.select(
        "person_id",
        "household_id",
        "culture",
        "country",
        first_name="first_native",
        last_name="last_native",
        first_name_latin="first_latin",
        last_name_latin="last_latin",
        street="street",
        city="city",
        postal_code="postal_code",
        emails=pl.concat_list("email", "work_email"),
        phones=pl.concat_list(pl.Series("phone", e164[0]), pl.Series("family", e164[1])),
        birth_date=pl.col("birth_day").cast(pl.Int32).cast(pl.Date),
        loyalty_cards=pl.concat_list("card", "second_card").list.drop_nulls(),
        account_ids=pl.concat_list("account_id", "second_account_id").list.drop_nulls(),
        contact_ids=pl.concat_list("contact_id", "second_contact_id").list.drop_nulls(),
        network="network",
        handle="handle",
        purchase_rate=pl.col("store_rate") + pl.col("web_rate"),
        joined_on=_on(block, pl.col("joined_day")),
        dropped_out_on=_on(block, pl.when(left > -(2**31)).then(left)),
        campaign_effect="campaign_effect",
    )


def device_rows(seen: pl.DataFrame, purchases: WebPurchases | None) -> pl.DataFrame:
    """Return the distinct (day, anonymous_id, person); person is -1 for strangers.

    Args:
        seen: ``anonymous_id``, ``person`` and ``day`` of web sessions.
        purchases: web orders of the same days, which carry a cookie of their own accord.
    """
    rows = [seen.select("day", "anonymous_id", "person")]
    if purchases is not None:
        own = {"anonymous_id": purchases.anonymous_id, "person": purchases.who}
        rows.append(pl.DataFrame({"day": purchases.days} | own))
    return pl.concat(rows).drop_nulls("anonymous_id").unique().sort("day", "anonymous_id", "person")


def _on(block: Block, day: pl.Expr) -> pl.Expr:
    return (day + block.world.start_day).cast(pl.Int32).cast(pl.Date)
