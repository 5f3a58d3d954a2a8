"""Settings to an inspector: its stream, contracts, checkpoints, rejects and channels."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry

from event_processor.aws.clients import Clients
from event_processor.aws.concerns import Concern, reading_concerns
from event_processor.aws.kinesis_reader import KinesisReader
from event_processor.aws.provisioning import Provisioner
from event_processor.aws.tables import provision_table
from event_processor.bootstrap.contracts import provision_contracts, watcher_concerns
from event_processor.bootstrap.inspection_parts import JOB, stream_to_inspect
from event_processor.bootstrap.notices import make_channels
from event_processor.bootstrap.rejects import provision_folder, provision_rejects, reject_concerns, reject_store
from event_processor.bootstrap.runtime import COMMAND_SECONDS, AwsParts
from event_processor.bootstrap.watched import watched
from event_processor.clock import SystemClock
from event_processor.consuming.limits import LARGEST_READ_BYTES, ReadingLimits
from event_processor.consuming.ports import Checkpoints
from event_processor.consuming.reader import Reader
from event_processor.contracts.judge import Judge
from event_processor.errors import CallFailed
from event_processor.inspection.inspector import Inspector, Terms
from event_processor.notices.notifier import Notifier
from event_processor.settings.inspection import InspectionSettings
from event_processor.settings.streams_file import read_streams
from event_processor.status.inspection_health import CHARTED, inspection_health
from event_processor.stores.checkpoint_directory import DirectoryCheckpoints
from event_processor.stores.checkpoint_table import READER, SHARD, TableCheckpoints
from event_processor.stores.reject_file import try_beside
from event_processor.telemetry.inspector_telemetry import CATALOGUE, InspectorTelemetry
from event_processor.telemetry.metrics import Metrics
from event_processor.telemetry.threads import Threads

_READING_POOL: Final = 33  # as many threads as a reader has at most, and one that lists shards
_IN_HAND_BYTES: Final = 2 * LARGEST_READ_BYTES  # with 1,000 contracts the process stays below 200 MB then


class InspectionRuntime(AwsParts[InspectorTelemetry]):
    """What a process that inspects has, before the stream is known to be there."""

    def __init__(
        self, settings: InspectionSettings, credentials_seconds: float = COMMAND_SECONDS, threads: Threads | None = None
    ) -> None:
        """See AwsParts."""
        threads = threads or Threads(SystemClock())
        self.stream = stream_to_inspect(settings)
        telemetry = InspectorTelemetry(Metrics(CollectorRegistry(), CATALOGUE), SystemClock(), self.stream.name)
        super().__init__(settings, telemetry, credentials_seconds)
        self.channels = make_channels(settings.notices, lambda: self.clients)
        telemetry.notices.expect([channel.name for channel in self.channels])
        self.contracts = self.watcher(settings)
        self.watched = watched(telemetry, inspection_health(telemetry, threads), CHARTED, threads)


@dataclass(frozen=True, slots=True)
class Inspection:
    """The inspector at work, and who works for it."""

    inspector: Inspector
    reader: Reader
    notifier: Notifier


def checkpoints(settings: InspectionSettings, runtime: InspectionRuntime) -> Checkpoints:
    """Where the settings say."""
    kind, _, place = settings.state.partition(":")
    if kind == "dir":
        return DirectoryCheckpoints(Path(place), JOB, runtime.stream.name)
    client = runtime.clients.dynamodb(pool=2)
    return TableCheckpoints(client, place, JOB, runtime.stream.name, runtime.observer)


def make_inspection(
    settings: InspectionSettings, runtime: InspectionRuntime, start: Callable[[str, Callable[[], None]], None]
) -> Inspection:
    """Raises CallFailed if the queue of rejects is missing."""
    clock = SystemClock()
    reader = Reader(
        source=KinesisReader(runtime.clients.reading(_READING_POOL), runtime.stream.name, runtime.observer),
        checkpoints=checkpoints(settings, runtime),
        limits=ReadingLimits(settings.reads_per_second, _IN_HAND_BYTES),
        clock=clock,
        observer=runtime.observer,
    )
    rejects = reject_store(settings, runtime, JOB, pool=1)
    notifier = Notifier(runtime.channels, clock, runtime.observer, start)
    inspector = Inspector(
        reader=reader,
        judge=Judge(runtime.stream),
        contracts=runtime.contracts,
        rejects=rejects,
        notices=notifier,
        terms=Terms(runtime.stream.name, settings.shutdown_grace, settings.status_url),
        clock=clock,
        observer=runtime.observer,
    )
    return Inspection(inspector, reader, notifier)


def inspection_concerns(settings: InspectionSettings, runtime: InspectionRuntime) -> Iterator[Concern]:
    """What will hurt, or make the work impossible. Raises CallFailed if the stream cannot be asked."""
    yield from reading_concerns(runtime.resources_once.stream(runtime.stream.name))
    yield from watcher_concerns(settings, runtime.contracts, runtime.telemetry.steps)
    yield from _state_concerns(settings, runtime)
    yield from reject_concerns(settings, runtime)
    if not runtime.channels:
        yield Concern("NOTICES is not set: nobody is told of rejects; they are stored and counted")
    if settings.rejects == "log":
        yield Concern("REJECTS is log: rejects are counted and logged, and their originals are not kept")


def _state_concerns(settings: InspectionSettings, runtime: InspectionRuntime) -> Iterator[Concern]:
    kind, _, place = settings.state.partition(":")
    try:
        if kind == "dir":
            folder = Path(place).absolute()
            try_beside(next(each for each in (folder, *folder.parents) if each.exists()) / "trial")
        else:
            checkpoints(settings, runtime).read()
    except CallFailed as failure:
        yield Concern(f"STATE {settings.state} cannot be used: {failure}", fatal=True)


def provision_inspection(settings: InspectionSettings, clients: Clients, shards: int) -> Iterator[str]:
    """Make what is missing; a line for each. Raises CallFailed."""
    provisioner = Provisioner(clients.sqs(pool=1), clients.kinesis(pool=1))
    yield provisioner.stream(stream_to_inspect(settings).name, shards)
    yield from provision_contracts(settings, lambda: clients, read_streams(settings.streams_file).values())
    kind, _, place = settings.state.partition(":")
    yield provision_folder(place) if kind == "dir" else provision_table(clients.dynamodb(1), place, READER, SHARD)
    yield from provision_rejects(settings, clients, provisioner)
