"""The command `event-processor lake rebuild` (docs/lake.md)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import click

from event_processor.bootstrap.verifying import LakeParts
from event_processor.clock import SystemClock
from event_processor.commands.lake_verify import progress_of
from event_processor.commands.terminal import DELIVER_ENVIRONMENT, complains, quiet_settings, say, show_table
from event_processor.contracts.streams import Stream
from event_processor.errors import CallFailed
from event_processor.lake.amending import Amended, Amending
from event_processor.lake.ports import Warehouse
from event_processor.lake.rebuilding import Rebuilding, Rebuilt
from event_processor.lake.schema_change import MIGRATION
from event_processor.lake.verifying import shards_of
from event_processor.settings.lake import DeliverySettings

_MIGRATE = "event-processor lake migrate"
_Again = Callable[[Stream, Mapping[str, int], Callable[[], None]], Rebuilt | Amended]


@click.command(epilog=DELIVER_ENVIRONMENT, short_help="Make the rows of the warehouse again from raw.")
@click.option("--since", type=click.DateTime(), help="Only ranges with records that arrived since then (UTC).")
@click.option("--contracts", "live", type=click.Choice(["live"]), help="Move rejects that pass now into their tables.")
@complains
def rebuild(since: datetime | None, live: str | None) -> int:
    """Judge the raw records again by the contracts that they were judged by, and load what passes.

    An empty warehouse is filled; in one that has these ranges their rows are replaced. The lake does not change.
    `deliver` may be at work meanwhile.

    With --contracts live only the rejects of delivery are judged, by the contracts that are live now. Those that pass
    become rows of the lake and of the table, and are not rejects any more; what was a row before stays one.

    Exit codes: 0 done; 1 not all of it; 2 a setting is wrong.
    """
    parts = LakeParts(quiet_settings(DeliverySettings))
    warehouse = parts.must_load()
    start = since.replace(tzinfo=UTC) if since else None
    again = _moving(parts, warehouse, start) if live else _anew(parts, warehouse, start)
    rows: list[list[str]] = []
    headers: Sequence[str] = ()
    with progress_of() as bar:
        for stream in parts.streams.values():
            if stream.table:
                shards = shards_of(parts.files, stream.name)
                done = again(stream, shards, bar(stream.name, sum(shards.values())))
                headers = done._fields
                rows.append([stream.name, *(f"{value:,}" for value in done)])
    warehouse.load_rejects()
    warehouse.close()
    show_table(["stream", *(name.replace("_", " ") for name in headers)], rows)
    for table, (count, content) in parts.content(parts.tables()).items():
        say(f"{table}: {count:,} rows, content {content}")
    return 0


def _anew(parts: LakeParts, warehouse: Warehouse, since: datetime | None) -> _Again:
    rebuilding = Rebuilding(parts.files, warehouse, parts.contracts(), parts.typing)
    rebuilding.prepare(parts.streams)
    return lambda stream, shards, step: rebuilding.stream(stream, shards, since, step)


def _moving(parts: LakeParts, warehouse: Warehouse, since: datetime | None) -> _Again:
    contracts = parts.contracts()
    for change in warehouse.prepare(contracts):
        raise CallFailed("rebuild", MIGRATION, f"{change.table}.{change.column} {change.reason}: {_MIGRATE}")
    amending = Amending(parts.files, warehouse, contracts, parts.typing, SystemClock())
    return lambda stream, shards, step: amending.stream(stream, shards, since, step)
