"""Order at batch speed: lanes and waves (docs/ordering.md). A pure state machine: no I/O, no clock, no threads.

PutRecords may store the third event of a submission and refuse the second; no retry can fix that. Therefore a lane,
which is what must stay in order, has at most one record on the wire, and a wave carries the heads of up to 500 lanes in
one call. A lane's next record is sent only after the one before it was acknowledged.

    admit(submission, records)    a submission joins, in a lane of its own or behind the others of its group
    next_wave(now) -> Wave        the heads of all lanes that may send and whose shard has room
    settle(wave, answers, now)    acknowledged: the lane moves on; refused or unanswered: its head stays for later
    withdraw(submissions)         nobody waits for these any more: what is not on the wire is not sent
    blame(lanes, ...)             refused for what they are: finds which will never pass; `skip` does without them
    reshard(shards)               the stream has these open shards now
"""

from collections import defaultdict, deque
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import count, repeat
from typing import Final

from event_processor.publishing.lanes import Lane, Load, Settlement, Unfit, Wave
from event_processor.publishing.pacing import ANY_SHARD, CallSize, Pacing
from event_processor.publishing.stream import Acknowledged, Answer, Record, Shard
from event_processor.publishing.suspects import Suspects

PUT_RECORDS_MAX: Final = 500  # API reference of PutRecords, as is the next
PUT_RECORDS_MAX_BYTES: Final = 10 * 1024 * 1024
THROTTLED: Final = "ProvisionedThroughputExceededException"  # of a shard; any other refusal says nothing about its pace


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long a lane waits after its n-th refusal in a row: somewhere below `first * 2^(n-1)`, at most `most`."""

    first_seconds: float = 0.05
    most_seconds: float = 5.0

    def ceiling_seconds(self, refusals: int) -> float:
        """The longest wait after so many refusals; the wait itself is drawn below it (full jitter)."""
        return min(self.most_seconds, self.first_seconds * 2.0 ** min(refusals - 1, 30))


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
        pacing: Pacing | None = None,
    ) -> None:
        self._jitter = jitter
        self._backoff = backoff
        self._max_records = max_records
        self._call_size = CallSize(max_bytes)
        self._lanes: dict[Hashable, Lane] = {}
        self._pacing = pacing or Pacing()
        self._ready: defaultdict[str, deque[Lane]] = defaultdict(deque)  # by shard, none empty; last turn, last
        self._resting: list[tuple[float, int, Lane]] = []
        self._suspects = Suspects()
        self._tie = count()

    def __len__(self) -> int:
        """How many lanes have something left to send."""
        return len(self._lanes)

    @property
    def unfinished(self) -> list[Hashable]:
        """The submissions that are not complete, those of a group in order."""
        return [load.submission for lane in self._lanes.values() for load in lane.loads]

    def admit(self, submission: Hashable, records: Sequence[Record], group: Hashable = None) -> bool:
        """Take a submission's records. False if it is complete already: it has none, and nothing stands before it.

        Without a group it gets a lane of its own; with one, it waits behind all that the group's lane holds. Raises
        ValueError if its own lane exists.
        """
        key = submission if group is None else group
        lane = self._lanes.get(key)
        if lane is None and not records:
            return False
        remaining = deque(records)
        load = Load(submission, remaining, self._shard_of(remaining))
        if lane is None:
            lane = self._lanes[key] = Lane(key, deque([load]))
            self._queue(lane)
        elif group is None:
            raise ValueError(f"submission {submission!r} has a lane already")
        else:
            lane.loads.append(load)
        return True

    def reshard(self, shards: Sequence[Shard]) -> None:
        """Take the shards that are open now, and sort what waits again."""
        self._pacing.reshard(shards)
        for lane in self._lanes.values():
            for load in lane.loads:
                load.shard_id = self._shard_of(load.remaining)
        waiting = [lane for lanes in self._ready.values() for lane in lanes]
        self._ready.clear()
        for lane in waiting:
            self._queue(lane)

    def ready_at(self, now: float) -> float | None:
        """When there is something to send: `now`, a later moment, or None as long as nothing changes."""
        self._wake(now)
        moments = [self._room_at(shard_id, now) for shard_id in self._ready]
        moments += [self._resting[0][0]] if self._resting else []
        moments += [now] if self._suspects else []
        return min(moments, default=None)

    def paced(self, now: float) -> int:
        """How many lanes wait for nothing but room on their shard."""
        return sum(len(lanes) for shard_id, lanes in self._ready.items() if self._room_at(shard_id, now) > now)

    def next_wave(self, now: float) -> Wave | None:
        """The heads of the lanes that may send, as many as one call takes; None if there are none.

        A head that would make the call too large waits for the next wave, first in line.
        """
        self._wake(now)
        if self._suspects:
            return Wave.of(self._suspects.next_group())
        lanes: list[Lane] = []
        left_bytes = self._call_size.size_bytes
        for shard_id in list(self._ready):
            if self._room_at(shard_id, now) <= now:
                left_bytes = self._take(shard_id, lanes, left_bytes)
                if left_bytes <= 0 or len(lanes) == self._max_records:
                    break
        return Wave.of(lanes) if lanes else None

    def settle(self, wave: Wave, answers: Sequence[Answer] | None, now: float) -> Settlement:
        """Take the answers to a wave, one for each record and in that order; None if the call brought no answer.

        Without an answer the records may be stored or not, so all heads are sent again: at least once, still in order,
        and in smaller waves, since their size may be why there was none. The lanes that are `blamed` in it wait until
        `blame` has judged them.
        """
        outcome = Settlement()
        if answers is None:
            self._call_size.failed(sum(record.size_bytes for record in wave.records))
        else:
            self._call_size.answered()
        each: Iterable[Answer | None] = repeat(None, len(wave.lanes)) if answers is None else answers
        for key, answer in zip(wave.lanes, each, strict=True):
            lane = self._lanes[key]
            if isinstance(answer, Acknowledged):
                self._move_on(lane, answer, outcome)
                continue
            if answer is not None:
                outcome.refused.append(answer)
                if answer.blames_record:
                    outcome.blamed.append(key)
                    continue
                if answer.error_code == THROTTLED:
                    self._pacing.bucket(lane.loads[0].shard_id).throttled()
            self._rest(lane, now)
        if outcome.acknowledged:
            self._suspects.passed(wave.lanes)
        return outcome

    def blame(self, keys: Sequence[Hashable], together: bool, limit_bytes: int | None, now: float) -> list[Unfit]:
        """The heads of these lanes were refused for what they are; `together`: their call was, and names none.

        Returns those that will never pass: over the limit of a record, or refused alone while others passed. Without
        knowing the limit, none. All others are sent again.
        """
        judged = self._suspects.judge([self._lanes[key] for key in keys], together, limit_bytes)
        for lane in judged.cleared:
            self._queue(lane)
        for lane in judged.resting:
            self._rest(lane, now)
        return [Unfit(lane.key, lane.loads[0].submission, lane.head) for lane in judged.unfit]

    def skip(self, key: Hashable) -> list[Hashable]:
        """The unfit head of this lane is a reject by now: go on behind it. Returns the submissions that end so."""
        lane = self._lanes[key]
        self._suspects.forget(key)
        lane.remaining.popleft()
        completed: list[Hashable] = []
        self._advance(lane, completed)
        return completed

    def withdraw(self, submissions: Collection[Hashable]) -> list[Hashable]:
        """Send nothing more of these, but for those that are on the wire or under suspicion. Returns what is gone.

        Whoever wants the others gone, too, asks again when they are back. Looks at every lane: ask for many at once.
        """
        idle = {lane.key for lanes in self._ready.values() for lane in lanes}
        idle |= {lane.key for _, _, lane in self._resting}
        gone: list[Hashable] = []
        bared: list[Lane] = []  # without what was their head
        for lane in self._lanes.values():
            head, kept = lane.loads[0], deque[Load]()
            for load in lane.loads:
                stays = load.submission not in submissions or (load is head and lane.key not in idle)
                kept.append(load) if stays else gone.append(load.submission)
            lane.loads = kept
            bared += [] if kept and kept[0] is head else [lane]
        self._bare(bared)
        return gone

    def _bare(self, lanes: Sequence[Lane]) -> None:
        """Queue what is left of lanes that were idle and have lost their heads."""
        keys = {lane.key for lane in lanes}
        for shard_id, waiting in list(self._ready.items()):
            self._ready[shard_id] = deque(lane for lane in waiting if lane.key not in keys)
            if not self._ready[shard_id]:
                del self._ready[shard_id]
        self._resting = [entry for entry in self._resting if entry[2].key not in keys]
        heapify(self._resting)
        for lane in lanes:
            self._suspects.forget(lane.key)
            self._advance(lane, [])

    def _shard_of(self, records: Sequence[Record]) -> str:
        return self._pacing.shard_of(records[0].partition_key) if records else ANY_SHARD

    def _queue(self, lane: Lane) -> None:
        if self._suspects.accused and lane.key in self._suspects.accused:
            self._suspects.part([lane])
        else:
            self._ready[lane.loads[0].shard_id].append(lane)

    def _wake(self, now: float) -> None:
        while self._resting and self._resting[0][0] <= now:
            self._queue(heappop(self._resting)[2])

    def _room_at(self, shard_id: str, now: float) -> float:
        lanes = self._ready[shard_id]
        return self._pacing.bucket(shard_id).room_at(len(lanes), lanes[0].head.size_bytes, now)

    def _take(self, shard_id: str, lanes: list[Lane], left_bytes: int) -> int:
        """Add to `lanes` what this shard has room for. Returns the bytes left in the call, 0 if it is full."""
        bucket, waiting = self._pacing.bucket(shard_id), self._ready[shard_id]
        room, room_bytes = min(bucket.records, self._max_records - len(lanes), len(waiting)), bucket.size_bytes
        records = size_bytes = 0
        while records < room and size_bytes < room_bytes:
            head_bytes = waiting[0].loads[0].remaining[0].size_bytes
            if lanes and size_bytes + head_bytes > left_bytes:
                bucket.spend(records, size_bytes)
                return 0
            records += 1
            size_bytes += head_bytes
            lanes.append(waiting.popleft())
        bucket.spend(records, size_bytes)
        del self._ready[shard_id]
        if waiting:
            self._ready[shard_id] = waiting
        return left_bytes - size_bytes

    def _move_on(self, lane: Lane, answer: Acknowledged, outcome: Settlement) -> None:
        """Move a lane on behind its head. In one piece, though long: it is done for each record."""
        load, last = lane.loads[0], lane.last
        outcome.acknowledged.append(load.remaining.popleft())
        if last is not None and last.shard_id == answer.shard_id and answer.sequence_number <= last.sequence_number:
            outcome.violations.append(load.submission)
        if load.shard_id not in (answer.shard_id, ANY_SHARD):
            outcome.elsewhere = True
        lane.last = answer
        if load.remaining and not self._suspects.accused:
            lane.refusals = 0
            self._ready[load.shard_id].append(lane)
        else:
            self._advance(lane, outcome.completed)

    def _advance(self, lane: Lane, completed: list[Hashable]) -> None:
        lane.refusals = 0
        while lane.loads and not lane.loads[0].remaining:
            completed.append(lane.loads.popleft().submission)
        if lane.loads:
            self._queue(lane)
        else:
            del self._lanes[lane.key]

    def _rest(self, lane: Lane, now: float) -> None:
        lane.refusals += 1
        wait_seconds = self._jitter() * self._backoff.ceiling_seconds(lane.refusals)
        heappush(self._resting, (now + wait_seconds, next(self._tie), lane))
