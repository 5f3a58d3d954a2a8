"""The latest records and what became of them, in bounded memory."""

import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from time import time_ns
from typing import Any, Final, Literal

from event_processor.contracts.contract import Contract
from event_processor.publishing.stream import Acknowledged, Record
from event_processor.rejects.reject import Reject

MOST_EVENTS: Final = 10_000
MOST_BYTES: Final = 64 * 1024 * 1024
_AROUND_BYTES: Final = 1024  # of an event beside its payload
Kind = Literal["good", "bad"]


@dataclass(frozen=True, slots=True)
class Good:
    """A record that its contract takes, and where it would be."""

    record: Record
    contract: Contract | None
    """The one that counted; None if it has gone in the meantime."""
    answer: Acknowledged
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Bad:
    """A record that is refused, and the contract that it was judged by."""

    reject: Reject
    contract: Contract | None


@dataclass(frozen=True, slots=True)
class Unread:
    """A request that no records could be taken from."""

    method: str
    path: str
    status: int
    reason: str
    detail: str
    pointer: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Event:
    """One of them. The numbers rise, also over a reset."""

    number: int
    kind: Kind
    stream: str | None
    subject: str | None
    what: Good | Bad | Unread
    size_bytes: int


class Memory:
    """What came last is remembered, up to MOST_EVENTS and MOST_BYTES. May be used by any thread."""

    def __init__(self, most_events: int = MOST_EVENTS, most_bytes: int = MOST_BYTES) -> None:
        self._most_events, self._most_bytes = most_events, most_bytes
        self._lock = threading.Lock()
        self._numbers = count(1)
        self._events: deque[Event] = deque()
        self._bytes = 0
        self._forgotten = 0
        self.epoch = time_ns() // 1_000_000  # another one whenever numbers seen before mean nothing any more

    def add(self, stream: str | None, subject: str | None, what: Good | Bad | Unread) -> None:
        """The latest one."""
        kind: Kind = "good" if isinstance(what, Good) else "bad"
        with self._lock:
            event = Event(next(self._numbers), kind, stream, subject, what, _AROUND_BYTES + _payload_bytes(what))
            self._events.append(event)
            self._bytes += event.size_bytes
            while len(self._events) > self._most_events or self._bytes > self._most_bytes:
                self._bytes -= self._events.popleft().size_bytes
                self._forgotten += 1

    def reset(self) -> None:
        """Forget everything, as if just started."""
        with self._lock:
            self._events.clear()
            self._bytes = self._forgotten = 0
            self.epoch += 1

    def latest(
        self, kind: Kind | None = None, stream: str | None = None, subject: str | None = None, after: int = 0
    ) -> Iterator[Event]:
        """Those of a kind, a stream, a subject, and with a higher number; the newest first."""
        with self._lock:
            events = list(self._events)
        for event in reversed(events):
            if event.number <= after:
                return
            if (
                kind in {None, event.kind}
                and (stream is None or event.stream == stream)
                and (subject is None or event.subject == subject)
            ):
                yield event

    def counts(self, stream: str | None = None, subject: str | None = None) -> dict[str, Any]:
        """How many there are; `forgotten` are those that there was no room for any more, whatever they were."""
        kinds = [event.kind for event in self.latest(None, stream, subject)]
        good = kinds.count("good")
        return {"total": len(kinds), "good": good, "bad": len(kinds) - good, "forgotten": self._forgotten}


def _payload_bytes(what: Good | Bad | Unread) -> int:
    if isinstance(what, Good):
        return what.record.size_bytes
    return len(what.reject.original) if isinstance(what, Bad) else 0
