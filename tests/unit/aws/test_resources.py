"""Descriptions of queue and stream, and the warnings about them."""

import json
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from event_processor.aws.concerns import concerns, holding_concerns, size_concerns
from event_processor.aws.resources import QueueProperties, ResourceReader, StreamProperties
from event_processor.errors import CallFailed
from event_processor.testing import RecordingObserver

QUEUE = QueueProperties(
    name="submissions",
    url="http://127.0.0.1:4566/000000000000/submissions",
    visibility_seconds=30,
    max_receive_count=10,
    dead_letter_queue="arn:aws:sqs:us-east-1:000000000000:submissions-dead-letters",
    largest_body_bytes=1024 * 1024,
    visible=0,
    in_flight=0,
    delayed=0,
)
STREAM = StreamProperties("events", "ACTIVE", "PROVISIONED", 2, 1024 * 1024, ignores_partition_keys=False)


class Sqs:
    """Says of its queue what it is told to."""

    def __init__(self, **attributes: str) -> None:
        self._attributes = attributes

    def get_queue_url(self, QueueName: str) -> dict[str, str]:  # noqa: N803 - AWS's name
        """See boto3."""
        return {"QueueUrl": f"http://127.0.0.1:4566/000000000000/{QueueName}"}

    def get_queue_attributes(self, **_: Any) -> dict[str, Any]:
        """See boto3."""
        return {"Attributes": self._attributes}


class Kinesis:
    """Says of its stream what it is told to."""

    def __init__(self, **summary: Any) -> None:
        self._summary = {"StreamStatus": "ACTIVE", "OpenShardCount": 2} | summary

    def describe_stream_summary(self, **_: Any) -> dict[str, Any]:
        """See boto3."""
        return {"StreamDescriptionSummary": self._summary}


def reader(sqs: Any, kinesis: Any) -> ResourceReader:
    """Of these two."""
    return ResourceReader(sqs, kinesis, RecordingObserver(), attempts=1)


def test_nothing_to_say() -> None:
    """A queue with a dead-letter queue and an active stream are no reason to worry."""
    assert list(concerns(QUEUE, STREAM, visibility_seconds=60)) == []


def test_no_dead_letter_queue() -> None:
    """Without a dead-letter queue a submission that cannot be finished comes again and again."""
    [concern] = concerns(replace(QUEUE, dead_letter_queue=None, max_receive_count=None), STREAM, 60)

    assert not concern.fatal
    assert "queue submissions has no dead-letter queue" in concern.text


@pytest.mark.parametrize(("count", "worries"), [(1, True), (2, True), (3, False), (10, False)])
def test_few_receives(count: int, worries: bool) -> None:
    """With few receives before the dead-letter queue, restarts alone would move sound submissions there."""
    found = [concern.text for concern in concerns(replace(QUEUE, max_receive_count=count), STREAM, 60)]

    assert len(found) == worries
    assert all(f"after {count} receives" in text for text in found)


@pytest.mark.parametrize(("seconds", "worries"), [(2, True), (19, True), (20, False), (60, False)])
def test_short_visibility(seconds: int, worries: bool) -> None:
    """With a short visibility timeout one slow call makes the extension too late."""
    found = [concern.text for concern in concerns(QUEUE, STREAM, seconds)]

    assert len(found) == worries
    assert all(text.startswith(f"VISIBILITY_TIMEOUT is {seconds} s") for text in found)


@pytest.mark.parametrize(
    ("status", "fatal"), [("ACTIVE", False), ("UPDATING", False), ("CREATING", True), ("DELETING", True)]
)
def test_not_active(status: str, fatal: bool) -> None:
    """A stream that is not active cannot be worked with; one that is being resharded can."""
    assert [concern.fatal for concern in concerns(QUEUE, replace(STREAM, status=status), 60)] == [True] * fatal


def test_ignores_partition_keys() -> None:
    """A stream that distributes records as it likes can keep no order: that is fatal."""
    [concern] = concerns(QUEUE, replace(STREAM, ignores_partition_keys=True), 60)

    assert concern.fatal
    assert "AUTO" in concern.text


@pytest.mark.parametrize(("limit_bytes", "worries"), [(262_144, True), (1_048_576, False)])
def test_a_queue_of_rejects_that_takes_less(limit_bytes: int, worries: bool) -> None:
    """A queue of rejects with smaller messages than that of submissions is a concern that says what will happen."""
    rejects = replace(QUEUE, name="rejects", url="elsewhere", largest_body_bytes=limit_bytes)
    found = list(size_concerns(QUEUE, rejects))

    assert [concern.fatal for concern in found] == [False] * worries
    assert all("takes messages of 262144 bytes" in c.text and "without its original" in c.text for c in found)


def test_rejects_that_go_around() -> None:
    """Rejects must not go to the queue that they came from."""
    assert [concern.fatal for concern in size_concerns(QUEUE, QUEUE)] == [True]


def test_all_at_once() -> None:
    """Everything that will hurt is said, not just the first."""
    bad_queue, bad_stream = replace(QUEUE, dead_letter_queue=None), replace(STREAM, status="DELETING")

    assert len(list(concerns(bad_queue, replace(bad_stream, ignores_partition_keys=True), 5))) == 4


@pytest.mark.parametrize("count", [5, "5"])
def test_queue(count: int | str) -> None:
    """The queue's attributes are read as they come, numbers as text and the redrive policy as JSON."""
    arn = "arn:aws:sqs:us-east-1:000000000000:dead"
    sqs = Sqs(
        VisibilityTimeout="45",
        MaximumMessageSize="262144",
        RedrivePolicy=json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": count}),
        ApproximateNumberOfMessages="1",
        ApproximateNumberOfMessagesNotVisible="2",
        ApproximateNumberOfMessagesDelayed="3",
    )

    found = reader(sqs, Kinesis()).queue("submissions")

    assert found == QueueProperties("submissions", QUEUE.url, 45, 5, arn, 262144, 1, 2, 3)


def test_queue_that_says_little() -> None:
    """What a queue does not say is what AWS documents as the default."""
    found = reader(Sqs(), Kinesis()).queue("submissions")

    assert found == replace(QUEUE, max_receive_count=None, dead_letter_queue=None)


def test_stream() -> None:
    """The stream's own record limit is read, in KiB, and so is whether it honours partition keys."""
    summary: dict[str, Any] = {
        "StreamModeDetails": {"StreamMode": "ON_DEMAND"},
        "MaxRecordSizeInKiB": 10240,
        "RecordDistributionStrategy": "AUTO",
        "OpenShardCount": 4,
    }

    found = reader(Sqs(), Kinesis(**summary)).stream("events")

    assert found == StreamProperties("events", "ACTIVE", "ON_DEMAND", 4, 10 * 1024 * 1024, ignores_partition_keys=True)


@pytest.mark.parametrize(
    "summary", [{}, {"MaxRecordSizeInKiB": None}, {"RecordDistributionStrategy": "USER_PARTITION_KEY"}]
)
def test_stream_that_says_little(summary: dict[str, Any]) -> None:
    """A stream that does not say takes records of 1 MiB and honours partition keys."""
    assert reader(Sqs(), Kinesis(**summary)).stream("events") == STREAM


@pytest.mark.parametrize("kib", [0, 1023])
def test_record_limit_that_aws_does_not_have(kib: int) -> None:
    """By a limit of nothing each sound record would be rejected as too large: it is an answer not understood."""
    with pytest.raises(CallFailed, match=f"MalformedAnswer.*MaxRecordSizeInKiB is {kib}"):
        reader(Sqs(), Kinesis(MaxRecordSizeInKiB=kib)).stream("events")


def test_message_size_that_aws_does_not_have() -> None:
    """So it is with the queue's."""
    with pytest.raises(CallFailed, match=r"MalformedAnswer.*MaximumMessageSize is 0"):
        reader(Sqs(MaximumMessageSize="0"), Kinesis()).queue("submissions")


class Missing:
    """Knows no queue and no stream."""

    def get_queue_url(self, **_: Any) -> dict[str, Any]:
        """See boto3."""
        raise ClientError({"Error": {"Code": "AWS.SimpleQueueService.NonExistentQueue", "Message": "?"}}, "GetQueueUrl")

    def describe_stream_summary(self, **_: Any) -> dict[str, Any]:
        """See boto3."""
        raise ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "?"}}, "DescribeStreamSummary")


def test_missing() -> None:
    """A queue or stream that is not there is named, which AWS does not always do."""
    missing = reader(Missing(), Missing())

    with pytest.raises(CallFailed, match=r"^find_queue: NonExistentQueue: queue submissions: "):
        missing.queue("submissions")
    with pytest.raises(CallFailed, match=r"^read_stream: ResourceNotFoundException: stream events: "):
        missing.stream("events")


@pytest.mark.parametrize(
    ("max_in_flight", "visibility_seconds", "warned"),
    [(2_000, 60, False), (20_000, 60, False), (2_000, 20, False), (100_000, 60, True), (20_000, 20, True)],
)
def test_more_than_can_be_held(max_in_flight: int, visibility_seconds: int, warned: bool) -> None:
    """What a busy region could make us lose is warned of, with the two settings that help; what is safe is not."""
    found = [concern.text for concern in holding_concerns(max_in_flight, visibility_seconds)]

    assert bool(found) == warned
    assert all("MAX_IN_FLIGHT" in text and "VISIBILITY_TIMEOUT" in text and " ms" in text for text in found)
