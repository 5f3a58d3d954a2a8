"""The messages in our hands, shared by threads: what is received, set aside, finished and to be extended.

The bookkeeping is in plain classes: `Holdings` and `Extensions`, `Aside`, `Tally`. Here it is behind the lock of the
process: `reserve` and each `next_...` wait until there is something to do, and return nothing once it is over.
"""

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final, NamedTuple

from event_processor.clock import Clock
from event_processor.submissions.aside import Aside
from event_processor.submissions.delivery import Delivery, EntryFailure
from event_processor.submissions.extensions import Extensions
from event_processor.submissions.holdings import Held, Holdings, fitting
from event_processor.submissions.limits import Limits
from event_processor.submissions.monitor import Monitor
from event_processor.submissions.tally import Tally

DELETE_BATCH: Final = 10  # the most that SQS takes in one call
KEEP_BATCH: Final = 10  # submissions whose rejects are stored together
_FULL_SECONDS: Final = 1.0  # between two looks whether what is full can still shrink

Lost = tuple[Delivery, str]  # a message that others can see by now, and why


class Room(NamedTuple):
    """Set aside for the worst that one receive may bring."""

    submissions: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of one receive: `fresh` is to be handled, `again` we held already.

    `stuck` came behind one that we hold and have not admitted, in the same group; `too_many` found no room.
    Both must go back.
    """

    fresh: Sequence[Delivery]
    again: Sequence[Delivery]
    stuck: Sequence[Delivery]
    too_many: Sequence[Delivery]


@dataclass(frozen=True, slots=True)
class Finished:
    """Messages that are done: `ours` are to be deleted, `staying` to be released; nobody touches those in `lost`."""

    message_ids: Sequence[str]
    ours: Sequence[Delivery]
    staying: Sequence[Delivery]
    lost: Sequence[Lost]


class Hands:
    """Each method is one step that no other thread sees half done."""

    def __init__(self, monitor: Monitor, limits: Limits, clock: Clock) -> None:
        self._monitor, self._lock = monitor, monitor.lock
        self._limits, self._clock = limits, clock
        self._holdings = Holdings(limits.max_submissions, limits.max_bytes, limits.visibility_seconds)
        self._extensions = Extensions(self._holdings, limits.visibility_seconds, limits.extenders)
        self._aside = Aside()
        self._tally = Tally(limits.receive_batch, limits.visibility_seconds)
        self._finished: deque[str] = deque()  # message ids
        self._largest_body_bytes = limits.largest_body_bytes
        self._takes_more = True
        self._room = monitor.condition()  # for another receive
        self._space = monitor.condition()  # for what another body unfolds into
        self._done = monitor.condition()  # a message is finished
        self._expiring = monitor.condition()  # visibility is to be extended
        self._waiting = monitor.condition()  # a message is aside

    # -- receive ------------------------------------------------------------------------------------------------------

    def reserve(self) -> Room | None:
        """Wait for room for one receive, for ever once no more is taken; None once we are stopping."""
        with self._lock:
            while not self._monitor.is_stopping:
                batch, most_bytes = self._limits.receive_batch, self._limits.max_bytes
                room = Room(batch, min(batch * self._largest_body_bytes, most_bytes))
                if self._takes_more and self._holdings.reserve(*room):
                    self._tally.asked()
                    self._room.notify()  # there may be room for the next one, too
                    return room
                self._room.wait()
            self._room.notify()
            return None

    def take(self, deliveries: Sequence[Delivery], room: Room, may_be_more: bool = False) -> Taken:
        """Hold what came. A message that we hold already came again too late for its timeout: it is not done twice.

        If it is stuck with us, what came behind it in its group must not overtake it. There may be no room for all of
        them, since the queue takes larger messages by now than it did when we asked. `may_be_more`: the receive failed,
        and may have hidden messages that nobody holds.
        """
        now = self._clock.monotonic()
        with self._lock:
            self._tally.answered(now if may_be_more else None)
            self._largest_body_bytes = max([self._largest_body_bytes, *(each.body_bytes for each in deliveries)])
            deliveries, too_many = fitting(deliveries, room.size_bytes)
            again = self._holdings.received_again(deliveries)
            groups = self._holdings.stuck_groups(deliveries)
            taken = [delivery for delivery in deliveries if self._holdings.take(delivery, now)]
            self._holdings.unreserve(*room)
            self._room.notify()
        stuck = [delivery for delivery in taken if delivery.group in groups]
        return Taken([each for each in taken if each.group not in groups], again, stuck, too_many)

    def take_no_more(self) -> None:
        """No receive begins from now on, whatever room there is."""
        self._takes_more = False

    def renew_largest_body(self, size_bytes: int) -> None:
        """Reserve by the largest body that the queue takes now."""
        with self._lock:
            self._largest_body_bytes = size_bytes
            self._room.notify_all()

    # -- handle -------------------------------------------------------------------------------------------------------

    def await_space(self, can_shrink: Callable[[], bool]) -> None:
        """Wait until what is in flight has shrunk, or there is nothing left that could shrink."""
        with self._lock:
            while self._holdings.is_full and can_shrink() and not self._monitor.is_over:
                self._space.wait(_FULL_SECONDS)

    @property
    def is_full(self) -> bool:
        """No room for what another body would unfold into."""
        return self._holdings.is_full

    def held(self, message_ids: Iterable[Hashable]) -> list[Held]:
        """Those of these messages that are still in our hands: some may have been given back when time was up."""
        with self._lock:
            return self._holdings.among(message_ids)

    def grow(self, delivery: Delivery, size_bytes: int) -> None:
        """Count the records of a message, which exist now."""
        with self._lock:
            for held in self._holdings.among([delivery.message_id]):
                self._holdings.grow(held.delivery.message_id, size_bytes)

    def admitted(self, deliveries: Iterable[Delivery]) -> None:
        """The records of these are on their way: what follows them in their groups may follow now."""
        with self._lock:
            for held in self._holdings.among(delivery.message_id for delivery in deliveries):
                held.admitted = True

    # -- keep ---------------------------------------------------------------------------------------------------------

    @property
    def groups_aside(self) -> set[str]:
        """The message groups of all that is aside. What comes behind it in its group must not overtake it."""
        with self._lock:
            return self._aside.groups

    def set_aside(self, deliveries: Sequence[Delivery]) -> None:
        """Let them wait until their rejects are stored."""
        with self._lock:
            self._aside.add(deliveries)
            self._waiting.notify(len(deliveries))

    def withdraw(self, group: str | None) -> list[Delivery]:
        """What waits aside of this group is not aside any more: what it stood behind goes back to the queue."""
        with self._lock:
            return self._aside.withdraw(group)

    def next_aside(self) -> list[Delivery]:
        """Some of what is aside. It stays so until it is `kept`."""
        with self._lock:
            while not self._monitor.is_over:
                if batch := self._aside.take(KEEP_BATCH):
                    return batch
                self._waiting.wait()
        return []

    def kept(self, batch: Sequence[Delivery]) -> None:
        """Take these from aside: their rejects are stored."""
        with self._lock:
            self._aside.done(batch)
            self._waiting.notify()

    def stay(self, message_ids: Sequence[str]) -> None:
        """Release these in the end instead of deleting them: redrive keeps the originals of their rejects."""
        with self._lock:
            for held in self._holdings.among(message_ids):
                held.stays = True

    # -- settle -------------------------------------------------------------------------------------------------------

    def finish(self, message_ids: Sequence[str]) -> None:
        """All events of these are acknowledged: they may be deleted."""
        with self._lock:
            self._finished.extend(message_ids)
            self._done.notify(ceil(len(message_ids) / DELETE_BATCH))

    def next_finished(self) -> Finished | None:
        """Some of what is finished, as many as one call takes."""
        with self._lock:
            self._done.wait_for(lambda: self._finished or self._monitor.is_over)
            if self._monitor.is_over:
                return None
            message_ids = [self._finished.popleft() for _ in range(min(DELETE_BATCH, len(self._finished)))]
            held = self._holdings.among(message_ids)
            lost = self._holdings.run_out(self._clock.monotonic(), held)
            ours = [each for each in held if each.ours]
        return Finished(
            message_ids,
            [each.delivery for each in ours if not each.stays],
            [each.delivery for each in ours if each.stays],
            lost,
        )

    def finish_again(self, batch: Finished) -> None:
        """The queue did not answer: they stay ours, first in line."""
        with self._lock:
            self._finished.extendleft(reversed(batch.message_ids))

    def drop(self, message_ids: Sequence[str]) -> None:
        """Forget these, which are deleted, released or somebody else's."""
        with self._lock:
            for held in self._holdings.among(message_ids):
                self._holdings.drop(held.delivery.message_id)
            self._room.notify()
            self._space.notify_all()

    # -- hold ---------------------------------------------------------------------------------------------------------

    def look(self) -> list[Lost]:
        """See what is to be extended, and what others can see by now."""
        now = self._clock.monotonic()
        with self._lock:
            lost = self._holdings.run_out(now)
            self._expiring.notify(self._extensions.look(now))
        return lost

    def next_extension(self) -> list[tuple[Delivery, int]]:
        """The most urgent messages, and for how many seconds from now each is to be hidden."""
        with self._lock:
            while not self._monitor.is_over:
                if batch := self._extensions.next_call(self._clock.monotonic()):
                    return batch
                self._expiring.wait()
        return []

    def extended(
        self, batch: Sequence[tuple[Delivery, int]], failures: Sequence[EntryFailure] | None, start: float
    ) -> list[Lost]:
        """The call is back, or failed (None). Returns what the queue says is not ours any more."""
        with self._lock:
            return self._extensions.settle(batch, failures, start, self._clock.monotonic())

    # -- in all, and in the end ---------------------------------------------------------------------------------------

    def __len__(self) -> int:
        """How many messages are held."""
        return len(self._holdings)

    @property
    def size_bytes(self) -> int:
        """Bodies and records of everything held."""
        return self._holdings.size_bytes

    def oldest_seconds(self) -> float:
        """How long the oldest message has been here; 0 if there is none."""
        now = self._clock.monotonic()
        with self._lock:
            return max((now - held.taken_at for held in self._holdings), default=0.0)

    def leaving(self, deliveries: Sequence[Delivery]) -> None:
        """Count these, which are given back since we stop, as unreleased until they are `left`."""
        with self._lock:
            self._tally.leaving(len(deliveries))

    def left(self, messages: int) -> None:
        """Count so many of them as back on the queue."""
        with self._lock:
            self._tally.left(messages)

    def leave_all(self) -> list[Delivery]:
        """All messages that are still ours, to be given back."""
        with self._lock:
            ours = [held.delivery for held in self._holdings if held.ours]
            self._tally.leaving(len(ours))
        return ours

    def stop_counts(self) -> tuple[int, int, int]:
        """Messages released and unreleased so far, and how many more may be hidden without our knowing."""
        with self._lock:
            return self._tally.released, self._tally.unreleased, self._tally.perhaps_hidden(self._clock.monotonic())
