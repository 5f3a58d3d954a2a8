"""One stream's records on their way: lanes by partition key, and waves that leave after a short linger. Pure."""

from collections.abc import Callable, Hashable, Sequence
from typing import Final, cast

from event_processor.contracts.judge import Judge
from event_processor.contracts.streams import Stream
from event_processor.gateway.pending import Parcel
from event_processor.publishing.lanes import Settlement, Unfit, Wave
from event_processor.publishing.publisher import PUT_RECORDS_MAX, Publisher
from event_processor.publishing.stream import Answer, Shard

_NOT_LINGERING: Final = float("-inf")


class Line:
    """Each record is a submission of its own, and those of a key are a group: one of them on the wire, in order.

    `wake` is called when something that was not is worth a look: a linger that begins, or a wave that is full.
    """

    def __init__(self, stream: Stream, publisher: Publisher, limit_bytes: int, linger_seconds: float) -> None:
        self.stream, self.judge = stream, Judge(stream)
        self.limit_bytes = limit_bytes
        self.wake: Callable[[], None] = lambda: None
        self._publisher, self._linger_seconds = publisher, linger_seconds
        self._leaves_at = _NOT_LINGERING
        self._fresh = 0  # admitted since the last wave
        self._given_up: set[Parcel] = set()  # and perhaps still on the wire

    def admit(self, parcel: Parcel, now: float) -> None:
        """Behind all that is here of its key."""
        self._publisher.admit(parcel, (parcel.record,), parcel.record.partition_key)
        self._fresh += 1
        if self._fresh == 1:
            self._leaves_at = now + self._linger_seconds
        if self._fresh in {1, PUT_RECORDS_MAX}:
            self.wake()

    def next_wave(self, now: float) -> Wave | None:
        """What is to be sent now."""
        if now < self._leaves_at and self._fresh < PUT_RECORDS_MAX:
            return None
        wave = self._publisher.next_wave(now)
        if wave is not None:
            self._fresh, self._leaves_at = 0, _NOT_LINGERING  # what the wave had no room for waits no longer
        return wave

    def ready_at(self, now: float) -> float | None:
        """When to ask for a wave; None as long as nothing changes."""
        ready_at = self._publisher.ready_at(now)
        if ready_at is None or self._fresh >= PUT_RECORDS_MAX:
            return ready_at
        return max(ready_at, self._leaves_at)

    def deadline(self, wave: Wave) -> float:
        """When the first of those who wait for it are told that it failed: from then on none of it is sent again so."""
        return min([parcel.pending.deadline for parcel in _parcels(wave.submissions)])

    def settle(self, wave: Wave, answers: Sequence[Answer] | None, now: float) -> Settlement:
        """See Publisher."""
        outcome = self._publisher.settle(wave, answers, now)
        self._given_up.difference_update(_parcels(outcome.completed))
        return outcome

    def unfit(self, lanes: Sequence[Hashable], together: bool, now: float) -> list[Parcel]:
        """Of heads that were refused for what they are, those that the stream will never take. They are gone."""
        found: list[Unfit] = self._publisher.blame(lanes, together, self.limit_bytes, now)
        for each in found:
            self._publisher.skip(each.lane)
        parcels = _parcels([each.submission for each in found])
        self._given_up.difference_update(parcels)
        return parcels

    def give_up(self, parcels: Sequence[Parcel] = ()) -> list[Parcel]:
        """Nobody waits for these any more, nor for those of earlier calls. Returns what is gone of all of them."""
        self._given_up.update(parcels)
        gone = _parcels(self._publisher.withdraw(self._given_up)) if self._given_up else []
        self._given_up.difference_update(gone)
        return gone

    def unfinished(self) -> list[Parcel]:
        """All that is here."""
        return _parcels(self._publisher.unfinished)

    def reshard(self, shards: Sequence[Shard]) -> None:
        """See Publisher."""
        self._publisher.reshard(shards)


def _parcels(submissions: Sequence[Hashable]) -> list[Parcel]:
    return cast("list[Parcel]", list(submissions))
