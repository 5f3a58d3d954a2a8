"""Limits and costs of a queue that take hours or many messages to reach."""

import pytest

from local_aws.clock import ManualClock
from local_aws.errors import AwsError
from local_aws.sqs.attributes import QueueAttributes
from local_aws.sqs.message import Message, State
from local_aws.sqs.queue import MAX_IN_FLIGHT, Queue, Redrive
from tests.unit.local_aws.stopwatch import seconds_of_ten

HOUR = 3600


def make_queue(clock: ManualClock, messages: int = 0) -> Queue:
    """A queue with so many messages."""
    queue = Queue("queue", "arn", QueueAttributes(), clock)
    for number in range(messages):
        queue.add(Message(str(number), "body", clock.now()))
    return queue


def test_twelve_hours_in_all(clock: ManualClock) -> None:
    """A message can be held for twelve hours from its receive in any number of extensions, not a second more."""
    queue = make_queue(clock, 1)
    [(_, handle)] = queue.receive(1, 6 * HOUR, redrive=None)
    clock.advance(5 * HOUR)
    queue.change_visibility(handle, 7 * HOUR)

    with pytest.raises(AwsError, match="beyond the limit"):
        queue.change_visibility(handle, 7 * HOUR + 1)


def test_twelve_hours_start_anew_with_each_receive(clock: ManualClock) -> None:
    """A message received again has twelve hours again."""
    queue = make_queue(clock, 1)
    queue.receive(1, 12 * HOUR, redrive=None)
    clock.advance(12 * HOUR)
    [(_, handle)] = queue.receive(1, 60, redrive=None)

    queue.change_visibility(handle, 12 * HOUR)
    assert queue.count(State.IN_FLIGHT) == 1


def test_in_flight_limit(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """With as many messages in flight as there may be the next receive fails, and works again after a delete."""
    assert MAX_IN_FLIGHT == 120_000
    monkeypatch.setattr("local_aws.sqs.queue.MAX_IN_FLIGHT", 100)
    queue = make_queue(clock, 101)
    [*_, (_, handle)] = queue.receive(100, 60, redrive=None)
    with pytest.raises(AwsError) as error:
        queue.receive(1, 60, redrive=None)
    queue.delete(handle)

    assert (error.value.code, error.value.status) == ("OverLimit", 403)
    assert len(queue.receive(1, 60, redrive=None)) == 1


def test_cost_does_not_grow_with_depth(clock: ManualClock) -> None:
    """Receiving and deleting costs about the same with 100 and with 20,000 messages in the queue."""

    def cost(depth: int) -> float:
        queue = make_queue(clock, depth)
        return seconds_of_ten(queue)

    # A search through the queue would make it two hundred times as much.
    assert cost(20_000) < 20 * cost(100)


def test_dead_letter_keeps_what_it_was(clock: ManualClock) -> None:
    """A dead letter keeps its id and sent time, says where it came from, and can be received and deleted."""
    queue, dead = make_queue(clock, 1), make_queue(clock)
    redrive = Redrive(dead, 1)
    queue.receive(1, 30, redrive)
    clock.advance(30)
    assert queue.receive(1, 30, redrive) == []

    [(message, handle)] = dead.receive(1, 30, redrive=None)
    assert (message.id, message.dead_letter_source_arn) == ("0", "arn")
    assert message.sent_at == clock.now() - 30
    dead.delete(handle)
    assert dead.count(State.IN_FLIGHT) == 0


def test_old_handle_after_redrive(clock: ManualClock) -> None:
    """The consumer that held a message before it became a dead letter can no longer delete it."""
    queue, dead = make_queue(clock, 1), make_queue(clock)
    [(_, handle)] = queue.receive(1, 0, Redrive(dead, 1))
    queue.receive(1, 0, Redrive(dead, 1))
    queue.delete(handle)

    assert dead.count(State.VISIBLE) == 1


def test_handle_of_another_queue(clock: ManualClock) -> None:
    """A receipt handle is good for its own queue only."""
    [(_, handle)] = make_queue(clock, 1).receive(1, 30, redrive=None)

    with pytest.raises(AwsError, match="not a valid receipt handle"):
        make_queue(clock, 1).delete(handle)


def test_waiters_are_told(clock: ManualClock) -> None:
    """Whoever waits is woken by a send and by a deadline that has come nearer, once each."""
    queue = make_queue(clock)
    woken: list[str] = []
    queue.on_change(lambda: woken.append("sent"))
    queue.add(Message("1", "body", clock.now()))
    queue.add(Message("2", "body", clock.now()))
    queue.on_change(lambda: woken.append("in flight"))
    queue.receive(1, 30, redrive=None)

    assert woken == ["sent", "in flight"]
    assert queue.next_deadline() == clock.now() + 30
