"""What the core relies on in a Source: the same checks in memory, on local_aws and on moto."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest

from event_processor.aws.sqs import Polling, SqsSource
from event_processor.clock import SystemClock
from event_processor.errors import CallFailed
from event_processor.submissions.delivery import Delivery
from event_processor.submissions.ports import Source
from event_processor.testing import MemoryQueue, RecordingObserver
from local_aws import Faults, LocalAws
from tests.contract import backends

pytestmark = pytest.mark.usefixtures("transport")
BODIES = ["{}", "eyJhIjogMX0=", '{"wer": "Größe, 端末, 🛰"}', "tab\tand\nnew line"]


def _wait_seconds(visibility_seconds: int) -> int:
    """Longer than the short visibility timeout, so that what is to come again comes in the next receive."""
    return 2 if visibility_seconds == 1 else 0


class Queue(Protocol):
    """A new queue, and the Source that reads it."""

    source: Source

    def send(self, body: str) -> None:
        """Put a message on it."""
        ...


class InMemory:
    """The queue of the testing package."""

    def __init__(self, visibility_seconds: int) -> None:
        self._queue = MemoryQueue(SystemClock(), visibility_seconds, _wait_seconds(visibility_seconds))
        self.source: Source = self._queue

    def send(self, body: str) -> None:
        """Put a message on it."""
        self._queue.send(body)


class OnSqs:
    """A queue at an endpoint, read by the real adapter."""

    def __init__(self, endpoint: str, visibility_seconds: int) -> None:
        clients = backends.clients(endpoint)
        self._sqs = clients.sqs(pool=1)
        self._url = self._sqs.create_queue(QueueName=backends.new_name())["QueueUrl"]
        self.source: Source = _source(endpoint, self._url, visibility_seconds)

    def send(self, body: str) -> None:
        """Put a message on it."""
        self._sqs.send_message(QueueUrl=self._url, MessageBody=body)


def _source(endpoint: str, url: str, visibility_seconds: int = 30) -> SqsSource:
    clients, wait_seconds = backends.clients(endpoint), _wait_seconds(visibility_seconds)
    waiting, client = clients.queue(1, wait_seconds), clients.queue(1)
    clock, observer = SystemClock(), RecordingObserver()
    return SqsSource(waiting, client, url, Polling(10, wait_seconds, visibility_seconds), clock, observer)


@pytest.fixture(scope="module", params=[backends.MEMORY, backends.LOCAL, backends.MOTO])
def endpoint(request: pytest.FixtureRequest) -> Iterator[str]:
    """Where the queues of this module are; empty for those in memory."""
    places = {backends.LOCAL: backends.local, backends.MOTO: backends.moto, backends.MEMORY: _nowhere}
    with places[request.param]() as found:
        yield found


@contextmanager
def _nowhere() -> Iterator[str]:
    yield ""


def _queue(endpoint: str, visibility_seconds: int) -> Queue:
    return OnSqs(endpoint, visibility_seconds) if endpoint else InMemory(visibility_seconds)


@pytest.fixture
def queue(endpoint: str) -> Queue:
    """A queue that hides for longer than any test takes."""
    return _queue(endpoint, 30)


@pytest.fixture
def forgetful(endpoint: str) -> Queue:
    """A queue that hides for a second."""
    return _queue(endpoint, 1)


def receive_all(queue: Queue, count: int) -> list[Delivery]:
    """So many deliveries, in however many receives."""
    found: list[Delivery] = []
    while len(found) < count:
        batch = queue.source.receive()
        assert batch, f"{len(found)} of {count} messages came"
        found += batch
    return found


def failed(failures: Sequence[object]) -> bool:
    """Whether something was reported."""
    return len(failures) > 0


def test_bodies_come_through(queue: Queue) -> None:
    """What a sensor sent is what is processed, whatever the characters."""
    for body in BODIES:
        queue.send(body)

    assert sorted(delivery.body for delivery in receive_all(queue, len(BODIES))) == sorted(BODIES)


def test_delivery_tells_its_history(queue: Queue) -> None:
    """The first receipt counts as one, and the time of sending, in UTC, is the queue's."""
    queue.send("{}")

    [delivery] = queue.source.receive()

    assert delivery.receive_count == 1
    assert delivery.sent_at is not None
    assert abs(delivery.sent_at - datetime.now(UTC)) < timedelta(seconds=30)
    assert abs(delivery.received_at - datetime.now(UTC)) < timedelta(seconds=30)


def test_received_is_hidden(queue: Queue) -> None:
    """A message in our hands is not given to anybody else."""
    queue.send("{}")
    queue.source.receive()

    assert queue.source.receive() == []


def test_at_most_ten_at_once(queue: Queue) -> None:
    """A receive brings no more than the batch that room was reserved for, and no message twice."""
    for number in range(25):
        queue.send(str(number))

    batches = [queue.source.receive() for _ in range(3)]

    assert max(map(len, batches)) <= 10
    bodies = [delivery.body for batch in batches for delivery in batch]
    assert len(set(bodies)) == len(bodies)


def test_comes_again_after_its_timeout(forgetful: Queue) -> None:
    """A message whose holder was killed comes again, with a higher receive count and another handle."""
    forgetful.send("{}")
    [first] = forgetful.source.receive()

    [second] = forgetful.source.receive()

    assert (second.message_id, second.receive_count) == (first.message_id, 2)
    assert second.receipt_handle != first.receipt_handle


def test_extended_stays_hidden(forgetful: Queue) -> None:
    """The heartbeat keeps a message ours beyond its timeout."""
    forgetful.send("{}")
    [delivery] = forgetful.source.receive()

    assert not failed(forgetful.source.change_visibility([(delivery, 30)]))

    assert forgetful.source.receive() == []


def test_released_is_back_at_once(queue: Queue) -> None:
    """What a stop gives back, another process gets without waiting for the timeout."""
    queue.send("{}")
    [delivery] = queue.source.receive()

    assert not failed(queue.source.change_visibility([(delivery, 0)]))

    [again] = queue.source.receive()
    assert (again.message_id, again.receive_count) == (delivery.message_id, 2)


def test_delete_is_final(forgetful: Queue) -> None:
    """What is deleted does not come again after its timeout."""
    forgetful.send("{}")
    [delivery] = forgetful.source.receive()

    assert not failed(forgetful.source.delete([delivery]))

    assert forgetful.source.receive() == []


def test_more_than_a_batch_is_deleted(queue: Queue) -> None:
    """Any number of messages may be extended, or deleted, in one go."""
    for number in range(23):
        queue.send(str(number))
    held = receive_all(queue, 23)

    assert not failed(queue.source.change_visibility([(delivery, 30) for delivery in held]))
    assert not failed(queue.source.delete(held))
    assert all(failure.gone for failure in queue.source.change_visibility([(delivery, 0) for delivery in held]))


def test_an_older_handle_is_taken_or_gone(queue: Queue) -> None:
    """Extending a message that somebody else has received since is taken, as SQS does, or reported as not ours."""
    queue.send("{}")
    [stale] = queue.source.receive()
    queue.source.change_visibility([(stale, 0)])
    [fresh] = queue.source.receive()

    failures = queue.source.change_visibility([(stale, 30)])

    assert all(failure.gone for failure in failures)
    assert not failed(queue.source.change_visibility([(fresh, 30)]))


def test_stale_handle_deletes_nothing(queue: Queue, request: pytest.FixtureRequest) -> None:
    """Deleting with an old handle leaves the message to whoever has it now."""
    if "moto" in request.node.name:
        request.applymarker(pytest.mark.xfail(reason="moto deletes with any handle", strict=True))
    queue.send("{}")
    [stale] = queue.source.receive()
    queue.source.change_visibility([(stale, 0)])
    [fresh] = queue.source.receive()

    queue.source.delete([stale])

    assert not failed(queue.source.change_visibility([(fresh, 30)]))


def test_entries_fail_one_by_one(queue: Queue) -> None:
    """One bad entry of a batch is reported by itself, and the others succeed."""
    queue.send("good")
    queue.send("deleted")
    held = {delivery.body: delivery for delivery in receive_all(queue, 2)}
    queue.source.delete([held["deleted"]])

    [failure] = queue.source.change_visibility([(held["good"], 0), (held["deleted"], 0)])

    assert failure.delivery == held["deleted"]
    assert failure.gone
    assert [delivery.body for delivery in queue.source.receive()] == ["good"]


def test_calls_fail_in_one_shape() -> None:
    """Whatever the network does, the core sees CallFailed, and nothing was changed."""
    memory = MemoryQueue(SystemClock())
    memory.failing = {"receive", "change_visibility", "delete"}
    with backends.local(Faults(fail_call=1.0)) as endpoint:
        failing = OnSqs(endpoint, 30).source
        delivery = Delivery("id", "handle", "{}", 1, datetime.now(UTC), datetime.now(UTC))
        for source in (memory, failing):
            with pytest.raises(CallFailed):
                source.receive()
            with pytest.raises(CallFailed):
                source.change_visibility([(delivery, 0)])
            with pytest.raises(CallFailed):
                source.delete([delivery])


def test_lost_answers_are_asked_for_again() -> None:
    """A delete whose answer is lost is made again, and succeeds."""
    with LocalAws() as aws:
        queue = OnSqs(aws.endpoint, 30)
        queue.send("{}")
        [delivery] = queue.source.receive()
        aws.faults = Faults(lose_answer=0.5, seed=1)
        assert not failed(queue.source.delete([delivery]))
        aws.faults = backends.NO_FAULTS

        assert [failure.gone for failure in queue.source.change_visibility([(delivery, 0)])] == [True]


@pytest.mark.parametrize("answer", [{}, {"Successful": []}])
def test_silence_is_no_success(answer: object) -> None:
    """An entry that a 200 answer does not name as successful is not believed to be."""
    delivery = Delivery("id", "handle", "{}", 1, datetime.now(UTC), datetime.now(UTC))
    with backends.canned(answer) as endpoint:
        source = _source(endpoint, f"{endpoint}/1/queue")

        assert [(failure.delivery, failure.gone) for failure in source.delete([delivery])] == [(delivery, False)]


@pytest.mark.usefixtures("transport")
def test_a_page_is_no_success() -> None:
    """A proxy's page in place of an answer deletes nothing and receives nothing, and is no empty queue either."""
    delivery = Delivery("id", "handle", "{}", 1, datetime.now(UTC), datetime.now(UTC))
    with backends.canned(b"<html>proxy login</html>") as endpoint:
        source = _source(endpoint, f"{endpoint}/1/queue")
        for call in (source.receive, lambda: source.delete([delivery])):
            with pytest.raises(CallFailed, match="MalformedAnswer"):
                call()


def test_failed_entry_goes_again() -> None:
    """An entry that failed for a reason of the service's own is tried again, then reported with its code."""
    delivery = Delivery("id", "handle", "{}", 1, datetime.now(UTC), datetime.now(UTC))
    other = replace(delivery, message_id="other", receipt_handle="other")
    entry = {"Code": "InternalError", "SenderFault": False, "Message": ""}
    answer = backends.batch(lambda sent: entry if sent["ReceiptHandle"] == "other" else {})
    with backends.canned(answer) as endpoint:
        source = _source(endpoint, f"{endpoint}/1/queue")

        [failure] = source.delete([delivery, other])

    assert (failure.delivery, failure.error_code, failure.gone) == (other, "InternalError", False)
