"""The command that writes streams into the lake and the warehouse: event-processor deliver."""

from datetime import UTC, datetime

import click

from event_processor.bootstrap.arenas import share_one_arena
from event_processor.commands.terminal import DELIVER_ENVIRONMENT, complains
from event_processor.consuming.reader import Since
from event_processor.entrypoints import worker
from event_processor.settings.lake import DeliverySettings


class _Beginning(click.ParamType[Since]):
    """Where a stream is read from that the lake has nothing of yet."""

    name = "BEGINNING"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> Since:
        """`trim_horizon`, `latest`, or a time, UTC if it does not say."""
        if value == "trim_horizon":
            return "oldest"
        if value == "latest":
            return "latest"
        try:
            time = datetime.fromisoformat(value)
        except ValueError:
            self.fail(
                f"was {value!r}; allowed: trim_horizon, latest, or a time such as 2026-01-02T03:04:05Z", param, ctx
            )
        return time if time.tzinfo else time.replace(tzinfo=UTC)


@click.command(epilog=DELIVER_ENVIRONMENT, short_help="Write all streams into the lake and the warehouse.")
@click.option(
    "--from",
    "since",
    type=_Beginning(),
    default="trim_horizon",
    show_default=True,
    help="Where to begin with a stream that is not in the lake yet: trim_horizon, latest, or a time.",
)
@complains
def deliver(since: Since) -> int:
    """Write the records of all streams of STREAMS_FILE into the lake and the warehouse, until SIGTERM or SIGINT.

    Waits for streams and contracts if they are not there yet. On a signal all that was read is stored and
    loaded within SHUTDOWN_GRACE seconds; the next start does the rest. A second signal ends at once.

    Exit codes: 0 all that was read is in lake and warehouse; 1 not all, another delivery has taken over, or a stream
    was recreated; 2 a setting is wrong.
    """
    from event_processor.bootstrap.lake_job import LakeJob  # noqa: PLC0415 - YAML, the validator and DuckDB

    share_one_arena()
    return worker.start(DeliverySettings, lambda settings, threads: LakeJob(settings, since, threads))
