"""From which state of its source an incremental gold table was built: the table `ops/watermarks`.

A model is incremental on a silver table when its `meta` says so (`incremental_on`). Where the
table is as its last refresh left it, and the project too, the days of the source whose files have
changed since are all that the model must read again; in any other case it is built whole. Nothing
is recorded of a refresh that failed, so the one after it builds whole, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from customer360 import keys

if TYPE_CHECKING:
    import pyarrow as pa

    from customer360.resources.lake import Lake

INCREMENTAL_ON: Final = "incremental_on"


@dataclass(frozen=True)
class Watermark:
    """What an incremental table was built from.

    Attributes:
        model: Name of the gold table.
        model_version: Its Delta version after it was built.
        source: Name of the silver table.
        source_version: Delta version of the silver table that was read.
        project: Fingerprint of the dbt project that built it.
    """

    model: str
    model_version: int
    source: str
    source_version: int
    project: str


@dataclass(frozen=True)
class Increment:
    """What an incremental model has to read.

    Attributes:
        model: Name of the gold table.
        source: Name of the silver table.
        source_version: Its Delta version now; None when there is no such table.
        days: Landing days that changed since the model was built; None: build it whole.
    """

    model: str
    source: str
    source_version: int | None
    days: tuple[date, ...] | None


def _schema() -> pa.Schema:
    import pyarrow as pa

    texts = {"model", "source", "project"}
    names = Watermark.__dataclass_fields__
    return pa.schema([(n, pa.string() if n in texts else pa.int64()) for n in names])


def incremental_models(manifest: Mapping[str, Any]) -> dict[str, str]:
    """The models that declare a source of increments: gold table -> silver table."""
    models = (n for n in manifest["nodes"].values() if n["resource_type"] == "model")
    return {n["name"]: n["meta"][INCREMENTAL_ON] for n in models if INCREMENTAL_ON in n["meta"]}


def increments(lake: Lake, models: Mapping[str, str], project: str) -> list[Increment]:
    """What each incremental model has to read, as the lake is now."""
    known = _read(lake)
    return [
        _increment(lake, model, source, known.get(model), project)
        for model, source in models.items()
    ]


def _increment(
    lake: Lake, model: str, source: str, mark: Watermark | None, project: str
) -> Increment:
    key, table = keys.silver(source), keys.gold(model)
    now = lake.version(key)
    if now is None:
        return Increment(model, source, None, None)
    stands = (
        mark is not None
        and (mark.source, mark.project) == (source, project)
        and lake.version(table) == mark.model_version
    )
    days = lake.changed_days(key, mark.source_version, now) if mark and stands else None
    return Increment(model, source, now, days)


def record_increments(lake: Lake, built: Sequence[Increment], project: str) -> None:
    """Write down what tables were built from, after all of them have been built."""
    marks = [
        Watermark(
            i.model, lake.delta(keys.gold(i.model)).version(), i.source, i.source_version, project
        )
        for i in built
        if i.source_version is not None
    ]
    _write(lake, marks)


def _write(lake: Lake, marks: Sequence[Watermark]) -> None:
    import pyarrow as pa

    if not marks:
        return
    names = ", ".join(f"'{mark.model}'" for mark in marks)
    rows = pa.Table.from_pylist([vars(mark) for mark in marks], schema=_schema())
    lake.replace_where(keys.WATERMARKS, rows, f"model in ({names})")


def carry_over(lake: Lake, moved: Mapping[keys.TableKey, tuple[int, int]]) -> None:
    """Let watermarks name the new versions of tables whose files were merged, not their rows.

    Args:
        lake: The lake.
        moved: Delta version of a table before and after upkeep. A watermark of another version
            than the one before stays, as something did change since.
    """
    known = _read(lake).values()
    _write(lake, [new for mark in known if (new := _carried(mark, moved)) != mark])


def _carried(mark: Watermark, moved: Mapping[keys.TableKey, tuple[int, int]]) -> Watermark:
    def now(key: keys.TableKey, version: int) -> int:
        before, after = moved.get(key, (version, version))
        return after if version == before else version

    return replace(
        mark,
        model_version=now(keys.gold(mark.model), mark.model_version),
        source_version=now(keys.silver(mark.source), mark.source_version),
    )


def _read(lake: Lake) -> dict[str, Watermark]:
    if not lake.exists(keys.WATERMARKS):
        return {}
    return {r["model"]: Watermark(**r) for r in lake.arrow(keys.WATERMARKS).to_pylist()}
