"""The command that takes records over HTTP: event-processor gateway."""

from functools import partial

import click

from event_processor.commands.terminal import GATEWAY_ENVIRONMENT, complains
from event_processor.entrypoints import worker
from event_processor.settings.gateway import GatewaySettings
from event_processor.settings.loading import load
from event_processor.telemetry import logs


@click.command(epilog=GATEWAY_ENVIRONMENT, short_help="Take records over HTTP, and put them onto their streams.")
@complains
def gateway() -> int:
    """Take records over HTTP until SIGTERM or SIGINT, each answered 200 only when its stream has it.

    Waits for the streams and the contracts if they are not there yet. On a signal it takes no more connections, and
    answers the requests in hand within SHUTDOWN_GRACE seconds. A second signal ends at once.

    Exit codes: 0 all requests were answered; 1 not all, or a stream cannot keep order; 2 a setting is wrong.
    """
    from event_processor.bootstrap.gateway_job import GatewayJob  # noqa: PLC0415 - YAML and the validator

    settings = load(GatewaySettings)
    sink = logs.detach()
    logs.configure(settings.log_level, settings.log_format)
    return worker.run(partial(GatewayJob, settings), sink)
