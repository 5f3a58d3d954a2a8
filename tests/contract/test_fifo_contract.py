"""What FIFO queues do, as far as this project relies on it: every check runs against each back end."""

import hashlib
import json
import re
import time
from threading import Timer

import pytest
from mypy_boto3_sqs import SQSClient
from mypy_boto3_sqs.type_defs import MessageTypeDef, SendMessageBatchRequestEntryTypeDef, SendMessageResultTypeDef

from tests.refusals import refused

NO_DEDUPLICATION = (
    "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"
)


@pytest.fixture
def fifo(sqs: SQSClient, name: str) -> str:
    """The URL of a new FIFO queue that takes its deduplication ids from the senders."""
    return sqs.create_queue(QueueName=f"{name}.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]


def send(
    sqs: SQSClient, queue: str, body: str, group: str = "group", deduplication_id: str = ""
) -> SendMessageResultTypeDef:
    """Send a message; unless told otherwise its deduplication id is its body's."""
    deduplication_id = deduplication_id or f"id-{body}"
    return sqs.send_message(
        QueueUrl=queue, MessageBody=body, MessageGroupId=group, MessageDeduplicationId=deduplication_id
    )


def receive(sqs: SQSClient, queue: str, count: int = 10, wait: int = 0, visibility: int = 30) -> list[MessageTypeDef]:
    """Up to ``count`` messages with all attributes."""
    answer = sqs.receive_message(
        QueueUrl=queue,
        MaxNumberOfMessages=count,
        WaitTimeSeconds=wait,
        VisibilityTimeout=visibility,
        MessageSystemAttributeNames=["All"],
    )
    return answer.get("Messages", [])


def bodies(messages: list[MessageTypeDef]) -> list[str]:
    """The bodies, in the messages' order."""
    return [message["Body"] for message in messages]


def delete(sqs: SQSClient, queue: str, *messages: MessageTypeDef) -> None:
    """Delete received messages."""
    for message in messages:
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


def release(sqs: SQSClient, queue: str, *messages: MessageTypeDef) -> None:
    """Give received messages back."""
    for message in messages:
        sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)


def test_fifo_queue_says_so(sqs: SQSClient, fifo: str) -> None:
    """A FIFO queue has its kind and its kind of deduplication among its attributes, a standard queue has neither."""
    attributes = sqs.get_queue_attributes(QueueUrl=fifo, AttributeNames=["All"])["Attributes"]

    assert (attributes["FifoQueue"], attributes["ContentBasedDeduplication"]) == ("true", "false")
    assert attributes["QueueArn"].endswith(".fifo")


def test_standard_queue_does_not(sqs: SQSClient, queue: str) -> None:
    """A standard queue has no attributes of FIFO queues."""
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]

    assert not {"FifoQueue", "ContentBasedDeduplication"} & set(attributes)


@pytest.mark.parametrize(
    ("suffix", "attributes", "code"),
    [
        ("", {"FifoQueue": "true"}, "InvalidParameterValue"),
        (".fifo", {}, "InvalidParameterValue"),
        ("", {"FifoQueue": "false"}, "InvalidAttributeName"),
        ("", {"ContentBasedDeduplication": "true"}, "InvalidAttributeName"),
    ],
    ids=["no-suffix", "no-attribute", "false", "content-on-standard"],
)
def test_name_and_kind_belong_together(
    sqs: SQSClient, name: str, suffix: str, attributes: dict[str, str], code: str
) -> None:
    """A queue whose name and attributes contradict each other is not created."""
    with refused(code):
        sqs.create_queue(QueueName=name + suffix, Attributes=attributes)  # type: ignore[arg-type]


def test_longest_fifo_name(sqs: SQSClient, name: str) -> None:
    """The suffix counts among the 80 characters of a name."""
    stem = (name + "x" * 80)[:75]
    sqs.create_queue(QueueName=f"{stem}.fifo", Attributes={"FifoQueue": "true"})

    with refused("InvalidParameterValue"):
        sqs.create_queue(QueueName=f"{stem}x.fifo", Attributes={"FifoQueue": "true"})


def test_group_is_needed(sqs: SQSClient, fifo: str) -> None:
    """A message without a group is refused by a FIFO queue."""
    with refused("MissingParameter"):
        sqs.send_message(QueueUrl=fifo, MessageBody="x", MessageDeduplicationId="1")


def test_deduplication_id_is_needed(sqs: SQSClient, fifo: str) -> None:
    """A message without a deduplication id is refused unless the queue makes them."""
    with refused("InvalidParameterValue"):
        sqs.send_message(QueueUrl=fifo, MessageBody="x", MessageGroupId="group")


@pytest.mark.parametrize("value", ["", "x" * 129, "with space", "ümlaut"], ids=["empty", "long", "space", "umlaut"])
def test_wrong_group(sqs: SQSClient, fifo: str, value: str) -> None:
    """A group id has 1 to 128 letters, digits and punctuation characters."""
    with refused("MissingParameter", "InvalidParameterValue"):
        send(sqs, fifo, "x", group=value)


@pytest.mark.parametrize("value", ["x" * 129, "with space"], ids=["long", "space"])
def test_wrong_deduplication_id(sqs: SQSClient, fifo: str, value: str) -> None:
    """A deduplication id has at most 128 letters, digits and punctuation characters."""
    with refused("InvalidParameterValue"):
        send(sqs, fifo, "x", deduplication_id=value)


def test_deduplication_id_on_a_standard_queue(sqs: SQSClient, queue: str) -> None:
    """A standard queue refuses a deduplication id instead of ignoring it."""
    with refused("InvalidParameterValue"):
        sqs.send_message(QueueUrl=queue, MessageBody="x", MessageDeduplicationId="1")


def test_delay_of_a_single_message(sqs: SQSClient, fifo: str) -> None:
    """A FIFO queue has no delays for single messages, but zero."""
    common = {"QueueUrl": fifo, "MessageBody": "x", "MessageGroupId": "group"}
    sqs.send_message(**common, MessageDeduplicationId="1", DelaySeconds=0)  # type: ignore[arg-type]

    with refused("InvalidParameterValue"):
        sqs.send_message(**common, MessageDeduplicationId="2", DelaySeconds=1)  # type: ignore[arg-type]


def test_delay_of_a_fifo_queue(sqs: SQSClient, name: str) -> None:
    """A FIFO queue's own delay holds for its messages, a zero of theirs notwithstanding, and keeps their order."""
    attributes = {"FifoQueue": "true", "DelaySeconds": "1"}
    fifo = sqs.create_queue(QueueName=f"{name}.fifo", Attributes=attributes)["QueueUrl"]  # type: ignore[arg-type]
    send(sqs, fifo, "a")
    sqs.send_message(QueueUrl=fifo, MessageBody="b", MessageGroupId="other", MessageDeduplicationId="b", DelaySeconds=0)

    assert receive(sqs, fifo) == []
    [first] = receive(sqs, fifo, count=1, wait=5)
    assert first["Body"] == "a"


def test_attributes_of_a_fifo_message(sqs: SQSClient, fifo: str) -> None:
    """A message carries its group, its deduplication id and the sequence number its sender was told."""
    sent = send(sqs, fifo, "x", group="blue", deduplication_id="once")
    [message] = receive(sqs, fifo)

    attributes = message["Attributes"]
    assert attributes["MessageGroupId"] == "blue"
    assert attributes["MessageDeduplicationId"] == "once"
    assert attributes["SequenceNumber"] == sent["SequenceNumber"]


def test_fifo_attributes_only_if_asked(sqs: SQSClient, fifo: str) -> None:
    """The group is told when it is asked for by name, and nothing else then."""
    send(sqs, fifo, "x")
    answer = sqs.receive_message(QueueUrl=fifo, MessageSystemAttributeNames=["MessageGroupId"])

    assert answer["Messages"][0]["Attributes"] == {"MessageGroupId": "group"}


def test_sequence_numbers_rise(sqs: SQSClient, fifo: str) -> None:
    """Sequence numbers have 20 digits and rise with each message, whatever its group."""
    numbers = [send(sqs, fifo, body, group=f"group-{body}")["SequenceNumber"] for body in "abcdefghij"]

    assert numbers == sorted(set(numbers))
    assert {len(number) for number in numbers} == {20}


def test_batch_to_a_fifo_queue(sqs: SQSClient, fifo: str) -> None:
    """A batch keeps its order and answers a sequence number for each entry."""
    entries: list[SendMessageBatchRequestEntryTypeDef] = [
        {"Id": body, "MessageBody": body, "MessageGroupId": "group", "MessageDeduplicationId": body} for body in "abc"
    ]
    answer = sqs.send_message_batch(QueueUrl=fifo, Entries=entries)

    assert len({entry["SequenceNumber"] for entry in answer["Successful"]}) == 3
    assert "Failed" not in answer
    assert bodies(receive(sqs, fifo)) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ({"MessageDeduplicationId": "x"}, "The request must contain the parameter MessageGroupId."),
        (
            {"MessageGroupId": "", "MessageDeduplicationId": "x"},
            "The request must contain the parameter MessageGroupId.",
        ),
        ({"MessageGroupId": "group"}, NO_DEDUPLICATION),
    ],
    ids=["no-group", "empty-group", "no-deduplication"],
)
def test_fifo_batch_fails_as_a_whole(sqs: SQSClient, fifo: str, ids: dict[str, str], message: str) -> None:
    """A batch with an entry that lacks its group or its deduplication id fails as a whole and sends nothing."""
    good = {"Id": "good", "MessageBody": "x", "MessageGroupId": "group", "MessageDeduplicationId": "1"}
    entries = [good, {"Id": "bad", "MessageBody": "x", **ids}]

    with refused("InvalidParameterValue", match=f": {re.escape(message)}$"):
        sqs.send_message_batch(QueueUrl=fifo, Entries=entries)  # type: ignore[arg-type]
    assert receive(sqs, fifo) == []


def test_same_deduplication_id_again(sqs: SQSClient, fifo: str) -> None:
    """A second message with the same deduplication id is answered like the first and not delivered."""
    first = send(sqs, fifo, "first", deduplication_id="once")
    second = send(sqs, fifo, "second", deduplication_id="once")

    assert (second["MessageId"], second["SequenceNumber"]) == (first["MessageId"], first["SequenceNumber"])
    assert second["MD5OfMessageBody"] == hashlib.md5(b"second").hexdigest()  # noqa: S324
    assert bodies(receive(sqs, fifo)) == ["first"]


def test_deduplication_outlives_the_message(sqs: SQSClient, fifo: str) -> None:
    """A deleted message's deduplication id still stands for it."""
    send(sqs, fifo, "x", deduplication_id="once")
    delete(sqs, fifo, *receive(sqs, fifo))
    send(sqs, fifo, "x", deduplication_id="once")

    assert receive(sqs, fifo) == []


def test_purge_frees_deduplication_ids(sqs: SQSClient, fifo: str) -> None:
    """After a purge a message is received whose deduplication id was used before."""
    send(sqs, fifo, "first", deduplication_id="once")
    sqs.purge_queue(QueueUrl=fifo)
    send(sqs, fifo, "second", deduplication_id="once")

    assert bodies(receive(sqs, fifo)) == ["second"]


def test_content_based_deduplication(sqs: SQSClient, name: str) -> None:
    """With content-based deduplication the body's SHA-256 is the id, and an explicit id goes before it."""
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    fifo = sqs.create_queue(QueueName=f"{name}.fifo", Attributes=attributes)["QueueUrl"]  # type: ignore[arg-type]
    for _ in range(2):
        sqs.send_message(QueueUrl=fifo, MessageBody="same", MessageGroupId="group")
    send(sqs, fifo, "same", deduplication_id="other")
    messages = receive(sqs, fifo)

    ids = [message["Attributes"]["MessageDeduplicationId"] for message in messages]
    assert ids == [hashlib.sha256(b"same").hexdigest(), "other"]


def test_group_in_order(sqs: SQSClient, fifo: str) -> None:
    """One receive hands out several messages of a group in the order they were sent."""
    for number in range(10):
        send(sqs, fifo, str(number))

    assert bodies(receive(sqs, fifo)) == [str(number) for number in range(10)]


def test_group_in_flight_is_locked(sqs: SQSClient, fifo: str) -> None:
    """While a message of a group is in flight the rest of the group waits, and other groups do not."""
    for body, group in [("a1", "a"), ("a2", "a"), ("b1", "b")]:
        send(sqs, fifo, body, group)
    [first] = receive(sqs, fifo, count=1)

    assert bodies([first]) == ["a1"]
    assert bodies(receive(sqs, fifo)) == ["b1"]
    delete(sqs, fifo, first)
    assert bodies(receive(sqs, fifo)) == ["a2"]


def test_group_is_locked_until_all_are_done(sqs: SQSClient, fifo: str) -> None:
    """A group with several messages in flight is free when the last of them is deleted."""
    for body in "abc":
        send(sqs, fifo, body)
    first, second = receive(sqs, fifo, count=2)
    delete(sqs, fifo, first)
    assert receive(sqs, fifo) == []
    delete(sqs, fifo, second)

    assert bodies(receive(sqs, fifo)) == ["c"]


def test_released_message_comes_first_again(sqs: SQSClient, fifo: str) -> None:
    """A message given back is received before those sent after it."""
    for body in "abc":
        send(sqs, fifo, body)
    release(sqs, fifo, *receive(sqs, fifo, count=1))

    assert bodies(receive(sqs, fifo)) == ["a", "b", "c"]


def test_batch_released_backwards(sqs: SQSClient, fifo: str) -> None:
    """Messages given back in any order are received in the order they were sent."""
    for body in "abcd":
        send(sqs, fifo, body)
    release(sqs, fifo, *reversed(receive(sqs, fifo, count=3)))

    assert bodies(receive(sqs, fifo)) == ["a", "b", "c", "d"]


def test_release_before_those_in_flight(sqs: SQSClient, fifo: str) -> None:
    """A released message is received at once, alone, while later ones of its group are still in flight."""
    for body, group in [("a1", "a"), ("a2", "a"), ("a3", "a"), ("a4", "a"), ("b1", "b")]:
        send(sqs, fifo, body, group)
    first, *_ = received = receive(sqs, fifo, count=3)
    release(sqs, fifo, first)

    assert bodies(received) == ["a1", "a2", "a3"]
    assert bodies(receive(sqs, fifo)) == ["b1", "a1"]
    assert receive(sqs, fifo) == []


def test_release_behind_one_in_flight(sqs: SQSClient, fifo: str) -> None:
    """A released message waits while an earlier one of its group is in flight."""
    for body in "abc":
        send(sqs, fifo, body)
    first, second = receive(sqs, fifo, count=2)
    release(sqs, fifo, second)
    assert receive(sqs, fifo) == []
    delete(sqs, fifo, first)

    assert bodies(receive(sqs, fifo)) == ["b", "c"]


def test_expiry_before_those_in_flight(sqs: SQSClient, fifo: str) -> None:
    """The same when a message's own shorter visibility timeout runs out."""
    for body in "abc":
        send(sqs, fifo, body)
    first, *_ = receive(sqs, fifo, count=2)
    sqs.change_message_visibility(QueueUrl=fifo, ReceiptHandle=first["ReceiptHandle"], VisibilityTimeout=1)

    assert bodies(receive(sqs, fifo, wait=20)) == ["a"]


def test_expired_message_comes_first_again(sqs: SQSClient, fifo: str) -> None:
    """A message whose visibility timeout ran out is received before those sent after it."""
    for body in "ab":
        send(sqs, fifo, body)
    receive(sqs, fifo, count=1, visibility=3)

    assert receive(sqs, fifo) == []
    assert bodies(receive(sqs, fifo, wait=20)) == ["a", "b"]


def test_delete_wakes_a_long_poll(sqs: SQSClient, fifo: str) -> None:
    """A receiver that waits gets the next message of a group as soon as the one before it is deleted."""
    for body in "ab":
        send(sqs, fifo, body)
    [first] = receive(sqs, fifo, count=1)
    started = time.monotonic()
    timer = Timer(0.3, delete, (sqs, fifo, first))
    timer.start()

    assert bodies(receive(sqs, fifo, wait=20)) == ["b"]
    assert 0.2 < time.monotonic() - started < 15
    timer.join()


@pytest.mark.parametrize("operation", ["delete", "batch"])
def test_expired_handle_does_not_delete(sqs: SQSClient, fifo: str, operation: str) -> None:
    """A handle of a FIFO queue ends with its visibility timeout: deleting with it fails and deletes nothing."""
    send(sqs, fifo, "x")
    [message] = receive(sqs, fifo, visibility=0)
    handle = message["ReceiptHandle"]

    if operation == "delete":
        with refused("InvalidParameterValue"):
            sqs.delete_message(QueueUrl=fifo, ReceiptHandle=handle)
    else:
        answer = sqs.delete_message_batch(QueueUrl=fifo, Entries=[{"Id": "1", "ReceiptHandle": handle}])
        assert answer["Failed"][0]["Code"] == "InvalidParameterValue"
    assert bodies(receive(sqs, fifo)) == ["x"]


def test_delete_twice(sqs: SQSClient, fifo: str) -> None:
    """Deleting a message of a FIFO queue again does no harm."""
    send(sqs, fifo, "x")
    [message] = receive(sqs, fifo)
    delete(sqs, fifo, message, message)

    assert receive(sqs, fifo) == []


def test_redrive_to_a_fifo_dead_letter_queue(sqs: SQSClient, fifo: str, name: str) -> None:
    """A message received too often goes to the dead-letter queue with its group, and the group goes on without it."""
    dead = sqs.create_queue(QueueName=f"{name}-dead.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})
    sqs.set_queue_attributes(QueueUrl=fifo, Attributes={"RedrivePolicy": policy})
    for body in "ab":
        send(sqs, fifo, body)
    release(sqs, fifo, *receive(sqs, fifo, count=1))

    assert bodies(receive(sqs, fifo)) == ["b"]
    [message] = receive(sqs, dead)
    assert (message["Body"], message["Attributes"]["MessageGroupId"]) == ("a", "group")


def test_redrive_between_kinds(sqs: SQSClient, fifo: str, queue: str) -> None:
    """A FIFO queue's dead-letter queue has to be a FIFO queue."""
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})

    with refused("InvalidParameterValue"):
        sqs.set_queue_attributes(QueueUrl=fifo, Attributes={"RedrivePolicy": policy})


def test_receive_request_attempt_id(sqs: SQSClient, fifo: str) -> None:
    """A ReceiveRequestAttemptId may be given."""
    send(sqs, fifo, "x")

    assert sqs.receive_message(QueueUrl=fifo, ReceiveRequestAttemptId="attempt")["Messages"][0]["Body"] == "x"
