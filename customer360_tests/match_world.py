"""Records to match, made up so that few things are shared by many; and the tables of matching."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from customer360.identity import contract
from customer360.keys import TableKey
from customer360.resources.session import Engine

Record = Mapping[str, str | None]
Records = dict[str, Record]

NAMES = [column.name for column in contract.MATCH_RECORD_COLUMNS]
GIVEN = ("anna", "ana", "boris", "cleo", "dirk", "eva", "fay")
FAMILY = ("alt", "alz", "ebel", "schmidt", "schmitt")


def person(rng: random.Random) -> Record:
    """Few of everything, so that many share something, and half of it unknown."""
    told = {
        "first_name": rng.choice(GIVEN),
        "last_name": rng.choice(FAMILY),
        "date_of_birth": f"19{rng.randint(60, 69)}-01-{rng.randint(1, 9):02}",
        "street": f"weg {rng.randint(1, 20)}",
        "postal_code": str(rng.randint(10, 14)),
        "city": rng.choice(("ulm", "bonn")),
        "email": f"m{rng.randint(1, 60)}@x.yz",
        "phone": f"+{rng.randint(1, 60)}",
        "loyalty_card": str(rng.randint(1, 60)),
    }
    return {name: value for name, value in told.items() if rng.random() < 0.6}


def world(count: int, seed: int = 1) -> Records:
    rng = random.Random(seed)
    return {f"contact_id:K{n}": person(rng) for n in range(count)}


def put(engine: Engine, records: Records) -> None:
    """The table as `build_match_records` would leave it, of these records."""
    rows = []
    for node, given in records.items():
        email = given.get("email")
        derived = {
            "node": node,
            "script": "other",
            "first_letters": "".join(sorted(given.get("first_name") or "")) or None,
            "last_letters": "".join(sorted(given.get("last_name") or "")) or None,
            "email_local": email.partition("@")[0] if email else None,
        }
        rows.append(tuple((derived | given).get(name) for name in NAMES))
    columns = contract.typed(contract.MATCH_RECORD_COLUMNS)
    engine.keep_rows(contract.MATCH_RECORDS, columns, rows)


def rows(engine: Engine, key: TableKey) -> list[Any]:
    return sorted(tuple(row) for row in engine.table(key).collect())
