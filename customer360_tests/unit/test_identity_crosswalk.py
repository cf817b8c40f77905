"""The crosswalk tells of every id which one stands for it, since when and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pyarrow as pa

from customer360.identity.contract import CROSSWALK_COLUMNS
from customer360.identity.crosswalk import periods
from customer360.identity.lasting_ids import issue_ids, no_members
from customer360.identity.linking import arrow_schema

Clusters = Sequence[Sequence[str]]
Pair = tuple[str, str]


class Lake:
    """The crosswalk over several runs, one an hour."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, datetime], dict[str, object]] = {}
        self.members = no_members()
        self.run = 0

    def refresh(self, clusters: Clusters, decided: Sequence[Pair] = ()) -> list[str]:
        """Returns what changed: id > current id: reason."""
        self.run += 1
        rows = [(member, number) for number, cluster in enumerate(clusters) for member in cluster]
        found = pa.table(
            {
                "member": pa.array([member for member, _ in rows], pa.string()),
                "cluster": pa.array([number for _, number in rows], pa.int64()),
            }
        )
        issued = issue_ids(found, self.members, lambda a, n: a.upper() + "'" * n)
        standing = [row for row in self.rows.values() if row["valid_to"] is None]
        changed = periods(
            pa.Table.from_pylist(standing, arrow_schema(CROSSWALK_COLUMNS)), self.members, issued,
            decided, at=datetime(2026, 1, 1, self.run, tzinfo=UTC), run_id=f"run {self.run}",
        )  # fmt: skip
        for row in changed.to_pylist():
            self.rows[row["customer_id"], row["valid_from"]] = row
        self.members = issued.members
        open_rows = [row for row in self.rows.values() if row["valid_to"] is None]
        # One row per id that holds, each stands for what is in use.
        assert len({row["customer_id"] for row in open_rows}) == len(open_rows)
        assert {r["current_id"] for r in open_rows} - {None} == set(issued.ids.to_pylist())
        return sorted(
            f"{row['customer_id']} > {row['current_id']}: {row['reason']}"
            for row in changed.to_pylist()
            if row["run_id"] == f"run {self.run}"
        )


APART, TOGETHER = [["a"], ["b", "c"]], [["a", "b", "c"]]


def test_first_seen_merged_and_parted() -> None:
    lake = Lake()
    assert lake.refresh(APART) == ["A > A: new", "B > B: new"]
    assert lake.refresh(APART) == []
    assert lake.refresh(TOGETHER) == ["A > B: merge"]
    assert lake.refresh(TOGETHER) == []
    assert lake.refresh(APART) == ["A > A: split"]
    assert [
        (row["current_id"], row["valid_from"], row["valid_to"], row["run_id"])
        for (each, _), row in sorted(lake.rows.items())
        if each == "A"
    ] == [
        ("A", _hour(1), _hour(3), "run 1"),
        ("B", _hour(3), _hour(5), "run 3"),
        ("A", _hour(5), None, "run 5"),
    ]


def test_what_comes_out_of_another_is_split_and_not_new() -> None:
    lake = Lake()
    lake.refresh(TOGETHER)
    assert lake.refresh([["a", "b"], ["c"], ["d"]]) == ["C > C: split", "D > D: new"]


def test_what_people_decided_is_told_so() -> None:
    lake = Lake()
    decision = [("a", "b")]
    lake.refresh([*APART, ["d"], ["e"]])
    assert lake.refresh([*TOGETHER, ["d", "e"]], decision) == ["A > B: manual", "E > D: merge"]
    assert lake.refresh([*APART, ["d"], ["e"]], decision) == ["A > A: manual", "E > E: split"]


def test_gone_and_back() -> None:
    lake = Lake()
    lake.refresh(APART)
    assert lake.refresh([["b", "c"]]) == ["A > None: erased"]
    assert lake.refresh([["b", "c"]]) == []
    assert lake.refresh(APART) == ["A > A: new"]


def test_an_id_that_was_merged_follows_where_its_records_go() -> None:
    lake = Lake()
    lake.refresh([["a"], ["b", "c"], ["d", "e", "f", "g"]])
    assert lake.refresh([["a", "b", "c"], ["d", "e", "f", "g"]]) == ["A > B: merge"]
    assert lake.refresh([["a", "b", "c", "d", "e", "f", "g"]]) == ["A > D: merge", "B > D: merge"]
    assert lake.refresh([["a", "b", "c"], ["d", "e", "f", "g"]]) == ["A > B: split", "B > B: split"]


def test_cut_off_before_members_are_kept_the_next_run_adds_nothing() -> None:
    lake = Lake()
    lake.refresh(APART)
    members = lake.members
    lake.refresh(TOGETHER)
    lake.members = members
    assert lake.refresh(TOGETHER) == []


def _hour(run: int) -> datetime:
    return datetime(2026, 1, 1, run, tzinfo=UTC)
