"""Settings to a monitor: its stream, its state, rejects and channels."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry

from event_processor.aws.clients import Clients
from event_processor.aws.concerns import Concern, reading_concerns
from event_processor.aws.kinesis_reader import KinesisReader
from event_processor.aws.provisioning import Provisioner
from event_processor.bootstrap.monitor_parts import JOB, WINDOWS
from event_processor.bootstrap.notices import make_channels
from event_processor.bootstrap.rejects import lake_of, provision_lake, provision_rejects, reject_concerns, reject_store
from event_processor.bootstrap.runtime import COMMAND_SECONDS, AwsParts
from event_processor.bootstrap.watched import watched
from event_processor.clock import SystemClock
from event_processor.consuming.limits import LARGEST_READ_BYTES, ReadingLimits
from event_processor.consuming.reader import Reader
from event_processor.errors import CallFailed
from event_processor.monitoring.evaluator import Evaluator
from event_processor.monitoring.given import Giving
from event_processor.monitoring.monitor import Monitor, Terms
from event_processor.monitoring.saving import Stores
from event_processor.monitoring.silence import Tide
from event_processor.monitoring.state import PROCESS, StateStore, newest
from event_processor.monitoring.told import Teller
from event_processor.notices.notice import Message
from event_processor.notices.notifier import Notifier
from event_processor.notices.pacing import Pace
from event_processor.settings.monitor import MonitorSettings
from event_processor.status.monitor_health import CHARTED, monitor_health
from event_processor.stores.checkpoint_objects import ObjectCheckpoints
from event_processor.stores.objects import Objects
from event_processor.telemetry.metrics import Metrics
from event_processor.telemetry.monitor_telemetry import CATALOGUE, MonitorTelemetry
from event_processor.telemetry.threads import Threads
from event_processor.telling import FanOut

_READING_POOL: Final = 17  # as many threads as a reader has at most, and one that lists shards
_STATE_POOL: Final = 4  # the monitor, its checkpoints, what people give it, and the status page
_IN_HAND_BYTES: Final = 2 * LARGEST_READ_BYTES
_MOST_BATCHES: Final = 1000  # of a shard that wait to be stored: bytes are the bound
_TRIAL: Final = "trial"


class MonitorRuntime(AwsParts[MonitorTelemetry]):
    """What a process that monitors has, before its stream is known to be there."""

    def __init__(
        self, settings: MonitorSettings, credentials_seconds: float = COMMAND_SECONDS, threads: Threads | None = None
    ) -> None:
        """See AwsParts."""
        threads = threads or Threads(SystemClock())
        telemetry = MonitorTelemetry(Metrics(CollectorRegistry(), CATALOGUE), SystemClock())
        super().__init__(settings, telemetry, credentials_seconds)
        self.channels = make_channels(settings.notices, lambda: self.clients)
        telemetry.notices.expect([channel.name for channel in self.channels])
        self.objects = lake_of(settings.monitor_state, lambda: self.clients, self.observer, _STATE_POOL)
        self.watched = watched(telemetry, monitor_health(telemetry, threads), CHARTED, threads)


@dataclass(frozen=True, slots=True)
class Work:
    """The monitor at work, and who works for it."""

    monitor: Monitor
    reader: Reader
    notifier: Notifier
    giving: Giving


def make_work(
    settings: MonitorSettings, runtime: MonitorRuntime, start: Callable[[str, Callable[[], None]], None]
) -> Work:
    """With all that an earlier process knew. Raises CallFailed if that cannot be read, or a queue is missing."""
    clock, stream = SystemClock(), settings.metrics_stream
    state, rejects = StateStore(runtime.objects, PROCESS), reject_store(settings, runtime, JOB, pool=1)
    ours, others = newest(state.load(), state.others())
    heard = _Heard()
    observer = FanOut(runtime.observer, heard)
    tide = Tide(clock)
    notifier = Notifier(runtime.channels, clock, observer, start, WINDOWS, Pace(budget=settings.notices_a_day))
    teller = heard.teller = Teller(notifier, settings.status_url)
    reader = Reader(
        source=KinesisReader(runtime.clients.reading(_READING_POOL), stream, runtime.observer),
        checkpoints=ObjectCheckpoints(runtime.objects, stream),
        limits=ReadingLimits(settings.reads_per_second, _IN_HAND_BYTES, _MOST_BATCHES),
        clock=clock,
        observer=FanOut(runtime.observer, tide),
    )
    giving = Giving(runtime.objects, runtime.observer)
    giving.look()
    monitor = Monitor(
        reader=reader,
        evaluator=Evaluator(stream, settings.monitor_series, teller, clock, runtime.observer),
        stores=Stores(state, rejects),
        given=lambda: giving.current,
        tide=tide,
        terms=Terms(stream, _IN_HAND_BYTES // 2),
        clock=clock,
        observer=runtime.observer,
    )
    monitor.load(ours, others)
    return Work(monitor, reader, notifier, giving)


def monitor_concerns(settings: MonitorSettings, runtime: MonitorRuntime) -> Iterator[Concern]:
    """What will hurt, or make the work impossible. Raises CallFailed if the stream cannot be asked."""
    yield from reading_concerns(runtime.resources_once.stream(settings.metrics_stream))
    try:
        _try(runtime.objects)
    except CallFailed as failure:
        yield Concern(f"MONITOR_STATE {settings.monitor_state} cannot be used: {failure}", fatal=True)
    giving = Giving(runtime.objects, runtime.observer)
    giving.look()
    troubles = runtime.telemetry.steps.troubles
    yield from (
        Concern(f"{step} cannot be read: {troubles[step].text}")
        for step in ("labels", "hushes", "model")
        if step in troubles
    )
    yield from reject_concerns(settings, runtime)
    if not runtime.channels:
        yield Concern("NOTICES is not set: nobody is told of findings; the status page shows them")
    elif settings.status_url is None:
        yield Concern("STATUS_URL is not set: notices have no link to where a finding can be labelled")
    if settings.rejects == "log":
        yield Concern("REJECTS is log: records that are not metrics are counted and logged, and not kept")


def provision_monitor(settings: MonitorSettings, clients: Clients, shards: int) -> Iterator[str]:
    """Make what is missing; a line for each. Raises CallFailed."""
    provisioner = Provisioner(clients.sqs(pool=1), clients.kinesis(pool=1))
    yield provisioner.stream(settings.metrics_stream, shards)
    yield provision_lake(settings.monitor_state, clients, provisioner)
    yield from provision_rejects(settings, clients, provisioner)


class _Heard:
    """What channels tell of messages goes to whoever told the notices, who is made after them."""

    teller: Teller

    def notified(self, channel: str, message: Message) -> None:
        self.teller.notified(channel, message)


def _try(objects: Objects) -> None:
    """All that the monitor does there: there is no other way to see whether it may."""
    objects.put(f"{_TRIAL}/1", b"")
    objects.put_new(f"{_TRIAL}/1", b"")
    objects.get(next(iter(objects.names(f"{_TRIAL}/"))))
    objects.delete(f"{_TRIAL}/1")
