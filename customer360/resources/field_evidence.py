"""What records hold, counted by DuckDB per file, and what has changed against the declaration.

One pass counts each declared path per file, one collects the shapes of records; what leaves DuckDB
is a row per finding. The SQL of the counts is in `resources.field_counts`, what a finding means in
`sources.drift`.

A declared path counts as gone when a run of files lacks it that chance does not explain, and it did
not come back: the evidence is -ln(1 - share before) for each record of the run, so that a field
that every record had is missed at once and a rare one only after many records.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from customer360.landing.repairs import RESERVED
from customer360.resources import field_counts
from customer360.resources.field_counts import Watched
from customer360.sources.contract_version import Declared, contract_version, declared
from customer360.sources.drift import (
    Change,
    EntityDrift,
    NewField,
    Place,
    Rename,
    candidates,
    json_type,
    surest,
)

if TYPE_CHECKING:
    from customer360.resources.reading import Reader
    from customer360.sources.spec import EntitySpec

# -ln of the chance that a run of files without a field means nothing: 2e-9, because dozens of
# fields are watched in thousands of files.
_EVIDENCE: Final = 20.0
_MIN_RECORDS: Final = 10
# Within the file before that run, the last records count as its beginning by less.
_EVIDENCE_IN_FILE: Final = 7.0
# Files that land late and copied records still have the old name for days.
_STRAY_SHARE: Final = 0.2
_MAX_SHARE_SINCE: Final = 0.5
# A map keyed by ids would make every record's keys new fields.
_MAX_NEW: Final = 100
# Of the records since, how many may hold the old and the new name and still be a rename.
_MAX_TOGETHER: Final = 0.01


def find_drift(reader: Reader, records: str, table: str, entity: EntitySpec) -> EntityDrift:
    """Compare records with their declaration.

    Args:
        reader: Runs the SQL.
        records: Name of a relation with bronze's columns, in SQL.
        table: `<source>__<entity>`.
        entity: The declaration.

    Returns:
        The drift; empty where records are as declared. Records that could not be decoded do not
        count. Nothing of it depends on the order of rows in the relation.
    """
    decoded = f"(select * from {records} where decode_error is null)"
    watched = field_counts.watched(entity)
    reader.keep("counts_per_file", field_counts.per_file(decoded, watched))
    (size,) = reader.rows(
        "select count(*) as files, coalesce(sum(records), 0)::bigint as records "
        "from counts_per_file"
    )
    new, more = _new_fields(reader, decoded, entity, size["records"])
    # A change shows only against files before; most loads are of one.
    changes = list(_changes(reader, decoded, watched)) if size["files"] > 1 else []
    gone = tuple(c for c in changes if not c.found)
    renamed = _renames(reader, decoded, gone, new)
    return EntityDrift(
        entity=table,
        contract=contract_version(entity),
        records=size["records"],
        new=new,
        more_new=more,
        vanished=gone,
        retyped=tuple(c for c in changes if c.found),
        renamed=renamed,
    )


def _changes(reader: Reader, decoded: str, watched: Sequence[Watched]) -> Iterator[Change]:
    """Declared paths that are gone, or whose values do not fit any more."""
    reader.keep("counts", field_counts.by_path(watched))
    found = reader.rows(
        _RUNS_SQL,
        {
            "stray": _STRAY_SHARE,
            "evidence": _EVIDENCE,
            "min_records": _MIN_RECORDS,
            "max_share": _MAX_SHARE_SINCE,
        },
    )
    for row in found:
        one = watched[row["place"]]
        began, kind = _began(reader, decoded, one, row)
        yield Change(
            declared=one.declared,
            began=began,
            share_before=row["share_before"],
            share_since=row["share_since"],
            records_since=int(row["records_since"]),
            found=json_type(kind) if row["aspect"] == "fits" else "",
        )


# A file is poor in a path when it has far less of it than the files before. The first run of poor
# files with evidence enough, after which the path did not come back, is where the change began.
_RUNS_SQL: Final = """
with ordered as (
    select *, row_number() over files as position,
        coalesce(sum(total) over earlier, 0) as total_before,
        coalesce(sum(hits) over earlier, 0) as hits_before,
        lag(source_file) over files as file_before
    from counts where total > 0
    window files as (partition by place, aspect order by landed_on, source_file),
        earlier as (partition by place, aspect order by landed_on, source_file
            rows between unbounded preceding and 1 preceding)
), judged as (
    select *, hits_before > 0
        and hits * total_before <= $stray * total * hits_before as is_poor from ordered
), runs as (
    select *, sum((not is_poor)::int) over
        (partition by place, aspect order by position) as run from judged
), poor as (
    select place, aspect, run, min(position) as position, sum(total) as records,
        arg_min(landed_on, position) as landed_on, arg_min(source_file, position) as source_file,
        arg_min(file_before, position) as file_before,
        min(total_before) as total_before, min(hits_before) as hits_before
    from runs where is_poor group by place, aspect, run
), sums as (
    select place, aspect, sum(total) as total, sum(hits) as hits from counts group by place, aspect
), lasting as (
    select poor.*, hits_before / total_before as share_before,
        (hits - hits_before) / (total - total_before) as share_since,
        total - total_before as records_since,
        -ln(1 - hits_before / (total_before + 1.0)) as evidence_per_record
    from poor join sums using (place, aspect)
)
select * from lasting
where records >= $min_records and share_since <= $max_share * share_before
    and evidence_per_record * records >= $evidence
qualify row_number() over (partition by place, aspect order by position) = 1
order by place, aspect
"""


def lacking(reader: Reader, entity: EntitySpec) -> set[str]:
    """Declared paths that no record of the last comparison had, or whose values mostly did not fit.

    Alone this says little, as some fields are rare: whether earlier records had them decides.
    """
    watched = field_counts.watched(entity)
    (sums,) = reader.rows(field_counts.sums(watched))
    return {one.declared.path for one in watched if _is_lacking(sums, one.place)}


def _is_lacking(sums: dict[str, Any], place: int) -> bool:
    seen, fits = (sums[f"{a}_total_{place}"] or 0 for a in (field_counts.SEEN, field_counts.FITS))
    is_unseen = seen > 0 and not sums[f"{field_counts.SEEN}_hits_{place}"]
    is_unfit = fits > 0 and sums[f"{field_counts.FITS}_hits_{place}"] < _MAX_SHARE_SINCE * fits
    return bool(is_unseen or is_unfit)


def _began(reader: Reader, decoded: str, one: Watched, run: dict[str, Any]) -> tuple[Place, str]:
    """The first record of a change and the JSON type found there.

    The change may have come in the middle of the file before the run.
    """
    rows = f"""(select landed_on, source_file, line_number, {one.hit(run["aspect"])} as is_hit,
        {one.json_type} as json_type from {field_counts.parsed(decoded, [one])}
        where source_file in ($file_before, $source_file) and {one.counts(run["aspect"])})"""
    files = {"file_before": run["file_before"] or "", "source_file": run["source_file"]}
    tail = reader.rows(
        f"""select landed_on, source_file, line_number, json_type, count(*) over () as records
        from {rows} where source_file = $file_before and not is_hit and line_number >
        (select max(line_number) from {rows} where source_file = $file_before and is_hit)
        order by line_number limit 1""",
        files,
    )
    if tail and run["evidence_per_record"] * tail[0]["records"] >= _EVIDENCE_IN_FILE:
        return _place(tail[0]), tail[0]["json_type"] or ""
    (first,) = reader.rows(
        f"""select landed_on, source_file, line_number, json_type from {rows}
        where source_file = $source_file and not is_hit
        order by line_number limit 1""",
        files,
    )
    return _place(first), first["json_type"] or ""


def _place(row: dict[str, Any]) -> Place:
    return Place(row["landed_on"], row["source_file"], int(row["line_number"]))


def _new_fields(
    reader: Reader, decoded: str, entity: EntitySpec, total: int
) -> tuple[tuple[NewField, ...], int]:
    """Undeclared paths, most frequent first, and how many more there are than are listed."""
    known = {path for one in declared(entity) for path in one.paths} | {*entity.ignored, *RESERVED}
    reader.keep("shapes", field_counts.shapes(decoded))
    reader.keep("undeclared", field_counts.undeclared(known, [c.path for c in entity.children]))
    rows = reader.rows(
        f"""select path, list_sort(list(distinct json_type)) as json_types, sum(records) as records,
        min(first) as first, max(last) as last from undeclared
        group by path order by records desc, path limit {_MAX_NEW}"""
    )
    if not rows:
        return (), 0
    count = int(reader.rows("select count(distinct path) as n from undeclared")[0]["n"])
    days = _days(reader)
    fields = [
        NewField(
            path=row["path"],
            json_types=tuple(dict.fromkeys(json_type(t) for t in row["json_types"] if t != "NULL")),
            records=int(row["records"]),
            share=int(row["records"]) / total,
            first=_place(row["first"]),
            last=_place(row["last"]),
            by_day=tuple(days[row["path"]]),
        )
        for row in rows
    ]
    return tuple(fields), count - len(fields)


def _days(reader: Reader) -> dict[str, list[tuple[date, int]]]:
    rows = reader.rows(
        f"""select path, landed_on, sum(records) as records from undeclared where path in
        (select path from undeclared group by path order by sum(records) desc, path
        limit {_MAX_NEW}) group by path, landed_on order by path, landed_on"""
    )
    days: dict[str, list[tuple[date, int]]] = {}
    for row in rows:
        days.setdefault(row["path"], []).append((row["landed_on"], int(row["records"])))
    return days


def _renames(
    reader: Reader, decoded: str, gone: Sequence[Change], new: Sequence[NewField]
) -> tuple[Rename, ...]:
    """Pairs of vanished and new fields that hardly any record holds both of."""
    fields: list[Declared] = [c.declared for c in gone if c.declared.field]
    apart = []
    for pair in candidates(gone, new, fields):
        paths = (pair.vanished.declared.path, pair.new.path)
        both = " and ".join(field_counts.is_in(path) for path in paths)
        (row,) = reader.rows(f"select count(*) as n from {decoded} where {both}")
        if row["n"] <= _MAX_TOGETHER * pair.new.records:
            apart.append(pair)
    return surest(apart)
