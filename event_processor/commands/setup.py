"""The commands around a first start: event-processor check | config | provision, each for one job."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import click
from pydantic_settings import BaseSettings

from event_processor.aws.concerns import Concern
from event_processor.aws.provisioning import Provisioner
from event_processor.aws.resources import QueueProperties, StreamProperties
from event_processor.bootstrap.contracts import contract_concerns
from event_processor.bootstrap.rejects import reject_concerns, reject_queue
from event_processor.bootstrap.runtime import AwsParts, Runtime, make_clients
from event_processor.bootstrap.submissions import all_concerns
from event_processor.commands.terminal import ANY_ENVIRONMENT, complains, quiet_settings, say, show_table
from event_processor.contracts.contract_set import Contracts
from event_processor.settings.gateway import GatewaySettings
from event_processor.settings.inspection import InspectionSettings
from event_processor.settings.lake import DeliverySettings
from event_processor.settings.loading import sources
from event_processor.settings.monitor import MonitorSettings
from event_processor.settings.submissions import SubmissionsSettings
from event_processor.submissions.extensions import safe_call_seconds
from event_processor.text import masked

_SETTINGS: dict[str, type[BaseSettings]] = {
    "run": SubmissionsSettings,
    "gateway": GatewaySettings,
    "inspect": InspectionSettings,
    "deliver": DeliverySettings,
    "monitor": MonitorSettings,
}
_job = click.option("--job", default="run", show_default=True, type=click.Choice(list(_SETTINGS)), help="The job.")


@click.command(epilog=ANY_ENVIRONMENT, short_help="Connect to all that a job needs, and warn of problems.")
@_job
@complains
def check(job: str) -> int:
    """Connect to all that a job needs, print what it is, and warn of likely problems.

    `run`: queue, stream and reject store. `gateway`: streams, contracts and reject store.
    `inspect`: stream, contracts, checkpoints and reject store. `deliver`: streams, contracts and lake.
    `monitor`: the stream of metrics, state and reject store.

    Exit codes: 0 fit to run; 1 not fit to run; 2 a setting is wrong.
    """
    concerns = {
        "run": _run_concerns,
        "gateway": _gateway_concerns,
        "inspect": _inspect_concerns,
        "deliver": _deliver_concerns,
        "monitor": _monitor_concerns,
    }
    found = concerns[job]()
    for concern in found:
        say(f"{'FATAL' if concern.fatal else 'WARNING'}: {concern.text}")
    fit = not any(concern.fatal for concern in found)
    say("fit to run" if fit else "not fit to run")
    return 0 if fit else 1


def _run_concerns() -> Sequence[Concern]:
    settings = quiet_settings(SubmissionsSettings)
    runtime = Runtime(settings)
    queue = runtime.resources_once.queue(settings.queue_name)
    stream = runtime.resources_once.stream(settings.stream_name)
    rejects = reject_queue(settings, runtime)
    _print_facts("queue", queue)
    _print_facts("stream", stream)
    say(
        f"up to {settings.max_in_flight:,} submissions are held for as long as it takes, if extending their visibility"
        f" takes under {safe_call_seconds(settings.max_in_flight, settings.visibility_timeout):.2g} s a call"
    )
    return [
        *all_concerns(settings, queue, stream, rejects),
        *reject_concerns(settings, runtime),
        *contract_concerns(settings.contract_settings, lambda: runtime.clients),
    ]


def _inspect_concerns() -> Sequence[Concern]:
    from event_processor.bootstrap.inspection import InspectionRuntime, inspection_concerns  # noqa: PLC0415 - YAML

    settings = quiet_settings(InspectionSettings)
    runtime = InspectionRuntime(settings)
    return _shown(runtime, [runtime.stream.name], runtime.contracts, inspection_concerns(settings, runtime))


def _gateway_concerns() -> Sequence[Concern]:
    from event_processor.bootstrap.gateway import GatewayRuntime, gateway_concerns  # noqa: PLC0415 - YAML

    settings = quiet_settings(GatewaySettings)
    runtime = GatewayRuntime(settings)
    return _shown(runtime, runtime.streams, runtime.contracts, gateway_concerns(settings, runtime))


def _deliver_concerns() -> Sequence[Concern]:
    from event_processor.bootstrap.lake import LakeRuntime, lake_concerns  # noqa: PLC0415 - YAML and DuckDB

    settings = quiet_settings(DeliverySettings)
    runtime = LakeRuntime(settings)
    return _shown(runtime, runtime.streams, runtime.contracts, lake_concerns(settings, runtime))


def _monitor_concerns() -> Sequence[Concern]:
    from event_processor.bootstrap.monitor import MonitorRuntime, monitor_concerns  # noqa: PLC0415 - as the others

    settings = quiet_settings(MonitorSettings)
    runtime = MonitorRuntime(settings)
    _print_facts("stream", runtime.resources_once.stream(settings.metrics_stream))
    return list(monitor_concerns(settings, runtime))


def _shown(
    parts: AwsParts[Any], streams: Iterable[str], contracts: Contracts, concerns: Iterator[Concern]
) -> Sequence[Concern]:
    """The concerns, after what they are about: the streams and the contracts are printed."""
    for name in streams:
        _print_facts("stream", parts.resources_once.stream(name))
    found, current = list(concerns), contracts.current
    rows = [(contract.subject, str(contract.version)) for contract in current.contracts.values()]
    show_table((f"contracts, epoch {current.epoch}", "version"), sorted(rows))
    return found


def _print_facts(what: str, facts: QueueProperties | StreamProperties) -> None:
    rows = [(name.replace("_", " "), masked(str(getattr(facts, name)))) for name in facts.__slots__]
    show_table((what, facts.name), rows)


@click.command(short_help="Print the settings of a job, and where each comes from.")
@_job
@complains
def config(job: str) -> int:
    """Print the effective settings of a job, secrets masked, and where each comes from."""
    rows, settings = [], quiet_settings(_SETTINGS[job])
    for name, value, origin in sources(settings):
        field = type(settings).model_fields.get(name.lower())
        rows.append((name, value or "-", origin, (field.description if field else None) or "read by boto3"))
    show_table(("variable", "value", "from", "meaning"), rows)
    return 0


@click.command(epilog=ANY_ENVIRONMENT)
@_job
@click.option(
    "--shards", default=2, show_default=True, type=click.IntRange(1, 500), help="Shards of a newly created stream."
)
@complains
def provision(job: str, shards: int) -> int:
    """Create what a job needs and is missing. For laptops and tests.

    `run`: queue, dead-letter queue, reject queue and stream. `gateway`: the streams, and what the settings name for
    contracts and rejects. `inspect`: the stream, and what the settings name for contracts, checkpoints and rejects.
    `deliver`: the streams, and what the settings name for contracts and the lake. `monitor`: the stream of metrics, and
    what the settings name for state and rejects.
    """
    provisioned = {
        "run": _provisioned_for_run,
        "gateway": _provisioned_for_gateway,
        "inspect": _provisioned_for_inspect,
        "deliver": _provisioned_for_deliver,
        "monitor": _provisioned_for_monitor,
    }
    for line in provisioned[job](shards):
        say(line)
    return 0


def _provisioned_for_run(shards: int) -> Iterator[str]:
    settings = quiet_settings(SubmissionsSettings)
    clients = make_clients(settings)
    provisioner = Provisioner(clients.sqs(pool=1), clients.kinesis(pool=1))
    yield from provisioner.provision(settings.queue_name, settings.rejects_queue, settings.stream_name, shards)


def _provisioned_for_gateway(shards: int) -> Iterator[str]:
    from event_processor.bootstrap.gateway import provision_gateway  # noqa: PLC0415 - YAML

    settings = quiet_settings(GatewaySettings)
    yield from provision_gateway(settings, make_clients(settings), shards)


def _provisioned_for_inspect(shards: int) -> Iterator[str]:
    from event_processor.bootstrap.inspection import provision_inspection  # noqa: PLC0415 - YAML

    settings = quiet_settings(InspectionSettings)
    yield from provision_inspection(settings, make_clients(settings), shards)


def _provisioned_for_deliver(shards: int) -> Iterator[str]:
    from event_processor.bootstrap.lake import provision_delivery  # noqa: PLC0415 - YAML

    settings = quiet_settings(DeliverySettings)
    yield from provision_delivery(settings, make_clients(settings), shards)


def _provisioned_for_monitor(shards: int) -> Iterator[str]:
    from event_processor.bootstrap.monitor import provision_monitor  # noqa: PLC0415 - as the others

    settings = quiet_settings(MonitorSettings)
    yield from provision_monitor(settings, make_clients(settings), shards)
