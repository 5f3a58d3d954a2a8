"""The commands for the lake and the warehouse: event-processor lake ... (docs/lake.md)."""

import csv
import json
import sys
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from event_processor.bootstrap.contracts import live_contracts
from event_processor.bootstrap.runtime import make_clients
from event_processor.bootstrap.verifying import LakeParts
from event_processor.bootstrap.warehouse import must_be_installed, redshift_data
from event_processor.commands.lake_compact import compact
from event_processor.commands.lake_ls import list_lake
from event_processor.commands.lake_rebuild import rebuild
from event_processor.commands.lake_verify import verify
from event_processor.commands.terminal import DELIVER_ENVIRONMENT, complains, quiet_settings, say, show_table
from event_processor.errors import SettingsError
from event_processor.lake.columns import Table, tables_of
from event_processor.lake.ddl import LISTED, Dialect, athena, create_schema, create_table, glue
from event_processor.lake.layout import table_folder
from event_processor.settings.lake import DeliverySettings
from event_processor.settings.streams_file import read_streams
from event_processor.stores.redshift_data import Answer


@click.group(short_help="Query the tables, print their SQL, change them.")
def lake() -> None:
    """Query the tables, print their SQL, change them, and check them against the lake."""


lake.add_command(verify)
lake.add_command(rebuild)
lake.add_command(compact)
lake.add_command(list_lake)


@lake.command(epilog=DELIVER_ENVIRONMENT, short_help="Print the SQL that makes the table of a subject.")
@click.argument("subject")
@click.option("--dialect", type=click.Choice(LISTED), default="duckdb", show_default=True)
@complains
def ddl(subject: str, dialect: str) -> int:
    """Print the SQL that makes the table of a subject by its live contract; for Glue, the input of its table.

    `deliver` makes the tables of its warehouse itself. Those of Athena and Glue are the typed files below LAKE, which
    must be a bucket then; the view for Athena shows one row for each id. Of a subject that a stream of its own has, the
    tables of streams that take any subject are not printed.

    Exit codes: 0 printed; 1 no stream has a table for it; 2 a setting is wrong.
    """
    settings = quiet_settings(DeliverySettings)
    contracts = live_contracts(settings, partial(make_clients, settings))
    streams = read_streams(settings.streams_file).values()
    of_it = [stream for stream in streams if stream.table and stream.contract.text == subject]
    tables = [tables_of(stream, contracts.contracts) for stream in of_it or streams]
    found = [of[subject] for of in tables if subject in of]
    if not found:
        say(f"event-processor: no stream of {settings.streams_file} has a table for {subject!r}", err=True)
        return 1
    for table in found:
        click.echo(_made(table, dialect, settings))
    return 0


@lake.command(epilog=DELIVER_ENVIRONMENT, short_help="Query the warehouse, or the files of the lake.")
@click.argument("sql")
@click.option("--format", "form", type=click.Choice(["table", "csv", "json"]), default="table", show_default=True)
@complains
def query(sql: str, form: str) -> int:
    """Query the warehouse, or without one the files of the lake; files in a bucket are fetched first, if SQL names
    them.

    Without a warehouse `raw."STREAM"` has the lines of raw files, as JSON.

    A DuckDB file is queried when no load has it open; loads wait until the query is done.

    Exit codes: 0 answered; 1 not; 2 a setting is wrong.
    """
    settings = quiet_settings(DeliverySettings)
    answer = _asked(settings, sql)
    if form == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(answer.names)
        writer.writerows(answer.rows)
    elif form == "json":
        for row in answer.rows:
            click.echo(json.dumps(dict(zip(answer.names, row, strict=True)), default=str, ensure_ascii=False))
    elif answer.names:
        show_table(answer.names, (["" if value is None else str(value) for value in row] for row in answer.rows))
    return 0


@lake.command(epilog=DELIVER_ENVIRONMENT, short_help="Show the pending changes of tables, or make them.")
@click.option("--yes", is_flag=True, help="Do it.")
@complains
def migrate(yes: bool) -> int:
    """Show the SQL of changes that `deliver` does not make by itself, and make them with --yes.

    `deliver` adds columns by itself. Until a table is changed its ranges wait in the lake; they are loaded afterwards.

    Exit codes: 0 nothing is left to do; 1 there is, and --yes was not given; 2 a setting is wrong.
    """
    parts = LakeParts(quiet_settings(DeliverySettings))
    warehouse = parts.must_load()
    changes = warehouse.prepare(parts.contracts())
    for change in changes:
        say(f"-- {change.table}.{change.column} {change.reason}")
        for statement in change.statements:
            say(f"{statement};")
    if not changes:
        say("nothing to change")
        return 0
    if not yes:
        say("nothing was changed: run it again with --yes", err=True)
        return 1
    warehouse.migrate()
    say("changed")
    return 0


def _made(table: Table, dialect: str, settings: DeliverySettings) -> str:
    if dialect in {"athena", "glue"}:
        if not settings.lake.startswith("s3:"):
            raise SettingsError(f"LAKE: was {settings.lake!r}; allowed with --dialect {dialect}: s3://BUCKET/PREFIX")
        location = f"{settings.lake.rstrip('/')}/{table_folder(table.name)}"
        return glue(table, location) if dialect == "glue" else ";\n\n".join(athena(table, location)) + ";"
    spelled: Dialect = "duckdb" if dialect == "duckdb" else "redshift"
    return f"{create_schema(table)};\n{create_table(table, spelled)};"


def _asked(settings: DeliverySettings, sql: str) -> Answer:
    kind, _, place = settings.warehouse.partition(":")
    if kind == "redshift":
        return redshift_data(place, partial(make_clients, settings)).answer(sql)
    must_be_installed()
    from event_processor.stores.warehouse_query import ask_file, ask_files, fetch  # noqa: PLC0415 - an extra

    if kind == "duckdb":
        return ask_file(Path(place), sql)
    parts = LakeParts(settings)
    streams, tables = parts.streams, set(parts.tables().values())
    if settings.lake.startswith("dir:"):
        return ask_files(Path(settings.lake.removeprefix("dir:")), tables, streams, sql)
    with TemporaryDirectory() as folder:
        fetch(parts.files, Path(folder), tables, streams, sql)
        return ask_files(Path(folder), tables, streams, sql)
