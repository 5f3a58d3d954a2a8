"""FIFO queues: what takes five minutes, many messages or many groups to see."""

import pytest

from local_aws.clock import ManualClock
from local_aws.sqs.attributes import QueueAttributes
from local_aws.sqs.message import Message
from local_aws.sqs.queue import Queue
from tests.refusals import refused
from tests.unit.local_aws.conftest import Aws
from tests.unit.local_aws.stopwatch import seconds_of_ten

FIFO = {"FifoQueue": "true"}


def make_queue(clock: ManualClock, messages: int, groups: int) -> Queue:
    """A FIFO queue with so many messages, evenly over so many groups."""
    queue = Queue("queue.fifo", "arn", QueueAttributes(fifo=True), clock)
    for number in range(messages):
        queue.add(Message(str(number), "body", clock.now(), group_id=str(number % groups)))
    return queue


def test_deduplication_window(aws: Aws, clock: ManualClock) -> None:
    """A deduplication id stands for its first message for five minutes, then it is free again."""
    url = aws.sqs("CreateQueue", QueueName="q.fifo", Attributes=FIFO)["QueueUrl"]

    def send() -> str:
        sent = aws.sqs(
            "SendMessage", QueueUrl=url, MessageBody="x", MessageGroupId="group", MessageDeduplicationId="once"
        )
        return str(sent["MessageId"])

    first = send()
    clock.advance(299)
    assert send() == first
    clock.advance(1)

    assert send() not in (first, "")
    assert send() != first


def test_deduplication_forgets(clock: ManualClock) -> None:
    """Deduplication ids older than five minutes take no memory, however many there were."""
    queue = Queue("queue.fifo", "arn", QueueAttributes(fifo=True), clock)
    for number in range(1000):
        queue.send(Message(str(number), "body", clock.now(), group_id="g", deduplication_id=str(number)), 0)
    clock.advance(300)
    queue.send(Message("last", "body", clock.now(), group_id="g", deduplication_id="last"), 0)

    assert len(queue._deduplication._receipts) == len(queue._deduplication._expiries) == 1


def test_purge_frees_deduplication_ids(aws: Aws) -> None:
    """A message sent again after a purge is received."""
    url = aws.sqs("CreateQueue", QueueName="q.fifo", Attributes={**FIFO, "ContentBasedDeduplication": "true"})[
        "QueueUrl"
    ]
    message = {"QueueUrl": url, "MessageBody": "x", "MessageGroupId": "group"}
    aws.sqs("SendMessage", **message)
    aws.sqs("PurgeQueue", QueueUrl=url)
    aws.sqs("SendMessage", **message)

    assert [received["Body"] for received in aws.sqs("ReceiveMessage", QueueUrl=url)["Messages"]] == ["x"]


def test_in_flight_limit_gives_nothing(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """With as many in flight as there may be, a FIFO queue gives nothing and no error; a delete makes room."""
    monkeypatch.setattr("local_aws.sqs.queue.MAX_IN_FLIGHT", 100)
    queue = make_queue(clock, 101, groups=101)
    [*_, (_, handle)] = queue.receive(100, 60, redrive=None)

    assert queue.receive(1, 60, redrive=None) == []
    queue.delete(handle)
    assert len(queue.receive(1, 60, redrive=None)) == 1


@pytest.mark.parametrize("per_group", [1, 100])
def test_cost_does_not_grow_with_groups(clock: ManualClock, per_group: int) -> None:
    """Receiving and deleting costs about the same with a hundred messages and with two hundred times as many."""

    def cost(messages: int) -> float:
        queue = make_queue(clock, messages, groups=messages // per_group)
        return seconds_of_ten(queue)

    # A search through the groups would make it two hundred times as much.
    assert cost(20_000) < 20 * cost(100)


def test_groups_take_turns(clock: ManualClock) -> None:
    """A busy group does not starve the others: having been received, it queues up again behind them."""
    queue = make_queue(clock, 9, groups=3)
    seen = []
    while received := queue.receive(1, 60, redrive=None):
        [(message, handle)] = received
        seen.append(message.group_id)
        queue.delete(handle)

    assert seen == ["0", "1", "2"] * 3


def test_finished_groups_are_forgotten(clock: ManualClock) -> None:
    """A group whose messages are all deleted takes no memory."""
    queue = make_queue(clock, 1000, groups=1000)
    while received := queue.receive(10, 60, redrive=None):
        for _, handle in received:
            queue.delete(handle)

    assert not queue._order._groups  # type: ignore[attr-defined]


def test_delayed_message_holds_back_its_group(aws: Aws) -> None:
    """A message sent while the queue had a delay is not overtaken by one sent after the delay was taken off."""
    url = aws.sqs("CreateQueue", QueueName="q.fifo", Attributes={**FIFO, "DelaySeconds": "60"})["QueueUrl"]
    for number, delay in enumerate(["0", "0"]):
        aws.sqs("SendMessage", QueueUrl=url, MessageBody="x", MessageGroupId="g", MessageDeduplicationId=str(number))
        aws.sqs("SetQueueAttributes", QueueUrl=url, Attributes={"DelaySeconds": delay})

    assert aws.sqs("ReceiveMessage", QueueUrl=url) == {}


@pytest.mark.parametrize("attempt", ["a" * 129, "a b", "\u00e9"], ids=["long", "blank", "umlaut"])
def test_wrong_attempt_id(aws: Aws, attempt: str) -> None:
    """A ReceiveRequestAttemptId has 1 to 128 letters, digits and signs, as the API reference says."""
    url = aws.sqs("CreateQueue", QueueName="q.fifo", Attributes=FIFO)["QueueUrl"]

    with refused("InvalidParameterValueException", match="ReceiveRequestAttemptId"):
        aws.sqs("ReceiveMessage", QueueUrl=url, ReceiveRequestAttemptId=attempt)


@pytest.mark.parametrize("name", ["FifoQueue", "ContentBasedDeduplication"])
def test_standard_queue_stays_one(aws: Aws, name: str) -> None:
    """A standard queue cannot be made a FIFO queue later."""
    url = aws.sqs("CreateQueue", QueueName="q")["QueueUrl"]

    with refused("InvalidAttributeName"):
        aws.sqs("SetQueueAttributes", QueueUrl=url, Attributes={name: "true"})


def test_group_on_a_standard_queue(aws: Aws) -> None:
    """A standard queue takes a group, as for fair queues, tells it, and locks nothing."""
    url = aws.sqs("CreateQueue", QueueName="q")["QueueUrl"]
    for _ in range(2):
        aws.sqs("SendMessage", QueueUrl=url, MessageBody="x", MessageGroupId="tenant")
    answers = [aws.sqs("ReceiveMessage", QueueUrl=url, AttributeNames=["All"]) for _ in range(2)]

    attributes = [answer["Messages"][0]["Attributes"] for answer in answers]
    assert [each["MessageGroupId"] for each in attributes] == ["tenant", "tenant"]
    assert "SequenceNumber" not in attributes[0]
