"""A whole processor inside a test, a fleet to feed it, and the oracle to judge the result."""

import random
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from event_processor.clock import Clock, SystemClock
from event_processor.publishing.publisher import Backoff, Publisher
from event_processor.publishing.stream import Answer, Record, Shard, Sink
from event_processor.rejects.ports import RejectStore
from event_processor.submissions.crew import Outcome
from event_processor.submissions.event_models import EventModels
from event_processor.submissions.limits import Limits
from event_processor.submissions.ports import Observer, Source
from event_processor.submissions.processor import Processor
from event_processor.submissions.written_event import RecordRules
from event_processor.testing import MemoryRejects, MemoryStream, RecordingObserver
from sensor_fleet.generator import Generator, Options, Submission
from sensor_fleet.oracle import Oracle
from sensor_fleet.report import Report
from tests.eventually import unless

MIB = 1024 * 1024
RULES = RecordRules("device_id", MIB, EventModels())
LIMITS = Limits(
    max_submissions=100,
    max_bytes=64 * MIB,
    receive_batch=10,
    largest_body_bytes=MIB,
    visibility_seconds=30,
    grace_seconds=10,
    receivers=2,
)


class Running:
    """A processor at work in a thread."""

    def __init__(self, processor: Processor, observer: RecordingObserver, pool: ThreadPoolExecutor) -> None:
        self.observer = observer
        self._processor = processor
        self._outcome = pool.submit(processor.run)

    def ask_to_stop(self) -> None:
        """What SIGTERM does."""
        self._processor.stop()

    def stop(self) -> Outcome:
        """Stop, and how that went."""
        self.ask_to_stop()
        return self.outcome()

    def outcome(self) -> Outcome:
        """How it went, when it has ended by itself or is about to."""
        return self._outcome.result(timeout=60)


@contextmanager
def running(
    source: Source,
    sink: Sink,
    rejects: RejectStore | None = None,
    clock: Clock | None = None,
    observer: RecordingObserver | None = None,
    around: Callable[[RecordingObserver], Observer] = lambda observer: observer,
    rules: RecordRules = RULES,
    **limits: Any,
) -> Iterator[Running]:
    """A processor at work, stopped in the end. Within, `eventually` does not wait for one that has crashed."""
    observer = observer or RecordingObserver()
    processor = Processor(
        source,
        sink,
        rejects or MemoryRejects(),
        Publisher(random.Random(1).random, Backoff(0.002, 0.02)),
        rules,
        replace(LIMITS, **limits),
        clock or SystemClock(),
        around(observer),
    )
    with ThreadPoolExecutor(1) as pool, unless(lambda: observer.of("crashed")):
        run = Running(processor, observer, pool)
        try:
            yield run
        finally:
            run.stop()


class Gate:
    """A Sink that can be shut: its calls then hang, as they do on a broken network."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._open = threading.Event()
        self.waiting = 0

    def put(self, records: Sequence[Record]) -> Sequence[Answer]:
        """See Sink."""
        self.waiting += 1
        assert self._open.wait(60), "a test left the gate shut"
        return self._sink.put(records)

    def shards(self) -> Sequence[Shard]:
        """See Sink."""
        return self._sink.shards()

    def open(self) -> None:
        """Let everything through from now on."""
        self._open.set()


class Fleet:
    """So many submissions of sensors, and what they must become; the same for the same seed."""

    def __init__(self, count: int, seed: int = 1, invalid_share: float = 0.0) -> None:
        spoil = 0.02 if invalid_share else 0.0
        generator = Generator(Options(seed=seed, spoil=spoil, invalid_share=invalid_share))
        self.submissions: list[Submission] = [generator.submission(index) for index in range(count)]

    @property
    def bodies(self) -> list[str]:
        """What the sensors send."""
        return [submission.body for submission in self.submissions]

    @property
    def events(self) -> int:
        """How many events must appear."""
        return sum(len(submission.plan.must) for submission in self.submissions)

    def oracle(self) -> Oracle:
        """An oracle that knows that all of them were sent."""
        oracle = Oracle()
        for submission in self.submissions:
            oracle.plan(submission.plan)
            oracle.confirm(submission.plan.submission_id)
        return oracle

    def judge(self, stream: MemoryStream) -> Report:
        """The verdict on a stream in memory."""
        oracle = self.oracle()
        for shard_id in {stored.shard_id for stored in stream.stored}:
            oracle.shard(shard_id)
        for stored in stream.stored:
            oracle.read(stored.shard_id, stored.record.partition_key, stored.record.data)
        return oracle.report()


def counted(names: Iterable[str], observer: RecordingObserver) -> dict[str, int]:
    """How many deliveries, records or rejects the facts of these names were about."""
    return {name: sum(len(details[0]) for details in observer.of(name)) for name in names}
