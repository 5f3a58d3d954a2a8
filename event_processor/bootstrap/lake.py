"""Settings to a delivery: its streams, contracts, lake and warehouse."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from prometheus_client import CollectorRegistry

from event_processor.aws.clients import Clients
from event_processor.aws.concerns import Concern, reading_concerns
from event_processor.aws.kinesis_reader import KinesisReader
from event_processor.aws.provisioning import Provisioner
from event_processor.bootstrap.contracts import provision_contracts, watcher_concerns
from event_processor.bootstrap.measuring import make_measuring, tallying_of
from event_processor.bootstrap.rejects import lake, provision_lake
from event_processor.bootstrap.runtime import COMMAND_SECONDS, AwsParts
from event_processor.bootstrap.warehouse import make_warehouse, must_be_installed, warehouse_concerns
from event_processor.bootstrap.watched import watched
from event_processor.clock import SystemClock
from event_processor.consuming.limits import ReadingLimits
from event_processor.consuming.reader import Reader, Since
from event_processor.contracts.judge import Judge
from event_processor.errors import CallFailed
from event_processor.lake.delivery import Delivery, Terms
from event_processor.lake.gathering import Gathering
from event_processor.lake.loader import Loader
from event_processor.lake.log import RangeLog
from event_processor.lake.measuring import Measuring
from event_processor.lake.storing import Storing
from event_processor.lake.sweeping import sweep_when_open
from event_processor.lake.tallies import Counts
from event_processor.lake.typed import StreamTyping
from event_processor.settings.lake import DeliverySettings
from event_processor.settings.streams_file import read_streams
from event_processor.status.lake_health import CHARTED, lake_health
from event_processor.stores.objects import Objects
from event_processor.telemetry.lake_telemetry import CATALOGUE, LakeTelemetry
from event_processor.telemetry.metrics import Metrics
from event_processor.telemetry.threads import Threads

if TYPE_CHECKING:
    from event_processor.lake.columns import Table

_READING_POOL: Final = 17  # as many threads as a reader has at most, and one that lists shards
_STORING_THREADS: Final = 8
_MOST_BATCHES: Final = 1000  # of a shard in open ranges: bytes are the bound
_READ_RECORDS: Final = 1000  # twice a second; with twice as many four streams take 30 MB more (measured)
_ROOM_BYTES: Final = 2 * 1024 * 1024  # twice such a read of records of a KB: of larger ones there is one at a time
TRIAL: Final = "swept/trial"


class LakeRuntime(AwsParts[LakeTelemetry]):
    """What a process that delivers has, before its streams are known to be there."""

    def __init__(
        self, settings: DeliverySettings, credentials_seconds: float = COMMAND_SECONDS, threads: Threads | None = None
    ) -> None:
        """See AwsParts."""
        must_be_installed()
        threads = threads or Threads(SystemClock())
        self.streams = read_streams(settings.streams_file)
        telemetry = LakeTelemetry(Metrics(CollectorRegistry(), CATALOGUE), SystemClock(), self.streams)
        super().__init__(settings, telemetry, credentials_seconds)
        self.contracts = self.watcher(settings)
        self.watched = watched(telemetry, lake_health(telemetry, self.streams, threads), CHARTED, threads)


@dataclass(frozen=True, slots=True)
class Work:
    """The deliveries at work, by stream, who reads for each, and who loads for all, if there is a warehouse."""

    deliveries: dict[str, Delivery]
    readers: dict[str, Reader]
    sweeps: dict[str, Callable[[], None]]
    loader: Loader | None
    measuring: Measuring | None


class _OneAtATime:
    """See lake.typed.Writer and lake.tallies.Counting; for any thread."""

    def __init__(self) -> None:
        from event_processor.stores.parquet_duckdb import ParquetWriter  # noqa: PLC0415 - an extra: only here

        self._writer, self._lock = ParquetWriter(), Lock()

    def write(self, table: "Table", rows: Sequence[tuple[Any, ...]]) -> bytes:
        with self._lock:
            return self._writer.write(table, rows)

    def counts(
        self, content: bytes, columns: Sequence[str], dimension: str | None, seconds: int
    ) -> Mapping[int, Counts]:
        with self._lock:
            return self._writer.counts(content, columns, dimension, seconds)


def make_work(settings: DeliverySettings, runtime: LakeRuntime, since: Since) -> Work:
    """A reader and a delivery for each stream; they share the threads that store, and the bytes that may wait."""
    files, crew = lake(settings.lake, lambda: runtime, _STORING_THREADS + len(runtime.streams)), _crew()
    writer, clock = _OneAtATime(), SystemClock()
    logs = {name: RangeLog(files, name, clock) for name in runtime.streams}
    warehouse = make_warehouse(settings, files, runtime.streams.values(), lambda: runtime.clients)
    readers: dict[str, Reader] = {}
    measuring, loads = make_measuring(settings, runtime, files, logs, readers)
    loader = None if warehouse is None else Loader(warehouse, logs, runtime.contracts, clock, runtime.observer, loads)
    work = Work({}, readers, {}, loader, measuring)
    for name, stream in runtime.streams.items():
        observer, log = runtime.telemetry.of(name), logs[name]
        typing = StreamTyping(stream, writer, observer) if stream.table else None
        share = settings.lake_flush_bytes // len(runtime.streams)
        work.readers[name] = Reader(
            source=KinesisReader(runtime.clients.reading(_READING_POOL), name, observer),
            checkpoints=log,
            limits=ReadingLimits(
                settings.reads_per_second, share + _ROOM_BYTES, _MOST_BATCHES, _ROOM_BYTES, _READ_RECORDS
            ),
            clock=clock,
            observer=observer,
            since=since,
        )
        work.deliveries[name] = Delivery(
            reader=work.readers[name],
            gathering=Gathering(name, Judge(stream), typing, observer),
            contracts=runtime.contracts,
            storing=Storing(files, log, typing, crew, clock, *tallying_of(settings, runtime, stream, writer)),
            logged=loader.logged if loader else lambda: None,
            terms=Terms(name, settings.lake_flush_seconds, share, settings.shutdown_grace),
            clock=clock,
            observer=observer,
        )
        work.sweeps[name] = partial(sweep_when_open, files, log, name, clock, observer)
    return work


def lake_concerns(settings: DeliverySettings, runtime: LakeRuntime) -> Iterator[Concern]:
    """What will hurt, or make the work impossible. Raises CallFailed if a stream cannot be asked."""
    for name in runtime.streams:
        yield from reading_concerns(runtime.resources_once.stream(name))
    yield from watcher_concerns(settings, runtime.contracts, runtime.telemetry.steps)
    try:
        _try(lake(settings.lake, lambda: runtime, pool=1))
    except CallFailed as failure:
        yield Concern(f"LAKE {settings.lake} cannot be used: {failure}", fatal=True)
    files = lake(settings.lake, lambda: runtime, pool=1)
    if (warehouse := make_warehouse(settings, files, runtime.streams.values(), lambda: runtime.clients)) is not None:
        yield from warehouse_concerns(settings, warehouse, runtime.contracts.current)


def provision_delivery(settings: DeliverySettings, clients: Clients, shards: int) -> Iterator[str]:
    """Make what is missing; a line for each. Raises CallFailed."""
    provisioner = Provisioner(clients.sqs(pool=1), clients.kinesis(pool=1))
    for name in read_streams(settings.streams_file):
        yield provisioner.stream(name, shards)
    yield from provision_contracts(settings, lambda: clients, read_streams(settings.streams_file).values())
    yield provision_lake(settings.lake, clients, provisioner)


def _try(files: Objects) -> None:
    """All that delivery does there: there is no other way to see whether it may."""
    files.put(f"{TRIAL}/1", b"")
    files.put_new(f"{TRIAL}/1", b"")
    files.move(f"{TRIAL}/1", f"{TRIAL}/2")
    files.get(next(iter(files.names(f"{TRIAL}/"))))


def _crew() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_STORING_THREADS, thread_name_prefix="storing")
