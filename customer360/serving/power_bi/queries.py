"""How the tables are read: Power Query's M, with parameters for what differs per deployment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from customer360.errors import PowerBiError
from customer360.serving.power_bi.kinds import TEXT, TIMESTAMP
from customer360.serving.power_bi.model import Column, Table

LAKE: Final = "lake"
SYNAPSE: Final = "synapse"
DATABRICKS: Final = "databricks"
SOURCES: Final = (LAKE, SYNAPSE, DATABRICKS)
READERS: Final = "region_readers"


@dataclass(frozen=True)
class Parameter:
    """A value that is set per deployment.

    Attributes:
        name: Its name.
        description: What to put there.
        value: What it is in the repository.
        choices: The values that it may have; any when empty.
        is_required: It may not be empty.
    """

    name: str
    description: str
    value: str
    choices: tuple[str, ...] = ()
    is_required: bool = True

    @property
    def m(self) -> str:
        """The parameter as M."""
        choices = ", ".join(text(choice) for choice in self.choices)
        meta = [
            "IsParameterQuery = true",
            *([f"List = {{{choices}}}", f"DefaultValue = {text(self.value)}"] if choices else []),
            'Type = "Text"',
            f"IsParameterQueryRequired = {str(self.is_required).lower()}",
        ]
        return f"{text(self.value)} meta [{', '.join(meta)}]"


_CHOICE: Final = "GoldSource"
_PARAMETERS: Final[Mapping[str, tuple[Parameter, ...]]] = {
    LAKE: (
        Parameter(
            "LakeUrl",
            "The lake as https address: abfss://CONTAINER@ACCOUNT.dfs.core.windows.net/FOLDER is "
            "https://ACCOUNT.dfs.core.windows.net/CONTAINER/FOLDER.",
            "https://customer360lake.dfs.core.windows.net/lake",
        ),
    ),
    SYNAPSE: (
        Parameter(
            "SynapseServer",
            "Serverless SQL endpoint of the Synapse workspace.",
            "customer360-ondemand.sql.azuresynapse.net",
        ),
        Parameter("SynapseDatabase", "Its database with the views of gold.", "customer360"),
    ),
    DATABRICKS: (
        Parameter(
            "DatabricksHost",
            "Host of the Databricks workspace, without https.",
            "adb-0.0.azuredatabricks.net",
        ),
        Parameter("DatabricksHttpPath", "Path of the SQL warehouse.", "/sql/1.0/warehouses/0"),
        Parameter("DatabricksCatalog", "Catalog of the lake (C360_CATALOG).", "customer360"),
    ),
}
_READERS_PARAMETER: Final = Parameter(
    "RegionReaders",
    "Who of role own_region sees which region, as user@example.com=North;other@example.com=South.",
    "",
    is_required=False,
)
# Each reads one gold table whole; the source's own address does not depend on the table, so that
# the service can list it before it runs anything.
_READ: Final[Mapping[str, tuple[str, ...]]] = {
    LAKE: (
        "let",
        "    Lake = AzureStorage.DataLake(LakeUrl, [HierarchicalNavigation = true]),",
        '    Gold = Lake{[Name = "gold"]}[Content],',
        "    Read = (name as text) as table => DeltaLake.Table(Gold{[Name = name]}[Content])",
        "in",
        "    Read",
    ),
    SYNAPSE: (
        "let",
        "    Database = Sql.Database(SynapseServer, SynapseDatabase),",
        "    Read = (name as text) as table =>",
        '        Database{[Schema = "gold", Item = name]}[Data]',
        "in",
        "    Read",
    ),
    DATABRICKS: (
        "let",
        "    Catalogs = Databricks.Catalogs(DatabricksHost, DatabricksHttpPath),",
        '    Catalog = Catalogs{[Name = DatabricksCatalog, Kind = "Database"]}[Data],',
        '    Gold = Catalog{[Name = "gold", Kind = "Schema"]}[Data],',
        "    Read = (name as text) as table =>",
        '        Gold{[Name = name, Kind = "Table"]}[Data]',
        "in",
        "    Read",
    ),
}
_UTC: Final = (
    "(value as any) as any =>",
    "    if value is datetimezone",
    "    then DateTimeZone.RemoveZone(DateTimeZone.ToUtc(value))",
    "    else value",
)


@dataclass(frozen=True)
class Expression:
    """A named expression of the model.

    Attributes:
        name: Its name.
        description: What it gives.
        lines: Its M.
    """

    name: str
    description: str
    lines: tuple[str, ...]


def build_expressions(sources: Sequence[str]) -> tuple[Expression, ...]:
    """Parameters and functions by which the tables are read.

    Args:
        sources: Where gold may be read from, of `SOURCES`. With several a parameter chooses, and
            the first is its default.

    Raises:
        PowerBiError: A source is unknown, or there is none.
    """
    unknown = [source for source in sources if source not in SOURCES]
    if unknown or not sources:
        raise PowerBiError(
            f"Found the sources {', '.join(sources) or 'none'}; expected of {', '.join(SOURCES)}."
        )
    parameters = [parameter for source in sources for parameter in _PARAMETERS[source]]
    if len(sources) > 1:
        parameters.insert(
            0, Parameter(_CHOICE, "Where gold is read from.", sources[0], tuple(sources))
        )
    parameters.append(_READERS_PARAMETER)
    return (
        *(Expression(p.name, p.description, (p.m,)) for p in parameters),
        *(
            Expression(f"{source}_table", f"A gold table, read from {source}.", _READ[source])
            for source in sources
        ),
        Expression("gold_table", "A gold table, from wherever it is read.", _choose(sources)),
        Expression("utc", "A moment with an offset as the moment in UTC; others stay.", _UTC),
    )


def _choose(sources: Sequence[str]) -> tuple[str, ...]:
    if len(sources) == 1:
        return (f"{sources[0]}_table",)
    lines = ["(name as text) as table =>"]
    for number, source in enumerate(sources):
        start = "if" if number == 0 else "else if"
        lines.append(f"    {start} {_CHOICE} = {text(source)} then {source}_table(name)")
    expected = " or ".join(sources)
    lines.append(f'    else error Error.Record("{_CHOICE}", "expected {expected}", {_CHOICE})')
    return tuple(lines)


def table_query(table: Table) -> tuple[str, ...]:
    """The M that reads a gold table: its columns by name, moments in UTC, types as declared."""
    names = ", ".join(text(column.name) for column in table.columns)
    types = ", ".join(f"{{{text(c.name)}, {c.kind.query_type}}}" for c in table.columns)
    moments = [c.name for c in table.columns if c.kind == TIMESTAMP]
    # A column that gold lost is an error here that names it.
    steps = [
        ("Gold", f"gold_table({text(table.name)})"),
        ("Chosen", f"Table.SelectColumns(Gold, {{{names}}})"),
    ]
    if moments:
        each = ", ".join(f"{{{text(name)}, utc}}" for name in moments)
        steps.append(("Moments", f"Table.TransformColumns(Chosen, {{{each}}})"))
    steps.append(("Typed", f'Table.TransformColumnTypes({steps[-1][0]}, {{{types}}}, "en-US")'))
    lines = [f"    {name} = {expression}," for name, expression in steps]
    lines[-1] = lines[-1].removesuffix(",")
    return ("let", *lines, "in", f"    {steps[-1][0]}")


def build_readers() -> Table:
    """The table that says who of role `own_region` sees which region. One row per reader."""
    return Table(
        READERS,
        "Who of role own_region sees which region, from the parameter RegionReaders. "
        "One row per reader and region.",
        (
            Column("reader", "User name that somebody signs in with.", TEXT, is_personal=True),
            Column("region", "Region of dim_stores.", TEXT),
        ),
    )


def readers_query() -> tuple[str, ...]:
    """The M of `build_readers`."""
    return (
        "let",
        '    Entries = List.Select(Text.Split(RegionReaders, ";"), each Text.Trim(_) <> ""),',
        '    Pairs = List.Transform(Entries, each List.Transform(Text.Split(_, "="), Text.Trim)),',
        "    Readers = Table.FromRows(Pairs, type table [reader = text, region = text])",
        "in",
        "    Readers",
    )


def text(value: str) -> str:
    """A text as M writes it."""
    return '"' + value.replace('"', '""') + '"'
