"""FEBRL 3, records whose duplicates are known: what is found without being told, after training."""

from __future__ import annotations

import contextlib
import sys
from collections import Counter
from pathlib import Path

import pytest

from customer360 import keys
from customer360.errors import LandingError
from customer360.identity.contract import CUSTOMER_LINKS, MATCH_MODELS
from customer360.landing.febrl import import_febrl3, person_of
from customer360.resources.lake import Lake
from customer360.resources.match_models import model_in_use
from customer360.storage import open_path
from customer360_tests.builders import land, record
from customer360_tests.commands import Command, customer360

RECORDS = 5_000
TARGET_F1 = 0.98
RESOLVED_AGAIN = " or ".join(
    f'key:"silver/{table}"'
    for table in ("customer_matches", "customer_crosswalk", "customer_links")
)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The records landed, loaded, resolved, and resolved again with a model trained on them."""
    lake = Lake(str(tmp_path_factory.mktemp("febrl") / "lake"))
    assert import_febrl3(open_path(lake.landing)) == RECORDS
    for words in (
        ("run", "--select", '+key:"silver/customer_links"'),
        ("identity", "train"),
        # Another model moves most of them, so somebody has to agree.
        ("identity", "approve", "--reason", "trained on them"),
        ("run", "--select", RESOLVED_AGAIN),
    ):
        with contextlib.closing(Command(lake, words[0], customer360(*words))) as command:
            command.ended()
    return lake


def test_every_record_stays(lake: Lake) -> None:
    contacts = lake.arrow(keys.silver("crm__contacts"), ["first_name", "issues"]).to_pylist()
    assert len(contacts) == RECORDS
    assert sum(row["first_name"] is None for row in contacts) == 156
    assert sum("date_of_birth" in (row["issues"] or "") for row in contacts) == 35
    assert lake.row_count(keys.quarantine("crm__contacts")) == 0


def test_pairs_of_one_person_are_found(lake: Lake) -> None:
    rows = lake.arrow(CUSTOMER_LINKS, ["record_key", "customer_id"]).to_pylist()
    cells = Counter((row["customer_id"], person_of(row["record_key"])) for row in rows)
    customers: Counter[str] = Counter()
    persons: Counter[str] = Counter()
    for (customer, person), count in cells.items():
        customers[customer] += count
        persons[person] += count
    assert customers.total() == RECORDS
    right, found, true = (_pairs(counter) for counter in (cells, customers, persons))
    f1 = 2 * right / (found + true)
    told = f"precision {right / found:.4f}, recall {right / true:.4f}, F1 {f1:.4f}"
    sys.stdout.write(f"FEBRL 3, pairs of one person: {told}\n")
    assert true == 6_538
    assert f1 >= TARGET_F1


def test_model_is_kept_with_what_it_was_trained_on(lake: Lake) -> None:
    model = model_in_use(lake)
    assert (model.name, model.records) == ("trained-1", RECORDS)
    assert lake.row_count(MATCH_MODELS) == 1
    # Nobody's contact points are known: these fields keep what the default model says.
    assert model.weight("email", "same") > 10


def test_landing_them_again_writes_nothing_and_beside_others_is_refused(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    landing = open_path(lake.landing)
    import_febrl3(landing)
    file = next(Path(lake.landing).rglob("*.csv"))
    before = file.stat().st_mtime_ns
    import_febrl3(landing)
    assert file.stat().st_mtime_ns == before
    land(lake, "crm__contacts", [record("crm__contacts")])
    with pytest.raises(LandingError, match="1 other files"):
        import_febrl3(landing)


def _pairs(counts: Counter[str] | Counter[tuple[str, str]]) -> int:
    return sum(count * (count - 1) // 2 for count in counts.values())
