"""The SQL that counts what records hold: per declared path and file, and per undeclared path.

DuckDB's dialect, like everything behind `resources.reading`. What the counts mean is judged in
`resources.field_evidence`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from customer360.sources.contract_version import LIST, OBJECT, Declared, declared
from customer360.sources.spec import EntitySpec, Kind

SEEN: Final = "seen"
FITS: Final = "fits"
_NUMBER: Final = "[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?"
# Whether a text can be read as a type, near enough to `transforms.values` to see it change.
_FITTING: Final = {
    Kind.INTEGER: "regexp_full_match({x}, '[+-]?[0-9]+')",
    Kind.MONEY: f"regexp_full_match({{x}}, '{_NUMBER}')",
    Kind.DECIMAL: f"regexp_full_match({{x}}, '{_NUMBER}')",
    Kind.BOOLEAN: ("lower({x}) in ('true', '1', 'yes', 'y', 't', 'false', '0', 'no', 'n', 'f')"),
    Kind.DATE: "({x} like '____-__-__%' and try_cast(substr({x}, 1, 10) as date) is not null)",
    Kind.TIMESTAMP: "({x} like '____-__-__%' and try_cast({x} as timestamptz) is not null)",
}
_CONTAINERS: Final = {OBJECT: "OBJECT", LIST: "ARRAY"}


@dataclass(frozen=True, slots=True)
class Watched:
    """A declared path and where its JSON types (`t…`) and texts (`v…`) are in `parsed`.

    Attributes:
        declared: The path.
        place: Its number.
        within: Paths of which one must hold fields for this one to be expected; none: always.
    """

    declared: Declared
    place: int
    within: tuple[str, ...] = ()

    @property
    def json_type(self) -> str:
        """JSON type of the value; of the first that does not fit, among elements of a list."""
        if not self.declared.inside:
            return f"t{self.place}"
        return f"coalesce(list_filter(t{self.place}, lambda e: e <> 'VARCHAR')[1], 'VARCHAR')"

    def counts(self, aspect: str) -> str:
        """Whether the record counts for an aspect."""
        if aspect == SEEN:
            return f"expected{self.place}"
        if self.declared.expected in _CONTAINERS:
            return f"t{self.place} is not null"
        return f"len(v{self.place}) > 0" if self.declared.inside else f"v{self.place} is not null"

    def hit(self, aspect: str) -> str:
        """Whether the record, if it counts, has the path, or values that fit."""
        if aspect == SEEN:
            return f"seen{self.place}"
        if self.declared.expected in _CONTAINERS:
            return f"t{self.place} = '{_CONTAINERS[self.declared.expected]}'"
        if not self.declared.inside:
            return self._fits(f"v{self.place}", f"t{self.place}")
        if self.declared.expected == Kind.STRING:
            return f"len(list_filter(t{self.place}, lambda e: e <> 'VARCHAR')) = 0"
        return f"len(list_filter(v{self.place}, lambda e: not {self._fits('e', '')})) = 0"

    def _fits(self, text: str, json_type: str) -> str:
        if self.declared.expected == Kind.STRING:
            return f"{json_type} = 'VARCHAR'"
        return _FITTING[Kind(self.declared.expected)].format(x=text)

    def columns(self, at: Mapping[str, int]) -> Iterator[str]:
        """Its columns in `parsed`, from the types and texts of paths, which are `at` an index."""
        place, is_some = self.place, "lambda e: e <> 'NULL'"
        if self.declared.inside:
            elements = f"list{at[self.declared.inside]}"
            leaves = [_path(p.removeprefix(f"{self.declared.inside}[].")) for p in self.paths]
            steps = [f"'$[*]' || substr({leaf}, 2)" for leaf in leaves]
            types = _concat([f"json_type({elements}, {step})" for step in steps])
            texts = _concat([f"json_extract_string({elements}, {step})" for step in steps])
            yield f"len({types}) > 0 as seen{place}"
            yield f"list_filter({types}, {is_some}) as t{place}"
            filled = f"list_filter({texts}, lambda e: trim(e) <> '')"
            yield f"list_transform({filled}, lambda e: trim(e)) as v{place}"
            yield f"coalesce(json_array_length({elements}) > 0, false) as expected{place}"
            return
        types = _array_of(f"types[{at[p]}]" for p in self.paths)
        texts = _array_of(f"texts[{at[p]}]" for p in self.paths)
        yield f"len(list_filter({types}, lambda e: e is not null)) > 0 as seen{place}"
        yield f"list_filter({types}, {is_some})[1] as t{place}"
        yield f"trim(list_filter({texts}, lambda e: trim(e) <> '')[1]) as v{place}"
        heads = " or ".join(f"types[{at[p]}] = 'OBJECT'" for p in self.within) or "true"
        yield f"coalesce({heads}, false) as expected{place}"

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path under which it may land."""
        return self.declared.paths


def watched(entity: EntitySpec) -> list[Watched]:
    """The declared paths of an entity, numbered."""
    found = []
    for place, one in enumerate(declared(entity)):
        paths = one.field.source_paths if one.field and not one.inside else ()
        heads = () if any(len(p) == 1 for p in paths) else tuple(dict.fromkeys(p[0] for p in paths))
        found.append(Watched(one, place, heads))
    return found


def parsed(decoded: str, some: Sequence[Watched]) -> str:
    """A relation with the record's origin and, for each path, whether it is there, type, text."""
    flat = {p for one in some if not one.declared.inside for p in (*one.paths, *one.within)}
    lists = {one.declared.inside for one in some} - {""}
    # Each record is parsed once for all its paths: once per path would be twenty times as slow.
    at = {path: number for number, path in enumerate(sorted(flat | lists), start=1)}
    listed = _array_of(_path(path) for path in at)
    extracted = "".join(f", json_extract(record, {_path(p)}) as list{at[p]}" for p in sorted(lists))
    columns = ", ".join(column for one in some for column in one.columns(at))
    return f"""(select landed_on, source_file, line_number, {columns} from (
        select landed_on, source_file, line_number, json_type(record, {listed}) as types,
        json_extract_string(record, {listed}) as texts{extracted} from {decoded}))"""


def per_file(decoded: str, some: Sequence[Watched]) -> str:
    """Per file: records, and of each path how many count and how many of these are hits."""
    counted = []
    for one in some:
        for aspect in (SEEN, FITS):
            counts, hit = one.counts(aspect), one.hit(aspect)
            counted.append(f"count_if({counts}) as {aspect}_total_{one.place}")
            counted.append(f"count_if({counts} and {hit}) as {aspect}_hits_{one.place}")
    return (
        f"select landed_on, source_file, count(*) as records, {', '.join(counted)} "
        f"from {parsed(decoded, some)} group by landed_on, source_file"
    )


def sums(some: Sequence[Watched]) -> str:
    """`counts_per_file`, summed over all files."""
    names = (
        f"{aspect}_{what}_{one.place}"
        for one in some
        for aspect in (SEEN, FITS)
        for what in ("total", "hits")
    )
    return f"select {', '.join(f'sum({n}) as {n}' for n in names)} from counts_per_file"


def by_path(some: Sequence[Watched]) -> str:
    """`counts_per_file`, a row per file, path and aspect."""
    return " union all ".join(
        f"select {one.place} as place, '{aspect}' as aspect, landed_on, source_file, "
        f"{aspect}_total_{one.place} as total, {aspect}_hits_{one.place} as hits "
        "from counts_per_file"
        for one in some
        for aspect in (SEEN, FITS)
    )


def shapes(decoded: str) -> str:
    """Which structures records have, by landing day; few, as long as keys are names."""
    place = "{'landed_on': landed_on, 'source_file': source_file, 'line_number': line_number}"
    return (
        "select landed_on, json_structure(record) as shape, count(*) as records, "
        f"min({place}) as first, max({place}) as last from {decoded} group by landed_on, shape"
    )


def undeclared(known: Collection[str], lists: Sequence[str]) -> str:
    """Paths in `shapes` that are not known: fields, fields of objects and of declared lists."""
    inside = f"{_array(lists)}::varchar[]"
    names = f"{_array(sorted(known))}::varchar[]"
    return f"""
    with outer_fields as (
        select s.* exclude (shape), {_step("e.key")} as path, e.value as inner_shape, e.type as kind
        from shapes s, json_each(s.shape) e
    ), inner_fields as (
        select o.* exclude (path, inner_shape, kind), o.path || '.' || {_step("e.key")} as path,
            e.value as inner_shape, e.type as kind
        from outer_fields o, json_each(o.inner_shape) e
        where o.kind = 'OBJECT' and not (list_contains({names}, o.path) and not exists (
            select 1 from unnest({names}) k(name) where starts_with(k.name, o.path || '.')))
        union all
        select o.* exclude (path, inner_shape, kind), o.path || '[].' || {_step("e.key")} as path,
            e.value as inner_shape, e.type as kind
        from outer_fields o, json_each(o.inner_shape -> '$[0]') e
        where o.kind = 'ARRAY' and list_contains({inside}, o.path)
            and json_type(o.inner_shape, '$[0]') = 'OBJECT'
    )
    select path, landed_on, records, first, last,
        case when kind = 'VARCHAR' then inner_shape ->> '$' else kind end as json_type
    from (select * from outer_fields where kind <> 'OBJECT' union all from inner_fields)
    where not list_contains({names}, path)"""


def _step(key: str) -> str:
    """A key as a step of a path; in quotes where it could be taken for more than one step."""
    return (
        f"""case when regexp_matches({key}, '[."\\[\\]]') then '"' || {key} || '"' else {key} end"""
    )


def is_in(path: str) -> str:
    """Whether a record holds a path."""
    if "[]" in path:
        return f"len(json_type(record, {_path(path)})) > 0"
    return f"json_type(record, {_path(path)}) is not null"


def texts(path: str) -> str:
    """A list of the texts that a record holds under a path."""
    found = f"json_extract_string(record, {_path(path)})"
    return found if "[]" in path else f"[{found}]"


def _path(path: str) -> str:
    """A path as DuckDB's JSON functions take it, as a SQL text."""
    steps = path.split(".")
    written = "".join(
        f'."{step[:-2]}"[*]' if step.endswith("[]") else f'."{step}"' for step in steps
    )
    return _quoted(f"${written}")


def _concat(lists: Sequence[str]) -> str:
    return lists[0] if len(lists) == 1 else f"list_concat({', '.join(lists)})"


def _array(texts: Sequence[str]) -> str:
    return _array_of(_quoted(text) for text in texts)


def _array_of(expressions: Iterable[str]) -> str:
    return f"[{', '.join(expressions)}]"


def _quoted(text: str) -> str:
    """A SQL text."""
    escaped = text.replace("'", "''")
    return f"'{escaped}'"
