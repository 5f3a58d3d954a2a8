"""A gateway with everything around it in memory: a stream that may refuse, a registry, and a clock by hand."""

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from math import inf

from event_processor.contracts.streams import Stream, Template
from event_processor.gateway.envelopes import Offer
from event_processor.gateway.gateway import Gateway, Limits, Names, Refusal
from event_processor.gateway.line import Line
from event_processor.gateway.pending import Pending
from event_processor.publishing.lanes import Wave
from event_processor.publishing.publisher import Backoff, Publisher
from event_processor.publishing.stream import Answer, Record
from event_processor.testing import ManualClock, MemoryStream, RecordingObserver
from tests.inspecting import START, MemoryContracts, contract

LINGER_SECONDS = 0.005
DEADLINE_SECONDS = 10.0


class PatientMemoryStream(MemoryStream):
    """See PatientSink: memory is never tried again."""

    def put(self, records: Sequence[Record], until: float = inf) -> list[Answer]:  # noqa: ARG002
        """See Sink."""
        return super().put(records)


class Scene:
    """A gateway for one stream, of which the contract wants an integer `age`."""

    def __init__(self, rejects: str = "store", most_records: int = 1000, most_bytes: int = 100_000) -> None:
        self.clock = ManualClock(START)
        self.contracts = MemoryContracts(self.clock, contract("people"))
        self.stream, self.observer = PatientMemoryStream(), RecordingObserver()
        stream = Stream("people", Template.parse("people"), id="id", partition_key="name", rejects=rejects)  # type: ignore[arg-type]
        self.line = Line(stream, Publisher(lambda: 1.0, Backoff(1.0, 4.0)), 1000, LINGER_SECONDS)
        numbers, keys = count(1), count(1)
        self.gateway = Gateway(
            {"people": self.line},
            self.contracts,
            Limits(most_records, most_bytes, DEADLINE_SECONDS, 5.0),
            Names("door-1", lambda: next(numbers), lambda: f"random-{next(keys)}"),
            self.observer,
        )

    @property
    def now(self) -> float:
        """The moment."""
        return self.clock.monotonic()

    def take(self, *people: Mapping[str, object] | bytes, key: str | None = None) -> Pending:
        """A request, for which there must be room."""
        offers = [Offer(each if isinstance(each, bytes) else json.dumps(each).encode(), key) for each in people]
        pending = self.gateway.take("people", offers, self.clock.now(), self.now, self.now)
        assert pending is not None
        return pending

    def wave(self) -> Wave | None:
        """What is to be sent now."""
        return self.line.next_wave(self.now)

    def carry(self, answer: Callable[[Sequence[Record]], Sequence[Answer] | None] | None = None) -> int:
        """One wave there and back; how many records it had."""
        wave = self.wave()
        if wave is None:
            return 0
        self.gateway.settle(self.line, wave, (answer or self.stream.put)(wave.records), self.now)
        return len(wave.records)

    def keep(self, is_safe: bool = True) -> list[Refusal]:
        """Store all rejects."""
        refusals = self.gateway.next_refusals(100)
        self.gateway.kept(refusals, is_safe)
        return refusals

    def linger(self) -> None:
        """Wait until a wave leaves."""
        self.clock.advance(LINGER_SECONDS)
