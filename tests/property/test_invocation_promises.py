"""Any batch on any day: what is answered as done is done, in order and in time, and nothing else has to come again."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from event_processor.errors import CallFailed
from event_processor.publishing.stream import Answer, Record
from event_processor.rejects.reject import Reject
from event_processor.submissions.delivery import Delivery
from event_processor.testing import Fate, ManualClock, MemoryRejects, MemoryStream
from tests.batches import Bench, message, submission_id
from tests.lengths import examples

SECONDS: Final = 30.0
EVENTS: Final = 4


@dataclass(frozen=True)
class Day:
    """What goes wrong: shares of records refused, calls lost either way, stores that fail and that keep no original."""

    refuse: float
    lose: float
    fail_store: float
    keep_none: float
    down_from: float  # seconds; nothing is stored afterwards
    max_submissions: int
    seed: int


class BadStream(MemoryStream):
    """Each call takes a tenth of a second."""

    def __init__(self, day: Day, clock: ManualClock) -> None:
        self.dice, self.clock, self.day, self.calls = Random(day.seed), clock, day, list[float]()
        super().__init__(
            refuse=lambda _: "InternalFailure" if self.dice.random() < day.refuse else None,
            fate=lambda _: self._fate(),
        )

    def put(self, records: Sequence[Record]) -> list[Answer]:
        """See Sink."""
        self.calls.append(self.clock.monotonic())
        self.clock.advance(0.1)
        return super().put(records)

    def _fate(self) -> Fate:
        if self.clock.monotonic() > self.day.down_from:
            return Fate.REQUEST_LOST
        if self.dice.random() >= self.day.lose:
            return Fate.ANSWERED
        return self.dice.choice([Fate.REQUEST_LOST, Fate.ANSWER_LOST])


class BadRejects(MemoryRejects):
    """Each call takes half a second."""

    def __init__(self, day: Day, clock: ManualClock) -> None:
        super().__init__()
        self.dice, self.clock, self.day, self.bare = Random(day.seed + 1), clock, day, set[str]()

    def store(self, rejects: Sequence[Reject]) -> list[Reject]:
        """See RejectStore."""
        self.clock.advance(0.5)
        if self.dice.random() < self.day.fail_store:
            raise CallFailed("store", "ENOSPC", "told to fail")
        super().store(rejects)
        bare = [reject for reject in rejects if self.dice.random() < self.day.keep_none]
        self.bare.update(reject.origin.id for reject in bare)
        return bare


SHARES: Final = st.sampled_from([0.0, 0.0, 0.1, 0.5, 1.0])
DAYS: Final = st.builds(
    Day,
    refuse=SHARES,
    lose=SHARES,
    fail_store=SHARES,
    keep_none=SHARES,
    down_from=st.sampled_from([0.0, 1.0, 5.0, 1e9, 1e9]),
    max_submissions=st.sampled_from([1, 3, 2000]),
    seed=st.integers(0, 9_999),
)
MESSAGES: Final = st.builds(
    lambda bad, body, group: (tuple(bad), body, group),
    bad=st.lists(st.integers(0, EVENTS - 1), max_size=2),
    body=st.sampled_from([None, None, None, None, "nonsense"]),
    group=st.sampled_from([None, "a", "b"]),
)


def first_occurrences(stream: MemoryStream) -> list[tuple[str, int]]:
    """Submission and sequence of each event, in the order in which they first appeared."""
    return list(dict.fromkeys((event["submission_id"], event["sequence"]) for event in stream.events()))


def is_done(delivery: Delivery, bad: Sequence[int], stream: MemoryStream, rejects: BadRejects) -> bool:
    """Whether all that it has to become is safe."""
    kept = {reject.sequence for reject in rejects.stored if reject.origin.id == delivery.message_id}
    if delivery.body == "nonsense":
        return None in kept and delivery.message_id not in rejects.bare
    whole = submission_id(int(delivery.message_id[1:]))
    sent = {sequence for submission, sequence in first_occurrences(stream) if submission == whole}
    return sent | kept == set(range(EVENTS)) and kept == set(bad) and delivery.message_id not in rejects.bare


@examples(100, 1200)
def test_promises(examples: int) -> None:
    """Whatever is refused, lost or down, for any mix of messages."""
    seen: Counter[str] = Counter()

    @settings(max_examples=examples)
    @given(st.lists(MESSAGES, max_size=12), DAYS)
    def every_batch(drawn: list[tuple[tuple[int, ...], str | None, str | None]], day: Day) -> None:
        batch = [message(number, EVENTS, group, bad, body) for number, (bad, body, group) in enumerate(drawn)]
        clock = ManualClock()
        stream, rejects = BadStream(day, clock), BadRejects(day, clock)
        bench = Bench(stream, rejects, clock, max_submissions=day.max_submissions)
        unfinished = bench.work(batch, SECONDS)
        done = [is_done(each, drawn[number][0], stream, rejects) for number, each in enumerate(batch)]

        for number, delivery in enumerate(batch):
            if delivery.message_id not in unfinished:
                assert done[number], "what is answered as done is done"
        blocked: set[str | None] = set()
        for number, delivery in enumerate(batch):
            if not done[number]:
                blocked.add(delivery.group or delivery.message_id)
            is_behind = delivery.group in blocked
            if is_behind:
                assert delivery.message_id in unfinished, "what is behind an unfinished one of its group is, too"
            if day.lose == 0 and day.down_from > SECONDS and done[number] and not is_behind:
                assert delivery.message_id not in unfinished, "and nothing else"
        _in_order(batch, stream)
        assert all(call < SECONDS for call in stream.calls), "no call begins too late"
        assert clock.monotonic() < SECONDS + 1, "and none is waited for after that"
        seen.update(unfinished=len(unfinished), done=len(batch) - len(unfinished), rejects=len(rejects.stored))

    every_batch()

    assert min(seen.values()) > examples / 2, seen


def _in_order(batch: Sequence[Delivery], stream: MemoryStream) -> None:
    """Within a submission, and within a group in the order of its messages."""
    places = {submission_id(number): (delivery.group, number) for number, delivery in enumerate(batch)}
    lanes: dict[object, list[tuple[int, int]]] = {}
    for submission, sequence in first_occurrences(stream):
        group, number = places[submission]
        lanes.setdefault(number if group is None else group, []).append((number, sequence))
    assert all(lane == sorted(lane) for lane in lanes.values()), "order"
