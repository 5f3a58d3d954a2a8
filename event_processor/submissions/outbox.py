"""What is to be sent, shared by threads: the publisher's lanes behind the lock of the process."""

from collections import deque
from collections.abc import Hashable, Sequence

from event_processor.clock import Clock
from event_processor.publishing.lanes import Settlement, Unfit, Wave
from event_processor.publishing.publisher import Publisher
from event_processor.publishing.stream import Answer, Record, Shard
from event_processor.submissions.delivery import Delivery
from event_processor.submissions.monitor import Monitor


class Outbox:
    """A `next_...` waits until there is something to do, and returns None once it is over."""

    def __init__(self, monitor: Monitor, publisher: Publisher, clock: Clock) -> None:
        self._monitor, self._lock = monitor, monitor.lock
        self._publisher, self._clock = publisher, clock
        self._unfit: deque[tuple[Unfit, str]] = deque()  # and what the stream said of them
        self._shards = 0  # how many there were when somebody looked
        self._sendable = monitor.condition()
        self._refused = monitor.condition()  # a record will never be taken
        self._moved = monitor.condition()
        self._has_moved = False  # the stream may have other shards than we thought

    def __len__(self) -> int:
        """How many lanes have something left to send."""
        return len(self._publisher)

    def admit(self, ready: Sequence[tuple[Delivery, Sequence[Record]]]) -> list[str]:
        """Send the records of these messages. Returns the ids of those that are complete: there is nothing to send."""
        with self._lock:
            complete = [
                delivery.message_id
                for delivery, records in ready
                if not self._publisher.admit(delivery.message_id, records, delivery.group)
            ]
            self._sendable.notify()
        return complete

    def next_wave(self) -> Wave | None:
        """The next wave of what is at hand, without waiting for more."""
        with self._lock:
            while not self._monitor.is_over:
                now = self._clock.monotonic()
                wave = self._publisher.next_wave(now)
                if wave is not None:
                    self._sendable.notify()  # somebody else sees to what is left, now or later
                    return wave
                ready_at = self._publisher.ready_at(now)
                self._sendable.wait(None if ready_at is None else ready_at - now)
        return None

    def settle(self, wave: Wave, answers: Sequence[Answer] | None, now: float) -> Settlement:
        """See Publisher."""
        with self._lock:
            outcome = self._publisher.settle(wave, answers, now)
            if outcome.elsewhere:
                self._move()
        return outcome

    def blame(self, lanes: Sequence[Hashable], error_code: str, together: bool, limit_bytes: int | None) -> None:
        """See Publisher. The heads that will never pass are `next_unfit`."""
        with self._lock:
            found = self._publisher.blame(lanes, together, limit_bytes, self._clock.monotonic())
            self._unfit.extend((each, error_code) for each in found)
            self._refused.notify()
            self._sendable.notify()

    def next_unfit(self) -> tuple[Unfit, str] | None:
        """A record that the stream will never take, and its word for it. Its lane waits until it is skipped."""
        with self._lock:
            while not self._monitor.is_over:
                if self._unfit:
                    return self._unfit.popleft()
                self._refused.wait()
        return None

    def skip(self, lane: Hashable) -> list[Hashable]:
        """See Publisher."""
        with self._lock:
            self._sendable.notify()
            return self._publisher.skip(lane)

    def reshard(self, shards: Sequence[Shard]) -> None:
        """See Publisher."""
        with self._lock:
            self._publisher.reshard(shards)
            self._sendable.notify_all()

    def count_shards(self, shards: int) -> None:
        """Take the number of open shards from somebody who looked. If it changed, `await_move` waits no longer."""
        with self._lock:
            if self._shards not in {0, shards}:
                self._move()
            self._shards = shards

    def await_move(self, least_seconds: float, most_seconds: float) -> bool:
        """Wait until the stream may have other shards; False once it is over."""
        self._monitor.pause(least_seconds)
        with self._lock:
            self._moved.wait_for(lambda: self._has_moved or self._monitor.is_over, most_seconds)
            self._has_moved = False
        return not self._monitor.is_over

    def paced_lanes(self) -> int:
        """How many lanes wait for nothing but room on their shard."""
        with self._lock:
            return self._publisher.paced(self._clock.monotonic())

    def _move(self) -> None:
        self._has_moved = True
        self._moved.notify()
