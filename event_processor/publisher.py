"""Order at batch speed: lanes and waves (docs/ordering.md). A pure state machine: no I/O, no clock, no threads.

PutRecords may store the third event of a submission and refuse the second; no retry can mend that. Therefore a lane,
which is what must stay in order, has at most one record on the wire, and a wave carries the heads of up to 500 lanes in
one call. A lane's next record is sent only after the one before it was acknowledged.

    admit(submission, records)    a submission joins, in a lane of its own or behind the others of its group
    next_wave(now) -> Wave        the heads of all lanes that may send
    settle(wave, answers, now)    acknowledged: the lane moves on; refused or unanswered: its head stays for later
"""

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count, repeat
from typing import Final

from event_processor.model.answer import Acknowledged, Answer, Refused
from event_processor.model.event_record import Record

PUT_RECORDS_MAX: Final = 500  # API reference of PutRecords, as is the next
PUT_RECORDS_MAX_BYTES: Final = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long a lane waits after its n-th refusal in a row: somewhere below `first * 2^(n-1)`, at most `most`."""

    first_seconds: float = 0.05
    most_seconds: float = 5.0

    def ceiling_seconds(self, refusals: int) -> float:
        """The longest wait after so many refusals; the wait itself is drawn below it (full jitter)."""
        return min(self.most_seconds, self.first_seconds * 2.0 ** min(refusals - 1, 30))


@dataclass(frozen=True, slots=True)
class _Load:
    submission: Hashable
    remaining: deque[Record]


@dataclass(slots=True)
class _Lane:
    key: Hashable
    loads: deque[_Load] = field(default_factory=deque)  # never empty, and the first has records
    refusals: int = 0
    last: Acknowledged | None = None

    @property
    def remaining(self) -> deque[Record]:
        return self.loads[0].remaining

    @property
    def head(self) -> Record:
        return self.remaining[0]


@dataclass(frozen=True, slots=True)
class Wave:
    """What goes to Kinesis in one call: the heads of `lanes`, in that order, and the submission of each."""

    lanes: tuple[Hashable, ...]
    records: tuple[Record, ...]
    submissions: tuple[Hashable, ...]


@dataclass(slots=True)
class Settlement:
    """What a wave's answers came to. `completed` and `violations` name submissions, as they were admitted."""

    completed: list[Hashable] = field(default_factory=list)
    acknowledged: list[Record] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    violations: list[Hashable] = field(default_factory=list)


class Publisher:
    """The lanes of one process and the waves made of them.

    `jitter` draws from 0..1. Several waves may be out at once: a lane on the wire is in no other wave.
    """

    def __init__(
        self,
        jitter: Callable[[], float],
        backoff: Backoff = Backoff(),
        max_records: int = PUT_RECORDS_MAX,
        max_bytes: int = PUT_RECORDS_MAX_BYTES,
    ) -> None:
        self._jitter = jitter
        self._backoff = backoff
        self._max_records = max_records
        self._max_bytes = max_bytes
        self._lanes: dict[Hashable, _Lane] = {}
        self._ready: deque[_Lane] = deque()
        self._resting: list[tuple[float, int, _Lane]] = []
        self._tie = count()

    def __len__(self) -> int:
        """The lanes with something left to send."""
        return len(self._lanes)

    def admit(self, submission: Hashable, records: Sequence[Record], group: Hashable = None) -> bool:
        """Take a submission's records. False if it is complete already: it has none, and nothing stands before it.

        Without a group it gets a lane of its own; with one, it waits behind all that the group's lane holds. Raises
        ValueError if its own lane exists.
        """
        lane = self._lanes.get(submission if group is None else group)
        if lane is None:
            return bool(records) and self._open(
                submission if group is None else group, _Load(submission, deque(records))
            )
        if group is None:
            raise ValueError(f"submission {submission!r} has a lane already")
        lane.loads.append(_Load(submission, deque(records)))
        return True

    def ready_at(self, now: float) -> float | None:
        """When there is something to send: `now`, a later moment, or None as long as nothing changes."""
        if self._ready:
            return now
        return max(now, self._resting[0][0]) if self._resting else None

    def next_wave(self, now: float) -> Wave | None:
        """The heads of the lanes that may send, as many as one call takes; None if there are none.

        A head that would make the call too large waits for the next wave, first in line.
        """
        while self._resting and self._resting[0][0] <= now:
            self._ready.append(heappop(self._resting)[2])
        lanes: list[_Lane] = []
        size_bytes = 0
        while self._ready and len(lanes) < self._max_records:
            size_bytes += self._ready[0].head.size_bytes
            if lanes and size_bytes > self._max_bytes:
                break
            lanes.append(self._ready.popleft())
        return _wave(lanes) if lanes else None

    def settle(self, wave: Wave, answers: Sequence[Answer] | None, now: float) -> Settlement:
        """Take the answers to a wave, one for each record and in that order; None if the call brought no answer.

        Without an answer the records may be stored or not, so all heads are sent again: at least once, still in order.
        """
        outcome = Settlement()
        each: Iterable[Answer | None] = repeat(None, len(wave.lanes)) if answers is None else answers
        for key, answer in zip(wave.lanes, each, strict=True):
            lane = self._lanes[key]
            if isinstance(answer, Acknowledged):
                self._move_on(lane, answer, outcome)
                continue
            if answer is not None:
                outcome.refused.append(answer)
            self._rest(lane, now)
        return outcome

    def _open(self, key: Hashable, load: _Load) -> bool:
        lane = self._lanes[key] = _Lane(key, deque([load]))
        self._ready.append(lane)
        return True

    def _move_on(self, lane: _Lane, answer: Acknowledged, outcome: Settlement) -> None:
        load = lane.loads[0]
        outcome.acknowledged.append(load.remaining.popleft())
        if _falls(lane.last, answer):
            outcome.violations.append(load.submission)
        lane.last = answer
        lane.refusals = 0
        while lane.loads and not lane.remaining:
            outcome.completed.append(lane.loads.popleft().submission)
        if lane.loads:
            self._ready.append(lane)
        else:
            del self._lanes[lane.key]

    def _rest(self, lane: _Lane, now: float) -> None:
        lane.refusals += 1
        wait_seconds = self._jitter() * self._backoff.ceiling_seconds(lane.refusals)
        heappush(self._resting, (now + wait_seconds, next(self._tie), lane))


def _wave(lanes: Sequence[_Lane]) -> Wave:
    return Wave(
        lanes=tuple(lane.key for lane in lanes),
        records=tuple(lane.head for lane in lanes),
        submissions=tuple(lane.loads[0].submission for lane in lanes),
    )


def _falls(before: Acknowledged | None, after: Acknowledged) -> bool:
    """Within a lane on one shard sequence numbers rise; a fall means that the stream holds the lane out of order."""
    return before is not None and before.shard_id == after.shard_id and after.sequence_number <= before.sequence_number
