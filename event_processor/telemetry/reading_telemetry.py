"""Log lines and metrics of reading a stream: how much, how far behind, what was refused, missed or read by two."""

import threading
from datetime import datetime
from typing import Final

import structlog

from event_processor.clock import Clock
from event_processor.consuming.records import Position
from event_processor.telemetry.metrics import CounterSpec, GaugeSpec, Metrics
from event_processor.telemetry.progress_line import ProgressLine

READ: Final = CounterSpec("records_read_total", "Records read from the stream, including repeats after a restart")
READ_BYTES: Final = CounterSpec("bytes_read_total", "Bytes of the records read")
READS: Final = CounterSpec("reads_total", "Reads answered, including empty ones")
THROTTLED: Final = CounterSpec("reads_throttled_total", "Reads refused because the shard was at its read limit")
LAG: Final = GaugeSpec("lag_milliseconds", "Lag of the shard that is furthest behind the tip of its stream")
RETENTION: Final = GaugeSpec("stream_retention_seconds", "How long the stream keeps a record")
SHARDS: Final = GaugeSpec("shards", "Shards being read, and shards waiting for their parents to end", ("state",))
GAPS: Final = CounterSpec("gaps_total", "Times that records were perhaps missed because the stream no longer kept them")
CHECKPOINTS: Final = CounterSpec("checkpoints_written_total", "Checkpoints written")
SHARED: Final = CounterSpec("checkpoints_shared_total", "Checkpoints that another reader had moved: two are at work")

_STALE_SECONDS: Final = 5.0  # a shard is read twice a second: one that was not for so long gets further behind


class ReadingTelemetry:
    """The part of ReadingObserver that is not a step. The lag of each shard is in `lags`."""

    def __init__(self, metrics: Metrics, clock: Clock, progress: ProgressLine) -> None:
        self._log = structlog.get_logger("event_processor")
        self._metrics, self._clock, self._progress = metrics, clock, progress
        self._lock = threading.Lock()
        self._lags: dict[str, tuple[float, float]] = {}  # milliseconds, and when they were told
        metrics.gauge(LAG).set_function(lambda: max(self.lags().values(), default=0.0))
        for state in ("reading", "waiting"):
            metrics.gauge(SHARDS).labels(state)

    def lags(self) -> dict[str, float]:
        """Milliseconds behind the tip, by shard, the furthest behind first."""
        now = self._clock.monotonic()
        with self._lock:
            lags = dict(self._lags)
        found = {shard: behind + _more_milliseconds(now - at) for shard, (behind, at) in lags.items()}
        return dict(sorted(found.items(), key=lambda item: -item[1]))

    def shards_seen(self, reading: int, waiting: int, retention_seconds: float) -> None:
        self._metrics.gauge(SHARDS).labels("reading").set(reading)
        self._metrics.gauge(SHARDS).labels("waiting").set(waiting)
        self._metrics.gauge(RETENTION).set(retention_seconds)

    def read(self, shard_id: str, records: int, size_bytes: int, call_seconds: float) -> None:  # noqa: ARG002 - told as a call, too
        self._metrics.counter(READS).inc()
        self._metrics.counter(READ).inc(records)
        self._metrics.counter(READ_BYTES).inc(size_bytes)
        if records:
            self._progress.add("read", records)

    def lag(self, shard_id: str, behind_milliseconds: int) -> None:
        with self._lock:
            self._lags[shard_id] = behind_milliseconds, self._clock.monotonic()

    def throttled(self, shard_id: str) -> None:
        self._metrics.counter(THROTTLED).inc()
        self._log.debug("read throttled, will be done again", shard=shard_id)

    def gap(self, shard_id: str, since: datetime | None, until: datetime) -> None:
        self._metrics.counter(GAPS).inc()
        text = "gap: records were perhaps missed, since the stream no longer keeps them"
        self._log.error(text, shard=shard_id, since=since and since.isoformat(), until=until.isoformat())

    def checkpointed(self, shard_id: str, position: Position) -> None:
        self._metrics.counter(CHECKPOINTS).inc()
        self._log.debug("checkpoint written", shard=shard_id, sequence=position.sequence)

    def shared(self, shard_id: str) -> None:
        self._metrics.counter(SHARED).inc()
        self._log.error("two readers move the same checkpoint: stop one of them", shard=shard_id)

    def ended(self, shard_id: str) -> None:
        with self._lock:
            self._lags.pop(shard_id, None)
        self._log.info("shard was read to its end", shard=shard_id)


def _more_milliseconds(seconds: float) -> float:
    return seconds * 1000 if seconds > _STALE_SECONDS else 0.0
