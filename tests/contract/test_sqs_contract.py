"""What SQS does, as far as this project relies on it: every check runs against each back end."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Timer

import pytest
from botocore.exceptions import ClientError
from mypy_boto3_sqs import SQSClient
from mypy_boto3_sqs.type_defs import (
    ChangeMessageVisibilityBatchRequestEntryTypeDef,
    DeleteMessageBatchRequestEntryTypeDef,
    MessageTypeDef,
    SendMessageBatchRequestEntryTypeDef,
)

from tests.refusals import refused

GARBAGE_HANDLE = "not-a-receipt-handle"


def receive(sqs: SQSClient, queue: str, count: int = 10, wait: int = 0, visibility: int = 30) -> list[MessageTypeDef]:
    """Up to ``count`` messages, hidden for ``visibility`` seconds."""
    answer = sqs.receive_message(
        QueueUrl=queue, MaxNumberOfMessages=count, WaitTimeSeconds=wait, VisibilityTimeout=visibility
    )
    return answer.get("Messages", [])


def bodies(messages: list[MessageTypeDef]) -> list[str]:
    """The bodies, in the messages' order."""
    return [message["Body"] for message in messages]


def attribute(sqs: SQSClient, queue: str, name: str) -> str:
    """One attribute of a queue."""
    return sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"][name]  # type: ignore[index]


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    """The error code as boto3 shows it."""
    return error.value.response["Error"]["Code"]


@contextmanager
def in_a_moment(action: Callable[[], object]) -> Iterator[None]:
    """Does something 0.3 s after the block was entered, when the receive inside it is waiting."""
    timer = Timer(0.3, action)
    timer.start()
    yield
    timer.join()


def test_create_then_find(sqs: SQSClient, name: str) -> None:
    """A created queue is found by its name, and its URL ends with it."""
    url = sqs.create_queue(QueueName=name)["QueueUrl"]

    assert sqs.get_queue_url(QueueName=name)["QueueUrl"] == url
    assert url.endswith(f"/{name}")


def test_create_again_with_the_same_attributes(sqs: SQSClient, name: str) -> None:
    """Creating a queue again with the same attributes returns the one there is."""
    first = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "60"})
    again = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "60"})

    assert again["QueueUrl"] == first["QueueUrl"]


def test_create_again_with_other_attributes(sqs: SQSClient, name: str) -> None:
    """Creating a queue again with other attributes fails instead of changing it."""
    sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "60"})

    with pytest.raises(sqs.exceptions.QueueNameExists) as error:
        sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "61"})
    assert code_of(error) == "QueueAlreadyExists"


def test_bad_queue_name(sqs: SQSClient) -> None:
    """A queue name with characters SQS does not allow is refused."""
    with refused("InvalidParameterValue"):
        sqs.create_queue(QueueName="no spaces allowed")


def test_list_queues_by_prefix(sqs: SQSClient, name: str) -> None:
    """Queues are listed by the start of their names."""
    urls = [sqs.create_queue(QueueName=f"{name}-{suffix}")["QueueUrl"] for suffix in "ab"]

    assert sorted(sqs.list_queues(QueueNamePrefix=f"{name}-")["QueueUrls"]) == urls


@pytest.mark.parametrize("operation", ["send", "receive", "attributes", "url"])
def test_deleted_queue(sqs: SQSClient, queue: str, name: str, operation: str) -> None:
    """Every use of a deleted queue fails with QueueDoesNotExist."""
    sqs.delete_queue(QueueUrl=queue)
    calls: dict[str, Callable[[], object]] = {
        "send": lambda: sqs.send_message(QueueUrl=queue, MessageBody="x"),
        "receive": lambda: sqs.receive_message(QueueUrl=queue),
        "attributes": lambda: sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"]),
        "url": lambda: sqs.get_queue_url(QueueName=name),
    }

    with pytest.raises(sqs.exceptions.QueueDoesNotExist) as error:
        calls[operation]()
    assert code_of(error) == "AWS.SimpleQueueService.NonExistentQueue"


def test_delete_queue_ends_a_long_poll(sqs: SQSClient, queue: str) -> None:
    """A receiver that waits on a queue learns at once that it is deleted."""
    started = time.monotonic()

    with in_a_moment(lambda: sqs.delete_queue(QueueUrl=queue)), pytest.raises(sqs.exceptions.QueueDoesNotExist):
        receive(sqs, queue, wait=20)
    assert time.monotonic() - started < 15


@pytest.mark.parametrize("body", ["plain", '{"json": "ünïcödé"}', "tab\tline\r\nend", "\U0001f600", " "])
def test_body_comes_back(sqs: SQSClient, queue: str, body: str) -> None:
    """A body comes back as it was sent, with its id and MD5."""
    sent = sqs.send_message(QueueUrl=queue, MessageBody=body)
    [message] = receive(sqs, queue)

    assert message["Body"] == body
    assert message["MessageId"] == sent["MessageId"]
    assert message["MD5OfBody"] == sent["MD5OfMessageBody"] == hashlib.md5(body.encode()).hexdigest()  # noqa: S324


def test_received_message_is_hidden(sqs: SQSClient, queue: str) -> None:
    """A received message is hidden from other receivers, and the counts say so."""
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    assert attribute(sqs, queue, "ApproximateNumberOfMessages") == "1"
    receive(sqs, queue)

    assert receive(sqs, queue) == []
    assert attribute(sqs, queue, "ApproximateNumberOfMessages") == "0"
    assert attribute(sqs, queue, "ApproximateNumberOfMessagesNotVisible") == "1"


def test_deleted_message_is_gone(sqs: SQSClient, queue: str) -> None:
    """A deleted message is gone from every count, and deleting it again does no harm."""
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    [message] = receive(sqs, queue)
    for _ in range(2):
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])

    assert attribute(sqs, queue, "ApproximateNumberOfMessages") == "0"
    assert attribute(sqs, queue, "ApproximateNumberOfMessagesNotVisible") == "0"


def test_visibility_expiry_wakes_a_long_poll(sqs: SQSClient, queue: str) -> None:
    """A waiting receiver gets a message as soon as its visibility timeout runs out."""
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    started = time.monotonic()
    receive(sqs, queue, visibility=1)

    assert bodies(receive(sqs, queue, wait=20)) == ["x"]
    assert 0.9 < time.monotonic() - started < 15


def test_send_wakes_a_long_poll(sqs: SQSClient, queue: str) -> None:
    """A waiting receiver gets a message as soon as it is sent."""
    started = time.monotonic()

    with in_a_moment(lambda: sqs.send_message(QueueUrl=queue, MessageBody="x")):
        assert bodies(receive(sqs, queue, wait=20)) == ["x"]
    assert 0.2 < time.monotonic() - started < 15


def test_long_poll_of_an_empty_queue(sqs: SQSClient, queue: str) -> None:
    """A receiver of an empty queue waits as long as it asked for and then gets nothing."""
    started = time.monotonic()

    assert receive(sqs, queue, wait=1) == []
    assert 0.9 < time.monotonic() - started < 15


def test_delayed_message(sqs: SQSClient, queue: str) -> None:
    """A delayed message is counted as delayed and appears after its delay."""
    sqs.send_message(QueueUrl=queue, MessageBody="x", DelaySeconds=3)

    assert attribute(sqs, queue, "ApproximateNumberOfMessagesDelayed") == "1"
    assert receive(sqs, queue) == []
    assert bodies(receive(sqs, queue, wait=20)) == ["x"]


def test_receive_count_and_timestamps(sqs: SQSClient, queue: str) -> None:
    """A message carries how often and when it was received and when it was sent, if asked for."""
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    seen = [
        sqs.receive_message(QueueUrl=queue, MessageSystemAttributeNames=["All"], VisibilityTimeout=0)["Messages"][0]
        for _ in range(2)
    ]

    first, second = (message["Attributes"] for message in seen)
    assert [first["ApproximateReceiveCount"], second["ApproximateReceiveCount"]] == ["1", "2"]
    assert first["ApproximateFirstReceiveTimestamp"] == second["ApproximateFirstReceiveTimestamp"]
    assert abs(int(first["SentTimestamp"]) / 1000 - time.time()) < 60


def test_system_attributes_only_if_asked(sqs: SQSClient, queue: str) -> None:
    """System attributes are left out unless asked for, one by one and under both parameter names."""
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    plain = sqs.receive_message(QueueUrl=queue, VisibilityTimeout=0)["Messages"][0]
    new = sqs.receive_message(QueueUrl=queue, VisibilityTimeout=0, MessageSystemAttributeNames=["SentTimestamp"])
    old = sqs.receive_message(QueueUrl=queue, VisibilityTimeout=0, AttributeNames=["SentTimestamp"])

    assert "Attributes" not in plain
    assert set(new["Messages"][0]["Attributes"]) == {"SentTimestamp"}
    assert set(old["Messages"][0]["Attributes"]) == {"SentTimestamp"}


def test_trace_header(sqs: SQSClient, queue: str) -> None:
    """The X-Ray trace header goes through the queue."""
    header = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1"
    sqs.send_message(
        QueueUrl=queue,
        MessageBody="x",
        MessageSystemAttributes={"AWSTraceHeader": {"DataType": "String", "StringValue": header}},
    )
    answer = sqs.receive_message(QueueUrl=queue, MessageSystemAttributeNames=["AWSTraceHeader"])

    assert answer["Messages"][0]["Attributes"]["AWSTraceHeader"] == header


def test_message_attributes(sqs: SQSClient, queue: str) -> None:
    """String, number and binary attributes come back if asked for, and their checksum is the same on both ends."""
    sent = sqs.send_message(
        QueueUrl=queue,
        MessageBody="x",
        MessageAttributes={
            "kind": {"DataType": "String", "StringValue": "ä"},
            "count": {"DataType": "Number", "StringValue": "7"},
            "raw": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
        },
    )
    plain = sqs.receive_message(QueueUrl=queue, VisibilityTimeout=0)["Messages"][0]
    [full] = sqs.receive_message(QueueUrl=queue, VisibilityTimeout=0, MessageAttributeNames=["All"])["Messages"]
    [one] = sqs.receive_message(QueueUrl=queue, MessageAttributeNames=["kind"])["Messages"]

    assert "MessageAttributes" not in plain
    assert full["MessageAttributes"]["raw"]["BinaryValue"] == b"\x00\xff"
    assert full["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"] == "4d1f42585de14f923b826d99d8c85c53"
    assert set(one["MessageAttributes"]) == {"kind"}


def test_old_handle_does_not_delete(sqs: SQSClient, queue: str) -> None:
    """Deleting with the handle of an earlier receive succeeds and deletes nothing."""
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    [old] = receive(sqs, queue, visibility=0)
    receive(sqs, queue, visibility=0)
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=old["ReceiptHandle"])

    assert bodies(receive(sqs, queue)) == ["x"]


def test_latest_handle_deletes_after_expiry(sqs: SQSClient, queue: str) -> None:
    """The latest handle still deletes when its visibility timeout has run out and nobody received since."""
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    [message] = receive(sqs, queue, visibility=0)
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])

    assert receive(sqs, queue) == []


def test_release_a_message(sqs: SQSClient, queue: str) -> None:
    """A visibility timeout changed to 0 gives the message back at once."""
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    [message] = receive(sqs, queue)
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)

    assert bodies(receive(sqs, queue)) == ["x"]


def test_extend_a_message(sqs: SQSClient, queue: str) -> None:
    """A visibility timeout made longer hides the message beyond the first one."""
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    [message] = receive(sqs, queue, visibility=1)
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=30)

    assert receive(sqs, queue, wait=2) == []


def test_change_visibility_of_a_visible_message(sqs: SQSClient, queue: str) -> None:
    """A message whose visibility timeout ran out is hidden again by its handle."""
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    [message] = receive(sqs, queue, visibility=0)
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=30)

    assert receive(sqs, queue) == []


def test_change_visibility_with_an_earlier_handle(sqs: SQSClient, queue: str) -> None:
    """The handle of an earlier receive still changes a message's visibility, as long as the message is there."""
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    [earlier] = receive(sqs, queue, visibility=0)
    [later] = receive(sqs, queue)
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=earlier["ReceiptHandle"], VisibilityTimeout=0)

    assert later["ReceiptHandle"] != earlier["ReceiptHandle"]
    assert bodies(receive(sqs, queue)) == ["x"]


def test_change_visibility_batch_with_an_earlier_handle(sqs: SQSClient, queue: str) -> None:
    """The same in a batch."""
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    [earlier] = receive(sqs, queue, visibility=0)
    receive(sqs, queue)
    answer = sqs.change_message_visibility_batch(
        QueueUrl=queue, Entries=[{"Id": "1", "ReceiptHandle": earlier["ReceiptHandle"], "VisibilityTimeout": 0}]
    )

    assert [entry["Id"] for entry in answer["Successful"]] == ["1"]
    assert bodies(receive(sqs, queue)) == ["x"]


def test_change_visibility_of_a_deleted_message(sqs: SQSClient, queue: str) -> None:
    """A deleted message's visibility cannot be changed, whichever of its handles is given."""
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    [message] = receive(sqs, queue)
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])

    with refused("InvalidParameterValue"):
        sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=30)


def test_change_visibility_beyond_twelve_hours(sqs: SQSClient, queue: str) -> None:
    """Twelve hours from the receive is the end, asking for more than is left is an error."""
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    [message] = receive(sqs, queue)

    with refused("InvalidParameterValue"):
        sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=43_200)


@pytest.mark.parametrize("operation", ["delete", "change"])
def test_garbage_handle(sqs: SQSClient, queue: str, operation: str) -> None:
    """A handle that SQS never gave out is an error, not a success."""
    calls = {
        "delete": lambda: sqs.delete_message(QueueUrl=queue, ReceiptHandle=GARBAGE_HANDLE),
        "change": lambda: sqs.change_message_visibility(
            QueueUrl=queue, ReceiptHandle=GARBAGE_HANDLE, VisibilityTimeout=1
        ),
    }

    with pytest.raises(sqs.exceptions.ReceiptHandleIsInvalid):
        calls[operation]()


@pytest.mark.parametrize(
    "parameters", [{"MaxNumberOfMessages": 11}, {"WaitTimeSeconds": 21}, {"VisibilityTimeout": 43_201}]
)
def test_receive_out_of_range(sqs: SQSClient, queue: str, parameters: dict[str, int]) -> None:
    """Receiving with a number out of its range is refused."""
    with refused("InvalidParameterValue"):
        sqs.receive_message(QueueUrl=queue, **parameters)  # type: ignore[arg-type]


def test_batch_of_ten(sqs: SQSClient, queue: str) -> None:
    """Ten messages go in, come out and are deleted with one call each."""
    entries: list[SendMessageBatchRequestEntryTypeDef] = [
        {"Id": str(number), "MessageBody": f"body {number}"} for number in range(10)
    ]
    sent = sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    received = receive(sqs, queue)
    handles: list[DeleteMessageBatchRequestEntryTypeDef] = [
        {"Id": message["MessageId"], "ReceiptHandle": message["ReceiptHandle"]} for message in received
    ]
    deleted = sqs.delete_message_batch(QueueUrl=queue, Entries=handles)

    assert sorted(bodies(received)) == [f"body {number}" for number in range(10)]
    assert [len(sent["Successful"]), len(deleted["Successful"])] == [10, 10]
    assert attribute(sqs, queue, "ApproximateNumberOfMessagesNotVisible") == "0"


def test_batch_with_one_bad_handle(sqs: SQSClient, queue: str) -> None:
    """A bad entry of a batch is reported by its id, and the others are done."""
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    [message] = receive(sqs, queue)
    entries: list[DeleteMessageBatchRequestEntryTypeDef] = [
        {"Id": "good", "ReceiptHandle": message["ReceiptHandle"]},
        {"Id": "bad", "ReceiptHandle": GARBAGE_HANDLE},
    ]
    answer = sqs.delete_message_batch(QueueUrl=queue, Entries=entries)

    assert [entry["Id"] for entry in answer["Successful"]] == ["good"]
    [failed] = answer["Failed"]
    assert (failed["Id"], failed["Code"], failed["SenderFault"]) == ("bad", "ReceiptHandleIsInvalid", True)


def test_change_visibility_batch(sqs: SQSClient, queue: str) -> None:
    """Visibility timeouts change in batches, entry by entry."""
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    [message] = receive(sqs, queue)
    entries: list[ChangeMessageVisibilityBatchRequestEntryTypeDef] = [
        {"Id": "good", "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0},
        {"Id": "bad", "ReceiptHandle": GARBAGE_HANDLE, "VisibilityTimeout": 0},
    ]
    answer = sqs.change_message_visibility_batch(QueueUrl=queue, Entries=entries)

    assert [entry["Id"] for entry in answer["Successful"]] == ["good"]
    assert [(entry["Id"], entry["Code"]) for entry in answer["Failed"]] == [("bad", "ReceiptHandleIsInvalid")]
    assert bodies(receive(sqs, queue)) == ["x"]


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        ([], "EmptyBatchRequest"),
        ([str(number) for number in range(11)], "TooManyEntriesInBatchRequest"),
        (["same", "same"], "BatchEntryIdsNotDistinct"),
        (["not well formed"], "InvalidBatchEntryId"),
        (["x" * 81], "InvalidBatchEntryId"),
    ],
)
def test_batch_as_a_whole_is_wrong(sqs: SQSClient, queue: str, ids: list[str], expected: str) -> None:
    """A batch that is wrong as a whole fails with an error of its own type."""
    entries: list[SendMessageBatchRequestEntryTypeDef] = [{"Id": entry_id, "MessageBody": "x"} for entry_id in ids]

    with pytest.raises(getattr(sqs.exceptions, expected)) as error:
        sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    assert code_of(error) == f"AWS.SimpleQueueService.{expected}"


def test_batch_payload_too_long(sqs: SQSClient, queue: str) -> None:
    """The messages of a batch may have 1 MiB together."""
    entries: list[SendMessageBatchRequestEntryTypeDef] = [
        {"Id": str(number), "MessageBody": "x" * 600_000} for number in range(2)
    ]

    with pytest.raises(sqs.exceptions.BatchRequestTooLong):
        sqs.send_message_batch(QueueUrl=queue, Entries=entries)


def test_largest_message(sqs: SQSClient, queue: str) -> None:
    """A message of exactly 1 MiB passes and one byte more does not."""
    sqs.send_message(QueueUrl=queue, MessageBody="x" * 1_048_576)

    with refused("InvalidParameterValue"):
        sqs.send_message(QueueUrl=queue, MessageBody="x" * 1_048_577)


def test_attributes_count_as_size(sqs: SQSClient, queue: str) -> None:
    """Message attributes count against the largest message size."""
    with refused("InvalidParameterValue"):
        sqs.send_message(
            QueueUrl=queue,
            MessageBody="x" * 1_048_576,
            MessageAttributes={"kind": {"DataType": "String", "StringValue": "y"}},
        )


@pytest.mark.parametrize("body", ["\x00", "a\x0bb", "\ufffe"], ids=["nul", "vertical-tab", "noncharacter"])
def test_forbidden_character(sqs: SQSClient, queue: str, body: str) -> None:
    """A character that SQS does not carry is refused."""
    with pytest.raises(sqs.exceptions.InvalidMessageContents):
        sqs.send_message(QueueUrl=queue, MessageBody=body)


def test_empty_body(sqs: SQSClient, queue: str) -> None:
    """An empty body is refused."""
    with refused("MissingParameter"):
        sqs.send_message(QueueUrl=queue, MessageBody="")


def test_redrive_to_a_dead_letter_queue(sqs: SQSClient, queue: str, name: str) -> None:
    """A message received too often is found in the dead-letter queue, as it was sent, and not in its own."""
    dead = sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
    policy = {"deadLetterTargetArn": attribute(sqs, dead, "QueueArn"), "maxReceiveCount": 2}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": json.dumps(policy)})
    sent = sqs.send_message(QueueUrl=queue, MessageBody="poison")

    assert [bodies(receive(sqs, queue, visibility=0)) for _ in range(3)] == [["poison"], ["poison"], []]
    [message] = receive(sqs, dead)
    assert (message["MessageId"], message["Body"]) == (sent["MessageId"], "poison")
    assert attribute(sqs, queue, "ApproximateNumberOfMessages") == "0"


def test_redrive_to_a_queue_that_is_not_there(sqs: SQSClient, queue: str) -> None:
    """A redrive policy has to name a queue that exists."""
    policy = {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:nobody", "maxReceiveCount": 2}

    with pytest.raises(ClientError):
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": json.dumps(policy)})


def test_dead_letter_sources(sqs: SQSClient, queue: str, name: str) -> None:
    """A dead-letter queue knows whose dead letters it takes."""
    dead = sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
    policy = {"deadLetterTargetArn": attribute(sqs, dead, "QueueArn"), "maxReceiveCount": 2}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": json.dumps(policy)})

    assert sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == [queue]


def test_purge(sqs: SQSClient, queue: str) -> None:
    """Purging a queue removes its messages, in flight or not."""
    for _ in range(2):
        sqs.send_message(QueueUrl=queue, MessageBody="x")
    receive(sqs, queue, count=1)
    sqs.purge_queue(QueueUrl=queue)

    assert receive(sqs, queue) == []
    assert attribute(sqs, queue, "ApproximateNumberOfMessagesNotVisible") == "0"


def test_queue_attributes(sqs: SQSClient, queue: str) -> None:
    """Attributes that are set are read back, the others have SQS's defaults."""
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "45", "DelaySeconds": "3"})
    read = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]

    assert (read["VisibilityTimeout"], read["DelaySeconds"]) == ("45", "3")
    assert (read["MessageRetentionPeriod"], read["ReceiveMessageWaitTimeSeconds"]) == ("345600", "0")
    assert read["MaximumMessageSize"] == "1048576"


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"NoSuchAttribute": "1"}, "InvalidAttributeName"),
        ({"VisibilityTimeout": "43201"}, "InvalidAttributeValue"),
        ({"DelaySeconds": "many"}, "InvalidAttributeValue"),
    ],
    ids=["unknown", "out-of-range", "not-a-number"],
)
def test_wrong_attribute(sqs: SQSClient, queue: str, attributes: dict[str, str], expected: str) -> None:
    """An attribute that is unknown or out of its range is refused."""
    with pytest.raises(getattr(sqs.exceptions, expected)):
        sqs.set_queue_attributes(QueueUrl=queue, Attributes=attributes)  # type: ignore[arg-type]


def test_queue_wait_time(sqs: SQSClient, name: str) -> None:
    """A receive that names no wait time waits as long as the queue says."""
    queue = sqs.create_queue(QueueName=name, Attributes={"ReceiveMessageWaitTimeSeconds": "1"})["QueueUrl"]
    started = time.monotonic()
    sqs.receive_message(QueueUrl=queue)

    assert time.monotonic() - started > 0.9
