"""SQS operations beyond what the contract suite holds against another emulator."""

import pytest

from local_aws.clock import ManualClock
from local_aws.errors import AwsError
from tests.refusals import refused
from tests.unit.local_aws.conftest import Aws


@pytest.fixture
def url(aws: Aws) -> str:
    """The URL of a queue."""
    created: str = aws.sqs("CreateQueue", QueueName="submissions")["QueueUrl"]
    return created


def test_queue_url_has_the_host_the_client_used(url: str) -> None:
    """A queue URL leads back to the host the client called, so that it works under a container's name."""
    assert url == "http://aws.test:4566/000000000000/submissions"


def test_attribute_that_is_not_emulated(aws: Aws, url: str) -> None:
    """An attribute of AWS that would be without effect here is refused, not forgotten."""
    with pytest.raises(AwsError, match="does not emulate the queue attribute Policy"):
        aws.sqs("SetQueueAttributes", QueueUrl=url, Attributes={"Policy": "{}"})


def test_unknown_operation(aws: Aws, url: str) -> None:
    """An operation that is not emulated says so and where to read more."""
    with refused("UnknownOperationException", match="docs/local_aws"):
        aws.sqs("AddPermission", QueueUrl=url, Label="x")


def test_delay_of_the_queue(aws: Aws, clock: ManualClock) -> None:
    """A queue's delay holds for messages that name none."""
    url = aws.sqs("CreateQueue", QueueName="slow", Attributes={"DelaySeconds": "900"})["QueueUrl"]
    aws.sqs("SendMessage", QueueUrl=url, MessageBody="slow")
    aws.sqs("SendMessage", QueueUrl=url, MessageBody="fast", DelaySeconds=0)
    at_once = aws.sqs("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    clock.advance(900)
    later = aws.sqs("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=60)["Messages"]

    assert [message["Body"] for message in at_once] == ["fast"]
    assert {message["Body"] for message in later} == {"slow", "fast"}


def test_visibility_of_the_queue(aws: Aws, url: str, clock: ManualClock) -> None:
    """A received message stays hidden for exactly the queue's visibility timeout."""
    aws.sqs("SetQueueAttributes", QueueUrl=url, Attributes={"VisibilityTimeout": "60"})
    aws.sqs("SendMessage", QueueUrl=url, MessageBody="x")
    aws.sqs("ReceiveMessage", QueueUrl=url)
    clock.advance(59)
    assert aws.sqs("ReceiveMessage", QueueUrl=url) == {}
    clock.advance(1)

    assert len(aws.sqs("ReceiveMessage", QueueUrl=url)["Messages"]) == 1


def test_redelivery_says_when_it_was_first_received(aws: Aws, url: str, clock: ManualClock) -> None:
    """A message's first receive keeps its time, while the count goes up."""
    aws.sqs("SendMessage", QueueUrl=url, MessageBody="x")
    sent_at = int(clock.now() * 1000)
    for _ in range(3):
        clock.advance(30)
        answer = aws.sqs("ReceiveMessage", QueueUrl=url, AttributeNames=["All"])

    attributes = answer["Messages"][0]["Attributes"]
    assert attributes["SentTimestamp"] == str(sent_at)
    assert attributes["ApproximateFirstReceiveTimestamp"] == str(sent_at + 30_000)
    assert attributes["ApproximateReceiveCount"] == "3"


def test_largest_message_of_the_queue(aws: Aws, url: str) -> None:
    """A queue's own message limit fails the entry that is over it and no other."""
    aws.sqs("SetQueueAttributes", QueueUrl=url, Attributes={"MaximumMessageSize": "1024"})
    entries = [{"Id": "fits", "MessageBody": "x" * 1024}, {"Id": "over", "MessageBody": "x" * 1025}]
    answer = aws.sqs("SendMessageBatch", QueueUrl=url, Entries=entries)

    assert [entry["Id"] for entry in answer["Successful"]] == ["fits"]
    assert [(entry["Id"], entry["Code"]) for entry in answer["Failed"]] == [("over", "InvalidParameterValue")]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (["trace.*"], {"trace.id", "trace.span"}),
        ([".*"], {"trace.id", "trace.span", "kind"}),
        (["kind", "nobody"], {"kind"}),
    ],
)
def test_attributes_by_prefix(aws: Aws, url: str, wanted: list[str], expected: set[str]) -> None:
    """Message attributes are asked for by name, by prefix, or all at once."""
    value = {"DataType": "String", "StringValue": "1"}
    attributes = {"trace.id": value, "trace.span": value, "kind": value}
    aws.sqs("SendMessage", QueueUrl=url, MessageBody="x", MessageAttributes=attributes)
    answer = aws.sqs("ReceiveMessage", QueueUrl=url, MessageAttributeNames=wanted)

    assert set(answer["Messages"][0]["MessageAttributes"]) == expected


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ({"DataType": "Date", "StringValue": "x"}, "InvalidParameterValueException"),
        ({"DataType": "String", "StringValue": ""}, "InvalidParameterValueException"),
        ({"DataType": "Binary", "BinaryValue": "no base64!"}, "SerializationException"),
        ({"StringValue": "x"}, "InvalidParameterValueException"),
        ({"DataType": "String", "StringListValues": ["x"]}, "UnsupportedOperation"),
        ("x", "SerializationException"),
    ],
)
def test_wrong_message_attribute(aws: Aws, url: str, value: object, code: str) -> None:
    """A message attribute without a known type or a value is refused."""
    with refused(code):
        aws.sqs("SendMessage", QueueUrl=url, MessageBody="x", MessageAttributes={"kind": value})


def test_redrive_policy_is_checked(aws: Aws, url: str) -> None:
    """A redrive policy needs a count from 1 to 1000, and an empty one ends it."""
    arn = aws.sqs("GetQueueAttributes", QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = f'{{"deadLetterTargetArn": "{arn}", "maxReceiveCount": 0}}'
    with pytest.raises(AwsError, match="from 1 to 1000"):
        aws.sqs("SetQueueAttributes", QueueUrl=url, Attributes={"RedrivePolicy": policy})
    aws.sqs("SetQueueAttributes", QueueUrl=url, Attributes={"RedrivePolicy": ""})

    attributes = aws.sqs("GetQueueAttributes", QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert "RedrivePolicy" not in attributes


def test_queues_page_by_page(aws: Aws) -> None:
    """Many queues are listed page by page."""
    for name in "cab":
        aws.sqs("CreateQueue", QueueName=name)
    first = aws.sqs("ListQueues", MaxResults=2)
    second = aws.sqs("ListQueues", MaxResults=2, NextToken=first["NextToken"])

    assert [url[-1] for url in first["QueueUrls"] + second["QueueUrls"]] == ["a", "b", "c"]
    assert "NextToken" not in second


def test_more_than_a_page_of_queues(aws: Aws) -> None:
    """Who does not ask page by page is answered a thousand queues and no token, as the API reference says."""
    for number in range(1001):
        aws.sqs("CreateQueue", QueueName=f"queue-{number:04}")

    assert {key: len(found) for key, found in aws.sqs("ListQueues").items()} == {"QueueUrls": 1000}
    assert aws.sqs("ListQueues", MaxResults=1000)["NextToken"]
