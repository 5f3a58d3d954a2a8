"""Kinesis operations beyond what the contract suite holds against another emulator."""

import base64

import pytest

from local_aws.clock import ManualClock
from local_aws.errors import AwsError
from local_aws.faults import Faults
from tests.refusals import refused
from tests.unit.local_aws.conftest import Aws

SHARD = "shardId-000000000000"
MIB = 1024 * 1024


def entry(size_bytes: int = 1, key: str = "key") -> dict[str, str]:
    """A record whose blob has so many bytes."""
    return {"Data": base64.b64encode(b"x" * size_bytes).decode(), "PartitionKey": key}


def iterator(aws: Aws, **where: object) -> str:
    """An iterator of the first shard."""
    asked = {"StreamName": "events", "ShardId": SHARD, "ShardIteratorType": "TRIM_HORIZON", **where}
    token: str = aws.kinesis("GetShardIterator", **asked)["ShardIterator"]
    return token


@pytest.fixture
def stream(aws: Aws) -> Aws:
    """The server with a stream of one shard."""
    aws.kinesis("CreateStream", StreamName="events", ShardCount=1, MaxRecordSizeInKiB=10_240)
    return aws


def test_read_at_most_10_mib(stream: Aws) -> None:
    """One GetRecords gives no more than 10 MiB, and the next goes on from there."""
    for _ in range(3):
        stream.kinesis("PutRecord", StreamName="events", **entry(4 * MIB))
    first = stream.kinesis("GetRecords", ShardIterator=iterator(stream))
    second = stream.kinesis("GetRecords", ShardIterator=first["NextShardIterator"])

    assert [len(first["Records"]), len(second["Records"])] == [2, 1]
    assert first["MillisBehindLatest"] > 0


def test_record_as_large_as_a_read(stream: Aws) -> None:
    """A record of 10 MiB, key included, can be put and read."""
    stream.kinesis("PutRecord", StreamName="events", **entry(10 * MIB - 3))

    assert len(stream.kinesis("GetRecords", ShardIterator=iterator(stream))["Records"]) == 1


def test_read_from_a_time(stream: Aws, clock: ManualClock) -> None:
    """AT_TIMESTAMP begins with the first record that arrived then or later."""
    for _ in range(3):
        stream.kinesis("PutRecord", StreamName="events", **entry())
        clock.advance(10)
    token = iterator(stream, ShardIteratorType="AT_TIMESTAMP", Timestamp=clock.now() - 20)

    assert len(stream.kinesis("GetRecords", ShardIterator=token)["Records"]) == 2


def test_milliseconds_behind(stream: Aws, clock: ManualClock) -> None:
    """A reader is as far behind as the oldest record it has not read is old."""
    for _ in range(2):
        stream.kinesis("PutRecord", StreamName="events", **entry())
    clock.advance(1.5)
    answer = stream.kinesis("GetRecords", ShardIterator=iterator(stream), Limit=1)

    assert answer["MillisBehindLatest"] == 1500


def test_shards_at_a_time(stream: Aws, clock: ManualClock) -> None:
    """ListShards tells which shards were open at a time, and which have been since."""
    before = clock.now()
    clock.advance(10)
    stream.kinesis("SplitShard", StreamName="events", ShardToSplit=SHARD, NewStartingHashKey="7")

    def listed(kind: str, **where: object) -> list[str]:
        answer = stream.kinesis("ListShards", StreamName="events", ShardFilter={"Type": kind, **where})
        return [shard["ShardId"][-1] for shard in answer["Shards"]]

    assert listed("AT_TIMESTAMP", Timestamp=before) == ["0"]
    assert listed("AT_TIMESTAMP", Timestamp=clock.now()) == ["1", "2"]
    assert listed("FROM_TIMESTAMP", Timestamp=before) == ["0", "1", "2"]
    assert listed("AT_TRIM_HORIZON") == ["0"]
    assert listed("AFTER_SHARD_ID", ShardId=SHARD) == ["1", "2"]


def test_iterator_of_a_deleted_stream(stream: Aws) -> None:
    """An iterator of a deleted stream does not read the next stream of that name."""
    token = iterator(stream)
    stream.kinesis("DeleteStream", StreamName="events")
    with pytest.raises(AwsError) as gone:
        stream.kinesis("GetRecords", ShardIterator=token)
    stream.kinesis("CreateStream", StreamName="events", ShardCount=1)
    with pytest.raises(AwsError) as other:
        stream.kinesis("GetRecords", ShardIterator=token)

    assert [gone.value.code, other.value.code] == ["ResourceNotFoundException", "InvalidArgumentException"]


def test_auto_distribution_ignores_keys(aws: Aws) -> None:
    """Under AUTO the records of one key are spread over all shards, and records need no key."""
    aws.kinesis(
        "CreateStream",
        StreamName="events",
        StreamModeDetails={"StreamMode": "ON_DEMAND"},
        RecordDistributionStrategy="AUTO",
    )
    answer = aws.kinesis("PutRecords", StreamName="events", Records=[entry()] * 7 + [{"Data": "eA=="}])

    assert len({record["ShardId"] for record in answer["Records"]}) == 4


def test_auto_distribution_is_for_on_demand(stream: Aws) -> None:
    """A provisioned stream always follows partition keys."""
    with refused("InvalidArgumentException"):
        stream.kinesis(
            "UpdateStreamRecordDistributionStrategy",
            StreamARN="arn:aws:kinesis:us-east-1:000000000000:stream/events",
            RecordDistributionStrategy="AUTO",
        )


@pytest.mark.parametrize("target", [1, 9])
def test_scaling_by_more_than_two(aws: Aws, target: int) -> None:
    """UpdateShardCount goes from half to double the open shards, as AWS by default."""
    aws.kinesis("CreateStream", StreamName="events", ShardCount=4)

    with refused("LimitExceededException"):
        aws.kinesis("UpdateShardCount", StreamName="events", TargetShardCount=target, ScalingType="UNIFORM_SCALING")


@pytest.mark.parametrize(
    "change",
    [
        {"Data": "not base64"},
        {"ExplicitHashKey": "9" * 40},
        {"ExplicitHashKey": "01"},
        {"StreamName": "no name"},
        {"StreamName": "n" * 129},
        {"PartitionKey": "k" * 257},
        {"SequenceNumberForOrdering": "none"},
    ],
)
def test_wrong_record(stream: Aws, change: dict[str, str]) -> None:
    """A record that breaks the service model is refused."""
    with refused("ValidationException"):
        stream.kinesis("PutRecord", **{"StreamName": "events", **entry(), **change})


@pytest.mark.parametrize(
    "change",
    [
        {"ExplicitHashKey": str(2**128)},
        {"SequenceNumberForOrdering": "12"},
        {"SequenceNumberForOrdering": "5" + "0" * 55},
    ],
    ids=["hash key beyond the last", "sequence number of nobody", "sequence number to come"],
)
def test_record_that_no_stream_takes(stream: Aws, change: dict[str, str]) -> None:
    """A number of the right form that cannot be one is an invalid argument, and nothing is stored."""
    # kinesalite's tests of putRecord and putRecords, recorded from AWS
    with refused("InvalidArgumentException"):
        stream.kinesis("PutRecord", StreamName="events", **{**entry(), **change})

    if "ExplicitHashKey" in change:
        with refused("InvalidArgumentException"):
            stream.kinesis("PutRecords", StreamName="events", Records=[entry(), {**entry(), **change}])
    assert stream.kinesis("GetRecords", ShardIterator=iterator(stream))["Records"] == []


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ({"ShardIteratorType": "LATEST", "StartingSequenceNumber": "5"}, "LATEST and also a StartingSequenceNumber"),
        ({"ShardIteratorType": "TRIM_HORIZON", "StartingSequenceNumber": "5"}, "TRIM_HORIZON and also a Starting"),
        ({"ShardIteratorType": "AT_SEQUENCE_NUMBER"}, "AT_SEQUENCE_NUMBER and no StartingSequenceNumber"),
        ({"ShardIteratorType": "AFTER_SEQUENCE_NUMBER"}, "AFTER_SEQUENCE_NUMBER and no StartingSequenceNumber"),
        ({"ShardIteratorType": "AT_TIMESTAMP"}, "Must specify timestampInMillis"),
        (
            {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": 1e12},
            "cannot be greater than the currentTimestampInMillis",
        ),
    ],
    ids=["LATEST", "TRIM_HORIZON", "AT", "AFTER", "no time", "time to come"],
)
def test_iterator_whose_type_and_place_do_not_fit(stream: Aws, wanted: dict[str, str], reason: str) -> None:
    """An iterator's type with too much or too little to it is an invalid argument, in AWS's words."""
    # kinesalite's tests of getShardIterator, recorded from AWS; apache/flink's of a time to come
    with refused("InvalidArgumentException", match=reason):
        iterator(stream, **wanted)


@pytest.mark.parametrize("shard_id", ["shardId-000000000000", "shardId-0", "0", "any-00", "-0"])
def test_only_the_number_of_a_shard_id_counts(stream: Aws, shard_id: str) -> None:
    """A shard is found by the number at the end of its id, as scripts write it."""
    # kinesalite's tests of getShardIterator, recorded from AWS
    stream.kinesis("PutRecord", StreamName="events", **entry())
    token = iterator(stream, ShardId=shard_id)

    assert len(stream.kinesis("GetRecords", ShardIterator=token)["Records"]) == 1
    assert stream.kinesis("ListShards", StreamName="events", ExclusiveStartShardId=shard_id)["Shards"] == []


@pytest.mark.parametrize(
    ("shard_id", "code", "reason"),
    [
        ("shardId-7", "ResourceNotFoundException", "Shard shardId-000000000007 in stream events under account"),
        ("2147483648", "ResourceNotFoundException", "Could not find shard 2147483648 in stream events"),
        ("2.14E4", "ResourceNotFoundException", "Could not find shard 2.14E4 in stream events"),
        ("a b", "ValidationException", "regular expression pattern"),
        ("", "ValidationException", "regular expression pattern"),
        ("s" * 129, "ValidationException", "length less than or equal to 128"),
    ],
    ids=["none of that number", "too high", "no number", "space", "empty", "long"],
)
def test_no_such_shard_id(stream: Aws, shard_id: str, code: str, reason: str) -> None:
    """What cannot be a shard's id is told from one that is not there."""
    # kinesalite's tests of getShardIterator, recorded from AWS
    with refused(code, match=reason):
        iterator(stream, ShardId=shard_id)


@pytest.mark.parametrize(
    "wrong",
    [{"ShardIterator": ""}, {"ShardIterator": "i" * 513}, {"ShardIterator": "garbage", "Limit": 0}],
    ids=["empty", "long", "limit"],
)
def test_read_that_breaks_the_service_model(stream: Aws, wrong: dict[str, object]) -> None:
    """The service model is checked before the iterator is looked at."""
    with refused("ValidationException"):
        stream.kinesis("GetRecords", **wrong)


def test_pages_end_where_those_of_aws_end(aws: Aws) -> None:
    """Whoever asks for more than a page holds gets a page: 100 shards described, 1,000 listed, 100 streams."""
    aws.kinesis("CreateStream", StreamName="wide", ShardCount=1001)
    for number in range(100):
        aws.kinesis("CreateStream", StreamName=f"stream-{number:03}", ShardCount=1)

    described = aws.kinesis("DescribeStream", StreamName="wide", Limit=10_000)["StreamDescription"]
    listed = aws.kinesis("ListShards", StreamName="wide", MaxResults=10_000)
    streams = aws.kinesis("ListStreams", Limit=10_000)

    assert (len(described["Shards"]), described["HasMoreShards"]) == (100, True)
    assert len(listed["Shards"]) == 1000
    assert len(aws.kinesis("ListShards", NextToken=listed["NextToken"])["Shards"]) == 1
    assert (len(streams["StreamNames"]), streams["HasMoreStreams"]) == (100, True)


@pytest.mark.parametrize(
    "beside", [{"StreamName": "events"}, {"StreamCreationTimestamp": 1}, {"ExclusiveStartShardId": SHARD}], ids=str
)
def test_a_token_says_it_all(aws: Aws, beside: dict[str, object]) -> None:
    """Beside a token nothing that says where to go on is taken, except the ARN, which Kinesis does not forbid."""
    aws.kinesis("CreateStream", StreamName="events", ShardCount=2)
    token = aws.kinesis("ListShards", StreamName="events", MaxResults=1)["NextToken"]
    with refused("InvalidArgumentException", match="cannot be provided together"):
        aws.kinesis("ListShards", NextToken=token, **beside)

    arn = aws.kinesis("DescribeStreamSummary", StreamName="events")["StreamDescriptionSummary"]["StreamARN"]
    assert len(aws.kinesis("ListShards", NextToken=token, StreamARN=arn)["Shards"]) == 1


def test_dry_run_stores_nothing(stream: Aws) -> None:
    """A dry run is answered by its exception and leaves the stream as it was."""
    with refused("DryRunOperationException"):
        stream.kinesis("PutRecord", StreamName="events", **entry(), DryRun=True)

    assert stream.kinesis("GetRecords", ShardIterator=iterator(stream))["Records"] == []


def test_partition_key_is_counted_in_characters(stream: Aws) -> None:
    """A partition key may have 256 characters, however many bytes they take."""
    answer = stream.kinesis("PutRecord", StreamName="events", **entry(key="ü" * 256))

    assert answer["ShardId"] == SHARD


def test_throttled_shard_recovers(clock: ManualClock) -> None:
    """A throttled shard takes 1,000 records, refuses the next, and takes 500 more after half a second."""
    aws = Aws(clock, Faults(throttle=True))
    aws.kinesis("CreateStream", StreamName="events", ShardCount=1)

    def put() -> list[str | None]:
        answer = aws.kinesis("PutRecords", StreamName="events", Records=[entry()] * 500)
        return [record.get("ErrorCode") for record in answer["Records"]]

    assert put() + put() == [None] * 1000
    assert put() == ["ProvisionedThroughputExceededException"] * 500
    clock.advance(0.5)
    assert put() == [None] * 500


def test_throttled_by_bytes(clock: ManualClock) -> None:
    """A throttled shard takes 1 MiB a second; a larger record passes a full second's budget and is paid off."""
    aws = Aws(clock, Faults(throttle=True))
    aws.kinesis("CreateStream", StreamName="events", ShardCount=1, MaxRecordSizeInKiB=10_240)

    def put(size_bytes: int) -> int:
        answer = aws.kinesis("PutRecords", StreamName="events", Records=[entry(size_bytes - 3)])
        failed: int = answer["FailedRecordCount"]
        return failed

    assert [put(2 * MIB), put(10)] == [0, 1]
    clock.advance(1)
    assert put(10) == 1
    clock.advance(1)
    assert [put(MIB), put(10)] == [0, 1]


def test_throttle_is_per_shard(clock: ManualClock) -> None:
    """A throttled shard does not stop its neighbour."""
    aws = Aws(clock, Faults(throttle=True))
    aws.kinesis("CreateStream", StreamName="events", ShardCount=2)
    low = [{**entry(), "ExplicitHashKey": "0"}] * 500
    high = [{**entry(), "ExplicitHashKey": str(2**128 - 1)}] * 500
    failed = [
        aws.kinesis("PutRecords", StreamName="events", Records=records)["FailedRecordCount"]
        for records in (low, low, low, high)
    ]

    assert failed == [0, 0, 500, 0]
