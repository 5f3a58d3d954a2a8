"""Settings to a gateway: its streams, contracts, rejects, and the socket that it listens on."""

import random
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from time import time_ns
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from prometheus_client import CollectorRegistry

from event_processor.aws.clients import Clients
from event_processor.aws.concerns import Concern, stream_concerns
from event_processor.aws.kinesis import KinesisSink
from event_processor.aws.provisioning import Provisioner
from event_processor.aws.resources import StreamProperties
from event_processor.bootstrap.contracts import provision_contracts, watcher_concerns
from event_processor.bootstrap.gateway_files import file_concerns, make_doorkeeper, make_tls, reloaded
from event_processor.bootstrap.rejects import provision_rejects, reject_concerns, reject_store
from event_processor.bootstrap.runtime import COMMAND_SECONDS, AwsParts
from event_processor.bootstrap.watched import watched
from event_processor.clock import SystemClock
from event_processor.errors import SettingsError
from event_processor.gateway.gateway import Gateway, Limits, Names
from event_processor.gateway.line import Line
from event_processor.publishing.publisher import Publisher
from event_processor.settings.gateway import GatewaySettings
from event_processor.settings.streams_file import read_streams
from event_processor.status import server
from event_processor.status.gateway_health import CHARTED, gateway_health
from event_processor.telemetry.gateway_telemetry import CATALOGUE, GatewayTelemetry
from event_processor.telemetry.metrics import Metrics
from event_processor.telemetry.threads import Threads

if TYPE_CHECKING:
    from event_processor.gateway.serving import Serving

JOB: Final = "gateway"
_CONTRACTS_SECONDS: Final = 5.0  # by then a new contract counts everywhere


class GatewayRuntime(AwsParts[GatewayTelemetry]):
    """What a process that takes records has, before the streams are known to be there."""

    def __init__(
        self, settings: GatewaySettings, credentials_seconds: float = COMMAND_SECONDS, threads: Threads | None = None
    ) -> None:
        """See AwsParts."""
        must_be_installed()
        _must_fit(settings)
        threads = threads or Threads(SystemClock())
        self.streams = read_streams(settings.streams_file)
        self.doorkeeper, self.tls = make_doorkeeper(settings, self.streams), make_tls(settings)
        telemetry = GatewayTelemetry(Metrics(CollectorRegistry(), CATALOGUE), SystemClock(), self.streams)
        super().__init__(settings, telemetry, credentials_seconds)
        self.files = reloaded(settings, self.streams, self.doorkeeper, self.tls, self.observer)
        self.contracts = self.watcher(settings)
        health = gateway_health(telemetry, settings.gateway_deadline, threads)
        self.watched = watched(telemetry, health, CHARTED, threads)


@dataclass(frozen=True, slots=True)
class Work:
    """The gateway, and what serves it."""

    gateway: Gateway
    serving: "Serving"
    port: int


def make_work(settings: GatewaySettings, runtime: GatewayRuntime, properties: Mapping[str, StreamProperties]) -> Work:
    """Raises CallFailed if the queue of rejects is missing, SettingsError if the address cannot be had."""
    from event_processor.gateway.around import around  # noqa: PLC0415
    from event_processor.gateway.carrying import WAVES_IN_FLIGHT, Carrying  # noqa: PLC0415 - an extra: only here
    from event_processor.gateway.http import Door  # noqa: PLC0415
    from event_processor.gateway.serving import Serving  # noqa: PLC0415

    lines = {
        name: Line(
            stream, Publisher(random.random), properties[name].record_limit_bytes, settings.gateway_linger_ms / 1000
        )
        for name, stream in runtime.streams.items()
    }
    gateway = Gateway(lines, runtime.contracts, limits_of(settings), new_names(), runtime.observer)
    sinks = {name: KinesisSink(runtime.clients.stream(WAVES_IN_FLIGHT + 1), name, runtime.observer) for name in lines}
    rejects = reject_store(settings, runtime, JOB, pool=1)
    listener = listen(settings.gateway_host, settings.gateway_port)
    carrying = Carrying(gateway, sinks, rejects, runtime.observer)
    seconds = settings.shutdown_grace, settings.gateway_drain
    door = Door(carrying, runtime.doorkeeper, runtime.observer).app()
    app = around(door, settings.gateway_origins, settings.gateway_proxies)
    context = None if runtime.tls is None else runtime.tls.context
    serving = Serving(carrying, app, listener, *seconds, context, runtime.observer)
    return Work(gateway, serving, int(listener.getsockname()[1]))


def limits_of(settings: GatewaySettings) -> Limits:
    """What these settings let be in hand."""
    return Limits(
        max_records=settings.max_in_flight,
        max_bytes=settings.max_in_flight_bytes,
        deadline_seconds=settings.gateway_deadline,
        contracts_seconds=max(_CONTRACTS_SECONDS, 2 * settings.contracts_refresh),
    )


def new_names() -> Names:
    """Of a process that starts now."""
    numbers = count(time_ns())
    return Names(f"door-{uuid4().hex[:8]}", lambda: next(numbers), lambda: str(uuid4()))


def gateway_concerns(settings: GatewaySettings, runtime: GatewayRuntime) -> Iterator[Concern]:
    """What will hurt, or make the work impossible. Raises CallFailed if a stream cannot be asked."""
    for name in runtime.streams:
        yield from stream_concerns(runtime.resources_once.stream(name))
    yield from watcher_concerns(settings, runtime.contracts, runtime.telemetry.steps)
    yield from file_concerns(settings)
    yield from reject_concerns(settings, runtime)
    if settings.rejects == "log" and any(stream.rejects == "store" for stream in runtime.streams.values()):
        yield Concern("REJECTS is log: rejects are counted and logged, and their originals are not kept")


def provision_gateway(settings: GatewaySettings, clients: Clients, shards: int) -> Iterator[str]:
    """Make what is missing; a line for each. Raises CallFailed."""
    provisioner = Provisioner(clients.sqs(pool=1), clients.kinesis(pool=1))
    for name in read_streams(settings.streams_file):
        yield provisioner.stream(name, shards)
    yield from provision_contracts(settings, lambda: clients, read_streams(settings.streams_file).values())
    yield from provision_rejects(settings, clients, provisioner)


def must_be_installed() -> None:
    """Raises SettingsError."""
    try:
        import starlette  # noqa: F401, PLC0415 - an extra
        import uvicorn  # noqa: F401, PLC0415
    except ImportError as error:
        raise SettingsError(
            f"event-processor gateway needs a package that is not installed ({error.name});"
            " pip install 'event-processor[gateway]', in a clone '.[gateway]'"
        ) from error


def _must_fit(settings: GatewaySettings) -> None:
    drain, grace = settings.gateway_drain, settings.shutdown_grace
    if drain >= grace:
        raise SettingsError(f"GATEWAY_DRAIN: was {drain:g}; it must be below SHUTDOWN_GRACE, {grace:g}")


def listen(host: str, port: int) -> socket.socket:
    """Raises SettingsError if the address cannot be had."""
    listener = server.listen("GATEWAY_PORT", host, port)
    # What it accepts inherits that (tcp(7)). Head and body of an answer are two writes: without it, the second may wait
    # 40 ms until the client acknowledges the first.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
