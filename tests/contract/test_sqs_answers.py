"""The form of SQS's answers and errors: keys that are left out, names, types, tags, and the texts of errors.

Most of it was validated against AWS by LocalStack (tests/aws/services/sqs/test_sqs.py there).
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from mypy_boto3_sqs import SQSClient

Body = dict[str, Any]
ALL = ["All"]


def error_of(call: Callable[[], object]) -> tuple[str, str]:
    """Code and text of the error a call ends in."""
    with pytest.raises(ClientError) as error:
        call()
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def fifo_of(sqs: SQSClient, name: str) -> str:
    """The URL of a new FIFO queue."""
    return sqs.create_queue(QueueName=f"{name}.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]


def test_no_queue_urls(sqs: SQSClient, name: str) -> None:
    """Where no queue is found, the answer has no list of them."""
    assert "QueueUrls" not in sqs.list_queues(QueueNamePrefix=f"{name}-nobody")


def test_no_dead_letter_sources(sqs: SQSClient, queue: str) -> None:
    """A queue that takes nobody's dead letters has no list of their queues."""
    assert "queueUrls" not in sqs.list_dead_letter_source_queues(QueueUrl=queue)


def test_no_attributes_asked_for(sqs: SQSClient, queue: str) -> None:
    """Asked for no attributes, or for one that is not set, a queue answers none."""
    assert "Attributes" not in sqs.get_queue_attributes(QueueUrl=queue)
    assert "Attributes" not in sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["RedrivePolicy"])


def test_no_messages(sqs: SQSClient, queue: str) -> None:
    """A receive that brings nothing has no list of messages."""
    assert "Messages" not in sqs.receive_message(QueueUrl=queue)


def test_no_tags(sqs: SQSClient, queue: str) -> None:
    """A queue without tags has no map of them."""
    assert "Tags" not in sqs.list_queue_tags(QueueUrl=queue)


@pytest.mark.parametrize("operation", ["send", "change", "delete"])
def test_nothing_failed(sqs: SQSClient, queue: str, operation: str) -> None:
    """A batch in which nothing failed has no list of failures."""
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    handle = sqs.receive_message(QueueUrl=queue)["Messages"][0]["ReceiptHandle"]
    calls: dict[str, Callable[[], Any]] = {
        "send": lambda: sqs.send_message_batch(QueueUrl=queue, Entries=[{"Id": "1", "MessageBody": "x"}]),
        "change": lambda: sqs.change_message_visibility_batch(
            QueueUrl=queue, Entries=[{"Id": "1", "ReceiptHandle": handle, "VisibilityTimeout": 9}]
        ),
        "delete": lambda: sqs.delete_message_batch(QueueUrl=queue, Entries=[{"Id": "1", "ReceiptHandle": handle}]),
    }
    answer = calls[operation]()

    assert [entry["Id"] for entry in answer["Successful"]] == ["1"]
    assert "Failed" not in answer


def test_nothing_succeeded(sqs: SQSClient, queue: str) -> None:
    """A batch in which everything failed has no list of successes."""
    answer = sqs.delete_message_batch(QueueUrl=queue, Entries=[{"Id": "1", "ReceiptHandle": "garbage"}])

    assert [entry["Id"] for entry in answer["Failed"]] == ["1"]
    assert "Successful" not in answer


def test_tags_come_and_go(sqs: SQSClient, queue: str) -> None:
    """Tags are stored, listed, overwritten and removed; removing one that is not there does no harm."""
    sqs.tag_queue(QueueUrl=queue, Tags={"team": "sensors", "Team": "other", "empty": ""})
    sqs.tag_queue(QueueUrl=queue, Tags={"team": "events"})
    listed = sqs.list_queue_tags(QueueUrl=queue)["Tags"]
    sqs.untag_queue(QueueUrl=queue, TagKeys=["Team", "empty", "nobody"])

    assert listed == {"team": "events", "Team": "other", "empty": ""}
    assert sqs.list_queue_tags(QueueUrl=queue)["Tags"] == {"team": "events"}


def test_tags_from_creation(sqs: SQSClient, name: str) -> None:
    """Tags given when a queue is created are its tags."""
    queue = sqs.create_queue(QueueName=name, tags={"team": "sensors"})["QueueUrl"]

    assert sqs.list_queue_tags(QueueUrl=queue)["Tags"] == {"team": "sensors"}


def test_all_message_attributes_by_asterisk(sqs: SQSClient, queue: str) -> None:
    """An asterisk alone asks for all message attributes."""
    attribute: Any = {"DataType": "String", "StringValue": "1"}
    sqs.send_message(QueueUrl=queue, MessageBody="x", MessageAttributes={"one": attribute, "two.three": attribute})
    answer = sqs.receive_message(QueueUrl=queue, MessageAttributeNames=["*"])

    assert set(answer["Messages"][0]["MessageAttributes"]) == {"one", "two.three"}


@pytest.mark.parametrize("parameter", ["AttributeNames", "MessageSystemAttributeNames"])
def test_unknown_system_attribute(sqs: SQSClient, queue: str, parameter: str) -> None:
    """A receive that asks for a system attribute SQS does not have is refused."""
    wanted: Any = {parameter: ["NoSuchAttribute"]}

    code, message = error_of(lambda: sqs.receive_message(QueueUrl=queue, **wanted))
    assert (code, message) == ("InvalidAttributeName", "Unknown Attribute NoSuchAttribute.")


@pytest.mark.parametrize(
    "name_of_attribute", ["attr.1øßä", "a-b_c.D9", "x" * 256], ids=["alphabets", "signs", "longest"]
)
def test_good_attribute_name(sqs: SQSClient, queue: str, name_of_attribute: str) -> None:
    """Letters of any alphabet, digits, hyphens, underscores and dots make an attribute's name."""
    attribute: Any = {name_of_attribute: {"DataType": "String", "StringValue": "x"}}

    assert sqs.send_message(QueueUrl=queue, MessageBody="x", MessageAttributes=attribute)["MD5OfMessageAttributes"]


@pytest.mark.parametrize(
    "name_of_attribute",
    ["aWs.x", "AMAZON.x", ".x", "x.", "a..b", "a b", "a!b", "a§b", "x" * 257, ""],
    ids=["aws", "amazon", "dot-first", "dot-last", "two-dots", "space", "mark", "section", "long", "empty"],
)
@pytest.mark.parametrize("batch", [False, True], ids=["single", "batch"])
def test_wrong_attribute_name(sqs: SQSClient, queue: str, name_of_attribute: str, *, batch: bool) -> None:
    """A name that SQS keeps for itself, or that has other characters or too many, is refused."""
    attributes: Any = {name_of_attribute: {"DataType": "String", "StringValue": "x"}}
    assert _refusal_of(sqs, queue, {"MessageAttributes": attributes}, batch=batch)[0] == "InvalidParameterValue"


@pytest.mark.parametrize(
    ("attribute", "text"),
    [
        ({"DataType": "Invalid", "StringValue": "x"}, "set of supported type prefixes is Binary, Number, and String."),
        ({"DataType": "", "StringValue": "x"}, "must contain a non-empty message attribute type."),
        ({"StringValue": "x"}, "must contain a non-empty message attribute type."),
        ({"DataType": "Number." + "L" * 256, "StringValue": "1"}, "invalid message attribute type"),
        ({"DataType": "String", "StringValue": ""}, "'kind' must contain a non-empty value of type 'String'."),
        ({"DataType": "Binary", "BinaryValue": b""}, "'kind' must contain a non-empty value of type 'Binary'."),
        ({"DataType": "Number", "StringValue": "many"}, "Can't cast the value of message (user) attribute 'kind'"),
        ({"DataType": "String", "StringValue": "a\x08b"}, "Invalid binary character '#x8'"),
    ],
    ids=["prefix", "empty-type", "no-type", "long-type", "empty", "empty-binary", "no-number", "control"],
)
@pytest.mark.parametrize("batch", [False, True], ids=["single", "batch"])
def test_wrong_attribute_value(sqs: SQSClient, queue: str, attribute: Body, text: str, *, batch: bool) -> None:
    """A type that SQS does not have, or a value that is not of the type, is refused by InvalidParameterValue."""
    code, message = _refusal_of(sqs, queue, {"MessageAttributes": {"kind": attribute}}, batch=batch)
    assert code == "InvalidParameterValue"
    assert text in message


@pytest.mark.parametrize("number", ["7", "-1.5", "+3", "1e30", "0.000000000000000001"])
def test_number_attribute(sqs: SQSClient, queue: str, number: str) -> None:
    """Whatever reads as a decimal number is a Number."""
    sent = sqs.send_message(
        QueueUrl=queue, MessageBody="x", MessageAttributes={"n": {"DataType": "Number", "StringValue": number}}
    )

    assert sent["MD5OfMessageAttributes"]


def test_list_values(sqs: SQSClient, queue: str) -> None:
    """Lists as values of message attributes are in the service model and not supported."""
    attribute: Any = {"DataType": "String", "StringListValues": ["x"]}
    code, _ = _refusal_of(sqs, queue, {"MessageAttributes": {"kind": attribute}}, batch=False)

    assert code == "AWS.SimpleQueueService.UnsupportedOperation"


def test_eleven_attributes(sqs: SQSClient, queue: str) -> None:
    """A message has ten attributes at most."""
    attributes = {f"a{number}": {"DataType": "String", "StringValue": "x"} for number in range(11)}

    assert _refusal_of(sqs, queue, {"MessageAttributes": attributes}, batch=False) == (
        "InvalidParameterValue",
        "Number of message attributes [11] exceeds the allowed maximum [10].",
    )


@pytest.mark.parametrize(
    "attributes",
    [
        {"Other": {"DataType": "String", "StringValue": "x"}},
        {"AWSTraceHeader": {"DataType": "Number", "StringValue": "1"}},
    ],
    ids=["unknown", "not-a-string"],
)
def test_wrong_system_attribute(sqs: SQSClient, queue: str, attributes: Body) -> None:
    """The trace header, a string, is the only system attribute a sender may set."""
    assert _refusal_of(sqs, queue, {"MessageSystemAttributes": attributes}, batch=False)[0] == "InvalidParameterValue"


def test_empty_group_on_a_standard_queue(sqs: SQSClient, queue: str) -> None:
    """A group id on a standard queue may be left out but not empty."""
    code, message = error_of(lambda: sqs.send_message(QueueUrl=queue, MessageBody="x", MessageGroupId=""))

    assert code == "InvalidParameterValue"
    assert "for parameter MessageGroupId is invalid" in message


def _refusal_of(sqs: SQSClient, queue: str, more: Body, *, batch: bool) -> tuple[str, str]:
    """Code and text of the refusal of a message, by itself or as the entry of a batch."""
    if not batch:
        return error_of(lambda: sqs.send_message(QueueUrl=queue, MessageBody="x", **more))
    entries: Any = [{"Id": "good", "MessageBody": "x"}, {"Id": "bad", "MessageBody": "x", **more}]
    answer = sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    assert [entry["Id"] for entry in answer["Successful"]] == ["good"]
    [failed] = answer["Failed"]
    assert (failed["Id"], failed["SenderFault"]) == ("bad", True)
    return failed["Code"], failed["Message"]


@pytest.mark.parametrize("set_later", [False, True], ids=["create", "set"])
@pytest.mark.parametrize(
    ("attributes", "code", "message"),
    [
        ({"NoSuch": "1"}, "InvalidAttributeName", "Unknown Attribute NoSuch."),
        ({"QueueArn": "arn"}, "InvalidAttributeName", "Unknown Attribute QueueArn."),
        ({"All": "1"}, "InvalidAttributeName", "Unknown Attribute All."),
        ({"FifoQueue": "false"}, "InvalidAttributeName", "Unknown Attribute FifoQueue."),
        (
            {"DeduplicationScope": "queue"},
            "InvalidAttributeName",
            "You can specify the DeduplicationScope only when FifoQueue is set to true.",
        ),
        ({"DelaySeconds": "901"}, "InvalidAttributeValue", "Invalid value for the parameter DelaySeconds."),
        ({"VisibilityTimeout": ""}, "InvalidAttributeValue", "Invalid value for the parameter VisibilityTimeout."),
        ({"MaximumMessageSize": "-1"}, "InvalidAttributeValue", "Invalid value for the parameter MaximumMessageSize."),
    ],
    ids=["unknown", "read-only", "all", "fifo", "scope", "range", "empty", "negative"],
)
def test_wrong_queue_attribute(
    sqs: SQSClient, name: str, attributes: Any, code: str, message: str, *, set_later: bool
) -> None:
    """An attribute that a standard queue does not have, or not with this value, is refused at creation and later."""
    queue = sqs.create_queue(QueueName=f"{name}-there")["QueueUrl"]

    def call() -> object:
        if set_later:
            return sqs.set_queue_attributes(QueueUrl=queue, Attributes=attributes)
        return sqs.create_queue(QueueName=name, Attributes=attributes)

    assert error_of(call) == (code, message)


def test_fifo_queue_stays_one(sqs: SQSClient, name: str) -> None:
    """A FIFO queue may be told again that it is one, and cannot be made a standard queue."""
    queue = fifo_of(sqs, name)
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"FifoQueue": "true"})

    assert error_of(lambda: sqs.set_queue_attributes(QueueUrl=queue, Attributes={"FifoQueue": "false"})) == (
        "InvalidAttributeValue",
        "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.",
    )


FIFO_NAME = (
    "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with "
    ".fifo suffix and be 1 to 80 in length"
)
ENTRY_ID = (
    "A batch entry id can only contain alphanumeric characters, hyphens and underscores. "
    "It can be at most 80 letters long."
)
DEAD_LETTER_ARN = (
    'Value {"deadLetterTargetArn": "dummy", "maxReceiveCount": 42} for parameter RedrivePolicy is invalid. '
    "Reason: Invalid value for deadLetterTargetArn."
)
TEXTS: dict[str, tuple[Callable[[SQSClient, str, str], object], str, str]] = {
    "queue-there": (
        lambda sqs, name, _: sqs.create_queue(QueueName=name, Attributes={"DelaySeconds": "2"}),
        "QueueAlreadyExists",
        "A queue already exists with the same name and a different value for attribute DelaySeconds",
    ),
    "name": (
        lambda sqs, _, __: sqs.create_queue(QueueName="no spaces"),
        "InvalidParameterValue",
        "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
    ),
    "fifo-name": (
        lambda sqs, name, _: sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true"}),
        "InvalidParameterValue",
        FIFO_NAME,
    ),
    "no-queue": (
        lambda sqs, _, queue: sqs.send_message(QueueUrl=f"{queue}-nobody", MessageBody="x"),
        "AWS.SimpleQueueService.NonExistentQueue",
        "The specified queue does not exist.",
    ),
    "receive": (
        lambda sqs, _, queue: sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=11),
        "InvalidParameterValue",
        "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.",
    ),
    "wait": (
        lambda sqs, _, queue: sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=21),
        "InvalidParameterValue",
        "Value 21 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.",
    ),
    "too-long": (
        lambda sqs, _, queue: sqs.send_message(QueueUrl=queue, MessageBody="x" * 1_048_577),
        "InvalidParameterValue",
        "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes.",
    ),
    "batch-too-long": (
        lambda sqs, _, queue: sqs.send_message_batch(
            QueueUrl=queue, Entries=[{"Id": "1", "MessageBody": "x" * 1_048_576}, {"Id": "2", "MessageBody": "x"}]
        ),
        "AWS.SimpleQueueService.BatchRequestTooLong",
        "Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes.",
    ),
    "entry-id": (
        lambda sqs, _, queue: sqs.delete_message_batch(
            QueueUrl=queue, Entries=[{"Id": "not:well", "ReceiptHandle": "x"}]
        ),
        "AWS.SimpleQueueService.InvalidBatchEntryId",
        ENTRY_ID,
    ),
    "same-id": (
        lambda sqs, _, queue: sqs.send_message_batch(
            QueueUrl=queue, Entries=[{"Id": "same", "MessageBody": "x"}, {"Id": "same", "MessageBody": "x"}]
        ),
        "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
        "Id same repeated.",
    ),
    "dead-letter-arn": (
        lambda sqs, _, queue: sqs.set_queue_attributes(
            QueueUrl=queue,
            Attributes={"RedrivePolicy": json.dumps({"deadLetterTargetArn": "dummy", "maxReceiveCount": 42})},
        ),
        "InvalidParameterValue",
        DEAD_LETTER_ARN,
    ),
}


@pytest.mark.parametrize("case", TEXTS)
def test_text_of_an_error(sqs: SQSClient, queue: str, name: str, case: str) -> None:
    """The common mistakes are told in AWS's words, which people search for."""
    call, code, message = TEXTS[case]

    assert error_of(lambda: call(sqs, name, queue)) == (code, message)


@pytest.mark.parametrize(
    ("parameters", "code", "kind"),
    [
        ({"MaxNumberOfMessages": 11}, "InvalidParameterValue", "InvalidParameterValueException"),
        (
            {"QueueUrl": "http://127.0.0.1/000000000000/nobody"},
            "AWS.SimpleQueueService.NonExistentQueue",
            "QueueDoesNotExist",
        ),
    ],
    ids=["wrong", "no-queue"],
)
def test_code_and_type(sqs: SQSClient, queue: str, parameters: Any, code: str, kind: str) -> None:
    """An error has the code of the old query protocol and the name of the new one, which SDKs show differently."""
    with pytest.raises(ClientError) as error:
        sqs.receive_message(**{"QueueUrl": queue, **parameters})

    found: Any = error.value.response["Error"]
    assert (found["Code"], found["QueryErrorCode"]) == (code, kind)


def test_missing_parameter(sqs: SQSClient, name: str) -> None:
    """A parameter that is missing is MissingParameter, which the JSON protocol calls by a longer name."""
    with pytest.raises(ClientError) as error:
        sqs.send_message(QueueUrl=fifo_of(sqs, name), MessageBody="x", MessageDeduplicationId="1")

    found: Any = error.value.response["Error"]
    assert (found["Code"], found["QueryErrorCode"]) == ("MissingParameter", "MissingRequiredParameterException")
    assert found["Message"] == "The request must contain the parameter MessageGroupId."


def test_trace_header_of_the_request(sqs: SQSClient, session: Any, backend: str, queue: str) -> None:
    """The X-Amzn-Trace-Id of a send becomes the AWSTraceHeader of its messages, unless they have their own."""
    client = session.client("sqs", endpoint_url=backend)
    header = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1"
    client.meta.events.register(
        "before-call.sqs", lambda params, **_: params["headers"].update({"X-Amzn-Trace-Id": header})
    )
    own: Any = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=own"}}
    client.send_message(QueueUrl=queue, MessageBody="single")
    client.send_message_batch(
        QueueUrl=queue,
        Entries=[
            {"Id": "1", "MessageBody": "batch"},
            {"Id": "2", "MessageBody": "own", "MessageSystemAttributes": own},
        ],
    )
    answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, MessageSystemAttributeNames=["AWSTraceHeader"])

    found = {message["Body"]: message.get("Attributes", {}).get("AWSTraceHeader") for message in answer["Messages"]}
    assert found == {"single": header, "batch": header, "own": "Root=own"}
