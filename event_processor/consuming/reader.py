"""Reads a stream for a job, the flow on one page: open, look, dispatch, read, hand out, and keep what is done.

    open       find the checkpoints, and refuse those of an earlier stream of the name
    look       list the shards, again and again, since they are split and merged
    dispatch   give the shard whose turn it is to a thread that reads, for as long as there is room
    read       ask for records behind the last ones; their batch waits for `next`
    keep       write the checkpoints, each only behind what is `done`

Each step is a loop on threads of its own (`Crew`); what they decide is in `Descent`, which they share under one lock.
A batch moves one way:

    stream -> read -> next() -> done() -> checkpoint

so that whatever is not done when the process ends is read once more: at least once, in order within a shard, and a
shard only when its parents are done and their checkpoints say so. A shard that fails, is throttled or whose batches
nobody finishes holds up no other; a checkpoint store that is down holds up nothing but the children of ended shards.
"""

import random
import threading
from collections import deque
from datetime import datetime, timedelta
from queue import SimpleQueue
from typing import Final, Literal

from event_processor.clock import Clock
from event_processor.consuming.crew import Crew
from event_processor.consuming.descent import Descent, Gap, Turn
from event_processor.consuming.keeping import Keeping
from event_processor.consuming.limits import ReadingLimits
from event_processor.consuming.ports import Checkpoints, Origin, ReadingObserver, StreamSource
from event_processor.consuming.records import Batch, Page, StreamFacts
from event_processor.consuming.turns import Turns
from event_processor.errors import CallFailed, IteratorExpired, ReadThrottled, ShardGone, StreamReplaced
from event_processor.telling import FanOut, attempt

_LOOK_SECONDS: Final = 60.0  # between two looks at the shards, if none of them ends sooner
_PAUSE_SECONDS: Final = 1.0  # after a call failed with all its retries, and the least between two looks
_KEEP_SECONDS: Final = 0.2  # between two looks at what is done
_MOST_THREADS: Final = 16  # that read; a shard whose call hangs takes one of them

Since = datetime | Literal["oldest", "latest"]


class Reader:
    """Hands out the records of a stream. `start` once; then `next` and `done`; `stop` and `close` at the end.

    `since`: where a reader without checkpoints begins: at the oldest record, at the latest, or at what arrived then.
    """

    def __init__(
        self,
        source: StreamSource,
        checkpoints: Checkpoints,
        limits: ReadingLimits,
        clock: Clock,
        observer: ReadingObserver,
        since: Since = "oldest",
    ) -> None:
        self._source, self._checkpoints, self._limits, self._clock = source, checkpoints, limits, clock
        self._observer: ReadingObserver = FanOut(observer)
        self._since = since
        self._lock = threading.Condition()
        self._crew = Crew(self._observer, self._break)
        self._keeper: threading.Thread | None = None
        self._is_kept = False
        self._descent: Descent | None = None
        self._turns: SimpleQueue[Turn | None] = SimpleQueue()
        self._ready: deque[Batch] = deque()
        self._failing: set[str] = set()
        self._stopping, self._closing, self._look_now = threading.Event(), threading.Event(), threading.Event()
        self._fatal: BaseException | None = None
        self._readers = 0

    def start(self) -> None:
        """Begin to read, in the background."""
        self._crew.start(self.look)

    def next(self, timeout_seconds: float) -> Batch | None:
        """The next batch, if one comes in time. Batches of a shard come in order; `done` may be said in any.

        Raises StreamReplaced, or whatever bug has ended the reader.
        """
        with self._lock:
            self._lock.wait_for(lambda: self._ready or self._stopping.is_set(), timeout_seconds)
            if self._fatal is not None:
                raise self._fatal
            return self._ready.popleft() if self._ready and not self._stopping.is_set() else None

    def done(self, batch: Batch) -> None:
        """Everything that the batch is about is safe: the checkpoint of its shard may move behind it."""
        with self._lock:
            self._opened().done(batch, self._clock.monotonic())
            self._lock.notify_all()

    def done_until(self) -> datetime | None:
        """Everything that arrived before then is done, in all shards that are read; None as long as that is unknown."""
        with self._lock:
            return self._descent.done_until() if self._descent is not None else None

    @property
    def is_stopping(self) -> bool:
        """Whether somebody has said stop, or a bug has."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """Read no more; `next` hands out nothing more. For any thread, and for a handler of signals."""
        self._stopping.set()
        self._look_now.set()

    def close(self, seconds: float) -> bool:
        """Write the checkpoints of all that is done by now, within so many seconds. Returns whether they are.

        What is not written is read once more by the next reader. A call that hangs is not waited for.
        """
        self.stop()
        self._closing.set()
        with self._lock:
            self._lock.notify_all()
        if self._keeper is None:
            return True
        self._keeper.join(seconds)
        return self._is_kept

    # -- the steps ----------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Open, then list the shards until we stop."""
        while not self._stopping.is_set():
            seen = attempt(self._observer, "list_shards", self._see)
            self._stopping.wait(_PAUSE_SECONDS)
            if not isinstance(seen, CallFailed):
                self._look_now.wait(_LOOK_SECONDS)
            self._look_now.clear()

    def dispatch(self) -> None:
        """Give each shard whose turn it is to the next thread that is free."""
        while (turn := self._next_turn()) is not None:
            self._turns.put(turn)
        for _ in range(_MOST_THREADS):
            self._turns.put(None)

    def read(self) -> None:
        """Read the shards that are dispatched, one after the other."""
        while (turn := self._turns.get()) is not None:
            self._read(turn)

    def keep(self) -> None:
        """Write the checkpoints that are due, until `close`; then all of them."""
        keeping = Keeping(self._opened(), self._checkpoints, self._lock, self._clock, self._observer)
        while not self._closing.wait(_KEEP_SECONDS):
            keeping.write(all_of_them=False)
            keeping.tell_late()
        self._is_kept = keeping.write(all_of_them=True)

    # -- open and look ------------------------------------------------------------------------------------------------

    def _see(self) -> None:
        facts = self._source.facts()
        if self._descent is None:
            self._open(facts)
        elif facts.created != self._origin.created:
            raise self._replaced(facts)
        shards = self._source.shards()
        with self._lock:
            descent, today = self._opened(), self._clock.now()
            gaps = descent.listed(shards, timedelta(seconds=facts.retention_seconds), self._clock.monotonic(), today)
            reading, waiting = descent.counts()
            forgettable = descent.forgettable(today)
            self._lock.notify_all()
        self._observer.shards_seen(reading, waiting, facts.retention_seconds)
        self._tell_gaps(*gaps)
        for gap in gaps:
            self._observer.ended(gap.shard_id)
        for shard_id in forgettable:
            self._checkpoints.forget(shard_id)
            with self._lock:
                descent.forgotten(shard_id)
        while self._readers < min(reading, _MOST_THREADS):
            self._readers += 1
            self._crew.start(self.read)

    def _open(self, facts: StreamFacts) -> None:
        since = self._since if isinstance(self._since, datetime) else None
        wanted = Origin(facts.created, self._clock.now() if self._since == "latest" else since)
        self._origin = self._checkpoints.begin(wanted)
        if self._origin.created != facts.created:
            raise self._replaced(facts)
        turns = Turns(self._limits.reads_per_second, random.random)
        self._descent = Descent(self._origin, self._checkpoints.read(), turns, self._limits)
        self._crew.start(self.dispatch)
        self._keeper = self._crew.start(self.keep)

    def _replaced(self, facts: StreamFacts) -> StreamReplaced:
        return StreamReplaced(
            f"stream {self._source.name} was recreated at {facts.created.isoformat()}, but the checkpoints are of the "
            f"one made at {self._origin.created.isoformat()}; to read the new one, {self._checkpoints.way_on}"
        )

    # -- dispatch and read --------------------------------------------------------------------------------------------

    def _next_turn(self) -> Turn | None:
        with self._lock:
            descent = self._opened()
            while not self._stopping.is_set():
                now = self._clock.monotonic()
                if (turn := descent.next_turn(now)) is not None:
                    return turn
                due = descent.next_at()
                self._lock.wait(None if due is None else max(0.0, due - now))
        return None

    def _read(self, turn: Turn) -> None:
        started, asked_at = self._clock.monotonic(), self._clock.now()
        try:
            page = self._page(turn)
        except CallFailed as error:
            self._not_read(turn.shard_id, error)
            return
        seconds = self._clock.monotonic() - started
        with self._lock:
            batch, gap = self._opened().took(turn.shard_id, page, started, asked_at)
        if gap is not None:
            self._tell_gaps(gap)
        self._observer.read(turn.shard_id, len(page.records), page.size_bytes, seconds)
        if page.behind_milliseconds is not None:
            self._observer.lag(turn.shard_id, page.behind_milliseconds)
        self._works(turn.shard_id)
        with self._lock:
            self._ready += [batch] if batch is not None else []
            self._lock.notify_all()
        if page.iterator is None:
            self._look_now.set()

    def _page(self, turn: Turn) -> Page:
        iterator = turn.iterator
        if iterator is None:
            iterator = self._source.iterator(turn.shard_id, turn.after, turn.since)
            with self._lock:
                self._opened().positioned(turn.shard_id, iterator)
        return self._source.read(iterator, self._limits.most_records)

    def _not_read(self, shard_id: str, error: CallFailed) -> None:
        now = self._clock.monotonic()
        is_expected = isinstance(error, (IteratorExpired, ReadThrottled, ShardGone))
        with self._lock:
            descent = self._opened()
            if isinstance(error, IteratorExpired):
                descent.expired(shard_id, now)
            elif isinstance(error, ShardGone):
                descent.missing(shard_id, now)
            else:
                descent.rests(shard_id, now)
            if is_expected:
                self._failing.discard(shard_id)
            else:
                self._failing.add(shard_id)
            self._lock.notify_all()
        if isinstance(error, ReadThrottled):
            self._observer.throttled(shard_id)
        elif isinstance(error, ShardGone):
            self._look_now.set()
        elif not is_expected:
            self._observer.failing("read", error)

    def _works(self, shard_id: str) -> None:
        """Note that a shard was read, and tell that all is well when none fails."""
        with self._lock:
            self._failing.discard(shard_id)
            is_well = not self._failing
        if is_well:
            self._observer.working("read")

    # -- helpers ------------------------------------------------------------------------------------------------------

    def _opened(self) -> Descent:
        if self._descent is None:
            raise RuntimeError("nothing is read before the stream is opened")
        return self._descent

    def _tell_gaps(self, *gaps: Gap) -> None:
        for gap in gaps:
            self._observer.gap(gap.shard_id, gap.since, gap.until)

    def _break(self, error: BaseException) -> None:
        self._fatal = error
        self.stop()
        with self._lock:
            self._lock.notify_all()
