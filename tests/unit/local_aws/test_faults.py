"""Faults: how often, on what, and the same ones for the same seed."""

import base64
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import HTTPClientError
from hypothesis import given, settings
from hypothesis import strategies as st
from mypy_boto3_kinesis import KinesisClient
from mypy_boto3_sqs import SQSClient

from local_aws import Faults, LocalAws
from local_aws.clock import ManualClock
from tests.refusals import refused
from tests.unit.local_aws.conftest import Aws

RECORDS = [{"Data": base64.b64encode(b"x").decode(), "PartitionKey": str(number)} for number in range(500)]
shares = st.floats(0, 1)


def put_500(faults: Faults) -> list[str | None]:
    """The error codes of 500 records put into a new stream under these faults."""
    aws = Aws(ManualClock(), faults)
    aws.kinesis("CreateStream", StreamName="events", ShardCount=2)
    answer = aws.kinesis("PutRecords", StreamName="events", Records=RECORDS)
    codes = [record.get("ErrorCode") for record in answer["Records"]]
    assert answer["FailedRecordCount"] == sum(code is not None for code in codes)
    return codes


def test_refused_share() -> None:
    """About the share asked for is refused, by both documented codes, and the answer counts them right."""
    codes = Counter(put_500(Faults(refuse=0.2, seed=1)))

    assert 60 < 500 - codes[None] < 140
    assert set(codes) == {None, "ProvisionedThroughputExceededException", "InternalFailure"}


def test_same_seed_same_faults() -> None:
    """The same seed refuses the same records, another seed others."""
    assert put_500(Faults(refuse=0.2, seed=1)) == put_500(Faults(refuse=0.2, seed=1))
    assert put_500(Faults(refuse=0.2, seed=1)) != put_500(Faults(refuse=0.2, seed=2))


def test_refused_records_are_not_stored() -> None:
    """Exactly the records that were not refused are on the stream, in request order."""
    aws = Aws(ManualClock(), Faults(refuse=0.5, seed=3))
    aws.kinesis("CreateStream", StreamName="events", ShardCount=1)
    answer = aws.kinesis("PutRecords", StreamName="events", Records=RECORDS)
    token = aws.kinesis(
        "GetShardIterator", StreamName="events", ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    stored = aws.kinesis("GetRecords", ShardIterator=token)["Records"]

    accepted = [sent["PartitionKey"] for sent, got in zip(RECORDS, answer["Records"], strict=True) if "ShardId" in got]
    assert [record["PartitionKey"] for record in stored] == accepted
    assert 0 < len(accepted) < 500


@settings(max_examples=30, deadline=None)
@given(refuse=shares, fail=shares, lose=shares, throttle=st.booleans(), seed=st.integers())
def test_management_and_reads_stay_whole(refuse: float, fail: float, lose: float, throttle: bool, seed: int) -> None:
    """Under any faults a stream and a queue can be created, described, listed and read."""
    faults = Faults(refuse=refuse, throttle=throttle, fail_call=fail, lose_answer=lose, seed=seed)
    aws = Aws(ManualClock(), faults)
    aws.kinesis("CreateStream", StreamName="events", ShardCount=1)
    aws.kinesis("DescribeStreamSummary", StreamName="events")
    shard = aws.kinesis("ListShards", StreamName="events")["Shards"][0]["ShardId"]
    token = aws.kinesis("GetShardIterator", StreamName="events", ShardId=shard, ShardIteratorType="LATEST")
    aws.kinesis("GetRecords", **token)
    url = aws.sqs("CreateQueue", QueueName="submissions")["QueueUrl"]

    assert aws.sqs("GetQueueAttributes", QueueUrl=url, AttributeNames=["All"])["Attributes"]


def test_failed_calls_do_nothing() -> None:
    """Calls fail with 500, 503, a throttling error or a dropped connection, and none of them did its work."""
    aws = Aws(ManualClock(), Faults(fail_call=1.0, seed=1))
    url = aws.sqs("CreateQueue", QueueName="submissions")["QueueUrl"]
    body = f'{{"QueueUrl": "{url}", "MessageBody": "x"}}'.encode()
    outcomes = {aws.request("AmazonSQS.SendMessage", body)[0] for _ in range(60)}
    attributes = aws.sqs("GetQueueAttributes", QueueUrl=url, AttributeNames=["All"])["Attributes"]

    assert outcomes == {0, 400, 500, 503}
    assert attributes["ApproximateNumberOfMessages"] == "0"


def test_refused_put_record(local_aws: LocalAws, kinesis: KinesisClient) -> None:
    """A refused PutRecord fails as a whole, with an exception of the client's own."""
    kinesis.create_stream(StreamName="events", ShardCount=1)
    local_aws.faults = Faults(refuse=1.0)

    with refused("ProvisionedThroughputExceededException", "InternalFailure"):
        kinesis.put_record(StreamName="events", Data=b"x", PartitionKey="key")


def test_lost_answer(local_aws: LocalAws, sqs: SQSClient) -> None:
    """A lost answer is a dropped connection for the client, and yet the message is on the queue."""
    url = sqs.create_queue(QueueName="submissions")["QueueUrl"]
    local_aws.faults = Faults(lose_answer=1.0)
    with pytest.raises(HTTPClientError):
        sqs.send_message(QueueUrl=url, MessageBody="x")
    local_aws.faults = Faults()

    assert len(sqs.receive_message(QueueUrl=url)["Messages"]) == 1


def test_lost_receive_leaves_messages_in_flight(local_aws: LocalAws, sqs: SQSClient) -> None:
    """Messages whose receive was not answered are in flight until their visibility timeout runs out."""
    url = sqs.create_queue(QueueName="submissions")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x")
    local_aws.faults = Faults(lose_answer=1.0)
    with pytest.raises(HTTPClientError):
        sqs.receive_message(QueueUrl=url)

    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessagesNotVisible"] == "1"


def test_latency_is_not_queued(local_aws: LocalAws, sqs: SQSClient) -> None:
    """Ten concurrent calls under two seconds of latency take one latency, not ten."""
    local_aws.faults = Faults(latency_ms=2000)
    started = time.monotonic()
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda _: sqs.list_queues(), range(10)))

    assert 2 <= time.monotonic() - started < 15


@pytest.mark.parametrize(
    "values", [{"refuse": 1.1}, {"fail_call": -0.1}, {"lose_answer": float("nan")}, {"latency_ms": -1}]
)
def test_impossible_faults(values: dict[str, float]) -> None:
    """A share outside 0 to 1 or a negative latency is an error where it is written."""
    with pytest.raises(ValueError, match=next(iter(values))):
        Faults(**values)  # type: ignore[arg-type]
