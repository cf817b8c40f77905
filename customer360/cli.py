"""The `customer360` command: arguments and help only.

What a subcommand does is in `customer360.commands`.
Heavy imports are inside the subcommands, so that `--help` is instant.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from customer360.cli_adf import adf
from customer360.cli_identity import identity
from customer360.cli_parts import DAY
from customer360.cli_parts import as_day as _day
from customer360.cli_parts import open_console as _console
from customer360.cli_powerbi import powerbi
from customer360.cli_quarantine import quarantine
from customer360.cli_serving import docs, synapse
from customer360.errors import Customer360Error
from customer360.garbage import collect_seldom
from customer360.keys import LAYERS
from customer360.settings import load_settings
from customer360.storage import refusal_in_words

MOMENT = click.DateTime(
    formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"]
)


_ENTITIES = click.option(
    "--entity",
    "entities",
    multiple=True,
    metavar="SOURCE__ENTITY",
    help="Only what this entity's files hold, and all behind it; may be repeated.",
)


class _Group(click.Group):
    """Shows errors that a user can act on as one message, without a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except Customer360Error as error:
            raise click.ClickException(str(error)) from error
        except Exception as error:
            said = refusal_in_words(error)
            if said is None:
                raise
            raise click.ClickException(said) from error


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="customer360")
def main() -> None:
    """One reliable view per customer: land, refresh, look.

    Settings are C360_* environment variables; .env.example lists them.
    """
    collect_seldom()


main.add_command(quarantine)
main.add_command(adf)
main.add_command(powerbi)
main.add_command(identity)
main.add_command(synapse)
main.add_command(docs)


@main.command()
def demo() -> None:
    """Simulate a world, refresh everything, show the result; safe to repeat."""
    from customer360.commands.demo import demo as show

    show(load_settings(), _console())


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8360, show_default=True, help="Port to listen on.")
@click.option(
    "--show-personal-data",
    is_flag=True,
    help="Show names and addresses to everybody who opens it; on this machine only.",
)
def dashboard(host: str, port: int, show_personal_data: bool) -> None:
    """Serve the dashboard: customers, segments, retention, products, campaigns, service, trust."""
    from customer360.serving.dashboard.server import serve

    serve(
        load_settings(),
        _console(),
        host=host,
        port=port,
        show_personal_data=show_personal_data,
    )


@main.command()
@click.option("--customers", default=3000, show_default=True, help="People in the world.")
@click.option("--days", default=60, show_default=True, help="Days to simulate.")
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same bytes.")
@click.option("--start", type=DAY, default="2026-01-01", show_default=True, help="First day.")
@click.option(
    "--faults",
    type=click.Choice(["none", "low", "high"]),
    default="low",
    show_default=True,
    help="How much goes wrong in the files.",
)
def simulate(customers: int, days: int, seed: int, start: datetime, faults: str) -> None:
    """Land the files of a simulated retail world, with its truth beside them."""
    from customer360.commands.land import simulate_world

    simulate_world(
        load_settings(),
        _console(),
        customers=customers,
        days=days,
        seed=seed,
        start=start.date(),
        faults=faults,
    )


@main.group(name="import")
def import_() -> None:
    """Land real data."""


@import_.command("complete-journey")
def complete_journey() -> None:
    """Land the Complete Journey purchases: 2,469 households, one year of baskets."""
    from customer360.commands.land import import_purchases

    import_purchases(load_settings(), _console())


@import_.command("febrl3")
def febrl3() -> None:
    """Land FEBRL 3: 5,000 records of 2,000 made-up people, with errors, as CRM contacts."""
    from customer360.commands.land import import_known_duplicates

    import_known_duplicates(load_settings(), _console())


@main.command()
@click.option("--from", "first", type=DAY, help="First landing day to load.")
@click.option("--to", "last", type=DAY, help="Last landing day to load.")
@click.option("--select", help="Only these assets (Dagster selection, as 'group:identity+').")
@_ENTITIES
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write seconds per step and dbt model to this JSON file.",
)
def run(
    first: datetime | None,
    last: datetime | None,
    select: str | None,
    entities: tuple[str, ...],
    report: Path | None,
) -> None:
    """Load what has landed and is not loaded, and rebuild everything downstream.

    With --from or --to a backfill: loads these days again, whatever is known of them. Cut off, the
    next run goes on with what is not loaded.
    """
    if select and entities:
        raise click.UsageError("--select and --entity exclude each other.")
    from customer360.commands.run import run as refresh

    refresh(
        load_settings(),
        _console(),
        first=_day(first),
        last=_day(last),
        select=select,
        entities=entities,
        report_to=report,
    )


@main.command()
@_ENTITIES
@click.option("--dry-run", is_flag=True, help="Say what would be made anew, and from what.")
@click.option("--restart", is_flag=True, help="Begin anew instead of going on where one stopped.")
def rebuild(entities: tuple[str, ...], dry_run: bool, restart: bool) -> None:
    """Make all tables anew from the landing files, whatever they hold now.

    Table by table, each in one commit: readers see the old rows or the new ones. A rebuild that
    was cut off goes on with the entities that are left. Snapshots stay as they are, as what each
    run saw cannot be made again.
    """
    from customer360.commands.rebuild import rebuild as make_anew

    make_anew(load_settings(), _console(), entities, dry_run=dry_run, restart=restart)


@main.command(
    "dbt",
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def dbt(arguments: tuple[str, ...]) -> None:
    """Run dbt on the lake: starts the engine, registers the tables, hands the rest to dbt."""
    from customer360.commands.dbt import run_dbt

    sys.exit(run_dbt(load_settings(), arguments))


@main.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def status(as_json: bool) -> None:
    """Tables, freshness, quarantine, what waits to be loaded, failing checks."""
    from customer360.commands.status import show_status

    show_status(load_settings(), _console(), now=datetime.now(UTC), as_json=as_json)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def doctor(as_json: bool) -> None:
    """Try all that a run needs: storage, engine, dbt, Dagster; say what is wrong and what to do.

    Writes and removes small files in the lake's scratch folder, nothing else. Exits 1 if anything
    fails.
    """
    from customer360.commands.doctor import show

    sys.exit(0 if show(load_settings(), _console(), as_json=as_json) else 1)


@main.command()
@click.argument("entities", nargs=-1, metavar="[SOURCE__ENTITY]...")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.option("--patch", "as_patch", is_flag=True, help="A patch of the declarations to apply.")
@click.option("--check", is_flag=True, help="Exit 1 when there is drift.")
def drift(entities: tuple[str, ...], as_json: bool, as_patch: bool, check: bool) -> None:
    """Fields that landed and are not declared, that vanished, were renamed or changed type.

    Names the first file and line of each. --patch prints the change of the declarations that
    would take them in: `customer360 drift --patch > drift.patch`, read it, `git apply drift.patch`.
    """
    from customer360.commands.drift import show_drift

    if as_json and as_patch:
        raise click.UsageError("--json and --patch are two forms of output; give one of them.")
    is_drifting = show_drift(
        load_settings(), _console(), entities, as_json=as_json, as_patch=as_patch
    )
    sys.exit(1 if check and is_drifting else 0)


@main.command()
@click.option("--dry-run", is_flag=True, help="Say what would be done, change nothing.")
def upkeep(dry_run: bool) -> None:
    """Back up snapshots, merge small files, remove what no kept version needs."""
    from customer360.commands.upkeep import upkeep as tend

    tend(load_settings(), _console(), dry_run=dry_run)


@main.command()
@click.argument("table")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def history(table: str, limit: int, as_json: bool) -> None:
    """Versions of a table (gold.fct_orders), and backups of a snapshot."""
    from customer360.commands.versions import show_history

    show_history(load_settings(), _console(), table, limit=limit, as_json=as_json)


@main.command()
@click.argument("table")
@click.option("--version", type=click.IntRange(min=0), help="Back to this version.")
@click.option("--at", type=MOMENT, help="Back to what was there at this time, UTC.")
@click.option(
    "--from-backup",
    "backup",
    metavar="NAME",
    is_flag=False,
    flag_value="newest",
    help="A snapshot's backup; the newest unless one is named.",
)
@click.option("--dry-run", is_flag=True, help="Say what would change, change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def restore(
    table: str,
    version: int | None,
    at: datetime | None,
    backup: str | None,
    dry_run: bool,
    yes: bool,
) -> None:
    """Put an earlier version of a table in its place; shows what changes, then asks."""
    from customer360.commands.versions import restore as put_back

    put_back(
        load_settings(),
        _console(),
        table,
        version=version,
        at=at.replace(tzinfo=UTC) if at else None,
        backup=backup,
        dry_run=dry_run,
        yes=yes,
    )


@main.command()
@click.argument("identifier")
@click.option("--json", "as_json", is_flag=True, help="A JSON list, one element per customer.")
def customer(identifier: str, as_json: bool) -> None:
    """Everything known about one person, by customer id, e-mail, phone, card, account, contact."""
    from customer360.commands.customer import show_customer

    show_customer(load_settings(), _console(), identifier, as_json=as_json)


@main.command()
@click.argument("sql")
@click.option(
    "--format",
    "output",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    show_default=True,
    help="csv and json are complete.",
)
@click.option("--limit", type=click.IntRange(min=1), help="At most this many rows.")
def query(sql: str, output: str, limit: int | None) -> None:
    """Run a SQL statement that reads, on the engine: select … from gold.customer_360."""
    from customer360.commands.query import query as show

    show(load_settings(), _console(), sql, output=output, limit=limit)


@main.command()
@click.option("--against", metavar="LAKE", help="Folder or URL of another lake to compare with.")
@click.option("--layer", type=click.Choice(LAYERS), help="Only this layer.")
@click.option(
    "--modulo-ids", is_flag=True, help="Lakes may hold the same customers under other ids."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def fingerprint(against: str | None, layer: str | None, modulo_ids: bool, as_json: bool) -> None:
    """Fingerprint every table; with --against, exit 1 unless the other lake holds the same."""
    from customer360.commands.fingerprint import show_fingerprints

    same = show_fingerprints(
        load_settings(),
        _console(),
        against=against,
        layer=layer,
        modulo_ids=modulo_ids,
        as_json=as_json,
    )
    sys.exit(0 if same else 1)


@main.command()
def verify() -> None:
    """Compare the lake with the simulator's truth; exit 1 if anything differs."""
    from customer360.commands.verify import verify as compare

    sys.exit(0 if compare(load_settings(), _console()) else 1)


@main.group()
def engine() -> None:
    """The engine on its own."""


@engine.command("start")
def engine_start() -> None:
    """Keep an engine running for plain dbt and other clients; prints the variables they need."""
    from customer360.commands.dbt import serve_engine

    serve_engine(load_settings(), _console())
