"""A batch in the time there is for it: nothing is answered as done that is not, nothing is overtaken or late."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from event_processor.errors import CallFailed, RecordsRefused
from event_processor.publishing.pacing import Pacing
from event_processor.publishing.publisher import Publisher
from event_processor.publishing.stream import Answer, Record, Refused, Shard
from event_processor.rejects.reject import Reject
from event_processor.submissions.delivery import Delivery
from event_processor.submissions.event_models import EventModels
from event_processor.submissions.invocation import Invocation
from event_processor.submissions.ports import EventData
from event_processor.submissions.written_event import RecordRules
from event_processor.testing import Fate, ManualClock, MemoryRejects, MemoryStream
from event_processor.verdict import Reason
from tests.batches import FOR_EVER, Bench, message, stored, submission_id


def refusing(*numbers: int, code: str = "InternalFailure") -> Callable[[Record], str | None]:
    """Refuses the records of these submissions for ever."""
    refused = {submission_id(number) for number in numbers}
    return lambda record: code if str(record.submission_id) in refused else None


class Slow(MemoryStream):
    """Each call takes a second of the clock."""

    def __init__(self, clock: ManualClock, **options: Any) -> None:
        super().__init__(**options)
        self.clock = clock
        self.calls: list[float] = []

    def put(self, records: Sequence[Record]) -> list[Answer]:
        """See Sink."""
        self.calls.append(self.clock.monotonic())
        self.clock.advance(1.0)
        return super().put(records)


class SlowRejects(MemoryRejects):
    """Each call takes so many seconds of the clock, and fails while `failing` is set."""

    def __init__(self, clock: ManualClock, seconds: float) -> None:
        super().__init__()
        self.clock, self.seconds, self.calls = clock, seconds, 0

    def store(self, rejects: Sequence[Reject]) -> list[Reject]:
        """See RejectStore."""
        self.calls += 1
        self.clock.advance(self.seconds)
        return super().store(rejects)


class WithoutOriginals(MemoryRejects):
    """Takes all, and can keep no original."""

    def store(self, rejects: Sequence[Reject]) -> list[Reject]:
        """See RejectStore."""
        super().store(rejects)
        return list(rejects)


class Broken(EventModels):
    """Our own code with a bug that one event type brings to light."""

    def read_all(self, event_type: str, events: Sequence[Any]) -> list[EventData] | None:
        """See EventTypes."""
        if event_type == "network_connection":
            raise RuntimeError("a bug")
        return super().read_all(event_type, events)


def test_a_batch_is_finished() -> None:
    """All events of all messages are on the stream, in order, and nothing has to come again."""
    bench = Bench()

    assert bench.work([message(number) for number in range(10)]) == []
    assert stored(bench.stream) == {submission_id(number): [0, 1, 2] for number in range(10)}


def test_an_empty_batch_is_finished() -> None:
    """Nothing to do is done."""
    assert Bench().work([]) == []


def test_a_submission_without_events_is_finished() -> None:
    """A sound submission that has nothing to publish does not come again."""
    assert Bench().work([message(0, events=0)]) == []


def test_submissions_without_events_leave_room_for_what_follows() -> None:
    """However many of them a batch holds, all have their turn, and so has what comes after them."""
    bench = Bench(max_submissions=2)

    assert bench.work([*(message(number, events=0) for number in range(7)), message(7)]) == []
    assert stored(bench.stream) == {submission_id(7): [0, 1, 2]}


def test_one_of_ten_comes_again() -> None:
    """The message whose events Kinesis does not take is named, and no other."""
    bench = Bench(MemoryStream(refuse=refusing(4)))

    assert bench.work([message(number) for number in range(10)], seconds=30) == ["m4"]


def test_a_message_that_is_half_sent_comes_again() -> None:
    """All its events but the last are acknowledged: it is not finished."""
    stream = MemoryStream(refuse=lambda record: "InternalFailure" if record.sequence == 2 else None)

    assert Bench(stream).work([message(0)], seconds=30) == ["m0"]
    assert stored(stream) == {submission_id(0): [0, 1]}


def test_lost_answers_cost_repeats_only() -> None:
    """A call without an answer is made again, and the order of first occurrences holds."""
    fates = iter([Fate.ANSWER_LOST, Fate.REQUEST_LOST, Fate.ANSWERED, Fate.ANSWER_LOST])
    stream = MemoryStream(fate=lambda _: next(fates, Fate.ANSWERED))

    assert Bench(stream).work([message(0)]) == []
    assert list(dict.fromkeys(stored(stream)[submission_id(0)])) == [0, 1, 2]


def test_a_kinesis_that_is_down_leaves_all_for_later() -> None:
    """Every message comes again, and the batch ends in time."""
    bench = Bench(MemoryStream(fate=lambda _: Fate.REQUEST_LOST))

    assert bench.work([message(0), message(1)], seconds=20) == ["m0", "m1"]
    assert bench.clock.monotonic() == pytest.approx(20, abs=0.01)


def test_a_group_stops_at_what_is_unfinished() -> None:
    """On a FIFO queue the unfinished message and those behind it in its group come again; other groups do not mind."""
    stream = MemoryStream(refuse=refusing(1))
    batch = [message(number, group="ab"[number % 2]) for number in range(6)]

    assert Bench(stream).work(batch, seconds=30) == ["m1", "m3", "m5"]
    assert set(stored(stream)) == {submission_id(number) for number in (0, 2, 4)}, "nothing overtook m1 in its group"


def test_a_group_is_sent_in_its_order() -> None:
    """The next message of a group waits for the one before it, whatever is refused meanwhile, rejects or not."""
    refusals = iter([True, False] * 100)
    stream = MemoryStream(refuse=lambda _: "InternalFailure" if next(refusals, False) else None)

    assert Bench(stream).work([message(number, group="a", bad=[number % 3]) for number in range(4)]) == []
    assert list(stored(stream)) == [submission_id(number) for number in range(4)]


def test_what_is_finished_behind_an_unfinished_message_of_its_group_comes_again() -> None:
    """Whatever left the earlier one unfinished: the queue gives a group's messages in order, so all of them."""
    bench = Bench(rejects=WithoutOriginals())

    assert bench.work([message(0, group="a", bad=[0]), message(1, group="a"), message(2, group="b")]) == ["m0", "m1"]


def test_our_own_bug_costs_one_message() -> None:
    """The message that our code fails on comes again, with what is behind it in its group; the others are done."""
    bug = json.dumps({**json.loads(message(1).body), "events": {"network_connection": [{}]}})
    batch = [message(0), message(1, body=bug), message(2), message(3, body=bug, group="a")]
    batch += [message(4, group="a"), message(5, group="b")]
    bench = Bench(rules=RecordRules("device_id", 1024 * 1024, Broken()))

    assert bench.work(batch) == ["m1", "m3", "m4"]
    assert set(stored(bench.stream)) == {submission_id(number) for number in (0, 2, 5)}
    assert [delivery.message_id for delivery, _ in bench.observer.of("broken")] == ["m1", "m3"]


def test_our_own_bug_in_a_message_with_rejects_costs_no_other() -> None:
    """Also where it shows late, after rejects of other messages were met."""

    document = json.loads(message(1, bad=[0]).body)
    document["events"]["network_connection"] = [{}]
    bench = Bench(rules=RecordRules("device_id", 1024 * 1024, Broken()))

    assert bench.work([message(0, bad=[1]), message(1, body=json.dumps(document)), message(2, bad=[2])]) == ["m1"]
    assert stored(bench.stream) == {submission_id(0): [0, 2], submission_id(2): [0, 1]}


def test_rejects_are_stored_and_the_rest_is_sent() -> None:
    """A bad body is a reject, a bad event beside good ones, too; neither makes a message come again."""
    bench = Bench()

    assert bench.work([message(0, body="nonsense"), message(1, bad=[1]), message(2)]) == []
    assert [(reject.origin.id, reject.sequence) for reject in bench.rejects.stored] == [("m0", None), ("m1", 1)]
    assert stored(bench.stream) == {submission_id(1): [0, 2], submission_id(2): [0, 1, 2]}
    assert bench.observer.of("rejected") == [(bench.rejects.stored,)]


def test_a_reject_store_that_is_down() -> None:
    """Messages with rejects come again, of which nothing is sent; the others are done, and the store is asked once."""
    clock = ManualClock()
    rejects = SlowRejects(clock, 0.1)
    rejects.failing = True
    bench = Bench(rejects=rejects, clock=clock)

    batch = [message(number, bad=[0] if number % 2 else []) for number in range(2000)]
    assert bench.work(batch) == [f"m{number}" for number in range(1, 2000, 2)]
    assert set(stored(bench.stream)) == {submission_id(number) for number in range(0, 2000, 2)}
    assert rejects.calls == 1
    assert bench.observer.of("rejected") == []


def test_a_group_does_not_pass_a_reject_that_cannot_be_stored() -> None:
    """A message behind one whose reject is not stored waits for it: it comes again, unsent."""
    bench = Bench()
    bench.rejects.failing = True

    assert bench.work([message(0, group="a"), message(1, group="a", bad=[0]), message(2, group="a")]) == ["m1", "m2"]
    assert set(stored(bench.stream)) == {submission_id(0)}


def test_a_hanging_reject_store_takes_no_time_from_sound_messages() -> None:
    """They are sent first."""
    clock = ManualClock()
    stream = MemoryStream()
    bench = Bench(stream, SlowRejects(clock, 1000.0), clock)

    assert bench.work([message(0, bad=[0]), message(1), message(2)], seconds=30) == ["m0"]
    assert set(stored(stream)) == {submission_id(1), submission_id(2)}


def test_refused_messages_take_half_of_the_time_from_those_with_rejects() -> None:
    """A shard that takes nothing does not keep rejects from being stored, batch after batch."""
    bench = Bench(MemoryStream(refuse=refusing(0)))

    assert bench.work([message(0), message(1, bad=[0])], seconds=30) == ["m0"]


def test_an_original_that_is_not_kept_brings_its_message_back() -> None:
    """The queue alone has the original then: the message is reported though all there is to send was sent."""
    bench = Bench(rejects=WithoutOriginals())

    assert bench.work([message(0, bad=[1]), message(1)]) == ["m0"]
    assert stored(bench.stream) == {submission_id(0): [0, 2], submission_id(1): [0, 1, 2]}


def test_the_same_message_twice_in_a_batch() -> None:
    """Both are worked on; only if both are finished is it done."""
    assert Bench().work([message(0), message(0)]) == []
    assert Bench().work([message(0), message(0, bad=[0])]) == []

    bench = Bench(rejects=WithoutOriginals())
    assert bench.work([message(0), message(0, bad=[0])]) == ["m0"]


def test_the_same_id_with_another_body() -> None:
    """The rejects of the one are stored although the other is judged twice, since the stream's limit went up."""
    bench = Bench(rules=RecordRules("device_id", 600, EventModels()), record_limit=lambda: 1024 * 1024)

    assert bench.work([message(0, bad=[1]), replace(large(1, 1), message_id="m0")]) == []
    assert [(reject.submission_id, reject.sequence) for reject in bench.rejects.stored] == [(submission_id(0), 1)]


def test_no_call_begins_after_the_deadline() -> None:
    """Calls that take a second each: the last begins before time is up, and what is unsent by then comes again."""
    clock = ManualClock()
    stream = Slow(clock)
    bench = Bench(stream, clock=clock)

    assert bench.work([message(number, events=10) for number in range(3)], seconds=5.5) == ["m0", "m1", "m2"]
    assert max(stream.calls) < 5.5
    assert len(stream.calls) == 6


def test_no_time_at_all() -> None:
    """Then nothing is tried."""
    clock = ManualClock()
    stream, rejects = Slow(clock), SlowRejects(clock, 1.0)

    assert Bench(stream, rejects, clock).work([message(0), message(1, bad=[0])], seconds=0) == ["m0", "m1"]
    assert (stream.calls, rejects.calls) == ([], 0)


def test_judging_ends_at_the_deadline() -> None:
    """A batch that takes long to judge is judged in part, and the rest comes again."""
    clock = ManualClock()

    class Thoughtful(EventModels):
        def read_all(self, event_type: str, events: Sequence[Any]) -> list[EventData] | None:
            clock.advance(0.1)
            return super().read_all(event_type, events)

    bench = Bench(clock=clock, rules=RecordRules("device_id", 1024 * 1024, Thoughtful()))

    unfinished = bench.work([message(number) for number in range(1000)], seconds=10)
    assert 900 <= len(unfinished) <= 1000
    assert clock.monotonic() < 11


def test_records_are_held_by_slices() -> None:
    """However many messages there are, no more than there is room for is unfolded; every one has its turn, in order."""
    held: list[int] = []

    class Watched(MemoryStream):
        def put(self, records: Sequence[Record]) -> list[Answer]:
            held.append(len(invocation._publisher))
            return super().put(records)

    stream = Watched()
    bench = Bench(stream, max_submissions=100)
    invocation = Invocation(bench.means, [message(number) for number in range(1000)], FOR_EVER)
    invocation.work()

    assert invocation.unfinished == []
    assert max(held) == 100
    assert list(stored(stream)) == [submission_id(number) for number in range(1000)]


def test_bytes_are_held_by_slices() -> None:
    """The same by bytes: one message may exceed the room, and then nothing else is unfolded."""
    held: list[int] = []

    class Watched(MemoryStream):
        def put(self, records: Sequence[Record]) -> list[Answer]:
            lanes = invocation._publisher._lanes.values()
            held.append(sum(record.size_bytes for lane in lanes for load in lane.loads for record in load.remaining))
            return super().put(records)

    bench = Bench(Watched(), max_bytes=200_000)
    batch = [message(number, events=100, bad=[0] if number % 3 else []) for number in range(50)]
    invocation = Invocation(bench.means, batch, FOR_EVER)
    invocation.work()

    assert invocation.unfinished == []
    assert 150_000 < max(held) < 250_000


def test_many_rejects_are_stored_as_they_come() -> None:
    """A body that is nothing but faults is never held as that many rejects, and has no more time than there is."""
    sizes: list[int] = []

    class Counted(MemoryRejects):
        def store(self, rejects: Sequence[Reject]) -> list[Reject]:
            sizes.append(len(rejects))
            return super().store(rejects)

    batch = [message(0, events=1200, bad=range(1200))]
    assert Bench(rejects=Counted()).work(batch) == []
    assert sizes == [500, 500, 200]

    clock = ManualClock()
    rejects = SlowRejects(clock, 1.0)
    assert Bench(rejects=rejects, clock=clock).work([*batch, message(1)], seconds=1.5) == ["m0"]
    assert rejects.calls == 2


class Blaming(MemoryStream):
    """Says of a record over its limit that the call cannot be accepted for it."""

    most_bytes = 600

    def put(self, records: Sequence[Record]) -> list[Answer]:
        """See Sink."""
        if any(record.size_bytes > self.most_bytes for record in records):
            raise RecordsRefused("put", "ValidationException", "a record is too large")
        return super().put(records)


def large(number: int, *places: int) -> Delivery:
    """A message with large events at these places."""
    document = json.loads(message(number).body)
    for place in places:
        document["events"]["new_process"][place]["cmdl"] = "x" * 1000
    return message(number, body=json.dumps(document))


def test_a_record_that_the_stream_will_never_take_is_a_reject() -> None:
    """The stream's limit went down: it is asked for, the event becomes a reject, and what is behind it is sent."""
    stream = Blaming()
    bench = Bench(stream, record_limit=lambda: 600)

    assert bench.work([large(0, 1), message(1)]) == []
    assert stored(stream) == {submission_id(0): [0, 2], submission_id(1): [0, 1, 2]}
    assert [(reject.sequence, reject.reason) for reject in bench.rejects.stored] == [(1, Reason.TOO_LARGE)]


def test_a_record_that_is_refused_for_good_while_rejects_cannot_be_stored() -> None:
    """Its message comes again, and what is behind it waits: by then the limit may be higher. The others are sent."""
    stream, limit = Blaming(), [600]
    rejects = SlowRejects(ManualClock(), 1.0)
    rejects.failing = True
    bench = Bench(stream, rejects, rejects.clock, record_limit=lambda: limit[0])
    batch = [replace(large(0, 1), group="g"), message(1), replace(message(2), group="g"), large(3, 2)]

    assert bench.work(batch) == ["m0", "m2", "m3"]
    assert stored(stream) == {submission_id(0): [0], submission_id(1): [0, 1, 2], submission_id(3): [0, 1]}
    assert rejects.calls == 1, "a store that has failed is not asked for each of them"

    stream.most_bytes = limit[0] = 10_000
    bench.clock.advance(1.0)
    assert bench.work(batch) == []
    assert rejects.stored == []
    assert all(list(dict.fromkeys(sent)) == [0, 1, 2] for sent in stored(stream).values())


def test_our_own_bug_in_turning_a_record_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its message comes again, and so does all that is behind it in its group; nothing of that is sent."""

    def fails(*_: Any) -> Reject:
        raise RuntimeError("a bug")

    monkeypatch.setattr("event_processor.submissions.invocation.unfit", fails)
    stream = Blaming()
    bench = Bench(stream, record_limit=lambda: 600)

    assert bench.work([replace(large(0, 1), group="g"), replace(message(1), group="g"), message(2)]) == ["m0", "m1"]
    assert stored(stream) == {submission_id(0): [0], submission_id(2): [0, 1, 2]}


def test_the_reject_of_a_refused_record_whose_original_is_not_kept() -> None:
    """As with any reject: the message comes again."""
    assert Bench(Blaming(), WithoutOriginals(), record_limit=lambda: 600).work([large(0, 1), message(1)]) == ["m0"]


def test_a_limit_that_nobody_knows_rejects_nothing() -> None:
    """While the stream does not say what it takes, what it refuses comes again."""

    def unknown() -> int:
        raise CallFailed("read_stream", "InternalFailure", "told to fail")

    bench = Bench(Blaming(), record_limit=unknown)

    assert bench.work([large(0, 1), message(1)], seconds=30) == ["m0"]
    assert bench.rejects.stored == []


def test_a_limit_that_went_up_is_asked_for() -> None:
    """What was too large by what we knew, and is not by now, is published."""
    bench = Bench(rules=RecordRules("device_id", 600, EventModels()), record_limit=lambda: 1024 * 1024)

    assert bench.work([large(0, 1)]) == []
    assert stored(bench.stream) == {submission_id(0): [0, 1, 2]}
    assert bench.rejects.stored == []


def test_the_limit_is_asked_for_by_each_batch() -> None:
    """What an earlier batch was told of the stream's limit may be wrong by now, in either direction."""
    limits = [700]
    rules = RecordRules("device_id", 700, EventModels())
    bench = Bench(rules=rules, record_limit=lambda: limits[0])
    assert bench.work([large(0, 1)]) == []
    assert len(bench.rejects.stored) == 1

    bench.clock.advance(60)
    limits[0] = 1024 * 1024
    assert bench.work([large(1, 1)]) == []
    assert len(bench.rejects.stored) == 1

    bench.clock.advance(60)
    limits[0] = 600
    again = Bench(Blaming(), bench.rejects, bench.clock)
    again.means = replace(again.means, record_limit=bench.means.record_limit)
    assert again.work([large(2, 1), message(3)]) == []
    assert [reject.reason for reject in bench.rejects.stored] == [Reason.TOO_LARGE, Reason.TOO_LARGE]


def test_a_record_that_is_refused_for_good_takes_no_room() -> None:
    """However many there are, the others of the batch have their turn."""
    bench = Bench(Blaming(), record_limit=lambda: 600, max_bytes=5_000)

    assert bench.work([large(number, 0, 1, 2) for number in range(10)]) == []
    assert len(bench.rejects.stored) == 30


def test_each_fact_is_told_once() -> None:
    """What happened to a batch, as the observers of `run` hear it."""
    refusals = iter([True])
    stream = MemoryStream(refuse=lambda _: "InternalFailure" if next(refusals, False) else None)
    bench = Bench(stream)
    batch = [message(0), message(1, bad=[0])]
    bench.work(batch)
    told = bench.observer

    assert told.of("received") == [(batch, 0.0)]
    assert [delivery.message_id for (admitted,) in told.of("validated") for delivery, _ in admitted] == ["m0", "m1"]
    assert sum(len(records) for (records,) in told.of("published")) == 5
    assert [refusals for (refusals,) in told.of("refused") if refusals] == [[Refused("InternalFailure")]]
    assert [delivery.message_id for delivery, _ in told.of("completed")] == ["m0", "m1"]
    assert sum(acknowledged for _, acknowledged, _, _ in told.of("wave")) == 5
    assert {lane for lanes, *_ in told.of("wave") for lane in lanes} == {"m0", "m1"}
    assert told.of("failing") == told.of("broken") == told.of("order_violated") == []


def test_an_order_that_is_violated_is_told() -> None:
    """The free witness of sequence numbers watches here, too."""

    class Backwards(MemoryStream):
        def put(self, records: Sequence[Record]) -> list[Answer]:
            return [answer._replace(sequence_number=-answer.sequence_number) for answer in super().put(records)]  # type: ignore[union-attr,call-arg]

    bench = Bench(Backwards())
    bench.work([message(0, events=2)])

    assert [delivery.message_id for (delivery,) in bench.observer.of("order_violated")] == ["m0"]


@pytest.mark.parametrize(("shard_id", "moved"), [("shardId-000000000000", False), ("shardId-000000000007", True)])
def test_a_stream_with_other_shards_is_noticed(shard_id: str, moved: bool) -> None:
    """Whoever called can ask for the shards before the next batch."""
    bench = Bench()
    pacing = Pacing([Shard(shard_id, 0)])
    means = replace(bench.means, new_publisher=lambda: Publisher(lambda: 1.0, pacing=pacing))
    invocation = Invocation(means, [message(0)], FOR_EVER)
    invocation.work()

    assert invocation.moved is moved
