"""Which landing files count, and what else lies in the landing zone."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from customer360.errors import LandingError
from customer360.landing.files import (
    LandingFile,
    day_fingerprint,
    landed_days,
    list_files,
    stray_folders,
)

FIRST, SECOND = date(2026, 1, 2), date(2026, 1, 3)


def put(landing: Path, path: str, data: bytes = b"{}", modified: float = 1_700_000_000.5) -> None:
    (landing / path).parent.mkdir(parents=True, exist_ok=True)
    (landing / path).write_bytes(data)
    os.utime(landing / path, (modified, modified))


def test_files_come_by_day_and_path_with_size_and_time(tmp_path: Path) -> None:
    put(tmp_path, "crm/contacts/dt=2026-01-03/a.csv", b"id\n1\n")
    put(tmp_path, "crm/contacts/dt=2026-01-02/b.csv")
    put(tmp_path, "crm/contacts/dt=2026-01-02/a.csv", modified=1_600_000_000.0)
    put(tmp_path, "crm/consents/dt=2026-01-02/a.csv")
    entity = "crm__contacts"
    assert list_files(str(tmp_path), "crm", "contacts") == [
        LandingFile(entity, FIRST, "crm/contacts/dt=2026-01-02/a.csv", 2, 1_600_000_000.0),
        LandingFile(entity, FIRST, "crm/contacts/dt=2026-01-02/b.csv", 2, 1_700_000_000.5),
        LandingFile(entity, SECOND, "crm/contacts/dt=2026-01-03/a.csv", 5, 1_700_000_000.5),
    ]
    assert landed_days(str(tmp_path), "crm", "contacts") == [FIRST, SECOND]


def test_only_the_days_asked_for_are_listed(tmp_path: Path) -> None:
    put(tmp_path, "crm/contacts/dt=2026-01-02/a.csv")
    put(tmp_path, "crm/contacts/dt=2026-01-03/a.csv")
    paths = [f.path for f in list_files(str(tmp_path), "crm", "contacts", {SECOND})]
    assert paths == ["crm/contacts/dt=2026-01-03/a.csv"]
    assert list_files(str(tmp_path), "crm", "contacts", []) == []


@pytest.mark.parametrize(
    "path",
    [
        "dt=2026-01-02/_SUCCESS",
        "dt=2026-01-02/.a.csv",
        "dt=2026-01-02/a.csv.tmp",
        "dt=2026-01-02/_temporary/a.csv",
        "_dt=2026-01-02/a.csv",
        "dt=2026-02-30/a.csv",
        "dt=20260102/a.csv",
        "dt=2026-W01-5/a.csv",
        "dt=2026-01-02",
        "2026-01-02/a.csv",
        "a.csv",
    ],
)
def test_what_is_written_aside_or_outside_a_day_does_not_count(tmp_path: Path, path: str) -> None:
    put(tmp_path, f"crm/contacts/{path}")
    assert list_files(str(tmp_path), "crm", "contacts") == []
    assert landed_days(str(tmp_path), "crm", "contacts") == []


def test_files_in_folders_of_a_day_count_as_the_day(tmp_path: Path) -> None:
    put(tmp_path, "crm/contacts/dt=2026-01-02/region=eu/part-0.csv")
    assert [(f.landed_on, f.path) for f in list_files(str(tmp_path), "crm", "contacts")] == [
        (FIRST, "crm/contacts/dt=2026-01-02/region=eu/part-0.csv")
    ]


def test_entity_that_never_landed_is_an_empty_list(tmp_path: Path) -> None:
    assert list_files(str(tmp_path), "crm", "contacts") == []


def test_missing_landing_zone_says_what_to_do(tmp_path: Path) -> None:
    for call in (
        lambda: list_files(str(tmp_path / "none"), "crm", "contacts"),
        lambda: landed_days(str(tmp_path / "none"), "crm", "contacts"),
        lambda: stray_folders(str(tmp_path / "none")),
    ):
        with pytest.raises(LandingError, match=r"none is not a folder\. Expected .* C360_LAKE"):
            call()


def test_any_file_system_can_be_listed() -> None:
    fs = fsspec.filesystem("memory")
    fs.pipe_file("/files-test/crm/contacts/dt=2026-01-02/a.csv", b"id\n1\n")
    try:
        (file,) = list_files("memory://files-test", "crm", "contacts")
    finally:
        fs.rm("/files-test", recursive=True)
    assert replace(file, modified=0) == LandingFile(
        "crm__contacts", FIRST, "crm/contacts/dt=2026-01-02/a.csv", 5, 0
    )
    assert file.modified > 1_700_000_000


class Remembering(MemoryFileSystem):
    """Remembers listings, as remote file systems do."""

    protocol = "remembering"
    remembered: ClassVar[dict[str, Any]] = {}

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(super()._strip_protocol(path.removeprefix("remembering:/")))

    def find(self, path: str, *args: Any, **options: Any) -> Any:
        return self.remembered.setdefault(path, super().find(path, *args, **options))

    def invalidate_cache(self, path: str | None = None) -> None:
        super().invalidate_cache(path)
        self.remembered.clear()


def test_file_that_came_after_the_last_listing_is_listed() -> None:
    fsspec.register_implementation("remembering", Remembering, clobber=True)
    fs = Remembering()
    try:
        fs.pipe_file("/remembering-test/crm/contacts/dt=2026-01-02/a.csv", b"")
        assert len(list_files("remembering://remembering-test", "crm", "contacts")) == 1
        fs.pipe_file("/remembering-test/crm/contacts/dt=2026-01-02/b.csv", b"")
        assert len(list_files("remembering://remembering-test", "crm", "contacts")) == 2
    finally:
        fs.rm("/remembering-test", recursive=True)


def test_strays_are_what_no_source_reads(tmp_path: Path) -> None:
    for path in (
        "crm/contacts/dt=2026-01-02/a.csv",
        "crm/contacts/dt=2026-02-30/a.csv",
        "crm/contacts/2026-01-02/a.csv",
        "crm/contacts/a.csv",
        "crm/contacts/_checkpoint/a.csv",
        "crm/contact/dt=2026-01-02/a.csv",
        "crm/readme.txt",
        "erp/invoices/dt=2026-01-02/a.csv",
        "notes.txt",
        ".gitkeep",
        "pos/receipts/dt=2026-01-02/a.csv",
    ):
        put(tmp_path, path)
    assert stray_folders(str(tmp_path)) == [
        "crm/contact",
        "crm/contacts/2026-01-02",
        "crm/contacts/a.csv",
        "crm/contacts/dt=2026-02-30",
        "crm/readme.txt",
        "erp",
        "notes.txt",
    ]


@pytest.mark.parametrize("path", ["crm", "crm/contacts", "crm/contacts/dt=2026-01-02"])
def test_file_in_place_of_a_folder_is_a_stray(tmp_path: Path, path: str) -> None:
    put(tmp_path, path)
    assert stray_folders(str(tmp_path)) == [path]
    assert list_files(str(tmp_path), "crm", "contacts") == []


def test_fingerprint_tells_added_removed_and_changed_files_but_not_their_order() -> None:
    a = LandingFile("crm__contacts", FIRST, "crm/contacts/dt=2026-01-02/a.csv", 5, 1.5)
    b = replace(a, path="crm/contacts/dt=2026-01-02/b.csv")
    fingerprints = [
        day_fingerprint(files)
        for files in ([], [a], [a, b], [replace(a, size=6), b], [replace(a, modified=2.5), b])
    ]
    assert len(set(fingerprints)) == 5
    assert day_fingerprint([b, a]) == day_fingerprint([a, b])
    assert (
        day_fingerprint([a]) == "1a75b603f92dd6aa7a69f5f4ef83ab483b1a276e9b8ad192cbd4586cadb47b3e"
    )
