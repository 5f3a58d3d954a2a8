"""The command `event-processor lake ls` (docs/lake.md)."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import click

from event_processor.bootstrap.verifying import LakeParts
from event_processor.commands.lake_verify import progress_of
from event_processor.commands.terminal import DELIVER_ENVIRONMENT, complains, quiet_settings, say, show_table
from event_processor.errors import SettingsError
from event_processor.lake.listing import ListedRange, ListedShard, ranges_of
from event_processor.lake.verifying import shards_of
from event_processor.settings.lake import DeliverySettings

_MOST_SHOWN = 200


@click.command("ls", epilog=DELIVER_ENVIRONMENT, short_help="List shards, or the ranges of a stream.")
@click.argument("stream", required=False)
@click.option("--shard", help="Only this one.")
@click.option("--since", type=click.DateTime(), help="Only ranges with records that arrived since then (UTC).")
@click.option(
    "--state", type=click.Choice(["stored", "loaded", "compacted", "history"]), help="Only ranges in this state."
)
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output: a list.")
@complains
def list_lake(stream: str | None, shard: str | None, since: datetime | None, state: str | None, as_json: bool) -> int:
    """List what is in the lake: a line for each shard; of a STREAM, one for each range, the newest first.

    A range is `stored`, and `loaded` when its rows are in the warehouse; `compacted` when larger files have replaced
    its own; `history` when its files were removed. The 200 newest ranges are shown; --json has all.

    Exit codes: 0 listed; 2 a setting is wrong.
    """
    parts = LakeParts(quiet_settings(DeliverySettings))
    if stream is not None and stream not in parts.streams:
        raise SettingsError(f"STREAM: was {stream!r}; allowed: {', '.join(parts.streams)}")
    found: list[ListedRange] = []
    shards: dict[tuple[str, str], ListedShard] = {}
    with progress_of() as bar:
        for name in parts.streams if stream is None else [stream]:
            there = {each: newest for each, newest in shards_of(parts.files, name).items() if shard in (None, each)}
            step = bar(name, sum(there.values()))
            shards |= {(name, each): ListedShard(name, each) for each in sorted(there)}
            start = since.replace(tzinfo=UTC) if since else None
            for one in ranges_of(parts.files, name, there, parts.loaded(name), start, step):
                if state in (None, one.state):
                    shards[name, one.shard] = shards[name, one.shard].plus(one)
                    if stream is not None:
                        found.append(one)
    lines: Iterable[Mapping[str, Any]] = (each._asdict() for each in (shards.values() if stream is None else found))
    if as_json:
        click.echo(json.dumps(list(lines), default=datetime.isoformat))
        return 0
    headers = (ListedShard if stream is None else ListedRange)._fields
    shown = [[_cell(value) for value in line.values()] for line in lines]
    show_table([name.replace("_", " ") for name in headers], shown[:_MOST_SHOWN])
    if len(shown) > _MOST_SHOWN:
        say(f"… and {len(shown) - _MOST_SHOWN:,} more: --json has all of them")
    return 0


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None else f"{value:,}" if isinstance(value, int) else str(value)
