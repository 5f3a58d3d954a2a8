"""Settings to a running system: the only place where adapters meet the core."""

import random
from dataclasses import dataclass
from socket import gethostname

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from event_processor import __version__
from event_processor.aws.calls import ATTEMPTS
from event_processor.aws.clients import Clients, Connection
from event_processor.aws.facts import Inspector, QueueFacts, StreamFacts
from event_processor.aws.kinesis import KinesisSink
from event_processor.aws.provisioning import Provisioner
from event_processor.aws.sqs import SqsSource
from event_processor.clock import SystemClock
from event_processor.observability.health import Health
from event_processor.observability.history import History
from event_processor.observability.metrics import Metrics
from event_processor.observability.server import WsgiApp, app
from event_processor.observability.status_page import Status, render
from event_processor.observability.telemetry import Telemetry
from event_processor.ports import RejectStore
from event_processor.processor import Limits, Processor
from event_processor.publisher import Publisher
from event_processor.rejects.file import FileRejects
from event_processor.rejects.log import LogRejects
from event_processor.rejects.sqs import SqsRejects
from event_processor.settings import Settings, sources
from event_processor.steps.record import RecordRules

_DELETERS = 4
_WAVES_IN_FLIGHT = 2  # measured: more bring nothing (docs/ordering.md)


@dataclass(frozen=True, slots=True)
class Base:
    """What exists before queue and stream are known to be there."""

    clients: Clients
    registry: CollectorRegistry
    telemetry: Telemetry
    health: Health
    history: History
    inspector: Inspector
    watcher: Inspector


def base(settings: Settings) -> Base:
    """Everything that needs no queue and no stream. Raises SettingsError."""
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    telemetry = Telemetry(Metrics(registry), SystemClock())
    telemetry.limits(settings.max_in_flight, settings.max_in_flight_bytes, settings.unfinished_limit)
    clients = _clients(settings)
    sqs, kinesis = clients.sqs(pool=1), clients.kinesis(pool=1)
    return Base(
        clients=clients,
        registry=registry,
        telemetry=telemetry,
        health=Health(telemetry, settings.unfinished_limit),
        history=History(registry, SystemClock()),
        inspector=Inspector(sqs, kinesis, telemetry, attempts=1),  # asked again and again at start-up
        watcher=Inspector(sqs, kinesis, telemetry, attempts=ATTEMPTS),
    )


def web(settings: Settings, base: Base) -> WsgiApp:
    """What the metrics port answers."""

    def status_page() -> str:
        return render(
            Status(
                version=__version__,
                replica=gethostname(),
                live=base.health.live(),
                ready=base.health.ready(),
                samples=base.history.samples(),
                max_submissions=settings.max_in_flight,
                max_bytes=settings.max_in_flight_bytes,
                rejects=base.telemetry.latest_rejects,
                settings=list(sources(settings)),
            )
        )

    return app(base.registry, base.health, status_page)


def provisioner(settings: Settings) -> Provisioner:
    """Makes queues and stream, for laptops and tests."""
    clients = _clients(settings)
    return Provisioner(clients.sqs(pool=1), clients.kinesis(pool=1))


def processor(settings: Settings, base: Base, queue: QueueFacts, stream: StreamFacts) -> Processor:
    """The processor of this queue and this stream. Raises CallFailed if the reject queue is missing."""
    clock = SystemClock()
    source = SqsSource(
        waiting=base.clients.sqs(settings.receivers, settings.wait_time),
        client=base.clients.sqs(_DELETERS + 3),
        queue_url=queue.url,
        batch=settings.batch_size,
        wait_seconds=settings.wait_time,
        visibility_seconds=settings.visibility_timeout,
        clock=clock,
        observer=base.telemetry,
    )
    return Processor(
        source=source,
        sink=KinesisSink(base.clients.kinesis(_WAVES_IN_FLIGHT), stream.name, base.telemetry),
        rejects=_reject_store(settings, base),
        publisher=Publisher(random.random),
        rules=RecordRules(settings.partition_key, stream.record_limit_bytes),
        limits=Limits(
            max_submissions=settings.max_in_flight,
            max_bytes=settings.max_in_flight_bytes,
            receive_batch=settings.batch_size,
            largest_body_bytes=queue.largest_body_bytes,
            visibility_seconds=settings.visibility_timeout,
            grace_seconds=settings.shutdown_grace,
            receivers=settings.receivers,
            waves_in_flight=_WAVES_IN_FLIGHT,
            deleters=_DELETERS,
        ),
        clock=clock,
        observer=base.telemetry,
    )


def _clients(settings: Settings) -> Clients:
    return Clients(Connection(settings.aws_endpoint_url, settings.aws_region, settings.localstack_host))


def _reject_store(settings: Settings, base: Base) -> RejectStore:
    if settings.rejects == "log":
        return LogRejects()
    if settings.rejects == "file":
        return FileRejects(settings.rejects_file)
    url = base.inspector.queue(settings.rejects_queue).url
    return SqsRejects(base.clients.sqs(settings.receivers), url, base.telemetry)
