"""The metrics catalogue of `event-processor deliver`, and all that makes its log lines and metrics."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from event_processor.clock import Clock
from event_processor.consuming.ports import ReadingObserver
from event_processor.consuming.records import Position
from event_processor.errors import CallFailed
from event_processor.lake.ports import LakeObserver
from event_processor.telemetry import (
    call_telemetry,
    contract_telemetry,
    delivery_telemetry,
    reading_telemetry,
    reject_telemetry,
    untold_telemetry,
)
from event_processor.telemetry.job_telemetry import JobTelemetry
from event_processor.telemetry.metrics import Metrics, declared_in
from event_processor.telling import FanOut

NAMESPACE: Final = "event_lake"
CATALOGUE: Final = declared_in(
    delivery_telemetry,
    contract_telemetry,
    reject_telemetry,
    reading_telemetry,
    call_telemetry,
    untold_telemetry,
    namespace=NAMESPACE,
    without={reading_telemetry.SHARED},  # of two deliveries the older one ends
)


class LakeTelemetry(JobTelemetry):
    """See JobTelemetry. Facts of one stream reach it by `of`."""

    def __init__(self, metrics: Metrics, clock: Clock, streams: Iterable[str]) -> None:
        super().__init__(metrics, clock, LakeObserver, ReadingObserver)
        self.reading = reading_telemetry.ReadingTelemetry(metrics, clock, self.progress)
        self.delivery = delivery_telemetry.DeliveryTelemetry(metrics, self.progress, streams)
        self.contracts = contract_telemetry.ContractTelemetry(metrics, clock)
        self._shards: dict[str, tuple[int, int, float]] = {}
        self.observer = self.heard_by(self.delivery, self.contracts)

    def of(self, stream: str) -> FanOut:
        """What is told of one stream: its steps and its shards have its name in front."""
        return FanOut(_OfStream(stream, self), self.delivery, self.rejects, self.calls, self.untold)

    def shards_seen(self, stream: str, reading: int, waiting: int, retention_seconds: float) -> None:
        """Of all streams: the numbers added up, and the shortest retention."""
        self._shards[stream] = reading, waiting, retention_seconds
        readings, waitings, retentions = zip(*self._shards.values(), strict=True)
        self.reading.shards_seen(sum(readings), sum(waitings), min(retentions))


class _OfStream:
    """See ReadingObserver; one stream of several."""

    def __init__(self, stream: str, telemetry: LakeTelemetry) -> None:
        self._stream, self._telemetry, self._reading = stream, telemetry, telemetry.reading
        self.read = telemetry.reading.read

    def _of(self, shard_id: str) -> str:
        return f"{self._stream}/{shard_id}"

    def shards_seen(self, reading: int, waiting: int, retention_seconds: float) -> None:
        self._telemetry.shards_seen(self._stream, reading, waiting, retention_seconds)

    def lag(self, shard_id: str, behind_milliseconds: int) -> None:
        self._reading.lag(self._of(shard_id), behind_milliseconds)

    def throttled(self, shard_id: str) -> None:
        self._reading.throttled(self._of(shard_id))

    def gap(self, shard_id: str, since: datetime | None, until: datetime) -> None:
        self._reading.gap(self._of(shard_id), since, until)

    def checkpointed(self, shard_id: str, position: Position) -> None:
        self._reading.checkpointed(self._of(shard_id), position)

    def ended(self, shard_id: str) -> None:
        self._reading.ended(self._of(shard_id))

    def failing(self, step: str, error: CallFailed) -> None:
        self._telemetry.steps.failing(step_of(step, self._stream), error)

    def working(self, step: str) -> None:
        self._telemetry.steps.working(step_of(step, self._stream))

    def crashed(self, step: str, error: BaseException) -> None:
        self._telemetry.steps.crashed(step_of(step, self._stream), error)


def step_of(step: str, stream: str) -> str:
    """The step of one stream."""
    return f"{step} {stream}"
