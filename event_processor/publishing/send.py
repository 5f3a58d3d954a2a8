"""Records onto a stream without threads: until all is acknowledged, or time is up."""

from collections.abc import Callable, Hashable, Sequence
from math import inf
from typing import NamedTuple, Protocol

from event_processor.clock import Clock
from event_processor.errors import CallFailed, RecordsRefused
from event_processor.publishing.lanes import Settlement, Unfit, Wave
from event_processor.publishing.publisher import Publisher
from event_processor.publishing.stream import Answer, Record


class Listener(Protocol):
    """Hears what becomes of the records. What it raises ends the sending; what was acknowledged by then stays so."""

    def carried(self, wave: Wave, outcome: Settlement, call_seconds: float) -> None:
        """A wave is back after so long. Neither acknowledged nor refused: nobody knows whether it is stored."""
        ...

    def settled(self, outcome: Settlement) -> None:
        """These were acknowledged, these refused, these submissions are complete."""
        ...

    def failed(self, error: CallFailed) -> None:
        """A call brought no answer, or a record is refused for what it is. It goes again, unless it is turned away."""
        ...


class Judge(Protocol):
    """Decides about records that the stream refuses for what they are."""

    def record_limit(self) -> int | None:
        """How many bytes a record may have, as the stream says by now; None if it does not say."""
        ...

    def turn_away(self, found: Unfit, error_code: str) -> bool:
        """The stream will never take this record. True if sending may go on behind it."""
        ...


def send(
    publisher: Publisher,
    put: Callable[[Sequence[Record]], Sequence[Answer]],
    clock: Clock,
    listener: Listener,
    *,
    deadline: float = inf,
    judge: Judge | None = None,
) -> list[Hashable]:
    """Send what was admitted to the publisher. Returns the submissions that are unfinished in the end.

    `put` carries a call with its retries and raises CallFailed. No `put` begins after the `deadline` of the clock; one
    under way is waited for. Sending ends sooner when all that is left stands behind records that were not turned away.

    Without a `judge`, or while it knows no limit, no record is turned away: it is sent until the deadline. So is one
    that is within the limit while nothing else passes.
    """
    while len(publisher) and (now := clock.monotonic()) < deadline:
        wave = publisher.next_wave(now)
        if wave is None:
            ready_at = publisher.ready_at(now)
            if ready_at is None:  # all that is left stands behind a record that was not turned away
                break
            clock.sleep(min(ready_at, deadline) - now)
            continue
        blamed = _carry(wave, publisher, put, clock, listener)
        if blamed.lanes:
            limit_bytes = None if judge is None else judge.record_limit()
            for found in publisher.blame(blamed.lanes, blamed.together, limit_bytes, clock.monotonic()):
                if judge is not None and judge.turn_away(found, blamed.error_code):
                    listener.settled(Settlement(completed=publisher.skip(found.lane)))
    return publisher.unfinished


class _Blamed(NamedTuple):
    """Lanes whose heads were refused for what they are, one by one or `together`."""

    lanes: Sequence[Hashable] = ()
    error_code: str = ""
    together: bool = False


def _carry(
    wave: Wave,
    publisher: Publisher,
    put: Callable[[Sequence[Record]], Sequence[Answer]],
    clock: Clock,
    listener: Listener,
) -> _Blamed:
    start = clock.monotonic()
    try:
        answers = put(wave.records)
    except RecordsRefused as refusal:
        listener.failed(refusal)
        return _Blamed(wave.lanes, refusal.code, together=True)
    except CallFailed as error:
        now = clock.monotonic()
        listener.carried(wave, publisher.settle(wave, None, now), now - start)
        listener.failed(error)
        return _Blamed()
    now = clock.monotonic()
    outcome = publisher.settle(wave, answers, now)
    listener.carried(wave, outcome, now - start)
    listener.settled(outcome)
    if not outcome.blamed:
        return _Blamed()
    code = next(refused.error_code for refused in outcome.refused if refused.blames_record)
    listener.failed(CallFailed("put", code, f"the stream will not take a record of {outcome.blamed[0]}"))
    return _Blamed(outcome.blamed, code)
