"""Constructs that SQL and DataFrame code here must not use, as data, each with its portable form.

Here are those that differ silently and those that the design forbids; those that one engine refuses
are in `portable_errors`, how code is searched in `portable_scan`, how one is added in
docs/engines.md.
Longer than other files because it is a table: one rule after the other.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from customer360_tests.portable_errors import ERRORS
from customer360_tests.portable_scan import Rule, Tree, called, is_function
from customer360_tests.portable_sql import Sql

_NUMBER = r"[-+]?[0-9]+(\.[0-9]+)?"


# Tests that a regular expression cannot express.


def _unrounded_division(sql: Sql) -> Iterator[int]:
    for found in re.finditer("/", sql.code):
        if not {"round", "floor", "ceil"} & set(sql.enclosing(found.start())):
            yield found.start()


def _unguarded_division(sql: Sql) -> Iterator[int]:
    for found in re.finditer("/", sql.code):
        divisor = sql.code[found.end() :].lstrip()
        if not re.match(rf"(cast\s*\(\s*)?nullif\s*\(|{_NUMBER}\b", divisor):
            yield found.start()


def _divides(node: ast.AST, tree: Tree) -> bool:
    """Whether a node divides columns outside of a rounding; `F` shows that they are columns."""
    if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)):
        return False
    columns = any(is_function(side) for side in (node.left, node.right))
    return columns and not {"round", "floor", "ceil"} & set(tree.callers(node))


def _doubled_quotes(sql: Sql) -> Iterator[int]:
    yield from sql.doubled


def _mixed_case(sql: Sql) -> Iterator[int]:
    """CASE with a whole number as first branch and something else later, unless cast as a whole."""
    for found in re.finditer(r"\bcase\b(?:(?!\bcase\b)[\s\S])*?\bend\b", sql.code):
        branches = re.findall(r"\b(?:then|else)\s+([\s\S]*?)(?=\s+(?:when|else|end)\b)", found[0])
        if branches and _is_mixed(branches) and sql.enclosing(found.start())[:1] != ["cast"]:
            yield found.start()


def _mixed_if(sql: Sql) -> Iterator[int]:
    for found in re.finditer(r"(?<![a-z_])if\s*\(([^(),]*),\s*([^(),]+),([^(),]+)\)", sql.code):
        if _is_mixed([found[2], found[3]]) and sql.enclosing(found.start())[:1] != ["cast"]:
            yield found.start()


def _is_mixed(branches: list[str]) -> bool:
    whole = [re.fullmatch(r"\s*-?[0-9]+\s*", b) is not None for b in branches]
    null = [b.strip() == "null" for b in branches]
    return whole[0] and any(not w and not n for w, n in zip(whole, null, strict=True))


def _try_cast_date(sql: Sql) -> Iterator[int]:
    for found in re.finditer(
        r"try_cast\s*\((?!\s*substr)[^()]*?(\([^()]*\)[^()]*?)*\bas\s+date\s*\)", sql.code
    ):
        yield found.start()


def _tries_cast(node: ast.AST, kinds: str) -> bool:
    if called(node) != "try_cast" or not isinstance(node, ast.Call) or not node.args:
        return False
    kind = node.args[0]
    return isinstance(kind, ast.Constant) and re.match(kinds, str(kind.value).lower()) is not None


def _tries_cast_date(node: ast.AST, _: Tree) -> bool:
    target = getattr(getattr(node, "func", None), "value", None)
    return _tries_cast(node, "date$") and called(target or ast.Pass()) not in (
        "substring",
        "substr",
    )


def _tries_cast_number(node: ast.AST, _: Tree) -> bool:
    return _tries_cast(node, "decimal|double|float|boolean")


def _imports_functions(node: ast.AST, _: Tree) -> bool:
    names = [getattr(node, "module", "")] if isinstance(node, ast.ImportFrom) else []
    names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
    return any(str(name).endswith("sql.functions") for name in names)


def _windowed_list(node: ast.AST, tree: Tree) -> bool:
    if called(node) not in ("collect_list", "collect_set") or not is_function(node):
        return False
    around = list(tree.callers(node))
    return around[:1] == ["over"] and "array_compact" not in around


SILENT = (
    Rule(
        "mixed_case",
        "a",
        "the column gets the type of the first branch: 10.50 is stored as 10",
        "cast(case … end as decimal(18,2)), or cast(0 as decimal(18,2)) in the branch",
        bad=("select case when a then 0 else amount end from t", "select if(a, 1, amount) from t"),
        good=(
            "select cast(case when a then 0 else amount end as decimal(18,2)) from t",
            "select sum(case when a then 1 else 0 end) from t",
            "select case when a then cast(0 as decimal(18,2)) else amount end from t",
        ),
        sql=lambda sql: iter([*_mixed_case(sql), *_mixed_if(sql)]),
    ),
    Rule(
        "nvl",
        "a",
        "nvl of a decimal is a double in a new table",
        "coalesce",
        bad=(
            "select nvl(amount, 0) from t",
            "select ifnull(amount, 0) from t",
            "py: F.nvl('a', 'b')",
        ),
        good=("select coalesce(amount, 0) from t", "py: F.coalesce('a', 'b')"),
        functions=("nvl", "ifnull"),
    ),
    Rule(
        "dynamic_partition_overwrite",
        "a",
        "the whole table is overwritten",
        "insert into t replace where day = …",
        bad=("py: w.option('partitionOverwriteMode', 'dynamic')",),
        good=("py: session.sql('insert into t replace where k = 1 select * from v')",),
        literal="partitionoverwritemode",
    ),
    Rule(
        "merge_schema",
        "a",
        "the new column is dropped, or old rows read 0",
        "merge with schema evolution into t …, or a table made anew",
        bad=("py: w.option('mergeSchema', 'true')",),
        good=("py: session.sql('merge with schema evolution into t using v on t.a = v.a')",),
        literal="mergeschema",
    ),
    Rule(
        "transaction_options",
        "a",
        "ignored, so a repeated write doubles the rows",
        "merge by key",
        bad=("py: w.option('txnAppId', 'x')", "py: w.option('txnVersion', 1)"),
        good=(
            "py: session.sql('merge into t using v on t.a = v.a when not matched then insert *')",
        ),
        literal="txnappid|txnversion",
    ),
    Rule(
        "table_from_dataframe",
        "a",
        "types and nullability are inferred, differently",
        "Engine.create with declared types, then Engine.replace",
        bad=("py: rows.write.saveAsTable('t')", "py: rows.writeTo('t')"),
        good=("py: engine.overwrite(key, columns, rows)",),
        methods=("saveAsTable", "writeTo", "insertInto"),
    ),
    Rule(
        "drop_table",
        "a",
        "a table dropped and made again has its old rows back",
        "delete from t first",
        bad=("drop table gold.t", "drop table if exists gold.t"),
        good=("delete from gold.t",),
        pattern=r"\bdrop\s+table\b",
    ),
    Rule(
        "range_frame",
        "a",
        "over a date the frame never shrinks",
        "order by unix_date(day) with day is not null, or a timestamp (…_at) as the key",
        bad=("select sum(x) over (order by sold_on range between 7 preceding and current row)",),
        good=(
            "select sum(x) over (order by unix_date(d) range between 7 preceding and current row)",
            "max(x) over (order by sold_at range between interval 7 day preceding and 1 following)",
            "select sum(x) over (order by sold_on rows between 7 preceding and current row)",
        ),
        pattern=r"order\s+by\s+(?!unix_date\s*\()(?![a-z_.]+_at\b)[^()]*\brange\s+(between|interval|[0-9])",
    ),
    Rule(
        "issued_id_decides",
        "design",
        "ids depend on when they were issued: a lake that loads the same days in another order has "
        "another row first",
        "order by what the sources say",
        bad=(
            "row_number() over (partition by household_id order by ordered_at desc, customer_id)",
            "rank() over (order by coalesce(city, 'none'), t.household_id)",
        ),
        good=(
            "row_number() over (partition by customer_id order by spend desc, category)",
            "select a from t order by customer_id",
        ),
        pattern=(
            r"\bover\s*\([^()]*(\([^()]*\)[^()]*)*\border\s+by\b[^()]*(\([^()]*\)[^()]*)*"
            r"\b(customer|household)_id\b"
        ),
    ),
    Rule(
        "intersect_all",
        "a",
        "the number of copies is wrong",
        "row_number and intersect",
        bad=("select a from t intersect all select a from u",),
        good=("select a from t intersect select a from u",),
        pattern=r"\bintersect\s+all\b",
        methods=("intersectAll",),
    ),
    Rule(
        "doubled_quote",
        "a",
        "'it''s' is its on the embedded engine",
        "\"it's\" or 'it\\'s'",
        bad=("select 'it''s' as a",),
        good=('select "it\'s" as a', "select '' as a", r"select 'it\'s' as a"),
        sql=_doubled_quotes,
    ),
    Rule(
        "try_cast_date",
        "a",
        "a time behind the day or a blank around it gives null",
        "try_cast(substr(trim(s), 1, 10) as date), or cast(try_cast(s as timestamp) as date)",
        bad=(
            "select try_cast(s as date)",
            "select try_cast(trim(s) as date)",
            "py: c.try_cast('date')",
        ),
        good=(
            "select try_cast(substr(trim(s), 1, 10) as date)",
            "select cast(try_cast(s as timestamp) as date)",
            "py: F.substring(c, 1, 10).try_cast('date')",
        ),
        sql=_try_cast_date,
        python=_tries_cast_date,
    ),
    Rule(
        "try_cast_number",
        "a",
        "1e3, blanks that are not ASCII, other digits, on and off are read differently",
        "guard with rlike on the accepted spelling; boolean by case with in lists",
        bad=(
            "select try_cast(s as decimal(18,2))",
            "py: c.try_cast('double')",
            "select try_cast(s as boolean)",
        ),
        good=("select try_cast(s as bigint)", "py: c.try_cast('timestamp')"),
        pattern=r"try_cast\s*\([^()]*\bas\s+(decimal|double|float|boolean)",
        python=_tries_cast_number,
    ),
    Rule(
        "unrounded_division",
        "a",
        "the quotient of decimals has another scale, and one engine truncates",
        "{{ ratio(a, b) }}, or cast(round(a / nullif(b, 0), 2) as decimal(18,2))",
        bad=("select a / nullif(b, 0) from t", "py: F.sum('a') / F.sum('b')"),
        good=(
            "select cast(round(a / nullif(b, 0), 2) as decimal(18,2)) from t",
            "select floor((unix_seconds(b) - unix_seconds(a)) / 86400) from t",
            "py: F.round(F.sum('a') / F.col('b'), 2).cast('decimal(18,2)')",
        ),
        sql=_unrounded_division,
        python=_divides,
    ),
    Rule(
        "unguarded_division",
        "b",
        "a condition before it does not protect: division by zero",
        "a / nullif(b, 0)",
        bad=("select round(a / b, 2) from t where b <> 0",),
        good=(
            "select cast(round(a / nullif(b, 0), 2) as decimal(18,2)) from t",
            "select cast(round(a / cast(nullif(b, 0) as int), 2) as decimal(18,2)) from t",
        ),
        sql=_unguarded_division,
    ),
    Rule(
        "average",
        "a",
        "the average of decimals is truncated on one engine and rounded on the other",
        "cast(avg(x) as decimal(18,2))",
        bad=(
            "select avg(amount) from t",
            "py: F.avg('amount').alias('a')",
            "select mean(amount) from t",
        ),
        good=(
            "select cast(avg(amount) as decimal(18,2)) from t",
            "py: F.avg('a').cast('decimal(18,2)')",
        ),
        functions=("avg", "mean"),
        inside=("cast",),
    ),
    Rule(
        "uncast_round",
        "a",
        "halves of a double go up on one engine and down on the other",
        "cast(round(cast(x as decimal(18,6)), 2) as decimal(18,2))",
        bad=("select round(x, 2) from t", "py: F.round('x', 2)"),
        good=(
            "select cast(round(x, 2) as decimal(18,2)) from t",
            "py: F.round('x', 2).cast('bigint')",
        ),
        functions=("round",),
        inside=("cast",),
    ),
    Rule(
        "other_rounding",
        "a",
        "halves differ",
        "cast(round(…, 2) as decimal(18,2))",
        bad=("select bround(x, 1)", "select rint(x)", "py: F.bround('x')"),
        good=("select cast(round(x, 1) as decimal(18,1))",),
        functions=("bround", "rint"),
    ),
    Rule(
        "weekday",
        "a",
        "Sunday is -1 or 6, 0 or 1",
        "(dayofweek(d) + 5) % 7",
        bad=("select weekday(d)", "select extract(dow from d)", "py: F.weekday('d')"),
        good=("select (dayofweek(d) + 5) % 7",),
        functions=("weekday",),
        pattern=r"extract\s*\(\s*(dow|dayofweek)",
    ),
    Rule(
        "datediff",
        "a",
        "bigint or int; of timestamps it counts midnights or whole days",
        "cast(datediff(a, b) as int) of dates; floor((unix_seconds(b) - unix_seconds(a)) / 86400)",
        bad=(
            "select datediff(a, b)",
            "select datediff(day, a, b)",
            "py: F.datediff('a', 'b')",
            "select cast(datediff(day, a, b) as int)",
            "select timestampdiff(day, a, b)",
        ),
        good=("select cast(datediff(a, b) as int)", "py: F.datediff('a', 'b').cast('int')"),
        functions=("datediff", "date_diff"),
        inside=("cast",),
        pattern=r"\b(datediff|date_diff|timestampdiff)\s*\(\s*(year|quarter|month|week|day|hour|minute|second)\s*,",
    ),
    Rule(
        "timestamp_seconds",
        "a",
        "the fraction of a second is dropped",
        "timestamp_micros(cast(x * 1000000 as bigint))",
        bad=("select timestamp_seconds(1.5)", "py: F.timestamp_seconds('x')"),
        good=("select timestamp_micros(cast(x * 1000000 as bigint))",),
        functions=("timestamp_seconds",),
    ),
    Rule(
        "date_plus_hours",
        "a",
        "a date plus hours stays the same date on one engine",
        "cast(d as timestamp) + interval 1 hour, or a column …_at",
        bad=("select sold_on + interval 1 hour from t",),
        good=(
            "select sold_at + interval 1 hour",
            "select cast(d as timestamp) - interval '30' minutes",
        ),
        pattern=r"(?<!_at)(?<!timestamp\))\s[-+]\s*interval\s+\S+(\s+\S+)?\s+(hour|minute|second)",
    ),
    Rule(
        "regex_class",
        "a",
        "Unicode on one engine, ASCII on the other",
        "[0-9], [A-Za-z0-9_], [ \\t\\r\\n]",
        bad=(r"select regexp_replace(s, '\\d+', '')", r"py: F.regexp_replace('s', r'\s+', ' ')"),
        good=("select regexp_replace(s, '[0-9]+', '')", r"py: re.compile(r'\s+')"),
        literal=r"\\[dwsb]",
    ),
    Rule(
        "initcap",
        "a",
        "Anna-Maria or Anna-maria",
        "split, transform, array_join",
        bad=("select initcap(s)", "py: F.initcap('s')"),
        good=("select concat(upper(substr(s, 1, 1)), lower(substr(s, 2)))",),
        functions=("initcap",),
    ),
    Rule(
        "parse_url",
        "a",
        "decoded or not; an invalid address is an error on Spark",
        "regexp_extract",
        bad=("select parse_url(u, 'QUERY', 'a')", "py: F.parse_url('u', F.lit('HOST'))"),
        good=("select regexp_extract(u, '[?&]a=([^&]*)', 1)",),
        functions=("parse_url",),
    ),
    Rule(
        "base64",
        "a",
        "line breaks after 76 characters, or none",
        "replace(base64(x), '\\r\\n', '')",
        bad=("select base64(x)", "py: F.base64('x')"),
        good=("select replace(base64(x), '\\r\\n', '')",),
        functions=("base64",),
        inside=("replace",),
    ),
    Rule(
        "hash",
        "a",
        "the hash of a decimal differs",
        "xxhash64 or sha2",
        bad=("select hash(x)", "py: F.hash('x')"),
        good=("select xxhash64(x)", "py: F.sha2('x', 256)"),
        functions=("hash",),
    ),
    Rule(
        "get_json_object",
        "a",
        "numbers, [*] and truncated text are read differently",
        "from_json with an all-string schema",
        bad=("select get_json_object(r, '$.a')", "py: F.get_json_object('r', '$.a')"),
        good=("select from_json(r, 'a string').a",),
        functions=("get_json_object", "json_tuple"),
    ),
    Rule(
        "corrupt_record",
        "a",
        "never filled on the embedded engine",
        "try_parse_json(r) is null",
        bad=("py: F.from_json('r', 'a string, _corrupt_record string')",),
        good=("py: F.try_parse_json('r').isNull()",),
        literal="_corrupt_record",
    ),
    Rule(
        "to_json",
        "a",
        "1.10 becomes 1.1",
        "cast decimals to string first; see the allow-list",
        bad=("select to_json(named_struct('a', x))", "py: F.to_json('x')"),
        good=("select concat_ws('|', cast(x as string))",),
        functions=("to_json",),
    ),
    Rule(
        "array_contains",
        "a",
        "false or null when the array holds a null",
        "coalesce(array_contains(…), false)",
        bad=("select array_contains(a, 2)", "py: F.array_contains('a', 2)"),
        good=(
            "select coalesce(array_contains(a, 2), false)",
            "py: F.coalesce(F.array_contains('a', 2), F.lit(False))",
        ),
        functions=("array_contains",),
        inside=("coalesce",),
    ),
    Rule(
        "collect_list_over",
        "a",
        "nulls are kept on one engine",
        "array_compact(collect_list(x) over (…))",
        bad=("select collect_list(x) over (partition by a)", "py: F.collect_list('x').over(w)"),
        good=(
            "select array_compact(collect_list(x) over (partition by a))",
            "select collect_list(x)",
            "py: F.array_compact(F.collect_list('x').over(w))",
        ),
        pattern=r"(?<!array_compact\()\bcollect_(list|set)\s*\([^()]*\)\s*over\b",
        python=_windowed_list,
    ),
    Rule(
        "approximations",
        "a",
        "approximations differ",
        "percentile, count(distinct x)",
        bad=(
            "select percentile_approx(x, 0.5)",
            "select approx_count_distinct(x)",
            "py: F.percentile_approx('x', 0.5)",
        ),
        good=("select percentile(x, 0.5)", "select count(distinct x)"),
        functions=("percentile_approx", "approx_percentile", "approx_count_distinct"),
    ),
    Rule(
        "least_struct",
        "a",
        "a null inside the struct sorts last or first",
        "min_by / max_by on one value, or row_number with a total order",
        bad=(
            "select min(struct(a, b))",
            "select max(named_struct('a', a))",
            "py: F.max(F.struct('a', 'b'))",
        ),
        good=("select min_by(a, b)", "py: F.max_by('a', 'b')"),
        pattern=r"\b(min|max)\s*\(\s*(named_)?struct\s*\(",
        python=lambda node, tree: (
            called(node) == "struct" and next(tree.callers(node), "") in ("min", "max")
        ),
    ),
    Rule(
        "array_as_text",
        "a",
        "a null in the array is NULL or null",
        "concat_ws, transform",
        bad=("select cast(array(a, b) as string)",),
        good=("select concat_ws(',', a, b)",),
        pattern=r"cast\s*\(\s*(array|collect_list|collect_set)\s*\([^()]*\)\s+as\s+string",
    ),
    Rule(
        "variant_get_index",
        "a",
        "an index gives null",
        "from_json",
        bad=("select variant_get(v, '$.a[1]')",),
        good=("select variant_get(v, '$.a')",),
        literal=r"variant_get\s*\([^()]*\[",
    ),
    Rule(
        "varchar",
        "a",
        "the length is not enforced, nor the padding",
        "string, and a check of the length",
        bad=("create table t (a varchar(3)) using delta", "select cast(a as char(4))"),
        good=("create table t (a string) using delta",),
        pattern=r"\b(var)?char\s*\(\s*[0-9]+\s*\)",
    ),
    Rule(
        "drop_duplicates",
        "a",
        "which row stays is left to chance, and it takes five times as long",
        "row_number over a total order, keep 1",
        bad=("py: rows.dropDuplicates(['a'])", "py: rows.drop_duplicates()"),
        good=("py: rows.distinct()", "py: F.row_number().over(w)"),
        methods=("dropDuplicates", "drop_duplicates", "dropDuplicatesWithinWatermark"),
    ),
    Rule(
        "file_readers",
        "a",
        "files come twice, fail on one bad row, or match columns by position",
        "customer360.landing.decode",
        bad=(
            "py: session.read.format('binaryFile')",
            "py: session.read.csv('x')",
            "py: session.read.text('x')",
        ),
        good=("py: session.read.parquet('x')",),
        literal=r"^binaryfile$|input_file_name\s*\(",
        python=lambda node, _: (
            called(node) in ("csv", "json", "text")
            and ".read." in ast.unparse(getattr(node, "func", node))
        ),
    ),
)


DESIGN = (
    Rule(
        "clock",
        "design",
        "a run tomorrow over the same files would give other tables",
        "{{ as_of_date() }}, or the clock as an argument",
        bad=(
            "select current_date()",
            "select current_timestamp",
            "select now()",
            "py: F.current_date()",
        ),
        good=("select {{ as_of_date() }}",),
        functions=(
            "now",
            "localtimestamp",
            "curdate",
            "unix_timestamp(?=\\s*\\(\\s*\\))",
            "current_date",
            "current_timestamp",
        ),
        pattern=r"\bcurrent_(date|timestamp)\b(?!\s*\()",
    ),
    Rule(
        "chance",
        "design",
        "another value at every run, even inside one",
        "a hash of the business key",
        bad=(
            "select uuid()",
            "select rand()",
            "py: F.monotonically_increasing_id()",
            "py: F.rand()",
        ),
        good=("select sha2(a, 256)",),
        functions=(
            "uuid",
            "rand",
            "randn",
            "random",
            "shuffle",
            "monotonically_increasing_id",
            "spark_partition_id",
        ),
    ),
    Rule(
        "ntile",
        "design",
        "ties fall into a tile by chance",
        "percent_rank over a total order",
        bad=("select ntile(5) over (order by a)", "py: F.ntile(5)"),
        good=("select percent_rank() over (order by a, id)",),
        functions=("ntile",),
    ),
    Rule(
        "functions_by_another_name",
        "design",
        "this guard knows the functions by the name F",
        "from pyspark.sql import functions as F",
        bad=("py: from pyspark.sql.functions import avg", "py: import pyspark.sql.functions as fn"),
        good=("py: from pyspark.sql import functions as F",),
        python=_imports_functions,
    ),
    Rule(
        "python_udf",
        "design",
        "needs Python on the cluster, and a row at a time",
        "column expressions; distinct values in the run process",
        bad=("py: F.udf(f)", "py: F.pandas_udf(f)", "py: rows.mapInArrow(f, s)"),
        good=("py: F.transform('a', f)",),
        functions=("udf", "pandas_udf"),
        methods=("mapInArrow", "mapInPandas", "applyInPandas", "applyInArrow"),
    ),
)


RULES = (*SILENT, *DESIGN, *ERRORS)


class Allowed(NamedTuple):
    """A use that is right all the same."""

    path: str
    rule: str
    excerpt: str
    reason: str


ALLOWED = (
    Allowed(
        "customer360/transforms/values.py",
        "try_cast_number",
        "wide = F.when(",
        "the text has matched _NUMBER, ASCII digits only; exponents go by double on both",
    ),
    Allowed(
        "customer360/transforms/values.py",
        "try_cast_number",
        "exact = F.coalesce(wide",
        "the text has matched _NUMBER, ASCII digits only",
    ),
)
