"""Constructs that one engine refuses, as data; found here before a run finds them.

A table with one construct a line; constructs that differ without an error are in `portable_rules`.
"""

# ruff: noqa: E501 - a table reads better in lines than in blocks

from __future__ import annotations

import ast
from typing import NamedTuple

from customer360_tests.portable_scan import Rule, Tree, called


def _has_args(node: ast.AST, _: Tree) -> bool:
    return called(node) == "sql" and any(k.arg == "args" for k in getattr(node, "keywords", []))


def _counts_star(node: ast.AST, _: Tree) -> bool:
    first = node.args[:1] if isinstance(node, ast.Call) else []
    return called(node) == "count" and [getattr(a, "value", "") for a in first] == ["*"]


class Refused(NamedTuple):
    """A construct that one engine refuses: detected, never silent, and found before a run this way."""

    name: str
    section: str
    portable: str
    bad: str
    good: str
    pattern: str = ""
    functions: tuple[str, ...] = ()
    literal: str = ""


_REFUSED = (
    Refused("qualify", "b", "where rn = 1 over a subquery",
            "select a from t qualify row_number() over (order by a) = 1", "select a from s where rn = 1", r"\bqualify\b"),
    Refused("group_by_all", "b", "name the keys", "select a from t group by all", "select a from t group by a", r"\bgroup\s+by\s+all\b"),
    Refused("star_except", "b", "list the columns", "select * except (a) from t", "select b from t", r"\*\s*except\b"),
    Refused("pivot_without_brackets", "b", "for (e) in",
            "select * from t pivot (sum(a) for e in ('x'))", "select * from t pivot (sum(a) for (e) in ('x'))", r"(?<!%)(?<!%-)\s\bfor\s+[a-z_]+\s+in\s*\("),
    Refused("unpivot", "b", "stack", "select * from t unpivot (v for n in (a, b))", "select stack(2, 'a', a, 'b', b) from t", r"\bunpivot\b"),
    Refused("lateral_subquery", "b", "left join on an aggregate",
            "select * from t, lateral (select max(a) from u where u.k = t.k)", "select * from t lateral view explode(a) x as y", r"\blateral\s*\("),
    Refused("tuple_in", "b", "and / or, or a join", "select a from t where (a, b) in (select a, b from u)",
            "select a from t where coalesce(a, b) in ('x')", r"(?<![a-z0-9_])\([a-z0-9_.]+(\s*,\s*[a-z0-9_.]+)+\)\s+(not\s+)?in\s*\("),
    Refused("like_any", "b", "or between likes", "select a like any ('x%', 'y%')", "select a like 'x%' or a like 'y%'", r"\blike\s+(any|all|some)\b"),
    Refused("session_window", "b", "lag and a running sum", "select session_window(t, '30 minutes')", "select lag(t) over (order by t)", functions=("session_window",)),
    Refused("filter_over", "b", "case inside the aggregate",
            "select sum(a) filter (where b) over (partition by c)", "select sum(case when b then a end) over (partition by c)", r"\bfilter\s*\(\s*where[^()]*\)\s*over\b"),
    Refused("try_to_date", "b", "cast(try_to_timestamp(s, f) as date)", "select try_to_date(s, 'yyyy')", "select cast(try_to_timestamp(s, 'yyyy') as date)", functions=("try_to_date",)),
    Refused("decode", "b", "case", "select decode(a, 1, 'x')", "select case a when 1 then 'x' end", functions=("decode",)),
    Refused("lookaround", "b", "capture groups", "select regexp_extract(s, '(?=a)b', 0)", "select regexp_extract(s, '(?:a)(b)', 1)", literal=r"\(\?(=|!|<)"),
    Refused("zip_with", "b", "sequence and get", "select zip_with(a, b, f)", "select transform(a, f)", functions=("zip_with",)),
    Refused("transform_map", "b", "map_from_entries(transform(map_entries(m), …))",
            "select transform_values(m, f)", "select map_from_entries(transform(map_entries(m), f))", functions=("transform_keys", "transform_values")),
    Refused("explode_map", "b", "explode(map_entries(m)): the other stops the server", "select explode(map(a, b))", "select explode(map_entries(m))", r"explode\s*\(\s*(map|str_to_map)\s*\("),
    Refused("array_union", "b", "array_distinct(concat(a, b))", "select array_union(a, b)", "select array_distinct(concat(a, b))", functions=("array_union",)),
    Refused("try_divide", "b", "case and cast, or {{ ratio() }}", "select try_divide(a, b)", "select {{ ratio('a', 'b') }}", functions=("try_divide",)),
    Refused("variant_path", "b", "variant_get", "select v:a from t", "select cast(a as string) from t", r"(?<![a-z0-9_:])[a-z_][a-z0-9_]*:[a-z_]"),
    Refused("truncate", "b", "delete from", "truncate table t", "delete from t", r"\btruncate\s+table\b"),
    Refused("overwrite_partition", "b", "insert into t replace where", "insert overwrite t partition (a = 1) select b", "insert into t replace where a = 1 select b", r"\binsert\s+overwrite\s+\S+\s+partition\b"),
    Refused("maintenance", "b", "delta-rs", "optimize t", "select a from t", r"^\s*(optimize|vacuum|restore|cache|analyze)\s+[a-z{]"),
    Refused("history", "b", "Lake.delta(key).history()", "describe history t", "describe table t", r"\bdescribe\s+(history|detail)\b|\bshow\s+(tblproperties|partitions)\b"),
    Refused("table_features", "b", "no clustering, no clones", "create table t clone u", "create table t (a int) using delta", r"\bcluster\s+by\b|\b(shallow\s+|deep\s+)?clone\s+[a-z]|\bcreate\s+table\s+\S+\s+like\b"),
    Refused("alter_table", "b", "make the table anew, or merge with schema evolution", "alter table t add columns (a int)", "merge with schema evolution into t using u on t.a = u.a", r"\balter\s+table\s+\S+\s+(add\s+column|rename|drop|alter\s+column)"),
    Refused("recursive_cte", "b", "a loop in Python", "with recursive r as (select 1) select * from r", "with r as (select 1) select * from r", r"\bwith\s+recursive\b"),
    Refused("tablesample", "b", "where on a hash of the key", "select a from t tablesample (10 rows)", "select a from t where pmod(xxhash64(a), 10) = 0", r"\btablesample\b"),
    Refused("distinct_over", "c", "size(collect_set(x) over (…))", "select count(distinct a) over (partition by b)", "select count(distinct a)", r"count\s*\(\s*distinct\b[^()]*\)\s*over\b"),
    Refused("strpos", "c", "instr, locate", "select strpos(a, 'x')", "select instr(a, 'x')", functions=("strpos",)),
    Refused("product", "c", "exp(sum(ln(x)))", "select product(a)", "select exp(sum(ln(a)))", functions=("product",)),
    Refused("epoch", "c", "unix_seconds", "select extract(epoch from a)", "select unix_seconds(a)", r"extract\s*\(\s*epoch"),
    Refused("format_decimal", "c", "cast(x as string)", "select format_string('%.2f', a)", "select cast(a as string)", literal=r"format_string\s*\(\s*.%\.\d*f"),
    Refused("where_null", "c", "where false", "select a from t where null", "select a from t where b is null", r"\bwhere\s+null\b"),
    Refused("update_in_subquery", "c", "merge", "update t set a = 1 where id in (select id from u)", "delete from t where id in (select id from u)", r"\bupdate\s[\s\S]*\bin\s*\(\s*select\b"),
)  # fmt: skip
_ENGINE = {"b": "fails on the embedded engine", "c": "fails on Apache Spark"}

ERRORS = (
    *(
        Rule(r.name, r.section, _ENGINE[r.section], r.portable, (r.bad,), (r.good,),
             functions=r.functions, pattern=r.pattern, literal=r.literal)
        for r in _REFUSED
    ),
    Rule(
        "bound_parameters", "c", "bound parameters fail on Apache Spark", "session.sql('… {x}', x=1)",
        bad=("py: session.sql('select :a', args={'a': 1})",),
        good=("py: session.sql('select {a}', a=1)",),
        python=_has_args,
    ),
    Rule(
        "count_star", "c", "F.count('*') fails in a pivot", "F.count(F.lit(1))",
        bad=("py: rows.agg(F.count('*'))",),
        good=("py: rows.agg(F.count(F.lit(1)))",),
        python=_counts_star,
    ),
)  # fmt: skip
