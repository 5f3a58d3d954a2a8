"""The stages that are calls: receive, put and delete, by the adapters of a transport, on the real back end."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.stages.core import BATCH
from benchmarks.stages.stage import Stage
from event_processor.publishing.stream import Record, Sink
from event_processor.submissions.delivery import Delivery
from event_processor.submissions.ports import Source

_CALLS = 40  # a round


@dataclass(slots=True)
class Calls:
    """One transport's calls. What a round receives, the same round deletes."""

    source: Source
    sink: Sink
    heads: Sequence[Record]
    _received: list[Delivery] = field(default_factory=list)

    def stages(self, events_each: int) -> list[Stage]:
        """In the order in which they must run. `events_each`: of a submission."""
        events = _CALLS * BATCH * events_each
        return [
            Stage("receive", "call", _CALLS, events, self._receive),
            Stage("put", "call", _CALLS, _CALLS * len(self.heads), self._put),
            Stage("delete", "call", _CALLS, events, self._delete, self._check),
        ]

    def _receive(self) -> None:
        for _ in range(_CALLS):
            self._received.extend(self.source.receive())

    def _put(self) -> None:
        for _ in range(_CALLS):
            self.sink.put(self.heads)

    def _check(self) -> None:
        if len(self._received) != _CALLS * BATCH:
            raise ValueError(f"{len(self._received)} messages in {_CALLS} receives: the queue ran dry")

    def _delete(self) -> None:
        for start in range(0, len(self._received), BATCH):
            self.source.delete(self._received[start : start + BATCH])
        self._received.clear()
