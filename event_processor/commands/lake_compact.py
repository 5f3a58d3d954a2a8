"""The command `event-processor lake compact` (docs/lake.md)."""

import click

from event_processor.bootstrap.verifying import LakeParts
from event_processor.clock import SystemClock
from event_processor.commands.lake_verify import progress_of
from event_processor.commands.terminal import DELIVER_ENVIRONMENT, complains, quiet_settings, say, show_table
from event_processor.lake.compacting import Compacted, Compacting, total
from event_processor.lake.findings import Finding
from event_processor.lake.verifying import shards_of
from event_processor.settings.lake import DeliverySettings


@click.command(epilog=DELIVER_ENVIRONMENT, short_help="Merge many small files into a few large ones.")
@complains
def compact() -> int:
    """Make one file of the raw files of an hour, and one of the typed files of a table, shard by shard.

    The log says what has replaced what, and the small files stay for another day; the next `compact` removes them.
    Only what is loaded is compacted. `deliver`, `verify` and readers may be at work meanwhile, and other compactions.

    Exit codes: 0 done; 1 not all of it: ranges that are damaged are left as they are; 2 a setting is wrong.
    """
    parts = LakeParts(quiet_settings(DeliverySettings))
    damage: list[Finding] = []
    compacting = Compacting(parts.files, parts.merge(), SystemClock(), damage.append)
    rows = []
    with progress_of() as bar:
        for stream in parts.streams:
            loaded, shards, done = parts.loaded(stream), shards_of(parts.files, stream), Compacted()
            step = bar(stream, sum(shards.values()))
            for shard, newest in sorted(shards.items()):
                of_it = None if loaded is None else loaded.get(shard, 0)
                done = total(done, compacting.shard(stream, shard, newest, of_it, step))
            rows.append([stream, *(f"{value:,}" for value in done)])
    show_table(["stream", *(name.replace("_", " ") for name in Compacted._fields)], rows)
    for each in damage:
        say(f"{each.place}: {each.kind}: {each.detail}", err=True)
    return 1 if damage else 0
