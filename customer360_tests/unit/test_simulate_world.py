"""The same world always, in any number of calls: bytes, refusals, blocks."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path

import phonenumbers
import polars as pl
import pytest

from customer360.landing.simulate.assortment import build_assortment
from customer360.landing.simulate.block import open_block
from customer360.landing.simulate.demand import lift
from customer360.landing.simulate.formats import ENTITY_FORMATS
from customer360.landing.simulate.marketing import FIRST_DAY, LAST_DAYS, run_campaigns
from customer360.landing.simulate.parameters import FaultLevel, WorldParameters
from customer360.landing.simulate.world import SimulationSummary, simulate

PEOPLE = 120


def world(
    folder: Path,
    days: int = 8,
    *,
    customers: int = PEOPLE,
    seed: int = 1,
    start: date = date(2026, 1, 1),
    faults: FaultLevel = FaultLevel.HIGH,
    block_size: int = 50_000,
) -> SimulationSummary:
    return simulate(
        folder / "landing",
        folder / "truth",
        customers=customers,
        days=days,
        seed=seed,
        start=start,
        faults=faults,
        block_size=block_size,
    )


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def eight_days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("eight")
    world(folder)
    return folder


def test_simulate_gives_the_same_bytes_for_the_same_seed(eight_days: Path, tmp_path: Path) -> None:
    world(tmp_path)
    assert digests(tmp_path) == digests(eight_days)


def test_simulate_gives_other_people_for_another_seed(eight_days: Path, tmp_path: Path) -> None:
    world(tmp_path, 1, seed=2)
    name = "landing/ecommerce/accounts/dt=2026-01-01/accounts-0000.jsonl"
    ids = [
        {json.loads(line)["account_id"] for line in (folder / name).read_bytes().splitlines()[:9]}
        for folder in (eight_days, tmp_path)
    ]
    assert not ids[0] & ids[1]


def test_simulate_adds_only_what_is_missing_when_asked_for_more_days(
    eight_days: Path, tmp_path: Path
) -> None:
    world(tmp_path, 5)
    five = digests(tmp_path / "landing")
    summary = world(tmp_path)
    eight = digests(tmp_path / "landing")
    assert five.items() <= eight.items()
    assert summary.files == len(eight) - len(five) > 0
    assert digests(tmp_path) == digests(eight_days)


def test_simulate_does_nothing_when_the_days_are_there(eight_days: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in eight_days.rglob("*")}
    summary = world(eight_days)
    assert (summary.files, summary.records) == (0, {})
    assert {path: path.stat().st_mtime_ns for path in eight_days.rglob("*")} == before


def test_simulate_ends_with_the_same_files_when_repeated_after_being_killed(
    eight_days: Path, tmp_path: Path
) -> None:
    def kill(done: int, _: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(
            tmp_path / "landing",
            tmp_path / "truth",
            customers=PEOPLE,
            days=8,
            faults=FaultLevel.HIGH,
            progress=kill,
        )
    # Killed in the middle of a day: some of its files are there, one is half written.
    half = tmp_path / "landing/pos/receipts/dt=2026-01-05"
    half.mkdir(parents=True)
    (half / "receipts-0000.csv").write_bytes(b"receipt_id,sto")
    world(tmp_path)
    assert digests(tmp_path) == digests(eight_days)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"seed": 2}, "seed=1"),
        ({"customers": 121}, "customers=120"),
        ({"start": date(2026, 2, 1)}, "start=2026-01-01"),
        ({"faults": FaultLevel.NONE}, "faults=high"),
        ({"days": 3}, "8 days"),
    ],
)
def test_simulate_refuses_when_another_world_lives_there(
    eight_days: Path, change: dict[str, object], named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        world(eight_days, **change)  # type: ignore[arg-type]


def test_simulate_refuses_a_landing_folder_with_files_of_others(tmp_path: Path) -> None:
    other = tmp_path / "landing/pos/receipts/dt=2025-01-01/till.csv"
    other.parent.mkdir(parents=True)
    other.write_text("receipt_id\n")
    with pytest.raises(ValueError, match="unknown origin"):
        world(tmp_path)


def test_simulate_names_every_parameter_out_of_range(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"customers=0.*days=0.*seed=-1"):
        world(tmp_path, 0, customers=0, seed=-1)


def test_simulate_lands_every_entity_and_no_unfinished_file(eight_days: Path) -> None:
    landed = {
        str(path.relative_to(eight_days / "landing"))
        for path in (eight_days / "landing").glob("*/*")
    }
    assert landed == {entity.folder for entity in ENTITY_FORMATS}
    assert not list(eight_days.rglob("*.tmp"))


def test_simulate_reports_each_step(tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    simulate(
        tmp_path / "landing",
        tmp_path / "truth",
        customers=30,
        days=2,
        progress=lambda done, of: steps.append((done, of)),
        block_size=20,
    )
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_blocks_have_files_and_identifiers_of_their_own(tmp_path: Path) -> None:
    world(tmp_path, 2, customers=90, faults=FaultLevel.NONE, block_size=40)
    folder = tmp_path / "landing/ecommerce/accounts/dt=2026-01-01"
    assert sorted(path.name for path in folder.iterdir()) == [
        "accounts-0000.jsonl",
        "accounts-0001.jsonl",
        "accounts-0002.jsonl",
    ]
    persons = pl.read_parquet(tmp_path / "truth/persons/*.parquet")
    assert persons.height == 90
    for column in ("emails", "phones", "account_ids", "contact_ids", "loyalty_cards"):
        owners = persons.explode(column).drop_nulls(column).group_by(column)
        counts = owners.agg(pl.col("household_id").n_unique())
        assert counts["household_id"].max() == 1, column
    records = pl.read_parquet(tmp_path / "truth/records/*.parquet")
    immutable = records.filter(pl.col("entity") == "receipts")
    assert immutable["record_key"].is_unique().all()


def test_every_true_phone_number_is_valid(eight_days: Path) -> None:
    persons = pl.read_parquet(eight_days / "truth/persons/*.parquet")
    wrong = [
        number
        for number in persons["phones"].explode()
        if not phonenumbers.is_valid_number(phonenumbers.parse(number, None))
    ]
    assert not wrong


def test_a_campaign_changes_the_rate_of_those_treated_while_it_runs() -> None:
    parameters = WorldParameters(900, 1, date(2026, 1, 1), FaultLevel.NONE, 50_000)
    block = open_block(parameters, 0, build_assortment(1))
    effects = run_campaigns(block, FIRST_DAY)
    assert effects is not None
    everyone = pl.DataFrame(
        {
            "person_id": block.people.frame["person_id"],
            "first": lift(block, FIRST_DAY),
            "last": lift(block, FIRST_DAY + LAST_DAYS),
            "after": lift(block, FIRST_DAY + LAST_DAYS + 1),
        }
    ).join(effects, on="person_id", how="left")
    treated = everyone.filter(pl.col("group") == "treatment")
    others = everyone.filter(pl.col("group").fill_null("none") != "treatment")
    assert treated["first"].to_list() == (1 + treated["true_effect"]).to_list()
    assert treated["last"].to_list() == treated["first"].to_list()
    assert {others["first"].max(), others["first"].min()} == {1.0}
    assert {everyone["after"].max(), everyone["after"].min()} == {1.0}
    assert {"treatment", "control"} == set(effects["group"])
    assert min(effects["true_effect"]) < 0 < max(effects["true_effect"])
