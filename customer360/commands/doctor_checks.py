"""What `customer360 doctor` tries: one function per subject, each ends in a sentence or an error.

A function returns what it found when all is well, raises `DoubtError` where something may be meant
so, and any other `Customer360Error` where runs would fail. What a subject needs is imported inside,
as one that is broken must not keep the others from being tried.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib import metadata
from typing import Final

from customer360.errors import (
    Customer360Error,
    IngestionError,
    MissingPrerequisiteError,
    StorageError,
)
from customer360.resources.lake import Lake
from customer360.settings import PROJECT_ROOT, Settings
from customer360.storage import is_remote, open_url

# What decides the result of a run; other packages may be newer than their pins.
_DECISIVE: Final = (
    "dagster", "dagster-dbt", "dbt-core", "dbt-databricks", "dbt-spark", "delta-spark",
    "deltalake", "pyspark", "pysail", "phonenumbers",
)  # fmt: skip
_SKEW_SECONDS: Final = 120
_FREE_BYTES: Final = 2 * 2**30
_PYTHONS: Final = ((3, 11), (3, 13))


class DoubtError(Customer360Error):
    """Something that may be meant so; runs work."""


def settings_hold(settings: Settings) -> str:
    """Which settings apply; that they can be parsed was seen before."""
    given = sorted(name for name in os.environ if name.startswith("C360_"))
    return (
        f"environment {settings.env}: lake {settings.lake}, engine {settings.engine}, dbt target "
        f"{settings.dbt_target}; set: {', '.join(given) or 'nothing, all defaults'}"
    )


def versions_are_the_locked_ones(settings: Settings) -> str:
    """Python and the packages that decide what a run does, against requirements.lock."""
    del settings
    low, high = _PYTHONS
    if not low <= sys.version_info[:2] <= high:
        found = ".".join(map(str, sys.version_info[:2]))
        raise MissingPrerequisiteError(
            f"Python {found}; expected 3.11 to 3.13. `make PYTHON=python3.12 setup`."
        )
    lock = (PROJECT_ROOT / "requirements.lock").read_text().splitlines()
    pins = dict(line.split(" ;")[0].split("==") for line in lock if "==" in line)
    found_versions = {name: metadata.version(name) for name in _DECISIVE}
    other = [f"{n} {v} (locked {pins[n]})" for n, v in found_versions.items() if pins[n] != v]
    if other:
        raise DoubtError(
            f"Other than locked: {', '.join(other)}. `make setup` installs what is locked."
        )
    return f"Python {sys.version.split()[0]}, {len(pins)} packages locked"


@contextmanager
def _scratch(settings: Settings) -> Iterator[str]:
    """URL of a scratch folder for the time of a check."""
    lake, name = Lake(settings.lake), f"doctor-{uuid.uuid4()}"
    try:
        yield lake.scratch_url(name)
    finally:
        lake.remove_scratch(name)


def storage_reads_writes_and_lists(settings: Settings) -> str:
    """A file in the lake's scratch folder: written, listed, read, removed."""
    try:
        with _scratch(settings) as url:
            fs, folder = open_url(url)
            fs.makedirs(folder, exist_ok=True)
            fs.pipe_file(f"{folder}/probe", b"customer360")
            read = fs.cat_file(f"{folder}/probe")
            listed = [str(path).rsplit("/", 1)[-1] for path in fs.ls(folder, detail=False)]
    except OSError as error:
        raise StorageError(
            f"{settings.lake} cannot be written: {error.strerror or type(error).__name__}. Give "
            "this user the right to write there, or point C360_LAKE elsewhere."
        ) from error
    if (read, listed) != (b"customer360", ["probe"]):
        raise StorageError(f"{settings.lake} gives back {listed}, not what was written.")
    free = None if is_remote(settings.lake) else shutil.disk_usage(settings.lake).free
    if free is not None and free < _FREE_BYTES:
        raise DoubtError(f"{free / 2**30:.1f} GiB free at {settings.lake}; a run may need more.")
    return "written, listed, read and removed" + (f"; {free / 2**30:.0f} GiB free" if free else "")


def clock_agrees_with_the_storage(settings: Settings) -> str:
    """The time of a file that was just written, by the storage's clock and by ours."""
    with _scratch(settings) as url:
        fs, folder = open_url(url)
        fs.makedirs(folder, exist_ok=True)
        fs.pipe_file(f"{folder}/probe", b"")
        told = fs.modified(f"{folder}/probe")
        now = datetime.now(UTC)
    told = told if told.tzinfo else told.replace(tzinfo=UTC)
    skew = (now - told).total_seconds()
    if abs(skew) > _SKEW_SECONDS:
        raise DoubtError(
            f"This machine's clock is {skew:+.0f} s off the storage's. Tokens and `restore --at` "
            "go by it; have it set over the network (NTP)."
        )
    zone = "" if time.tzname[0] == "UTC" else f"; local time is {time.tzname[0]}, data is UTC"
    return f"{now:%Y-%m-%d %H:%M} UTC, as the storage's{zone}"


def landing_zone_is_there(settings: Settings) -> str:
    """Days that landed, and folders that no source reads."""
    from customer360.landing.files import landed_days, stray_folders
    from customer360.sources import SOURCES

    fs, root = open_url(settings.landing)
    if not fs.isdir(root):
        raise DoubtError(
            f"{settings.landing} does not exist yet: nothing has landed (docs/landing.md), or "
            "C360_LAKE names another lake."
        )
    strays = stray_folders(settings.landing)
    days = {
        d
        for s in SOURCES
        for e in s.entities
        for d in landed_days(settings.landing, s.name, e.name)
    }
    if strays:
        raise DoubtError(f"No source reads {', '.join(strays[:5])}; misspelt? (docs/landing.md)")
    return f"{len(days)} landing days" + (f", the last {max(days)}" if days else "")


def engine_writes_what_others_read(settings: Settings) -> str:
    """A Delta table: written by the engine into the scratch folder, read by delta-rs."""
    from deltalake import DeltaTable

    from customer360.resources.opening import OpenSession
    from customer360.resources.session import server_of

    server = server_of(settings)
    # Without the lake's tables: on a cluster that would claim its schemas for this lake.
    opened = OpenSession(server, lambda _: None)
    with _scratch(settings) as url:
        try:
            session = opened.first()
            rows = session.sql("select cast(12.34 as decimal(18,2)) as amount")
            rows.write.format("delta").save(url)
            count = session.read.format("delta").load(url).count()
            read = DeltaTable(url).to_pyarrow_table().to_pylist()
        finally:
            opened.close()
            server.stop()
    if count != 1 or [str(row["amount"]) for row in read] != ["12.34"]:
        raise StorageError(f"The engine wrote 12.34 and delta-rs reads {read}.")
    return f"{server.name}: wrote a Delta table that delta-rs reads"


def dbt_is_parsed(settings: Settings) -> str:
    """The dbt project's manifest for the target."""
    from customer360.resources.dbt import dbt_executable, ensure_manifest, is_manifest_fresh

    dbt_executable()
    fresh = is_manifest_fresh(settings)
    ensure_manifest(settings)
    return f"target {settings.dbt_target}, manifest {'is fresh' if fresh else 'was made anew'}"


def ingestion_answers(settings: Settings) -> str:
    """Runs of the last two days, where a Data Factory copies."""
    from azure.core.exceptions import AzureError

    from customer360.resources.data_factory_client import in_words
    from customer360.resources.ingestion import FilesAppear, build_ingestion

    ingestion = build_ingestion(settings)
    if isinstance(ingestion, FilesAppear):
        return "files appear in the landing zone; nothing has to be started"
    now = datetime.now(UTC)
    try:
        runs = list(ingestion.runs(now - timedelta(days=2), now))
    except AzureError as error:
        raise IngestionError(f"Data Factory {ingestion.name}: {in_words(error)}") from error
    failed = sum(run.status == "Failed" for run in runs)
    told = f"Data Factory {ingestion.name} answers; {len(runs)} runs in two days, {failed} failed"
    if failed:
        raise DoubtError(f"{told}. `customer360 status` and the factory's monitor tell which.")
    return told


def power_bi_answers(settings: Settings) -> str:
    """The latest refresh of the semantic model, where the settings name one."""
    from customer360.resources.power_bi import build_power_bi
    from customer360.resources.power_bi_answers import COMPLETED

    power_bi = build_power_bi(settings)
    if power_bi is None:
        return "no semantic model is named; nothing is refreshed"
    latest = power_bi.latest(1)
    if not latest:
        return "answers; the semantic model has never been refreshed"
    told = f"answers; the latest refresh, of {latest[0].started_at}, is {latest[0].status}"
    if latest[0].has_ended and latest[0].status != COMPLETED:
        raise DoubtError(f"{told}: {latest[0].message} {power_bi.link}")
    return told


def dagster_keeps_runs(settings: Settings) -> str:
    """Dagster's storage answers, and whether its daemon (schedules, sensors) is alive."""
    del settings
    import dagster as dg

    from customer360.commands.instance import open_instance

    try:
        with open_instance() as instance:
            runs = instance.get_runs_count()
            beats = instance.get_daemon_heartbeats().values()
            stored = type(instance.event_log_storage).__name__
            home = instance.root_directory
    except (OSError, dg.DagsterError) as error:
        raise MissingPrerequisiteError(
            f"Dagster's storage cannot be opened ({type(error).__name__}): DAGSTER_HOME is "
            f"{os.environ.get('DAGSTER_HOME', 'not set')}. It must be a folder that this user may "
            "write; dagster.yaml in it must be valid."
        ) from error
    newest = max((beat.timestamp for beat in beats), default=0.0)
    where = f"{stored} in {home}, {runs} runs"
    if time.time() - newest > 300:
        raise DoubtError(
            f"{where}; no daemon, so schedules and sensors rest. `make dev` starts one, or "
            "`dagster-daemon run`."
        )
    return f"{where}; the daemon is alive"


CHECKS: Final[Mapping[str, Callable[[Settings], str]]] = {
    "settings": settings_hold,
    "versions": versions_are_the_locked_ones,
    "storage": storage_reads_writes_and_lists,
    "clock": clock_agrees_with_the_storage,
    "landing": landing_zone_is_there,
    "engine": engine_writes_what_others_read,
    "dbt": dbt_is_parsed,
    "ingestion": ingestion_answers,
    "power bi": power_bi_answers,
    "dagster": dagster_keeps_runs,
}
