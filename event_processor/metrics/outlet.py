"""Metrics onto their stream, those of a series in order."""

import random
from collections.abc import Sequence
from typing import Final

from event_processor.clock import Clock
from event_processor.errors import CallFailed
from event_processor.publishing.lanes import Settlement, Wave
from event_processor.publishing.publisher import Publisher
from event_processor.publishing.send import send
from event_processor.publishing.stream import Record, Sink

STEP: Final = "metrics"
_SECONDS: Final = 10.0


class Outlet:
    """For one thread. `sent` counts the metrics that are on the stream."""

    def __init__(self, sink: Sink, clock: Clock, seconds: float = _SECONDS) -> None:
        """Nothing is put any more after so many seconds."""
        self._sink, self._clock, self._seconds = sink, clock, seconds
        self.sent = 0

    def send(self, metrics: Sequence[tuple[str, str]]) -> None:
        """All of them: key of the series, and record. Raises CallFailed if some may not be there after a while."""
        publisher, heard = Publisher(random.random), _Heard()
        for number, (key, text) in enumerate(metrics):
            publisher.admit(number, [Record(key, text.encode(), "metric", number)], group=key)
        left = send(publisher, self._sink.put, self._clock, heard, deadline=self._clock.monotonic() + self._seconds)
        self.sent += heard.acknowledged
        if left:
            raise CallFailed(STEP, heard.code, f"{len(left)} metrics are to be sent again: {heard.detail}")


class _Heard:
    """See publishing.send.Listener."""

    def __init__(self) -> None:
        self.acknowledged = 0
        self.code, self.detail = "Refused", "the stream takes no more"

    def carried(self, wave: Wave, outcome: Settlement, call_seconds: float) -> None: ...

    def settled(self, outcome: Settlement) -> None:
        self.acknowledged += len(outcome.acknowledged)

    def failed(self, error: CallFailed) -> None:
        self.code, self.detail = error.code, error.detail
