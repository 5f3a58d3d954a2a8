"""The command that takes records over HTTP, and the one that makes a key: event-processor gateway [key]."""

import secrets

import click

from event_processor.commands.terminal import GATEWAY_ENVIRONMENT, complains, say
from event_processor.entrypoints import worker
from event_processor.settings.gateway import GatewaySettings
from event_processor.settings.loading import load
from event_processor.telemetry import logs


@click.group(
    invoke_without_command=True,
    epilog=GATEWAY_ENVIRONMENT,
    short_help="Take records over HTTP, and put them onto their streams.",
)
@click.option(
    "--micro",
    is_flag=True,
    help="Without AWS and keys, on loopback: judge records, remember them, show them at /micro.",
)
@click.pass_context
def gateway(context: click.Context, micro: bool) -> None:
    """Take records over HTTP until SIGTERM or SIGINT, each answered 200 only when its stream has it.

    Waits for the streams and the contracts if they are not there yet. On a signal it takes no more connections, and
    answers the requests in hand within SHUTDOWN_GRACE seconds. A second signal ends at once.

    With --micro nothing is published: it needs a streams file and a folder of contracts, and tells tests and people
    what it has seen (docs/micro.md).

    Exit codes: 0 all requests were answered; 1 not all, or a stream cannot keep order; 2 a setting is wrong.
    """
    if context.invoked_subcommand is None:
        (_take_and_show if micro else _take_records)()


@gateway.command(short_help="Make a key, and print its secret once.")
@click.argument("name")
@click.argument("streams", metavar="[STREAM]...", nargs=-1)
@complains
def key(name: str, streams: tuple[str, ...]) -> int:
    """Make a key for some streams, or for all: its secret on standard error, which is kept nowhere, and on standard
    output the lines for the file that GATEWAY_KEYS names. Running gateways take them up within seconds:

    event-processor gateway key shop user-events >> keys.yaml
    """
    from event_processor.settings.keys_file import VARIABLE, written_key  # noqa: PLC0415 - YAML

    secret = f"key_{secrets.token_urlsafe(32)}"
    lines = written_key(name, secret, streams)
    say(f"the secret of {name}, which is not shown again: {secret}", err=True)
    say(f"the lines for the file of {VARIABLE}:", err=True)
    click.echo("\n".join(lines))  # at once, since a gateway may be reading the file
    return 0


@complains
def _take_records() -> int:
    from event_processor.bootstrap.gateway_job import GatewayJob  # noqa: PLC0415 - YAML and the validator

    return worker.start(GatewaySettings, GatewayJob)


@complains
def _take_and_show() -> int:
    from event_processor.entrypoints import micro  # noqa: PLC0415 - YAML and the validator

    settings = load(GatewaySettings)
    sink = logs.detach()
    logs.configure("WARNING", "console")
    return micro.run(settings, sink, say)
