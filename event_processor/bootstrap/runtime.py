"""What every process starts with, whatever its job: clients, telemetry, health, threads."""

from dataclasses import dataclass, fields
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry

from event_processor.aws.calls import ATTEMPTS
from event_processor.aws.clients import Clients, Location
from event_processor.aws.resources import ResourceReader
from event_processor.bootstrap.contracts import contract_registry, contract_watcher, keep_watching
from event_processor.bootstrap.watched import Watched, watched
from event_processor.clock import SystemClock
from event_processor.contracts.watcher import Watcher
from event_processor.errors import SettingsError
from event_processor.settings.aws_lambda import LambdaSettings
from event_processor.settings.shared import AwsSettings
from event_processor.settings.submissions import SubmissionsSettings
from event_processor.status.submissions_health import CHARTED, submissions_health
from event_processor.submissions.contract_types import ContractTypes
from event_processor.submissions.event_models import EventModels
from event_processor.submissions.ports import EventTypes
from event_processor.telemetry.metrics import Metrics
from event_processor.telemetry.run_telemetry import CATALOGUE, RunTelemetry
from event_processor.telemetry.threads import Threads
from event_processor.telling import CallObserver, FanOut, StepObserver

if TYPE_CHECKING:
    from event_processor.telemetry.tracing import Tracing

_COMMAND_SECONDS: Final = 60.0  # a person waits for it, perhaps with a second factor in hand


@dataclass(frozen=True, slots=True)
class Base:
    """What a process has that may work, before queue and stream are known to be there."""

    clients: Clients
    contracts: Watcher | None
    event_types: EventTypes
    metrics: Metrics
    telemetry: RunTelemetry
    tracing: "Tracing | None"
    observer: FanOut
    resources: ResourceReader
    resources_once: ResourceReader  # one attempt a call, for those who ask again and again themselves

    def close(self) -> None:
        """Let out what is not out yet. The last thing that a process does."""
        if self.tracing is not None:
            self.tracing.close()


@dataclass(frozen=True, slots=True)
class Runtime(Base):
    """The same of a process that runs until it is stopped, and that others watch."""

    watched: Watched


def make_runtime(
    settings: SubmissionsSettings, credentials_seconds: float = _COMMAND_SECONDS, threads: Threads | None = None
) -> Runtime:
    """Make it; a call to AWS waits `credentials_seconds` for credentials. Raises SettingsError."""
    is_worker = threads is not None
    threads = threads or Threads(SystemClock())
    base = make_base(settings, credentials_seconds, is_polled=is_worker)
    if is_worker and base.contracts is not None:
        watch = partial(keep_watching, base.contracts, settings.contracts_refresh, Event(), threads)
        threads.start("contracts", watch)
    base.telemetry.submissions.limits(settings.max_in_flight, settings.max_in_flight_bytes, settings.unfinished_limit)
    health = submissions_health(base.telemetry, settings.unfinished_limit, threads)
    return Runtime(
        **{field.name: getattr(base, field.name) for field in fields(base)},
        watched=watched(base.metrics, base.telemetry.steps, base.telemetry.progress, health, CHARTED, threads),
    )


def make_base(
    settings: SubmissionsSettings | LambdaSettings, credentials_seconds: float, is_polled: bool = False
) -> Base:
    """See `make_runtime`. `is_polled`: a thread reads contracts, so that nobody else has to."""
    metrics = Metrics(CollectorRegistry(), CATALOGUE)
    telemetry = RunTelemetry(metrics, SystemClock(), EventModels().names)
    tracing = _tracing(settings, telemetry) if settings.tracing else None
    clients = make_clients(settings, telemetry.observer, credentials_seconds)
    resources, resources_once = resource_readers(clients, telemetry.calls)
    contracts = _watcher(settings, clients, telemetry)
    return Base(
        clients=clients,
        contracts=contracts,
        event_types=_event_types(contracts, is_polled),
        metrics=metrics,
        telemetry=telemetry,
        tracing=tracing,
        observer=FanOut(telemetry.observer, tracing) if tracing else telemetry.observer,
        resources=resources,
        resources_once=resources_once,
    )


def _watcher(
    settings: SubmissionsSettings | LambdaSettings, clients: Clients, telemetry: RunTelemetry
) -> Watcher | None:
    named = settings.contract_settings
    if named is None:
        return None
    return contract_watcher(named, contract_registry(named, lambda: clients, telemetry.calls), telemetry.observer)


def _event_types(contracts: Watcher | None, is_polled: bool) -> EventTypes:
    built_in = EventModels()
    if contracts is None:
        return built_in
    return ContractTypes(built_in, lambda: contracts.current, (lambda: None) if is_polled else contracts.refresh)


def make_clients(
    settings: AwsSettings, observer: StepObserver | None = None, credentials_seconds: float = _COMMAND_SECONDS
) -> Clients:
    """Clients for the AWS that the settings name. Raises SettingsError."""
    connection = Location(None, settings.aws_region, settings.localstack_host, settings.endpoints)
    return Clients(connection, settings.aws_transport, observer, credentials_seconds)


def resource_readers(clients: Clients, observer: CallObserver) -> tuple[ResourceReader, ResourceReader]:
    """One that tries again, and one that does not, for those who ask again and again themselves."""
    sqs, kinesis = clients.sqs(pool=1), clients.kinesis(pool=1)
    return ResourceReader(sqs, kinesis, observer, attempts=ATTEMPTS), ResourceReader(sqs, kinesis, observer, attempts=1)


def _tracing(settings: SubmissionsSettings | LambdaSettings, telemetry: RunTelemetry) -> "Tracing":
    try:
        from event_processor.telemetry.tracing import Tracing, exporting  # noqa: PLC0415 - an extra: only when on

        provider = exporting()
    except ImportError as error:
        raise SettingsError(
            f"OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_TRACES_EXPORTER: asks for traces, which need what is not installed"
            f" ({error.name}); install event-processor[otel], or set OTEL_TRACES_EXPORTER=none"
        ) from error
    except Exception as error:  # whatever OpenTelemetry finds wrong in its own variables, some of it as it is imported
        raise SettingsError(f"OTEL_ variables: {' '.join(str(error).split())}") from error
    return Tracing(provider, settings.queue_name, settings.stream_name, telemetry.untold)
