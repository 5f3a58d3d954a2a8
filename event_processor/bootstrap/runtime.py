"""What every process starts with, whatever its job: clients, telemetry, health, threads."""

from threading import Event
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from prometheus_client import CollectorRegistry

from event_processor.aws.calls import ATTEMPTS
from event_processor.aws.clients import Clients, Location
from event_processor.aws.resources import ResourceReader
from event_processor.bootstrap.contracts import contract_registry, contract_watcher, keep_watching
from event_processor.bootstrap.watched import watched
from event_processor.clock import SystemClock
from event_processor.contracts.watcher import Watcher
from event_processor.errors import SettingsError
from event_processor.settings.aws_lambda import LambdaSettings
from event_processor.settings.shared import AwsSettings, ContractSettings
from event_processor.settings.submissions import SubmissionsSettings
from event_processor.status.submissions_health import CHARTED, submissions_health
from event_processor.submissions.contract_types import ContractTypes
from event_processor.submissions.event_models import EventModels
from event_processor.submissions.ports import EventTypes
from event_processor.telemetry.job_telemetry import JobTelemetry
from event_processor.telemetry.metrics import Metrics
from event_processor.telemetry.run_telemetry import CATALOGUE, RunTelemetry
from event_processor.telemetry.threads import Threads
from event_processor.telling import FanOut, StepObserver

if TYPE_CHECKING:
    from event_processor.telemetry.tracing import Tracing

COMMAND_SECONDS: Final = 60.0  # a person waits for it, perhaps with a second factor in hand

T = TypeVar("T", bound=JobTelemetry)


class AwsParts(Generic[T]):
    """What a process has whatever its job, before what it works on is known to be there."""

    def __init__(self, settings: AwsSettings, telemetry: T, credentials_seconds: float, *others: object) -> None:
        """A call to AWS waits so long for credentials; `others` hear of the work, too. Raises SettingsError."""
        self.telemetry, self.metrics = telemetry, telemetry.metrics
        self.observer = FanOut(telemetry.observer, *others) if others else telemetry.observer
        self.clients = make_clients(settings, telemetry.observer, credentials_seconds)
        sqs, kinesis = self.clients.sqs(pool=1), self.clients.kinesis(pool=1)
        self.resources = ResourceReader(sqs, kinesis, telemetry.calls, attempts=ATTEMPTS)
        # for those who ask again and again themselves:
        self.resources_once = ResourceReader(sqs, kinesis, telemetry.calls, attempts=1)

    def watcher(self, settings: ContractSettings) -> Watcher:
        """Of the contracts that the settings name."""
        registry = contract_registry(settings, lambda: self.clients, self.telemetry.calls)
        return contract_watcher(settings, registry, self.observer)


class Base(AwsParts[RunTelemetry]):
    """What the worker and the Lambda function have that take submissions."""

    def __init__(
        self, settings: SubmissionsSettings | LambdaSettings, credentials_seconds: float, *, is_polled: bool = False
    ) -> None:
        """See AwsParts. `is_polled`: a thread reads contracts, so that nobody else has to."""
        telemetry = RunTelemetry(Metrics(CollectorRegistry(), CATALOGUE), SystemClock(), EventModels().names)
        self.tracing = _tracing(settings, telemetry) if settings.tracing else None
        super().__init__(settings, telemetry, credentials_seconds, *([self.tracing] if self.tracing else []))
        named = settings.contract_settings
        self.contracts = None if named is None else self.watcher(named)
        self.event_types = _event_types(self.contracts, is_polled)

    def close(self) -> None:
        """Let out what is not out yet. The last thing that a process does."""
        if self.tracing is not None:
            self.tracing.close()


class Runtime(Base):
    """The same of a process that runs until it is stopped, and that others watch."""

    def __init__(
        self,
        settings: SubmissionsSettings,
        credentials_seconds: float = COMMAND_SECONDS,
        threads: Threads | None = None,
    ) -> None:
        """See Base."""
        super().__init__(settings, credentials_seconds, is_polled=threads is not None)
        if threads is not None and self.contracts is not None:
            keep_watching(self.contracts, settings.contracts_refresh, Event(), threads)
        threads = threads or Threads(SystemClock())
        telemetry = self.telemetry
        telemetry.submissions.limits(settings.max_in_flight, settings.max_in_flight_bytes, settings.unfinished_limit)
        health = submissions_health(telemetry, settings.unfinished_limit, threads)
        self.watched = watched(telemetry, health, CHARTED, threads)


def _event_types(contracts: Watcher | None, is_polled: bool) -> EventTypes:
    built_in = EventModels()
    if contracts is None:
        return built_in
    return ContractTypes(built_in, lambda: contracts.current, (lambda: None) if is_polled else contracts.refresh)


def make_clients(
    settings: AwsSettings, observer: StepObserver | None = None, credentials_seconds: float = COMMAND_SECONDS
) -> Clients:
    """Clients for the AWS that the settings name. Raises SettingsError."""
    connection = Location(None, settings.aws_region, settings.localstack_host, settings.endpoints)
    return Clients(connection, settings.aws_transport, observer, credentials_seconds)


def _tracing(settings: SubmissionsSettings | LambdaSettings, telemetry: RunTelemetry) -> "Tracing":
    try:
        from event_processor.telemetry.tracing import Tracing, exporting  # noqa: PLC0415 - an extra: only when on

        provider = exporting()
    except ImportError as error:
        raise SettingsError(
            f"OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_TRACES_EXPORTER: asks for traces, which need a package "
            f"that is not installed ({error.name}); install event-processor[otel], or set OTEL_TRACES_EXPORTER=none"
        ) from error
    except Exception as error:  # whatever OpenTelemetry finds wrong in its own variables, some of it as it is imported
        raise SettingsError(f"OTEL_ variables: {' '.join(str(error).split())}") from error
    return Tracing(provider, settings.queue_name, settings.stream_name, telemetry.untold)
