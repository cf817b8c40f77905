"""Customer service: tickets, their answers, and the customers they drive away.

Here: ``service/tickets``. Not here: complaints on social media (``social``).
"""

import numpy as np
import polars as pl

from customer360.landing.simulate.accounts import accounts_in_use
from customer360.landing.simulate.block import WEEK_DAYS, Block
from customer360.landing.simulate.formats import TICKETS
from customer360.landing.simulate.streams import Ints, hex_ids, utc_text

TICKETS_A_PURCHASE = 0.02
CHANNELS = ("email", "phone", "chat", "web form")
TOPICS = ("delivery", "return", "payment", "product", "account", None)
PRIORITIES = ("low", "normal", "normal", "high", None)
QUESTIONS = (
    "Where is my parcel?", "Mein Paket ist beschädigt.", "Je voudrais retourner l'article",
    "No puedo iniciar sesión", "Proszę o fakturę, nr \"F/12\"", "Δεν έλαβα απάντηση",
    "Повернення коштів?", "İade etmek istiyorum", "I was charged twice!",
)  # fmt: skip
ANSWERS = ("We are looking into it.", "Wir kümmern uns darum.", "Nous revenons vers vous.")
CLOSINGS = ("Solved, thank you for your patience.", "Refund sent.", "Closed: no answer.")


def open_tickets(block: Block, day: int) -> None:
    """Put every version of the tickets opened in the week from ``day`` into the outbox.

    An unhappy end makes some customers leave for good: they stop buying in a later week.
    """
    rng = block.rng(day, "tickets")
    rate = block.habits["store_rate"].to_numpy() + 2 * block.habits["web_rate"].to_numpy()
    week = np.arange(day, day + WEEK_DAYS)
    active = np.array([block.active(int(today)) for today in week])
    row, who = np.nonzero(rng.random(active.shape) < active * (0.0006 + rate * TICKETS_A_PURCHASE))
    days = week[row]
    if not len(who):
        return
    count = len(who)
    opened = block.midnight(days) + rng.integers(20_000, 80_000, count)
    answered = opened + 600 + rng.exponential(50_000, count).astype(np.int64)
    closed = answered + 600 + rng.exponential(110_000, count).astype(np.int64)
    happy = rng.random(count) + 0.3 * (block.habits["patience"].to_numpy()[who] - 0.5)
    _drive_away(block, rng, who, np.maximum(block.landing_days(closed) + 3, day + WEEK_DAYS), happy)
    ids = hex_ids("T-", block.serials(day, count), f"{block.world.seed} ticket")
    ticket = _tickets(block, rng, ids, who, days, opened)
    messages = _messages(rng, opened, answered, closed)
    score = np.clip(np.floor(happy * 5).astype(np.int64) + 1, 1, 5)
    stage = np.repeat(np.arange(3), count)
    rows = np.tile(np.arange(count), 3)
    at = np.concatenate((opened, answered, closed))
    is_closed = pl.Series(stage == 2)
    is_rated = pl.Series((stage == 2) & (rng.random(3 * count) < 0.6))
    records = (
        ticket[rows]
        .with_columns(
            status=pl.Series(("open", "pending", "closed")).gather(stage),
            updated_at=utc_text(at),
            closed_at=pl.when(is_closed).then(utc_text(closed)[rows]),
            csat=pl.when(is_rated).then(pl.Series(score)[rows]),
            messages=messages[rows],
            said=pl.Series(stage + 1),
            _version_ms=pl.Series(at * 1000),
        )
        .with_columns(pl.col("messages").list.head(pl.col("said")))
    )
    block.outbox.add(TICKETS.folder, records, block.landing_days(at))


def _drive_away(
    block: Block, rng: np.random.Generator, who: Ints, last: Ints, happy: np.ndarray
) -> None:
    leaves = (happy < 0.3) & (rng.random(len(who)) < 0.6)
    np.minimum.at(block.left_day, who[leaves], last[leaves])


def _tickets(
    block: Block, rng: np.random.Generator, ids: pl.Series, who: Ints, days: Ints, opened: Ints
) -> pl.DataFrame:
    count, people = len(who), block.people.frame[who]
    channel = rng.choice(4, count, p=[0.35, 0.3, 0.2, 0.15])
    frame = pl.DataFrame(
        {
            "ticket_id": ids,
            "own": block.spelled["email"][who],
            "work": people["work_email"],
            "number": "+" + people["phone_dial"] + people["phone_national"],
            "account": accounts_in_use(block, who, days),
            "roll": rng.random(count),
            "is_call": channel == 1,
            "channel": pl.Series(CHANNELS).gather(channel),
            "topic": pl.Series(TOPICS).gather(rng.integers(0, len(TOPICS), count)),
            "priority": pl.Series(PRIORITIES).gather(rng.integers(0, len(PRIORITIES), count)),
            "opened_at": utc_text(opened),
            "who": who,
        }
    )
    roll = pl.col("roll")
    return frame.select(
        "ticket_id",
        email=pl.when(~pl.col("is_call")).then(
            pl.when(roll < 0.85).then("own").when(roll < 0.95).then("work")
        ),
        phone=pl.when(pl.col("is_call") | (roll < 0.15)).then("number"),
        account_id=pl.when((roll > 0.3) & ~pl.col("is_call")).then("account"),
        channel="channel",
        topic="topic",
        priority="priority",
        opened_at="opened_at",
        _key="ticket_id",
        _person="who",
    )


def _messages(rng: np.random.Generator, opened: Ints, answered: Ints, closed: Ints) -> pl.Series:
    count = len(opened)
    turns = (
        (QUESTIONS, "customer", opened),
        (ANSWERS, "agent", answered),
        (CLOSINGS, "agent", closed),
    )
    frames = [
        pl.DataFrame(
            {
                "ticket": np.arange(count),
                "author": pl.repeat(author, count, eager=True),
                "sent_at": utc_text(at),
                "text": pl.Series(texts).gather(rng.integers(0, len(texts), count)),
            }
        )
        for texts, author, at in turns
    ]
    rows = pl.concat(frames).select("ticket", message=pl.struct("author", "sent_at", "text"))
    return rows.group_by("ticket", maintain_order=True).agg("message")["message"]
