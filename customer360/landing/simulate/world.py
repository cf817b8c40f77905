"""The entry of the simulator: day by day, block by block, until the wanted days have landed.

Here: the loop and what is reported. Not here: any source (``tills``, ``orders``, ...), any fault.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from upath import UPath

from customer360.landing.simulate.accounts import sign_ups_and_changes
from customer360.landing.simulate.assortment import (
    build_assortment,
    product_records,
    store_records,
)
from customer360.landing.simulate.block import WEEK_DAYS, Block, open_block
from customer360.landing.simulate.browsing import browse
from customer360.landing.simulate.crm import keep_contacts
from customer360.landing.simulate.day_files import DayFiles
from customer360.landing.simulate.fault_files import PreparedFile
from customer360.landing.simulate.formats import CAMPAIGNS, PRODUCTS, STORES
from customer360.landing.simulate.landing_folder import LandingFolder, Tally
from customer360.landing.simulate.marketing import campaign_records, run_campaigns
from customer360.landing.simulate.money import OrderBook, money_table, till_sums
from customer360.landing.simulate.orders import take_orders
from customer360.landing.simulate.parameters import (
    DEFAULT_START,
    FaultLevel,
    WorldParameters,
    read_days,
    write_days,
)
from customer360.landing.simulate.persons import device_rows, person_rows
from customer360.landing.simulate.service import open_tickets
from customer360.landing.simulate.social import post
from customer360.landing.simulate.tills import ring_up

BLOCK_SIZE = 50_000


@dataclass(frozen=True)
class SimulationSummary:
    """What one call has landed: nothing is counted that an earlier call had landed already.

    ``records`` by ``source/entity``, ``faults`` by kind; ``size_bytes`` of the landing files.
    """

    records: dict[str, int]
    faults: dict[str, int]
    files: int
    size_bytes: int
    seconds: float


def simulate(
    landing: UPath,
    truth: UPath,
    *,
    customers: int,
    days: int,
    seed: int = 1,
    start: date = DEFAULT_START,
    faults: FaultLevel = FaultLevel.LOW,
    progress: Callable[[int, int], None] | None = None,
    block_size: int = BLOCK_SIZE,
) -> SimulationSummary:
    """Simulate a retailer and land its source files, with the truth about them beside.

    The same parameters give the same bytes; more days add files and leave the others as they are.
    A call that was killed is repeated with the same parameters and ends with the same files.

    Args:
        landing: folder of ``<source>/<entity>/dt=YYYY-MM-DD/<file>``.
        truth: folder of the truth's Parquet tables (docs/simulator.md).
        customers: number of people in the world.
        days: number of days to have landed in the end.
        seed: decides everything that is drawn.
        start: the first day.
        faults: how much goes wrong on the way.
        progress: called with (steps done, steps in all) after each day of each block.
        block_size: people per block; each block has files of its own and bounds the memory.

    Returns:
        What this call landed; all zero if everything had landed before.

    Raises:
        ValueError: parameters out of range, another world lives in these folders, or they hold
            more days than wanted.
    """
    began = time.perf_counter()
    world = WorldParameters(customers, seed, start, FaultLevel(faults), block_size)
    world.check(days)
    found = read_days(landing, truth, world)
    tally = Tally()
    if found is not None and found > days:
        raise ValueError(
            f"{truth} holds a world of {found} days; expected at most the {days} asked for;"
            " ask for as many days or more, or simulate into empty folders"
        )
    if found != days:
        write_days(truth, world, found or 0)
        assortment = build_assortment(seed)
        folder = LandingFolder(landing, truth)
        for number in range(world.blocks):
            block = open_block(world, number, assortment)
            _live(block, folder, days, tally, progress)
        write_days(truth, world, days)
    return SimulationSummary(
        dict(tally.records),
        dict(tally.faults),
        tally.files,
        tally.size,
        time.perf_counter() - began,
    )


def _live(
    block: Block,
    folder: LandingFolder,
    days: int,
    tally: Tally,
    progress: Callable[[int, int], None] | None,
) -> None:
    files = DayFiles(block)
    true_orders, landed_orders = OrderBook(), OrderBook()
    # One day is written while the next one happens; never more than one, to bound the memory.
    with ThreadPoolExecutor(max_workers=1) as writer:
        written: Future[None] | None = None
        for day in range(days):
            if day % WEEK_DAYS == 0:
                _happen(block, day)
            landing, happened = files.of_day(day)
            true = _sums(happened, true_orders)
            landed = _sums(_readable(landing), landed_orders)
            for book in (true_orders, landed_orders):
                book.forget(block.world.start_day + day)
            tables = {"money": _dated(money_table(true, landed)), **_told(block, day)}
            if written is not None:
                written.result()
            if not folder.has_day(block.world.on(day), block.number):
                written = writer.submit(folder.write_day, block, day, landing, tables, tally)
            if progress is not None:
                progress(block.number * days + day + 1, block.world.blocks * days)
        if written is not None:
            written.result()
    folder.write_persons(block.number, person_rows(block, days - 1))


def _told(block: Block, day: int) -> dict[str, pl.DataFrame]:
    tables = {name: block.outbox.take(name, day) for name in ("campaign_effects", "devices")}
    return {name: rows for name, rows in tables.items() if rows is not None}


def _happen(block: Block, first_day: int) -> None:
    """Let a week happen: its records and what only the world can tell go into the outbox."""
    if block.number == 0:
        _publish_catalog(block, first_day)
    sign_ups_and_changes(block, first_day)
    keep_contacts(block, first_day)
    for day in range(first_day, first_day + WEEK_DAYS):
        effects = run_campaigns(block, day)
        if effects is not None:
            block.outbox.add("campaign_effects", effects, np.full(effects.height, day))
    ring_up(block, first_day)
    purchases = take_orders(block, first_day)
    devices = device_rows(browse(block, first_day, purchases), purchases)
    block.outbox.add("devices", devices.drop("day"), devices["day"].to_numpy())
    post(block, first_day)
    open_tickets(block, first_day)


def _publish_catalog(block: Block, first_day: int) -> None:
    world, assortment = block.world, block.assortment
    products, days = product_records(assortment, world, first_day, WEEK_DAYS)
    block.outbox.add(PRODUCTS.folder, products, days)
    stores, days = store_records(assortment, world, first_day, WEEK_DAYS)
    block.outbox.add(STORES.folder, stores, days)
    for day in range(first_day, first_day + WEEK_DAYS):
        campaigns = campaign_records(world, day)
        block.outbox.add(CAMPAIGNS.folder, campaigns, np.full(campaigns.height, day))


def _readable(files: list[PreparedFile]) -> dict[str, pl.DataFrame]:
    marks: dict[str, list[pl.DataFrame]] = {}
    for file in files:
        if file.money is not None:
            marks.setdefault(file.entity.folder, []).append(file.money)
    return {folder: pl.concat(frames) for folder, frames in marks.items()}


def _sums(marks: dict[str, pl.DataFrame], orders: OrderBook) -> list[pl.DataFrame]:
    sums = [
        till_sums(entity, marks[f"pos/{entity}"])
        for entity in ("receipts", "receipt_lines")
        if f"pos/{entity}" in marks
    ]
    if "ecommerce/orders" in marks:
        sums.append(orders.change(marks["ecommerce/orders"]))
    return sums


def _dated(money: pl.DataFrame) -> pl.DataFrame:
    business_date = pl.col("business_day").cast(pl.Int32).cast(pl.Date)
    return money.with_columns(business_date=business_date).drop("business_day")
