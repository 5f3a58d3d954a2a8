"""The command `event-processor lake rebuild` (docs/lake.md)."""

from datetime import UTC, datetime

import click

from event_processor.bootstrap.verifying import LakeParts
from event_processor.commands.lake_verify import progress_of
from event_processor.commands.terminal import DELIVER_ENVIRONMENT, complains, quiet_settings, say, show_table
from event_processor.errors import SettingsError
from event_processor.lake.rebuilding import Rebuilding, Rebuilt
from event_processor.lake.verifying import shards_of
from event_processor.settings.lake import DeliverySettings


@click.command(epilog=DELIVER_ENVIRONMENT, short_help="Make the rows of the warehouse anew of raw.")
@click.option("--since", type=click.DateTime(), help="Only ranges with records that arrived since then (UTC).")
@complains
def rebuild(since: datetime | None) -> int:
    """Judge the raw records again by the contracts that they were judged by, and load what passes.

    A warehouse that is empty is filled; in one that has these ranges their rows are taken out and loaded anew. Nothing
    of the lake changes. `deliver` may be at work meanwhile.

    Exit codes: 0 done; 1 not all of it; 2 a setting is wrong.
    """
    parts = LakeParts(quiet_settings(DeliverySettings))
    warehouse = parts.loading()
    if warehouse is None:
        raise SettingsError("WAREHOUSE: was 'none'; allowed here: duckdb:FILE or redshift:WORKGROUP/DATABASE")
    start = since.replace(tzinfo=UTC) if since else None
    rebuilding = Rebuilding(parts.files, warehouse, parts.contracts(), parts.typing)
    rebuilding.prepare(parts.streams)
    rows = []
    with progress_of() as bar:
        for stream in parts.streams.values():
            if stream.table:
                shards = shards_of(parts.files, stream.name)
                done = rebuilding.stream(stream, shards, start, bar(stream.name, sum(shards.values())))
                rows.append([stream.name, *(f"{value:,}" for value in done)])
    warehouse.load_rejects()
    warehouse.close()
    show_table(["stream", *Rebuilt._fields], rows)
    for table, (count, content) in parts.content(parts.tables()).items():
        say(f"{table}: {count:,} rows, content {content}")
    return 0
