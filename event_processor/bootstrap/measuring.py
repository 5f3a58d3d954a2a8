"""The metrics of delivery: none unless the streams file has the stream that they go to."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from event_processor.aws.kinesis import KinesisSink
from event_processor.clock import SystemClock
from event_processor.consuming.reader import Reader
from event_processor.contracts.streams import Stream
from event_processor.lake.ledger import Ledger
from event_processor.lake.load_metrics import Loads, SqlMetric
from event_processor.lake.log import RangeLog
from event_processor.lake.measuring import Followed, Measuring
from event_processor.lake.ports import Files
from event_processor.lake.tallies import Counting, Tallying
from event_processor.metrics.outlet import Outlet
from event_processor.settings.lake import DeliverySettings

if TYPE_CHECKING:
    from event_processor.bootstrap.lake import LakeRuntime


def is_measured(settings: DeliverySettings, runtime: "LakeRuntime", stream: str) -> bool:
    """Whether there are metrics of a stream: not of their own."""
    return settings.metrics_stream in runtime.streams and stream != settings.metrics_stream


def tallying_of(
    settings: DeliverySettings, runtime: "LakeRuntime", stream: Stream, counting: Counting
) -> Iterator[Tallying]:
    """Who counts its ranges, if somebody does."""
    if is_measured(settings, runtime, stream.name):
        yield Tallying(stream, counting, settings.metric_bucket_seconds, runtime.telemetry.of(stream.name))


def make_measuring(
    settings: DeliverySettings,
    runtime: "LakeRuntime",
    files: Files,
    logs: Mapping[str, RangeLog],
    readers: Mapping[str, Reader],
) -> tuple[Measuring | None, Loads | None]:
    """Who makes the metrics of what arrives, and of what is loaded. `readers` are there when they run."""
    names = [name for name in runtime.streams if is_measured(settings, runtime, name)]
    if not names:
        return None, None

    def followed(name: str, book: str) -> Followed:
        stream, ledger = runtime.streams[name], Ledger(files, book, name, settings.metric_bucket_seconds)
        many = stream.table is not None and not stream.table.is_fixed
        return Followed(ledger, logs[name], lambda: readers[name].done_until(), stream.dimension, many)  # noqa: PLW0108

    sink = KinesisSink(runtime.clients.stream(1), settings.metrics_stream, runtime.observer)
    loads = {name: followed(name, f"{name}.loads") for name in names if runtime.streams[name].table is not None}
    questions = {name: [SqlMetric(*each) for each in runtime.streams[name].metrics] for name in loads}
    measuring = Measuring(
        {name: followed(name, name) for name in names},
        [each.ledger for each in loads.values()],
        Outlet(sink, SystemClock()),
        runtime.observer,
    )
    return measuring, Loads(loads, questions, runtime.observer)
