"""Every landed record against the simulator's truth: is it where it should be, and rightly so?

What should become of a record follows from the truth by the rules of docs/simulator.md, not from
the pipeline's code. Records are matched by file and line: errors that cancel out in a count show.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from customer360 import keys
from customer360.assets.silver_load import tables_of
from customer360.sources.spec import EntitySpec, SourceSpec
from customer360.transforms.contract import silver_columns

if TYPE_CHECKING:
    from customer360.resources.reading import Reader


class Difference(NamedTuple):
    """One thing in the lake that is not as the truth says."""

    check: str
    where: str
    expected: str
    found: str


def prepare(reader: Reader, truth: str, sources: Sequence[SourceSpec]) -> None:
    """Make the tables `expected` and `actual`: one row per record, with its status."""
    immutable = ", ".join(
        f"'{s.table(e.name)}'" for s in sources for e in s.entities if e.immutable
    )
    reader.keep("expected", _expected(reader.folder(f"{truth}/records"), immutable))
    parts = (part for s in sources for e in s.entities for part in _actual(reader, s, e))
    reader.keep("actual", " union all ".join(parts))


def _expected(records: str, immutable: str) -> str:
    """SQL of the truth's records with the status that the rules give them.

    Rank 1 of a key is current. Where records never change the first landed ranks first, elsewhere
    the newest version, the last landed among equals. A record that repeats the content of a higher
    one is a duplicate.
    """
    return f"""
    with records as (
        select *, source || '__' || entity as table_name,
            outcome = 'usable' or rule = 'conflicting_key' as is_candidate
        from {records}
    ), placed as (
        select *, table_name in ({immutable}) as is_immutable, row_number() over (
            partition by table_name, record_key, is_candidate order by
            case when table_name in ({immutable}) then null else version_at end desc nulls last,
            case when table_name in ({immutable}) then landed_on end,
            case when table_name in ({immutable}) then source_file end,
            case when table_name in ({immutable}) then line_number end,
            landed_on desc, source_file desc, line_number desc
        ) as place from records
    ), copied as (
        select *, row_number() over (
            partition by table_name, record_key, is_candidate, content order by place
        ) as copy from placed
    )
    select table_name, landed_on, source_file, line_number, record_key, person_id, issue_count,
        version_at, content,
        case when not is_candidate then 'quarantined' when place = 1 then 'current'
            when copy > 1 then 'duplicate' when is_immutable then 'quarantined'
            else 'superseded' end as status,
        case when not is_candidate then rule
            when place > 1 and copy = 1 and is_immutable then 'conflicting_key' end as rule
    from copied"""


def _actual(reader: Reader, source: SourceSpec, entity: EntitySpec) -> Iterator[str]:
    """SQL of one entity's records as they are in silver, outranked and quarantine."""
    tables, name = tables_of(source, entity), source.table(entity.name)
    deleted = "is_deleted" if "is_deleted" in dict(silver_columns(entity)) else "null::boolean"
    using = ", ".join(f'"{k}"' for k in entity.key)
    issues, joins = "coalesce(len(string_split(s.issues, ';')), 0)", ""
    named = "coalesce(s.issues, '')"
    for number, child in enumerate(tables.children):
        # Issues of a list's elements belong to the record that the list is part of.
        joins += f""" left join (select {using}, sum(len(string_split(issues, ';')))::bigint as n,
            string_agg(issues, ';') as named from {reader.table(child)} where issues is not null
            group by {using}) c{number} using ({using})"""
        issues += f" + coalesce(c{number}.n, 0)"
        named += f" || ';' || coalesce(c{number}.named, '')"
    origin = f"'{name}' as table_name, source_file, record_line as line_number"
    yield (
        f"select {origin}, 'current' as status, null::varchar as rule, {issues} as issue_count, "
        f"{named} as issues, {deleted} as is_deleted from {reader.table(tables.silver)} s{joins}"
    )
    rest = "null::bigint, null::varchar, null::boolean"
    yield f"select {origin}, status, null, {rest} from {reader.table(tables.outranked)}"
    yield f"select {origin}, 'quarantined', rule, {rest} from {reader.table(tables.quarantine)}"


def landed(reader: Reader, sources: Sequence[SourceSpec]) -> Iterator[Difference]:
    """Bronze records per entity and landing day against the truth."""
    parts = [
        f"select '{s.table(e.name)}' as table_name, landed_on, count(*) as n "
        f"from {reader.table(keys.bronze(s.table(e.name)))} group by landed_on"
        for s in sources
        for e in s.entities
    ]
    for row in reader.rows(
        f"""select table_name, landed_on, coalesce(e.n, 0) as e, coalesce(b.n, 0) as b
        from ({" union all ".join(parts)}) b full join
        (select table_name, landed_on, count(*) as n from expected group by all) e
        using (table_name, landed_on) where b.n is distinct from e.n order by all"""
    ):
        yield Difference(
            "landed records",
            f"{row['table_name']} {row['landed_on']}",
            str(row["e"]),
            str(row["b"]),
        )


def statuses(reader: Reader) -> Iterator[Difference]:
    """Status and rule of every record, matched by file and line."""
    for row in reader.rows(
        """select table_name, source_file, line_number,
            coalesce(e.status || coalesce(' ' || e.rule, ''), 'no such record') as expected,
            coalesce(a.status || coalesce(' ' || a.rule, ''), 'nowhere') as found
        from expected e full join actual a using (table_name, source_file, line_number)
        where e.status is distinct from a.status or e.rule is distinct from a.rule order by all"""
    ):
        yield Difference("statuses", _place(row), row["expected"], row["found"])


def issues(reader: Reader) -> Iterator[Difference]:
    """Values that could not be read, per current record."""
    for row in reader.rows(
        """select table_name, source_file, line_number, e.issue_count as expected,
            a.issue_count as found, a.issues
        from expected e join actual a using (table_name, source_file, line_number)
        where a.status = 'current' and e.issue_count <> a.issue_count order by all"""
    ):
        found = f"{row['found']} {row['issues']}"
        yield Difference("issues", _place(row), str(row["expected"]), found)


def faults(reader: Reader, truth: str) -> Iterator[Difference]:
    """Every injected fault against the outcome that docs/simulator.md gives its kind.

    Line 0 means the whole file. A copy is right when one of the equal records is a duplicate (which
    one depends on whether the first or the last landed ranks higher), a correction when it made
    another record of its key superseded. An issue can only be seen on the current row.
    """
    reader.keep(
        "outcomes",
        f"""select f.kind, f.expected, f."column", e.table_name, e.source_file, e.line_number,
            f.line_number as fault_line, a.status, a.rule, a.issues, a.is_deleted,
            f.expected not in ('superseded', 'duplicate') or exists (
                select 1 from expected o join actual b using (table_name, source_file, line_number)
                where o.table_name = e.table_name and o.record_key = e.record_key
                and b.status = f.expected and (f.expected = 'superseded' or o.content = e.content)
            ) as has_loser
        from {reader.folder(f"{truth}/faults")} f
        join expected e on e.source_file = f.source_file
            and (f.line_number = e.line_number or (f.line_number = 0 and f.expected = 'duplicate'))
        left join actual a on a.table_name = e.table_name and a.source_file = e.source_file
            and a.line_number = e.line_number where f.expected <> 'none'""",
    )
    for row in reader.rows(
        """select *, coalesce(status || coalesce(' ' || rule, ''), 'nowhere') as found from outcomes
        where not coalesce(case
            when expected like 'quarantined:%'
                then status = 'quarantined' and rule = split_part(expected, ':', 2)
            when expected = 'duplicate' and fault_line = 0 and status = 'quarantined' then true
            when expected in ('duplicate', 'superseded') then status <> 'quarantined' and has_loser
            when expected = 'tombstone' then is_deleted or status <> 'current'
            when expected = 'issue' then status in ('superseded', 'duplicate')
                or contains(issues, split_part("column", '.', -1) || ':')
            else false end, false) order by all"""
    ):
        where = f"{row['kind']} in {_place(row)}"
        yield Difference("faults", where, row["expected"], row["found"])


def _place(row: dict[str, object]) -> str:
    return f"{row['source_file']}:{row['line_number']}"
