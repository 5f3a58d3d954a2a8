"""Settings to a running system: the only place where adapters meet the core."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from socket import gethostname
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from event_processor import __version__
from event_processor.aws.calls import ATTEMPTS
from event_processor.aws.clients import ANSWER_SECONDS, Clients, Connection
from event_processor.aws.kinesis import KinesisSink
from event_processor.aws.provisioning import Provisioner
from event_processor.aws.resources import Concern, Inspector, QueueFacts, StreamFacts
from event_processor.aws.sqs import Polling, SqsSource
from event_processor.clock import SystemClock
from event_processor.errors import CallFailed, SettingsError
from event_processor.publishing.publisher import Publisher
from event_processor.rejects.archive import Archive
from event_processor.settings import Settings, sources
from event_processor.status.connections import Respond
from event_processor.status.health import Health
from event_processor.status.history import History
from event_processor.status.page import Status, render
from event_processor.status.server import app
from event_processor.stores.latest_rejects import envelopes_among, latest_in_file, latest_on_queue
from event_processor.stores.reject_file import FileRejects, trial
from event_processor.stores.reject_file_archive import FileArchive
from event_processor.stores.reject_log import LogRejects
from event_processor.stores.reject_queue import SqsRejects
from event_processor.stores.reject_queue_archive import SqsArchive
from event_processor.submissions.extensions import PARALLEL_CALLS, answer_seconds
from event_processor.submissions.ports import Observer, RejectStore
from event_processor.submissions.processor import Limits, Processor
from event_processor.submissions.replay import Sender
from event_processor.submissions.verdicts import RecordRules
from event_processor.telemetry.metrics import Metrics
from event_processor.telemetry.telemetry import Telemetry
from event_processor.telemetry.threads import Threads

if TYPE_CHECKING:
    from event_processor.telemetry.tracing import Tracing

_OTHER_QUEUE_CALLS = PARALLEL_CALLS + 2  # beside deletes: extensions, and releases after failures
_ARCHIVE_POOL = 4
_COMMAND_SECONDS = 60.0  # a person waits for it, perhaps with a second factor in hand
_WAVES_IN_FLIGHT = 2  # measured: more bring nothing (benchmarks/age/README.md)


@dataclass(frozen=True, slots=True)
class Base:
    """What exists before queue and stream are known to be there."""

    clients: Clients
    metrics: Metrics
    telemetry: Telemetry
    tracing: "Tracing | None"
    observer: Observer
    health: Health
    history: History
    threads: Threads
    inspector: Inspector
    watcher: Inspector

    def close(self) -> None:
        """Let out what is not out yet. The last thing that a process does."""
        if self.tracing is not None:
            self.tracing.close()


def base(settings: Settings, credentials_seconds: float = _COMMAND_SECONDS, threads: Threads | None = None) -> Base:
    """Everything that needs no queue and no stream; a call waits so long for credentials. Raises SettingsError."""
    threads = threads or Threads(SystemClock())
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    metrics = Metrics(registry)
    telemetry = Telemetry(metrics, SystemClock())
    telemetry.limits(settings.max_in_flight, settings.max_in_flight_bytes, settings.unfinished_limit)
    tracing = _tracing(settings, telemetry) if settings.tracing else None
    clients = _clients(settings, telemetry, credentials_seconds)
    sqs, kinesis = clients.sqs(pool=1), clients.kinesis(pool=1)
    return Base(
        clients=clients,
        metrics=metrics,
        telemetry=telemetry,
        tracing=tracing,
        observer=tracing or telemetry,
        health=Health(telemetry, settings.unfinished_limit, threads),
        history=History(metrics, SystemClock()),
        threads=threads,
        inspector=Inspector(sqs, kinesis, telemetry, attempts=1),  # asked again and again at start-up
        watcher=Inspector(sqs, kinesis, telemetry, attempts=ATTEMPTS),
    )


def web(settings: Settings, base: Base) -> Respond:
    """What the metrics port answers."""

    def status_page() -> str:
        return render(
            Status(
                version=__version__,
                replica=gethostname(),
                live=base.health.live(),
                ready=base.health.ready(),
                metrics=base.metrics,
                samples=base.history.samples(),
                max_submissions=settings.max_in_flight,
                max_bytes=settings.max_in_flight_bytes,
                rejects=base.telemetry.latest_rejects,
                settings=list(sources(settings)),
            )
        )

    return app(base.metrics.registry, base.health, status_page)


def provisioner(settings: Settings) -> Provisioner:
    """Makes queues and stream, for laptops and tests."""
    clients = _clients(settings, None, _COMMAND_SECONDS)
    return Provisioner(clients.sqs(pool=1), clients.kinesis(pool=1))


def processor(settings: Settings, base: Base, queue: QueueFacts, stream: StreamFacts) -> Processor:
    """The processor of this queue and this stream. Raises CallFailed if the reject queue is missing."""
    clock = SystemClock()
    reject_share, reject_run = settings.reject_limits
    source = SqsSource(
        waiting=base.clients.queue(settings.receivers, settings.wait_time),
        client=base.clients.queue(
            settings.receivers + _OTHER_QUEUE_CALLS,
            answer_seconds=min(ANSWER_SECONDS, answer_seconds(settings.visibility_timeout)),
        ),
        queue_url=queue.url,
        polling=Polling(settings.batch_size, settings.wait_time, settings.visibility_timeout, settings.tracing),
        clock=clock,
        observer=base.observer,
    )
    return Processor(
        source=source,
        sink=KinesisSink(base.clients.stream(_WAVES_IN_FLIGHT + 1), stream.name, base.observer),
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
            reject_share=reject_share,
            reject_run=reject_run,
            deleters=settings.receivers,
            keepers=settings.receivers,
        ),
        clock=clock,
        observer=base.observer,
        record_limit=lambda: base.watcher.stream(stream.name).record_limit_bytes,
    )


def _tracing(settings: Settings, telemetry: Telemetry) -> "Tracing":
    try:
        from event_processor.telemetry.tracing import Tracing, exporting  # noqa: PLC0415 - an extra: only when on
    except ImportError as error:
        raise SettingsError(
            f"OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_TRACES_EXPORTER: asks for traces, which need what is not installed"
            f" ({error.name}); install event-processor[otel], or set OTEL_TRACES_EXPORTER=none"
        ) from error
    return Tracing(telemetry, exporting(), settings.queue_name, settings.stream_name)


def reject_archive(settings: Settings, base: Base, *, alone: bool = False) -> Archive:
    """The rejects of the store, to be read back; `alone` for a replay, beside which there must be no other.

    Raises SettingsError, or CallFailed if the queue is missing.
    """
    if settings.rejects == "log":
        raise SettingsError("REJECTS: was 'log', which keeps no originals; allowed here: file, sqs (or use --store)")
    if settings.rejects == "file":
        return FileArchive(settings.rejects_file, alone=alone)
    queue = base.inspector.queue(settings.rejects_queue)
    look = partial(base.watcher.queue, settings.rejects_queue)
    client = base.clients.queue(_ARCHIVE_POOL)
    return SqsArchive(client, queue.url, base.telemetry, queue.max_receive_count, look, alone=alone)


def reject_concerns(settings: Settings, base: Base) -> Iterator[Concern]:
    """What will hurt about the reject store, and what its latest rejects tell. Raises CallFailed without its queue."""
    if settings.rejects == "file":
        yield from _file_concerns(settings.rejects_file)
    elif settings.rejects == "sqs":
        queue = base.inspector.queue(settings.rejects_queue)
        if queue.max_receive_count is None:  # else a look too many takes rejects away
            yield from _queue_concerns(queue, base)


def _file_concerns(path: Path) -> Iterator[Concern]:
    try:
        found = [*trial(path), *envelopes_among(latest_in_file(path))]
    except CallFailed as failure:
        yield Concern(f"REJECTS_FILE cannot be used: {failure}", fatal=True)
        return
    yield from map(Concern, found)


def _queue_concerns(queue: QueueFacts, base: Base) -> Iterator[Concern]:
    try:
        found = list(envelopes_among(latest_on_queue(base.clients.queue(1), queue.url, base.telemetry)))
    except CallFailed as failure:
        if not failure.code.startswith("AccessDenied"):  # the processor need not be allowed to read its rejects
            yield Concern(f"the latest rejects of queue {queue.name} cannot be looked at: {failure}")
        return
    yield from map(Concern, found)


def reject_sender(base: Base, stream: StreamFacts) -> Sender:
    """What puts rejects on this stream after all."""
    sink = KinesisSink(base.clients.stream(1), stream.name, base.telemetry)
    return Sender(sink, Publisher(random.random), SystemClock())


def _clients(settings: Settings, observer: Observer | None, credentials_seconds: float) -> Clients:
    connection = Connection(None, settings.aws_region, settings.localstack_host, settings.endpoints)
    return Clients(connection, settings.aws_transport, observer, credentials_seconds)


def reject_queue(settings: Settings, base: Base) -> QueueFacts | None:
    """The queue of rejects, if that is where they go. Raises CallFailed if it is missing."""
    return base.inspector.queue(settings.rejects_queue) if settings.rejects == "sqs" else None


def _reject_store(settings: Settings, base: Base) -> RejectStore:
    if settings.rejects == "log":
        return LogRejects()
    if settings.rejects == "file":
        return FileRejects(settings.rejects_file)
    name = settings.rejects_queue
    return SqsRejects(
        client=base.clients.queue(settings.receivers),
        queue_url=base.inspector.queue(name).url,
        observer=base.observer,
        limit_bytes=lambda: base.watcher.queue(name).largest_body_bytes,
    )
