"""Faults inside good answers: refused records, wrong counts, failed entries, repeats, late deliveries, clock jumps."""

import base64
import threading
import time

import pytest
from mypy_boto3_sqs import SQSClient

from local_aws import Faults, LocalAws
from local_aws.clock import ManualClock
from local_aws.errors import Json
from tests.unit.local_aws.conftest import Aws

RECORDS = [{"Data": base64.b64encode(b"x").decode(), "PartitionKey": str(number)} for number in range(200)]


def with_faults(aws: Aws, faults: Faults) -> None:
    """Switch the faults of a server without a network."""
    aws.server.control.set_faults(faults)


def put(aws: Aws, shards: int = 2) -> Json:
    """PutRecords of 200 records to a new stream, all answered by whether they were refused."""
    aws.kinesis("CreateStream", StreamName="events", ShardCount=shards)
    return aws.kinesis("PutRecords", StreamName="events", Records=RECORDS)


@pytest.fixture
def url(aws: Aws) -> str:
    """The URL of a queue."""
    created: str = aws.sqs("CreateQueue", QueueName="q")["QueueUrl"]
    return created


def send(aws: Aws, url: str, count: int = 1) -> None:
    """Send messages "0", "1", ..."""
    for number in range(count):
        aws.sqs("SendMessage", QueueUrl=url, MessageBody=str(number))


def receive(aws: Aws, url: str) -> list[Json]:
    """Up to ten messages."""
    messages: list[Json] = aws.sqs("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return messages


@pytest.mark.parametrize("shard", ["1", "shardId-000000000001"])
def test_refusals_of_one_shard(clock: ManualClock, shard: str) -> None:
    """A shard named by number or id refuses its records, and the others take theirs."""
    aws = Aws(clock)
    accepted = {
        record["PartitionKey"]: result["ShardId"] for record, result in zip(RECORDS, put(aws)["Records"], strict=True)
    }
    with_faults(aws, Faults(refuse_shards={shard: 1.0}))
    results = aws.kinesis("PutRecords", StreamName="events", Records=RECORDS)["Records"]

    for record, result in zip(RECORDS, results, strict=True):
        assert ("ErrorCode" in result) == (accepted[record["PartitionKey"]] == "shardId-000000000001")


def test_share_of_a_shard(clock: ManualClock) -> None:
    """A shard can refuse a share of its records."""
    answer = put(Aws(clock, Faults(refuse_shards={"0": 0.3})), shards=1)

    assert 30 < answer["FailedRecordCount"] < 90


@pytest.mark.parametrize("refuse", [0.0, 0.1])
def test_wrong_count(clock: ManualClock, refuse: float) -> None:
    """A wrong FailedRecordCount is 0 though entries failed, and more than 0 though none did; the entries are right."""
    answer = put(Aws(clock, Faults(refuse=refuse, wrong_count=1.0)))
    failed = sum("ErrorCode" in record for record in answer["Records"])

    assert (failed > 0) == (refuse > 0)
    assert (answer["FailedRecordCount"] == 0) == (failed > 0)
    assert answer["FailedRecordCount"] <= len(RECORDS)


@pytest.mark.parametrize("operation", ["SendMessageBatch", "DeleteMessageBatch", "ChangeMessageVisibilityBatch"])
def test_entries_fail(aws: Aws, url: str, operation: str) -> None:
    """A share of a batch's entries fails inside a good answer, with nothing done and nobody blamed but SQS."""
    send(aws, url, 10)
    entries = [
        {
            "Id": message["Body"],
            "MessageBody": "sent",
            "ReceiptHandle": message["ReceiptHandle"],
            "VisibilityTimeout": 0,
        }
        for message in receive(aws, url)
    ]
    with_faults(aws, Faults(fail_entry=0.5, seed=1))
    answer = aws.sqs(operation, QueueUrl=url, Entries=entries)
    with_faults(aws, Faults())
    attributes = aws.sqs("GetQueueAttributes", QueueUrl=url, AttributeNames=["All"])["Attributes"]

    failed, done = len(answer["Failed"]), len(answer["Successful"])
    assert failed + done == 10
    assert 0 < failed < 10
    assert {(entry["Code"], entry["SenderFault"]) for entry in answer["Failed"]} == {("InternalError", False)}
    visible, in_flight = {
        "SendMessageBatch": (done, 10),
        "DeleteMessageBatch": (0, failed),
        "ChangeMessageVisibilityBatch": (done, failed),
    }[operation]
    assert attributes["ApproximateNumberOfMessages"] == str(visible)
    assert attributes["ApproximateNumberOfMessagesNotVisible"] == str(in_flight)


def test_entries_of_chosen_operations(aws: Aws, url: str) -> None:
    """Entries fail in the chosen batch operations only."""
    with_faults(aws, Faults(fail_entry=1.0, fail_operations=("DeleteMessageBatch",)))
    answer = aws.sqs("SendMessageBatch", QueueUrl=url, Entries=[{"Id": "1", "MessageBody": "x"}])

    assert len(answer["Successful"]) == 1


def test_duplicate_delivery(aws: Aws, url: str) -> None:
    """A message can be received a second time at once, as the same message with a handle of its own, and no third."""
    with_faults(aws, Faults(duplicate=1.0))
    send(aws, url)
    [first], [second] = receive(aws, url), receive(aws, url)

    assert receive(aws, url) == []
    assert (first["MessageId"], first["Body"]) == (second["MessageId"], second["Body"])
    assert first["ReceiptHandle"] != second["ReceiptHandle"]


def test_each_delivery_is_deleted_by_itself(aws: Aws, url: str) -> None:
    """Deleting one of two deliveries leaves the other, and deleting both leaves nothing."""
    with_faults(aws, Faults(duplicate=1.0))
    send(aws, url)
    for left, [message] in [("1", receive(aws, url)), ("0", receive(aws, url))]:
        aws.sqs("DeleteMessage", QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        attributes = aws.sqs("GetQueueAttributes", QueueUrl=url, AttributeNames=["All"])["Attributes"]
        assert attributes["ApproximateNumberOfMessagesNotVisible"] == left


def test_share_of_duplicates(aws: Aws, url: str) -> None:
    """About the share asked for is delivered twice."""
    with_faults(aws, Faults(duplicate=0.3, seed=1))
    send(aws, url, 100)
    received = 0
    while messages := receive(aws, url):
        received += len(messages)

    assert 110 < received < 150


def test_message_comes_back_after_its_delete(aws: Aws, url: str, clock: ManualClock) -> None:
    """A deleted message appears again once, as late as asked for, and is gone when it is deleted again."""
    with_faults(aws, Faults(undelete=1.0, undelete_seconds=60))
    send(aws, url)
    [first] = receive(aws, url)
    aws.sqs("DeleteMessage", QueueUrl=url, ReceiptHandle=first["ReceiptHandle"])
    clock.advance(59)
    assert receive(aws, url) == []
    clock.advance(1)
    [again] = receive(aws, url)
    aws.sqs("DeleteMessage", QueueUrl=url, ReceiptHandle=again["ReceiptHandle"])
    clock.advance(3600)

    assert again["MessageId"] == first["MessageId"]
    assert receive(aws, url) == []


def test_fifo_queues_do_not_repeat(aws: Aws) -> None:
    """Repeats and late deliveries spare FIFO queues, which AWS promises to keep free of them."""
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    url = aws.sqs("CreateQueue", QueueName="q.fifo", Attributes=attributes)["QueueUrl"]
    with_faults(aws, Faults(duplicate=1.0, undelete=1.0, undelete_seconds=0))
    aws.sqs("SendMessage", QueueUrl=url, MessageBody="x", MessageGroupId="g")
    [message] = receive(aws, url)
    aws.sqs("DeleteMessage", QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    assert receive(aws, url) == []


def test_clock_jump_expires_messages(aws: Aws, url: str) -> None:
    """A clock that jumps beyond a visibility timeout makes the message visible again, and gives new ones its time."""
    send(aws, url)
    assert receive(aws, url)
    with_faults(aws, Faults(clock_offset_seconds=3600))
    assert receive(aws, url)
    send(aws, url)
    sent_at = aws.sqs("ReceiveMessage", QueueUrl=url, AttributeNames=["SentTimestamp"])["Messages"][0]["Attributes"]

    assert sent_at["SentTimestamp"] == str(int((aws.clock.now() + 3600) * 1000))


def test_clock_that_jumps_back_hides_messages_for_longer(aws: Aws, url: str, clock: ManualClock) -> None:
    """When the clock jumps back, a message in flight stays so for as much longer."""
    send(aws, url)
    receive(aws, url)
    with_faults(aws, Faults(clock_offset_seconds=-100))
    clock.advance(129)
    assert receive(aws, url) == []
    clock.advance(1)

    assert len(receive(aws, url)) == 1


def test_arrival_times_never_fall(clock: ManualClock) -> None:
    """After a clock jumped back a stream can be read by time, and its throttled shards still take records."""
    aws = Aws(clock, Faults(clock_offset_seconds=3600, throttle=True))
    put(aws, shards=1)
    with_faults(aws, Faults(throttle=True))
    answer = aws.kinesis("PutRecords", StreamName="events", Records=RECORDS)
    clock.advance(3600)  # no stream is read from a time to come
    token = aws.kinesis(
        "GetShardIterator",
        StreamName="events",
        ShardId="shardId-000000000000",
        ShardIteratorType="AT_TIMESTAMP",
        Timestamp=clock.now(),
    )["ShardIterator"]

    assert answer["FailedRecordCount"] == 0
    assert len(aws.kinesis("GetRecords", ShardIterator=token)["Records"]) == 400


def test_clock_jump_wakes_and_does_not_prolong_long_polls(local_aws: LocalAws, sqs: SQSClient) -> None:
    """A receiver in a long poll gets the message that a jump made visible; a jump back keeps nobody waiting longer."""
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x")
    sqs.receive_message(QueueUrl=url, VisibilityTimeout=600)
    timer = threading.Timer(0.3, lambda: setattr(local_aws, "faults", Faults(clock_offset_seconds=700)))
    timer.start()
    started = time.monotonic()
    assert len(sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20, VisibilityTimeout=600)["Messages"]) == 1
    assert time.monotonic() - started < 15
    timer.join()

    timer = threading.Timer(0.3, lambda: setattr(local_aws, "faults", Faults(clock_offset_seconds=-5000)))
    timer.start()
    started = time.monotonic()
    assert "Messages" not in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1)
    assert time.monotonic() - started < 60
    timer.join()
