"""The core's ports in memory: try your own event types and settings without AWS, faults included.

    clock = SystemClock()    # or a ManualClock, to see what happens in an hour
    queue, stream, rejects, observer = MemoryQueue(clock), MemoryStream(), MemoryRejects(), RecordingObserver()
    processor = Processor(queue, stream, rejects, Publisher(random.random), rules, limits, clock, observer)
    threading.Thread(target=processor.run).start()
    queue.send('{"submission_id": ...}')    # then wait until `len(queue)` is 0, and look:
    stream.events(), rejects.stored, observer.of("published")
    processor.stop()

The rules and limits of a real case are in tests/integration/rig.py. All of these keep the contracts that the AWS
adapters keep; tests/contract holds both to them.
"""

import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import partial
from hashlib import md5
from itertools import count
from typing import Any, Final, NamedTuple

from event_processor.clock import Clock
from event_processor.errors import CallFailed
from event_processor.publishing.stream import Acknowledged, Answer, Record, Refused, Shard
from event_processor.rejects.reject import Reject
from event_processor.submissions.delivery import Delivery, EntryFailure


class ManualClock:
    """See Clock. Stands still until a test moves it: until then a refused lane rests and no heartbeat is due."""

    def __init__(self, start: datetime = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) -> None:
        self._start = start
        self._elapsed_seconds = 0.0

    def now(self) -> datetime:
        """The time of day, UTC."""
        return self._start + timedelta(seconds=self._elapsed_seconds)

    def monotonic(self) -> float:
        """Seconds since the start."""
        return self._elapsed_seconds

    def advance(self, seconds: float) -> None:
        """Move time forward."""
        self._elapsed_seconds += seconds

    def set_back(self, seconds: float) -> None:
        """Somebody sets the time of day: seconds go on to rise."""
        self._start -= timedelta(seconds=seconds)

    def sleep(self, seconds: float) -> None:
        """Move time forward: nobody waits in a test."""
        self.advance(seconds)


_LOOK_SECONDS: Final = 0.01  # how soon a waiting receive sees that a clock was moved


@dataclass(slots=True)
class _Message:
    message_id: str
    body: str
    sent_at: datetime
    hidden_until: float
    receive_count: int = 0

    @property
    def handle(self) -> str:
        return f"{self.message_id}/{self.receive_count}"


class MemoryQueue:
    """See Source. Visibility runs on `clock`; only the waiting for messages, `wait_seconds`, is real time.

    `failing` names the calls that raise CallFailed for as long as they are in it: receive, change_visibility, delete.
    """

    def __init__(self, clock: Clock, visibility_seconds: int = 30, wait_seconds: float = 0.1, batch: int = 10) -> None:
        self.failing: set[str] = set()
        self._clock = clock
        self._visibility_seconds, self._wait_seconds, self._batch = visibility_seconds, wait_seconds, batch
        self._messages: dict[str, _Message] = {}
        self._numbers = count(1)
        self._changed = threading.Condition()

    def __len__(self) -> int:
        """All messages that are not deleted, hidden or not."""
        return len(self._messages)

    @property
    def hidden(self) -> int:
        """The messages that somebody has at the moment, or that wait to come again."""
        with self._changed:
            return len(self._messages) - len(self._visible())

    def send(self, body: str) -> str:
        """Put a message on the queue, to be received at once; returns its id."""
        with self._changed:
            message = _Message(f"message-{next(self._numbers)}", body, self._clock.now(), self._clock.monotonic())
            self._messages[message.message_id] = message
            self._changed.notify_all()
        return message.message_id

    def receive(self) -> list[Delivery]:
        deadline = time.monotonic() + self._wait_seconds
        with self._changed:
            self._fail_if_told("receive")
            while not self._visible() and time.monotonic() < deadline:
                self._changed.wait(_LOOK_SECONDS)
            return [self._deliver(message) for message in self._visible()[: self._batch]]

    def change_visibility(self, timeouts: Sequence[tuple[Delivery, int]]) -> list[EntryFailure]:
        failures = []
        with self._changed:
            self._fail_if_told("change_visibility")
            for delivery, seconds in timeouts:
                message = self._messages.get(delivery.message_id)
                if message is None or message.handle != delivery.receipt_handle or self._is_visible(message):
                    failures.append(EntryFailure(delivery, "MessageNotInflight", gone=True))
                else:
                    message.hidden_until = self._clock.monotonic() + seconds
            self._changed.notify_all()
        return failures

    def delete(self, deliveries: Sequence[Delivery]) -> list[EntryFailure]:
        """With a stale handle nothing fails and nothing is deleted, as the API reference allows."""
        with self._changed:
            self._fail_if_told("delete")
            for delivery in deliveries:
                message = self._messages.get(delivery.message_id)
                if message is not None and message.handle == delivery.receipt_handle:
                    del self._messages[delivery.message_id]
        return []

    def _visible(self) -> list[_Message]:
        return [message for message in self._messages.values() if self._is_visible(message)]

    def _is_visible(self, message: _Message) -> bool:
        return message.hidden_until <= self._clock.monotonic()

    def _deliver(self, message: _Message) -> Delivery:
        message.receive_count += 1
        message.hidden_until = self._clock.monotonic() + self._visibility_seconds
        return Delivery(
            message_id=message.message_id,
            receipt_handle=message.handle,
            body=message.body,
            receive_count=message.receive_count,
            sent_at=message.sent_at,
            received_at=self._clock.now(),
        )

    def _fail_if_told(self, operation: str) -> None:
        if operation in self.failing:
            raise CallFailed(operation, "ServiceUnavailable", "told to fail")


class Fate(Enum):
    """What happens to a whole call."""

    ANSWERED = "answered"
    REQUEST_LOST = "request lost"  # nothing is stored
    ANSWER_LOST = "answer lost"  # the records are stored, and nobody is told


class StoredRecord(NamedTuple):
    """A record as a reader of the stream finds it."""

    shard_id: str
    sequence_number: int
    record: Record


class MemoryStream:
    """See Sink. Keys spread over `shards` by MD5, as in Kinesis; sequence numbers rise.

    `refuse` is asked about each record: an error code, or None to store it. `fate` is asked about each call. Both may
    be set again at any time, and are called by one thread at a time.
    """

    def __init__(
        self,
        shards: int = 1,
        refuse: Callable[[Record], str | None] = lambda _: None,
        fate: Callable[[Sequence[Record]], Fate] = lambda _: Fate.ANSWERED,
    ) -> None:
        self.refuse = refuse
        self.fate = fate
        self._shards = shards
        self._stored: list[StoredRecord] = []
        self._numbers = count(1)
        self._lock = threading.Lock()

    @property
    def stored(self) -> list[StoredRecord]:
        """All records, in the order in which they were stored."""
        with self._lock:
            return list(self._stored)

    def events(self) -> list[dict[str, Any]]:
        """The documents of all records, in that order."""
        return [json.loads(stored.record.data) for stored in self.stored]

    def put(self, records: Sequence[Record]) -> list[Answer]:
        with self._lock:
            fate = self.fate(records)
            if fate is Fate.REQUEST_LOST:
                raise CallFailed("put", "ConnectTimeoutError", "told to fail")
            answers = [self._put(record) for record in records]
        if fate is Fate.ANSWER_LOST:
            raise CallFailed("put", "ReadTimeoutError", "told to lose the answer")
        return answers

    def shards(self) -> list[Shard]:
        """None to be paced by: memory takes all at once."""
        return []

    def _put(self, record: Record) -> Answer:
        error_code = self.refuse(record)
        if error_code is not None:
            return Refused(error_code)
        stored = StoredRecord(self._shard_of(record.partition_key), next(self._numbers), record)
        self._stored.append(stored)
        return Acknowledged(stored.shard_id, stored.sequence_number)

    def _shard_of(self, partition_key: str) -> str:
        hash_key = int.from_bytes(md5(partition_key.encode(), usedforsecurity=False).digest())
        return f"shardId-{hash_key * self._shards >> 128:012d}"


class MemoryRejects:
    """See RejectStore. Keeps all in `stored`; while `failing` is set, keeps nothing and raises CallFailed.

    Of the messages and records `too_large` it cannot keep the original.
    """

    def __init__(self) -> None:
        self.failing = False
        self.too_large: set[str] = set()
        self.stored: list[Reject] = []

    def store(self, rejects: Sequence[Reject]) -> list[Reject]:
        if self.failing:
            raise CallFailed("store", "ENOSPC", "told to fail")
        self.stored.extend(rejects)
        return [reject for reject in rejects if reject.origin.id in self.too_large]


class Fact(NamedTuple):
    """What happened: the name of the observer's method, and what it was called with."""

    name: str
    details: tuple[Any, ...]


class RecordingObserver:
    """An observer of everything: a method of any name adds a fact to `facts`, in the order in which they were told."""

    def __init__(self) -> None:
        self._facts: list[Fact] = []
        self._lock = threading.Lock()

    def __getattr__(self, fact: str) -> Callable[..., None]:
        """The method that records this fact."""
        if fact.startswith("_"):
            raise AttributeError(fact)
        return partial(self._tell, fact)

    @property
    def facts(self) -> list[Fact]:
        """Everything told so far."""
        with self._lock:
            return list(self._facts)

    def of(self, name: str) -> list[tuple[Any, ...]]:
        """The details of the facts of one name."""
        return [fact.details for fact in self.facts if fact.name == name]

    def _tell(self, name: str, *details: Any) -> None:
        copies = (list(each) if isinstance(each, list) else each for each in details)  # the teller may go on with it
        with self._lock:
            self._facts.append(Fact(name, tuple(copies)))
