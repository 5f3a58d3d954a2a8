"""The metrics of what is delivered: follows the log of ranges, adds up what it says, and sends what is complete.

    count   the entries that are new in the log, those of the shard that is behind first
    tell    when a bucket is complete: keep the book (`ledger`), and with it the records that are to be sent
    send    until the stream has all of them, then the next bucket

All this is behind the log, on a thread of its own: delivery knows nothing of it and waits for none of it. What the log
has is enough to go on after any restart, and what was kept before it was sent is sent again the same. So nothing is
lost by a stream of metrics that is down for a day, and nothing piles up.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from threading import Event
from typing import Final

from event_processor.errors import CallFailed
from event_processor.lake.buckets import Telling
from event_processor.lake.ledger import Ledger
from event_processor.lake.log import RangeLog
from event_processor.lake.ports import LakeObserver
from event_processor.metrics.metric import Metric
from event_processor.metrics.outlet import STEP, Outlet
from event_processor.telling import FanOut, attempt

_LOOK_SECONDS: Final = 1.0  # whether a bucket is complete; costs no call
_PAUSE_SECONDS: Final = 5.0  # after something failed
_MOST_BUCKETS: Final = 60  # of a stream, before it is another's turn


class Followed:
    """One stream whose log is followed. `horizon`: everything that arrived before it is in the log."""

    def __init__(
        self, ledger: Ledger, log: RangeLog, horizon: Callable[[], datetime | None], dimension: str | None, many: bool
    ) -> None:
        """`many`: its records go into several tables."""
        self.ledger, self.log, self.horizon = ledger, log, horizon
        self.dimension, self.many = dimension, many

    @property
    def telling(self) -> Telling:
        """Of the book as it is now."""
        return Telling(self.ledger.book, self.dimension, self.many)


class Measuring:
    """Of all streams but the one of metrics. `loads` are ledgers that somebody else fills; they are sent as well."""

    def __init__(
        self,
        streams: Mapping[str, Followed],
        loads: Sequence[Ledger],
        outlet: Outlet,
        observer: LakeObserver,
    ) -> None:
        self._streams, self._loads, self._outlet = streams, loads, outlet
        self._observer: LakeObserver = FanOut(observer)
        self._stopping = Event()

    def stop(self) -> None:
        """What is not told or sent is so by the next start."""
        self._stopping.set()

    def run(self) -> None:
        """Follow until stopped. Whatever goes wrong is told, and never ends anything."""
        while not self._stopping.is_set():
            failed = isinstance(attempt(self._observer, STEP, self.turn), CallFailed)
            self._stopping.wait(_PAUSE_SECONDS if failed else _LOOK_SECONDS)

    def turn(self) -> None:
        """Count, tell and send what there is. Raises CallFailed."""
        try:
            for ledger in self._loads:
                self._send(ledger)
            for followed in self._streams.values():
                self._follow(followed)
        except CallFailed:
            raise
        except Exception as error:
            raise CallFailed(STEP, type(error).__name__, str(error)) from error

    def _follow(self, followed: Followed) -> None:
        if not followed.log.opened.is_set():
            return
        ledger = followed.ledger
        ledger.open(followed.log.began)
        ledger.keep()
        for _ in range(_MOST_BUCKETS):
            self._send(ledger)
            horizon = self._count(followed)
            telling, metrics = followed.telling, list[Metric]()
            for start, bucket in ledger.book.due(horizon):
                metrics += telling.of_arrivals(start, bucket)
            if not metrics:
                return
            ledger.tell(metrics)

    def _send(self, ledger: Ledger) -> None:
        if ledger.to_send:
            self._outlet.send(ledger.to_send)
            self._observer.measured(len(ledger.to_send))
            ledger.to_send = ()

    def _count(self, followed: Followed) -> float | None:
        """What belongs to the next bucket. Returns the time of arrival before which all of that is counted."""
        book, moment = followed.ledger.book, followed.horizon()  # before the newest entries are looked at
        newest = followed.log.newest()
        horizon = None if moment is None else moment.timestamp()
        while True:
            behind = [shard for shard, number in newest.items() if book.counted.get(shard, 0) < number]
            shard = min(behind, key=lambda each: book.passed.get(each, 0.0), default=None)
            if shard is None or book.is_ahead(shard):
                return horizon
            if late := book.arrived(followed.log.entry(shard, book.counted.get(shard, 0) + 1)):
                self._observer.uncounted(book.stream, late)
