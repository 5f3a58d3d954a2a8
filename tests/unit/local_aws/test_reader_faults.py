"""What readers of a stream run into: iterators that expire, shards that give no more, records past the retention."""

import pytest

from local_aws.clock import ManualClock
from local_aws.errors import AwsError, Json
from local_aws.faults import Faults
from tests.unit.local_aws.conftest import Aws
from tests.unit.local_aws.test_kinesis_service import MIB, SHARD, entry, iterator

DAY = 24 * 3600


def new_stream(clock: ManualClock, **faults: object) -> Aws:
    """A server with a stream of one shard and of one record."""
    aws = Aws(clock, Faults.from_json(faults))
    aws.kinesis("CreateStream", StreamName="events", ShardCount=1, MaxRecordSizeInKiB=10_240)
    aws.kinesis("PutRecord", StreamName="events", **entry())
    return aws


@pytest.mark.parametrize(("faults", "seconds"), [({}, 300), ({"iterator_seconds": 2}, 2)])
def test_iterator_expires(clock: ManualClock, faults: dict[str, object], seconds: float) -> None:
    """After five minutes, or what the fault says, an iterator reads nothing; a new one goes on."""
    aws = new_stream(clock, **faults)
    token = iterator(aws)
    clock.advance(seconds)
    assert aws.kinesis("GetRecords", ShardIterator=token)["Records"]
    clock.advance(0.1)

    with pytest.raises(AwsError, match="Iterator expired") as caught:
        aws.kinesis("GetRecords", ShardIterator=token)
    assert caught.value.code == "ExpiredIteratorException"
    assert aws.kinesis("GetRecords", ShardIterator=iterator(aws))["Records"]


def test_reads_are_throttled(clock: ManualClock) -> None:
    """A shard gives five reads a second, and 2 MiB a second: after 10 MiB nothing for the seconds that these take."""
    aws = new_stream(clock, throttle_reads=True)
    token = iterator(aws)
    for _ in range(5):
        aws.kinesis("GetRecords", ShardIterator=token)
    with pytest.raises(AwsError, match="Rate exceeded") as caught:
        aws.kinesis("GetRecords", ShardIterator=token)
    assert caught.value.code == "ProvisionedThroughputExceededException"

    aws.kinesis("PutRecord", StreamName="events", **entry(8 * MIB))
    clock.advance(1)
    assert len(aws.kinesis("GetRecords", ShardIterator=token)["Records"]) == 2
    clock.advance(2.9)
    with pytest.raises(AwsError, match="Rate exceeded"):
        aws.kinesis("GetRecords", ShardIterator=token)
    clock.advance(0.2)
    assert aws.kinesis("GetRecords", ShardIterator=token)["Records"]


def test_empty_answers_ahead_of_records(clock: ManualClock) -> None:
    """GetRecords may bring nothing though there is something, and says how far it is behind."""
    aws = new_stream(clock, empty_reads=0.5)
    clock.advance(3)
    token = iterator(aws)
    answers: list[Json] = []
    while not answers or not answers[-1]["Records"]:
        answers.append(aws.kinesis("GetRecords", ShardIterator=token))
        token = answers[-1]["NextShardIterator"]

    assert [answer["MillisBehindLatest"] for answer in answers] == [3000] * (len(answers) - 1) + [0]
    assert len(answers) > 1


def test_records_go_after_a_day(clock: ManualClock) -> None:
    """What is older than the retention is not read any more, by whatever iterator."""
    aws = new_stream(clock)
    first = aws.kinesis("GetRecords", ShardIterator=iterator(aws))["Records"][0]["SequenceNumber"]
    clock.advance(DAY - 1)
    second = aws.kinesis("PutRecord", StreamName="events", **entry())["SequenceNumber"]
    clock.advance(2)
    ways = [{}, {"ShardIteratorType": "AT_SEQUENCE_NUMBER", "StartingSequenceNumber": first}]

    for where in ways:
        found = aws.kinesis("GetRecords", ShardIterator=iterator(aws, **where))["Records"]
        assert [record["SequenceNumber"] for record in found] == [second]
    after = iterator(aws, ShardIteratorType="AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=second)
    assert aws.kinesis("GetRecords", ShardIterator=after)["Records"] == []


def test_closed_shards_go_after_a_day(clock: ManualClock) -> None:
    """A shard that was closed longer ago is not listed, and not found."""
    aws = new_stream(clock)
    aws.kinesis("SplitShard", StreamName="events", ShardToSplit=SHARD, NewStartingHashKey="10")
    assert len(aws.kinesis("ListShards", StreamName="events")["Shards"]) == 3
    clock.advance(DAY + 1)

    assert [shard["ShardId"][-1] for shard in aws.kinesis("ListShards", StreamName="events")["Shards"]] == ["1", "2"]
    with pytest.raises(AwsError, match="does not exist"):
        iterator(aws)
