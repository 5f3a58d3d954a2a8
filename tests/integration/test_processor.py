"""The promises of the processor, each with what tries to break it, on a queue and a stream in memory."""

import json
import random
from base64 import b64decode
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import pytest

from event_processor.clock import SystemClock
from event_processor.errors import CallFailed
from event_processor.publishing.stream import Acknowledged, Answer, Record, Shard
from event_processor.submissions.delivery import Delivery, EntryFailure
from event_processor.submissions.extensions import EXTENSION_BATCH
from event_processor.submissions.verdicts import verdicts
from event_processor.testing import Fate, ManualClock, MemoryQueue, MemoryRejects, MemoryStream, RecordingObserver
from tests.eventually import eventually
from tests.integration.rig import MIB, RULES, Fleet, Gate, counted, running

IDS = '"submission_id": "8be01974-0f15-4d4f-809f-257a6de4d3f9", "device_id": "31980191-fa99-4768-8a7b-0e81397ca6ef"'
THROTTLED = "ProvisionedThroughputExceededException"


def body_of(*command_lines: str) -> str:
    """A submission of such processes."""
    events = ", ".join(f'{{"cmdl": "{line}", "user": "root"}}' for line in command_lines)
    return f'{{{IDS}, "time_created": "2021-03-28T15:44:18.592840", "events": {{"new_process": [{events}]}}}}'


def queue_of(fleet: Fleet, visibility_seconds: int = 30) -> MemoryQueue:
    """A queue with all that the fleet sent."""
    queue = MemoryQueue(SystemClock(), visibility_seconds)
    for body in fleet.bodies:
        queue.send(body)
    return queue


def sometimes_refusing(seed: int, share: float) -> Callable[[Record], str | None]:
    """Refuses so many of all records."""
    dice = random.Random(seed)
    return lambda _: THROTTLED if dice.random() < share else None


def sometimes_lost(seed: int, share: float) -> Callable[[Sequence[Record]], Fate]:
    """Loses so many of all calls, half of them after their work was done."""
    dice = random.Random(seed)
    return lambda _: dice.choice([Fate.REQUEST_LOST, Fate.ANSWER_LOST]) if dice.random() < share else Fate.ANSWERED


# -- P1, P4, P5: nothing lost, nothing silent --------------------------------------------------------------------------


def test_every_event_is_published_or_rejected() -> None:
    """Of a mixed fleet the valid events are on the stream, the invalid ones in the reject store, the queue is empty."""
    fleet, stream, rejects = Fleet(150, invalid_share=0.4), MemoryStream(shards=3), MemoryRejects()
    queue = queue_of(fleet)
    with running(queue, stream, rejects) as run:
        eventually(lambda: len(queue) == 0)

    report = fleet.judge(stream)
    assert report.passed, report
    assert report.found == fleet.events > 0
    for number, plan in enumerate((submission.plan for submission in fleet.submissions), start=1):
        found = {reject.sequence for reject in rejects.stored if reject.origin.id == f"message-{number}"}
        if not plan.may:  # else the whole of it may be rejected, or not
            assert found == ({None} if plan.rejected else set(plan.must_not))
    assert counted(["deleted", "rejected"], run.observer) == {"deleted": 150, "rejected": len(rejects.stored)}


def test_ids_are_the_same_on_every_delivery() -> None:
    """Readers can drop repeats: a submission that is on the queue twice makes each of its ids twice, and no other."""
    fleet, stream = Fleet(20), MemoryStream()
    queue = queue_of(fleet)
    for body in fleet.bodies:
        queue.send(body)
    with running(queue, stream):
        eventually(lambda: len(queue) == 0)

    ids = [event["event_id"] for event in stream.events()]
    assert len(ids) == 2 * fleet.events
    assert len(set(ids)) == fleet.events
    assert fleet.judge(stream).passed


def test_nothing_to_publish_is_deleted_too() -> None:
    """A submission without events, and one that is all rejects, leave the queue."""
    queue, rejects, stream = MemoryQueue(SystemClock()), MemoryRejects(), MemoryStream()
    queue.send(body_of())
    queue.send("garbage")
    with running(queue, stream, rejects):
        eventually(lambda: len(queue) == 0)

    assert stream.stored == []
    assert [reject.original for reject in rejects.stored] == ["garbage"]


# -- P2: delete last ---------------------------------------------------------------------------------------------------


class DeleteWitness(MemoryQueue):
    """A queue that looks, at the moment of each delete, for what has been acknowledged and stored by then."""

    def __init__(self, rejects: MemoryRejects) -> None:
        super().__init__(SystemClock())
        self.acknowledged: set[tuple[str, int]] = set()
        self.too_early: list[Delivery] = []
        self._rejects = rejects

    def delete(self, deliveries: Sequence[Delivery]) -> list[EntryFailure]:
        """See Source."""
        self.too_early += [delivery for delivery in deliveries if not self._is_safe(delivery)]
        return super().delete(deliveries)

    def _is_safe(self, delivery: Delivery) -> bool:
        stored = {reject.reject_id for reject in self._rejects.stored}
        return all(
            identity(verdict) in self.acknowledged if isinstance(verdict, Record) else verdict.reject_id in stored
            for verdict in verdicts(delivery.body, delivery.origin, RULES, delivery.received_at)
        )


class AcknowledgementWitness:
    """A Sink that tells the other witness what was acknowledged, before anybody else knows."""

    def __init__(self, stream: MemoryStream, queue: DeleteWitness) -> None:
        self._stream, self._queue = stream, queue

    def put(self, records: Sequence[Record]) -> list[Answer]:
        """See Sink."""
        answers = self._stream.put(records)
        acknowledged = (r for r, answer in zip(records, answers, strict=True) if isinstance(answer, Acknowledged))
        self._queue.acknowledged.update(map(identity, acknowledged))
        return answers

    def shards(self) -> list[Shard]:
        """See Sink."""
        return self._stream.shards()


def identity(record: Record) -> tuple[str, int]:
    """Which event of which submission: the id is the first thing in a record."""
    return record.data[:52].decode(), record.sequence


def test_deleted_only_when_all_is_acknowledged() -> None:
    """No message is deleted before its last acknowledgement and its last reject, whatever is refused or lost."""
    fleet, rejects = Fleet(120, invalid_share=0.3), MemoryRejects()
    queue = DeleteWitness(rejects)
    for body in fleet.bodies:
        queue.send(body)
    stream = MemoryStream(2, sometimes_refusing(1, 0.3), sometimes_lost(1, 0.2))
    with running(queue, AcknowledgementWitness(stream, queue), rejects):
        eventually(lambda: len(queue) == 0)

    assert queue.too_early == []
    assert fleet.judge(stream).passed


def test_a_failing_reject_store_holds_everything_back() -> None:
    """While rejects cannot be stored their messages stay; when the store is well again all is finished."""
    fleet, rejects, stream = Fleet(30, invalid_share=1.0), MemoryRejects(), MemoryStream()
    queue = queue_of(fleet)
    rejects.failing = True
    observer = RecordingObserver()
    with running(queue, stream, rejects, observer=observer):
        eventually(lambda: len(observer.of("failing")) >= 3, "the store to be tried again")
        for details in observer.of("deleted"):
            assert all(not list(_rejects_of(delivery)) for delivery in details[0])

        rejects.failing = False
        eventually(lambda: len(queue) == 0)

    stored = [(reject.origin.id, reject.sequence) for reject in rejects.stored]
    assert len(stored) == len(set(stored))
    assert len({message_id for message_id, _ in stored}) == 30
    assert fleet.judge(stream).passed


def _rejects_of(delivery: Delivery) -> list[object]:
    return [
        v for v in verdicts(delivery.body, delivery.origin, RULES, delivery.received_at) if not isinstance(v, Record)
    ]


def test_a_failing_delete_is_tried_again() -> None:
    """While the queue does not take deletes nothing is published twice; when it does, all is deleted."""
    fleet, stream = Fleet(30), MemoryStream()
    queue = queue_of(fleet)
    queue.failing = {"delete"}
    with running(queue, stream) as run:
        eventually(lambda: len(run.observer.of("failing")) >= 4)
        assert len(queue) == 30

        queue.failing = set()
        eventually(lambda: len(queue) == 0)

    assert len(stream.stored) == fleet.events


# -- P3: order ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_order_survives_refusals_and_lost_answers(seed: int) -> None:
    """First occurrences are in submission order, though records are refused and calls lost before and after work."""
    fleet = Fleet(100, seed)
    queue, stream = queue_of(fleet), MemoryStream(4, sometimes_refusing(seed, 0.3), sometimes_lost(seed, 0.2))
    with running(queue, stream) as run:
        eventually(lambda: len(queue) == 0)

    report = fleet.judge(stream)
    assert report.passed, report
    assert report.repeats > 0
    assert run.observer.of("refused")


def test_two_processors_with_the_same_messages() -> None:
    """When timeouts run out under a processor that goes on, and another gets its messages, order still holds."""
    fleet, clock, stream = Fleet(40), ManualClock(), MemoryStream(2)
    queue, slow = MemoryQueue(clock), Gate(stream)
    for body in fleet.bodies:
        queue.send(body)
    with running(queue, slow, max_submissions=49) as first:
        eventually(lambda: counted(["received"], first.observer)["received"] == 40)
        queue.failing = {"change_visibility"}
        clock.advance(31)
        with running(queue, stream) as second:
            eventually(lambda: second.observer.of("published"))
            slow.open()
            eventually(lambda: len(queue) == 0)
            eventually(lambda: len(first.observer.of("completed")) == 40)

    report = fleet.judge(stream)
    assert report.passed, report
    assert report.repeats > 0


# -- P6: bounded, and held ---------------------------------------------------------------------------------------------


class DepthWitness(MemoryQueue):
    """A queue that remembers how many messages were out at most."""

    most = 0

    def receive(self) -> list[Delivery]:
        """See Source."""
        deliveries = super().receive()
        self.most = max(self.most, self.hidden)
        return deliveries


def test_never_more_than_max_in_flight() -> None:
    """While the stream takes nothing, no more messages are taken from the queue than may be in flight."""
    fleet, stream = Fleet(200), MemoryStream()
    queue, gate = DepthWitness(SystemClock()), Gate(stream)
    for body in fleet.bodies:
        queue.send(body)
    with running(queue, gate, max_submissions=35, receivers=4):
        eventually(lambda: queue.hidden == 30)
        gate.open()
        eventually(lambda: len(queue) == 0)

    assert queue.most <= 35
    assert fleet.judge(stream).passed


def test_never_more_than_max_in_flight_bytes() -> None:
    """Large bodies are taken in only as far as their bytes, and those of their records, have room."""
    body = body_of("x" * 800_000)
    queue, stream = MemoryQueue(SystemClock(), batch=2), MemoryStream()
    for _ in range(40):
        queue.send(body)
    with running(queue, stream, receive_batch=2, max_bytes=8 * MIB, receivers=3) as run:
        eventually(lambda: len(queue) == 0)

    unfolded_beyond = 2 * MIB
    assert 0 < max(size for _, size in run.observer.of("in_flight")) <= 8 * MIB + unfolded_beyond
    assert len(stream.stored) == 40


def test_what_is_held_stays_hidden() -> None:
    """However long the stream is down, a held message comes to nobody else."""
    fleet, clock, stream = Fleet(5), ManualClock(), MemoryStream()
    queue, gate = MemoryQueue(clock, visibility_seconds=2), Gate(stream)
    for body in fleet.bodies:
        queue.send(body)
    with running(queue, gate, clock=clock, visibility_seconds=2, max_submissions=10) as run:
        eventually(lambda: gate.waiting > 0)
        for extensions in range(1, 6):
            clock.advance(1.0)
            eventually(partial(_has_extended, run.observer, extensions))
            assert queue.hidden == 5
        gate.open()
        eventually(lambda: len(queue) == 0)

    assert counted(["received"], run.observer) == {"received": 5}
    assert len(stream.stored) == fleet.events


def _has_extended(observer: RecordingObserver, times: int) -> bool:
    return observer.of("working").count(("extend",)) >= times


def test_extending_goes_on_after_failures() -> None:
    """A heartbeat that fails is made again in time."""
    fleet, clock, stream = Fleet(1), ManualClock(), MemoryStream()
    queue, gate = MemoryQueue(clock, visibility_seconds=10), Gate(stream)
    queue.send(fleet.bodies[0])
    with running(queue, gate, clock=clock, visibility_seconds=10, max_submissions=10) as run:
        eventually(lambda: gate.waiting > 0)
        queue.failing = {"change_visibility"}
        clock.advance(5)
        eventually(lambda: any(step == "extend" for step, _ in run.observer.of("failing")))
        queue.failing = set()
        eventually(lambda: ("extend",) in run.observer.of("working"))
        clock.advance(6)
        assert queue.hidden == 1
        gate.open()


def test_redelivered_while_held_is_not_done_twice() -> None:
    """A message that comes again while we have it is published once, and deleted with its new handle."""
    fleet, clock, stream = Fleet(1), ManualClock(), MemoryStream()
    queue, gate = MemoryQueue(clock), Gate(stream)
    queue.send(fleet.bodies[0])
    with running(queue, gate, clock=clock) as run:
        eventually(lambda: gate.waiting > 0)
        clock.advance(31)
        eventually(lambda: counted(["received"], run.observer)["received"] == 2)
        gate.open()
        eventually(lambda: len(queue) == 0)

    assert len(stream.stored) == fleet.events


class LenientQueue(MemoryQueue):
    """A queue that lets any handle change visibility, as AWS does on a standard queue."""

    def change_visibility(self, timeouts: Sequence[tuple[Delivery, int]]) -> list[EntryFailure]:
        """See Source."""
        super().change_visibility(timeouts)
        return []


def test_time_that_ran_out_is_told_whatever_the_queue_says() -> None:
    """A hold that was not extended in time counts once for each message, though the queue takes later extensions."""
    fleet, clock, stream = Fleet(5), ManualClock(), MemoryStream()
    queue, gate = LenientQueue(clock), Gate(stream)
    for body in fleet.bodies:
        queue.send(body)
    with running(queue, gate, clock=clock, max_submissions=10) as run:
        eventually(lambda: gate.waiting > 0)
        queue.failing = {"change_visibility"}
        clock.advance(20)
        eventually(lambda: any(step == "extend" for step, _ in run.observer.of("failing")))
        queue.failing = {"receive"}
        clock.advance(11)
        eventually(lambda: len(run.observer.of("lost")) == 5)
        gate.open()
        eventually(lambda: len(run.observer.of("completed")) == 5)

    assert {code for _, code in run.observer.of("lost")} == {"NotExtendedInTime"}
    assert len({delivery.message_id for delivery, _ in run.observer.of("lost")}) == 5
    assert counted(["deleted"], run.observer) == {"deleted": 0}


class GenerousQueue(MemoryQueue):
    """A queue that gives a hidden message a second time, as SQS may."""

    again: Delivery | None = None

    def receive(self) -> list[Delivery]:
        """See Source."""
        again, self.again = self.again, None
        return [again] if again else super().receive()


def test_what_comes_again_while_held_is_told() -> None:
    """A message that comes again before its time is over was hidden from nobody: told once, and done once."""
    fleet, clock, stream = Fleet(1), ManualClock(), MemoryStream()
    queue, gate = GenerousQueue(clock), Gate(stream)
    queue.send(fleet.bodies[0])
    with running(queue, gate, clock=clock) as run:
        eventually(lambda: gate.waiting > 0)
        [[first]] = [details[0] for details in run.observer.of("received")]
        queue.again = replace(first, receive_count=2)
        eventually(lambda: counted(["received"], run.observer)["received"] == 2)
        gate.open()
        eventually(lambda: len(queue) == 0)

    assert run.observer.of("lost") == [(queue.again or replace(first, receive_count=2), "ReceivedAgain")]
    assert len(stream.stored) == fleet.events


class PartlyHangingQueue(MemoryQueue):
    """A queue whose first call to extend never comes back while its gate is shut."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock)
        self.gate = Gate(MemoryStream())

    def change_visibility(self, timeouts: Sequence[tuple[Delivery, int]]) -> list[EntryFailure]:
        """See Source."""
        if not self.gate.waiting:
            self.gate.put([])
        return super().change_visibility(timeouts)


def test_an_extension_that_hangs_holds_up_no_other() -> None:
    """While one call to extend hangs, all messages that are not in it stay hidden."""
    fleet, clock, stream = Fleet(40), ManualClock(), MemoryStream()
    queue, gate = PartlyHangingQueue(clock), Gate(stream)
    for body in fleet.bodies:
        queue.send(body)
    with running(queue, gate, clock=clock, max_submissions=60) as run:
        eventually(lambda: counted(["received"], run.observer)["received"] == 40)
        clock.advance(20)
        eventually(lambda: queue.gate.waiting)
        eventually(partial(_has_extended, run.observer, 3))
        clock.advance(15)
        assert queue.hidden >= 30
        queue.gate.open()
        gate.open()
        eventually(lambda: len(queue) == 0)

    assert len({delivery.message_id for delivery, _ in run.observer.of("lost")}) <= EXTENSION_BATCH


def test_what_somebody_else_has_is_not_deleted() -> None:
    """When the timeout ran out and another process has the message, ours is finished and its delete skipped."""
    fleet, clock, stream = Fleet(1), ManualClock(), MemoryStream()
    queue, gate = MemoryQueue(clock), Gate(stream)
    queue.send(fleet.bodies[0])
    with running(queue, gate, clock=clock, max_submissions=10) as run:
        eventually(lambda: gate.waiting > 0)
        clock.advance(31)
        [theirs] = queue.receive()
        eventually(lambda: run.observer.of("lost"))
        gate.open()
        eventually(lambda: run.observer.of("completed"))

    assert len(stream.stored) == fleet.events
    assert counted(["deleted"], run.observer) == {"deleted": 0}
    assert len(queue) == 1
    assert queue.change_visibility([(theirs, 30)]) == []


# -- bugs of ours ------------------------------------------------------------------------------------------------------


class Explosive(str):
    """A body on which our code fails in a way that nobody thought of."""

    __slots__ = ()

    def startswith(self, *_: object) -> bool:
        """What parsing does first."""
        raise RuntimeError("a bug")


def test_a_bug_on_one_message_stops_no_other() -> None:
    """A message on which our code fails goes back with a growing delay; all others are published."""
    fleet, clock, stream = Fleet(20), ManualClock(), MemoryStream()
    queue = MemoryQueue(clock)
    for body in (*fleet.bodies[:5], Explosive("{}"), *fleet.bodies[5:]):
        queue.send(body)
    with running(queue, stream, clock=clock) as run:
        eventually(lambda: len(queue) == 1)
        for receives, delay_seconds in enumerate((2, 4, 8), start=1):
            eventually(partial(_has_released, run.observer, receives))
            clock.advance(delay_seconds - 0.1)
            assert queue.hidden == 1
            clock.advance(0.2)
        eventually(lambda: len(run.observer.of("broken")) == 4)

    assert fleet.judge(stream).passed
    assert [delivery.receive_count for delivery, _ in run.observer.of("broken")] == [1, 2, 3, 4]


def _has_released(observer: RecordingObserver, times: int) -> bool:
    return len(observer.of("released")) == times


class Buggy(MemoryStream):
    """A Sink that fails in a way that it must not."""

    def put(self, records: Sequence[Record]) -> list[Answer]:
        """See Sink."""
        raise RuntimeError(f"a bug, met with {len(records)} records")


def test_a_bug_in_a_step_ends_the_process_with_all_given_back() -> None:
    """A step that cannot go on stops the process, which gives its messages back and says that it crashed."""
    queue = queue_of(Fleet(5))
    with running(queue, Buggy()) as run:
        outcome = run.outcome()

    assert outcome.crashed
    assert not outcome.is_clean
    assert run.observer.of("crashed")
    assert (len(queue), queue.hidden) == (5, 0)


def test_nobody_waits_for_what_has_crashed() -> None:
    """A test that waits for a processor that a bug has ended fails at once, and names the bug."""
    queue = queue_of(Fleet(5))
    with pytest.raises(AssertionError, match="a bug, met with"), running(queue, Buggy()):
        eventually(lambda: queue.hidden > 5, seconds=600)


# -- P7: honest stop ---------------------------------------------------------------------------------------------------


def test_stop_finishes_what_is_in_hand() -> None:
    """A stop in the middle finishes all that was begun; what a receive still brings is given back unbegun."""
    fleet, stream = Fleet(400), MemoryStream(2, sometimes_refusing(3, 0.2))
    queue = queue_of(fleet)
    with running(queue, stream, max_submissions=60) as run:
        eventually(lambda: len(queue) < 300)
        outcome = run.stop()

    given_back = [delivery for details in run.observer.of("released") for delivery in details[0]]
    begun = {event["submission_id"] for event in stream.events()}
    assert outcome.is_clean
    assert outcome.released == len(given_back)
    assert begun.isdisjoint(json.loads(_plain(delivery.body))["submission_id"] for delivery in given_back)
    assert queue.hidden == 0
    assert 0 < len(queue) < 300
    with running(queue, stream):
        eventually(lambda: len(queue) == 0)
    assert fleet.judge(stream).passed


def _plain(body: str) -> str:
    return body if body.startswith("{") else b64decode(body).decode()


def test_stop_gives_back_what_cannot_be_finished() -> None:
    """With the stream gone, everything is visible to others again when the grace period is over."""
    fleet, stream = Fleet(25), MemoryStream(fate=lambda _: Fate.REQUEST_LOST)
    queue = queue_of(fleet)
    with running(queue, stream, grace_seconds=4, max_submissions=40) as run:  # a fifth of it is for giving back
        eventually(lambda: counted(["received"], run.observer)["received"] == 25)
        outcome = run.stop()

    assert (outcome.released, outcome.unreleased) == (25, 0)
    assert outcome.is_clean
    assert (len(queue), queue.hidden) == (25, 0)


def test_stop_tells_what_could_not_be_given_back() -> None:
    """With queue and stream gone, the outcome says how many messages stay hidden until their timeout."""
    queue = queue_of(Fleet(25))
    with running(queue, MemoryStream(fate=lambda _: Fate.REQUEST_LOST), grace_seconds=0.5, max_submissions=40) as run:
        eventually(lambda: counted(["received"], run.observer)["received"] == 25)
        queue.failing = {"change_visibility"}
        outcome = run.stop()

    assert (outcome.released, outcome.unreleased) == (0, 25)
    assert not outcome.is_clean


class HangingQueue(MemoryQueue):
    """A queue that gives, and then says nothing any more."""

    def __init__(self) -> None:
        super().__init__(SystemClock())
        self.gate = Gate(MemoryStream())

    def change_visibility(self, timeouts: Sequence[tuple[Delivery, int]]) -> list[EntryFailure]:
        """See Source."""
        self.gate.put([])
        return super().change_visibility(timeouts)


def test_stop_does_not_wait_for_a_queue_that_hangs() -> None:
    """When giving back hangs, the stop ends with the grace period all the same, and counts the messages."""
    fleet, queue = Fleet(5), HangingQueue()
    for body in fleet.bodies:
        queue.send(body)
    with running(queue, MemoryStream(fate=lambda _: Fate.REQUEST_LOST), grace_seconds=0.5, max_submissions=10) as run:
        eventually(lambda: counted(["received"], run.observer)["received"] == 5)
        outcome = run.stop()
        queue.gate.open()

    assert (outcome.released, outcome.unreleased) == (0, 5)


class LongPoll(MemoryQueue):
    """A queue that says when it is asked, and takes no releases once it is deaf."""

    def __init__(self) -> None:
        super().__init__(SystemClock(), wait_seconds=10)
        self.asked = self.deaf = False

    def receive(self) -> list[Delivery]:
        """See Source."""
        self.asked = True
        return super().receive()

    def change_visibility(self, timeouts: Sequence[tuple[Delivery, int]]) -> list[EntryFailure]:
        """See Source."""
        if self.deaf:
            raise CallFailed("change_visibility", "ServiceUnavailable", "deaf")
        return super().change_visibility(timeouts)


@pytest.mark.parametrize("deaf", [False, True])
def test_stop_accounts_for_what_a_receive_still_brings(deaf: bool) -> None:
    """A message that comes on a receive which was open when the stop came is given back, or counted as unreleased."""
    queue = LongPoll()
    with running(queue, MemoryStream(), receivers=1) as run:
        eventually(lambda: queue.asked)
        queue.deaf = deaf
        run.ask_to_stop()
        queue.send(body_of("whoami"))
        outcome = run.outcome()

    assert (outcome.released, outcome.unreleased) == ((0, 1) if deaf else (1, 0))
    assert outcome.is_clean is not deaf
    assert (len(queue), queue.hidden) == (1, int(deaf))
    assert run.observer.of("deleted") == []


def test_answers_after_the_end_are_no_crash() -> None:
    """A put that is answered when its messages are given back already does no harm."""
    queue, gate = MemoryQueue(SystemClock()), Gate(MemoryStream())
    queue.send(body_of("whoami"))
    with running(queue, gate, grace_seconds=4, max_submissions=20) as run:
        eventually(lambda: gate.waiting > 0)
        assert run.stop().is_clean
        gate.open()
        eventually(lambda: run.observer.of("published"))

    assert run.observer.of("crashed") == []
    assert queue.hidden == 0


class SlowDeletes(MemoryQueue):
    """A queue whose deletes hang until they may go on."""

    def __init__(self) -> None:
        super().__init__(SystemClock())
        self.gate = Gate(MemoryStream())

    def delete(self, deliveries: Sequence[Delivery]) -> list[EntryFailure]:
        """See Source."""
        self.gate.put([])
        return super().delete(deliveries)


def test_deletes_after_the_end_are_no_crash() -> None:
    """A delete that is answered when its messages are given back already does no harm."""
    queue = SlowDeletes()
    queue.send(body_of("whoami"))
    with running(queue, MemoryStream(), grace_seconds=0.2, max_submissions=20) as run:
        eventually(lambda: queue.gate.waiting > 0)
        run.stop()
        queue.gate.open()
        eventually(lambda: run.observer.of("deleted"))

    assert run.observer.of("crashed") == []
