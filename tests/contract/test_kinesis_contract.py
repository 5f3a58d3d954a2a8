"""What Kinesis does, as far as this project relies on it: every check runs against each back end."""

import hashlib
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from mypy_boto3_kinesis import KinesisClient
from mypy_boto3_kinesis.type_defs import PutRecordsRequestEntryTypeDef, RecordTypeDef, ShardTypeDef

from tests.eventually import eventually
from tests.refusals import refused

LAST_HASH_KEY = 2**128 - 1
MakeStream = Callable[[int], str]


def shards_of(kinesis: KinesisClient, stream: str) -> list[ShardTypeDef]:
    """All shards, open and closed."""
    return kinesis.list_shards(StreamName=stream)["Shards"]


def is_open(shard: ShardTypeDef) -> bool:
    """Whether a shard takes records."""
    return "EndingSequenceNumber" not in shard["SequenceNumberRange"]


def open_shards_of(kinesis: KinesisClient, stream: str) -> list[ShardTypeDef]:
    """The shards that take records."""
    return [shard for shard in shards_of(kinesis, stream) if is_open(shard)]


def hash_range(shard: ShardTypeDef) -> tuple[int, int]:
    """The first and the last hash key."""
    return int(shard["HashKeyRange"]["StartingHashKey"]), int(shard["HashKeyRange"]["EndingHashKey"])


def read(kinesis: KinesisClient, stream: str, shard_id: str) -> list[RecordTypeDef]:
    """The records of a shard from its start."""
    iterator = kinesis.get_shard_iterator(StreamName=stream, ShardId=shard_id, ShardIteratorType="TRIM_HORIZON")
    return kinesis.get_records(ShardIterator=iterator["ShardIterator"])["Records"]


def data(records: list[RecordTypeDef]) -> list[bytes]:
    """The blobs, in the records' order."""
    return [record["Data"] for record in records]


def put_numbers(kinesis: KinesisClient, stream: str, count: int) -> list[str]:
    """Puts b"0", b"1", … and returns their sequence numbers."""
    records: list[PutRecordsRequestEntryTypeDef] = [
        {"Data": str(number).encode(), "PartitionKey": "key"} for number in range(count)
    ]
    answer = kinesis.put_records(StreamName=stream, Records=records)
    return [record["SequenceNumber"] for record in answer["Records"]]


def settle(kinesis: KinesisClient, stream: str) -> None:
    """Waits until a change of the shards is done."""
    eventually(
        lambda: (
            kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamStatus"] == "ACTIVE"
        )
    )


def test_create_then_describe(kinesis: KinesisClient, make_stream: MakeStream) -> None:
    """A created stream becomes ACTIVE with the shards asked for."""
    stream = make_stream(3)
    summary = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]

    assert (summary["StreamStatus"], summary["OpenShardCount"]) == ("ACTIVE", 3)
    assert summary["StreamModeDetails"]["StreamMode"] == "PROVISIONED"
    assert len(kinesis.describe_stream(StreamName=stream)["StreamDescription"]["Shards"]) == 3


def test_create_again(kinesis: KinesisClient, make_stream: MakeStream) -> None:
    """A stream's name is taken while the stream is there."""
    stream = make_stream(1)

    with pytest.raises(kinesis.exceptions.ResourceInUseException):
        kinesis.create_stream(StreamName=stream, ShardCount=1)


def test_missing_stream(kinesis: KinesisClient, name: str) -> None:
    """A stream that is not there is an error of its own type."""
    with pytest.raises(kinesis.exceptions.ResourceNotFoundException):
        kinesis.describe_stream_summary(StreamName=name)
    with pytest.raises(kinesis.exceptions.ResourceNotFoundException):
        kinesis.put_record(StreamName=name, Data=b"x", PartitionKey="key")


def test_stream_by_arn(kinesis: KinesisClient, make_stream: MakeStream) -> None:
    """A stream's ARN does instead of its name."""
    stream = make_stream(1)
    arn = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamARN"]
    kinesis.put_record(StreamARN=arn, Data=b"x", PartitionKey="key")

    assert data(read(kinesis, stream, "shardId-000000000000")) == [b"x"]


def test_record_limit_of_a_stream(kinesis: KinesisClient, make_stream: MakeStream) -> None:
    """A stream says how large its records may be: 1 MiB unless changed."""
    summary = kinesis.describe_stream_summary(StreamName=make_stream(1))["StreamDescriptionSummary"]

    assert summary["MaxRecordSizeInKiB"] == 1024


def test_record_limit_can_be_raised(kinesis: KinesisClient, make_stream: MakeStream) -> None:
    """After UpdateMaxRecordSize a stream takes larger records."""
    stream = make_stream(1)
    arn = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamARN"]
    kinesis.update_max_record_size(StreamARN=arn, MaxRecordSizeInKiB=2048)
    settle(kinesis, stream)
    kinesis.put_record(StreamName=stream, Data=b"x" * 2_000_000, PartitionKey="key")

    assert len(read(kinesis, stream, "shardId-000000000000")[0]["Data"]) == 2_000_000


def test_shards_cover_every_hash_key(kinesis: KinesisClient, make_stream: MakeStream) -> None:
    """The ranges of the open shards follow each other from 0 to 2**128 - 1."""
    ranges = sorted(hash_range(shard) for shard in shards_of(kinesis, make_stream(3)))

    assert (ranges[0][0], ranges[-1][1]) == (0, LAST_HASH_KEY)
    assert [low for low, _ in ranges[1:]] == [high + 1 for _, high in ranges[:-1]]


def test_put_and_read_back(kinesis: KinesisClient, make_stream: MakeStream) -> None:
    """A record comes back with its bytes, key, number and time of arrival."""
    stream = make_stream(1)
    put = kinesis.put_record(StreamName=stream, Data=b"\x00\xff{}", PartitionKey="kä")
    [record] = read(kinesis, stream, put["ShardId"])

    assert (record["Data"], record["PartitionKey"]) == (b"\x00\xff{}", "kä")
    assert record["SequenceNumber"] == put["SequenceNumber"]
    assert abs(record["ApproximateArrivalTimestamp"].timestamp() - time.time()) < 60


def test_records_keep_their_order(kinesis: KinesisClient, make_stream: MakeStream) -> None:
    """The records of a call are stored in its order, under rising sequence numbers."""
    stream = make_stream(1)
    numbers = put_numbers(kinesis, stream, 20)

    assert data(read(kinesis, stream, "shardId-000000000000")) == [str(number).encode() for number in range(20)]
    assert sorted(numbers, key=int) == numbers


def test_sequence_numbers_have_56_digits(kinesis: KinesisClient, make_stream: MakeStream) -> None:
    """Sequence numbers are as long as real ones, far beyond 64 bits."""
    assert {len(number) for number in put_numbers(kinesis, make_stream(1), 3)} == {56}


def test_no_record_failed(kinesis: KinesisClient, make_stream: MakeStream) -> None:
    """A PutRecords call in which nothing failed says so, record by record in request order."""
    records: list[PutRecordsRequestEntryTypeDef] = [{"Data": b"x", "PartitionKey": str(number)} for number in range(50)]
    answer = kinesis.put_records(StreamName=make_stream(2), Records=records)

    assert answer["FailedRecordCount"] == 0
    assert len(answer["Records"]) == 50
    assert not any("ErrorCode" in record for record in answer["Records"])


def test_partition_key_routing(kinesis: KinesisClient, make_stream: MakeStream) -> None:
    """A record goes to the shard whose range holds the MD5 of its partition key."""
    stream = make_stream(4)
    ranges = {shard["ShardId"]: hash_range(shard) for shard in shards_of(kinesis, stream)}
    keys = [f"device-{number}" for number in range(40)]
    records: list[PutRecordsRequestEntryTypeDef] = [{"Data": b"x", "PartitionKey": key} for key in keys]
    answer = kinesis.put_records(StreamName=stream, Records=records)

    for key, record in zip(keys, answer["Records"], strict=True):
        low, high = ranges[record["ShardId"]]
        assert low <= int(hashlib.md5(key.encode()).hexdigest(), 16) <= high  # noqa: S324


@pytest.mark.parametrize("end", ["StartingHashKey", "EndingHashKey"])
def test_explicit_hash_key(kinesis: KinesisClient, make_stream: MakeStream, end: str) -> None:
    """An explicit hash key sends a record to the shard of its choice, both ends of the range included."""
    stream = make_stream(3)
    shards = shards_of(kinesis, stream)
    hash_keys = [shard["HashKeyRange"][end] for shard in shards]  # type: ignore[literal-required]
    records: list[PutRecordsRequestEntryTypeDef] = [
        {"Data": b"x", "PartitionKey": "same", "ExplicitHashKey": hash_key} for hash_key in hash_keys
    ]
    answer = kinesis.put_records(StreamName=stream, Records=records)

    assert [record["ShardId"] for record in answer["Records"]] == [shard["ShardId"] for shard in shards]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("TRIM_HORIZON", [b"0", b"1", b"2", b"new"]),
        ("LATEST", [b"new"]),
        ("AT_SEQUENCE_NUMBER", [b"1", b"2", b"new"]),
        ("AFTER_SEQUENCE_NUMBER", [b"2", b"new"]),
        ("AT_TIMESTAMP", [b"0", b"1", b"2", b"new"]),
    ],
)
def test_iterators(kinesis: KinesisClient, make_stream: MakeStream, kind: str, expected: list[bytes]) -> None:
    """Each of the five iterator types starts where it says."""
    stream = make_stream(1)
    numbers = put_numbers(kinesis, stream, 3)
    where: dict[str, object] = {"Timestamp": datetime.now(UTC) - timedelta(minutes=1)} if kind == "AT_TIMESTAMP" else {}
    if "SEQUENCE" in kind:
        where = {"StartingSequenceNumber": numbers[1]}
    iterator = kinesis.get_shard_iterator(
        StreamName=stream,
        ShardId="shardId-000000000000",
        ShardIteratorType=kind,  # type: ignore[arg-type]
        **where,  # type: ignore[arg-type]
    )["ShardIterator"]
    kinesis.put_record(StreamName=stream, Data=b"new", PartitionKey="key")

    assert data(kinesis.get_records(ShardIterator=iterator)["Records"]) == expected


def test_iterator_at_a_later_time(kinesis: KinesisClient, make_stream: MakeStream) -> None:
    """An iterator at a time after the last record has nothing to read yet."""
    stream = make_stream(1)
    put_numbers(kinesis, stream, 3)
    later = read(kinesis, stream, "shardId-000000000000")[-1]["ApproximateArrivalTimestamp"] + timedelta(seconds=1)
    eventually(lambda: datetime.now(UTC) > later)  # a time to come is refused
    iterator = kinesis.get_shard_iterator(
        StreamName=stream, ShardId="shardId-000000000000", ShardIteratorType="AT_TIMESTAMP", Timestamp=later
    )["ShardIterator"]

    assert kinesis.get_records(ShardIterator=iterator)["Records"] == []


def test_read_page_by_page(kinesis: KinesisClient, make_stream: MakeStream) -> None:
    """Each page's iterator goes on where the page ended, and the last one is up to date."""
    stream = make_stream(1)
    put_numbers(kinesis, stream, 5)
    iterator = kinesis.get_shard_iterator(
        StreamName=stream, ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    pages = []
    for _ in range(4):
        page = kinesis.get_records(ShardIterator=iterator, Limit=2)
        pages.append(data(page["Records"]))
        iterator = page["NextShardIterator"]

    assert pages == [[b"0", b"1"], [b"2", b"3"], [b"4"], []]
    assert page["MillisBehindLatest"] == 0


def test_behind_latest(kinesis: KinesisClient, make_stream: MakeStream) -> None:
    """A reader that has not read everything is told that it is behind."""
    stream = make_stream(1)
    put_numbers(kinesis, stream, 1)
    time.sleep(0.05)
    put_numbers(kinesis, stream, 1)
    iterator = kinesis.get_shard_iterator(
        StreamName=stream, ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]

    assert kinesis.get_records(ShardIterator=iterator, Limit=1)["MillisBehindLatest"] > 0


def test_split(kinesis: KinesisClient, make_stream: MakeStream) -> None:
    """A split closes a shard, opens two children that share its range, and puts go to them."""
    stream = make_stream(1)
    put_numbers(kinesis, stream, 1)
    kinesis.split_shard(StreamName=stream, ShardToSplit="shardId-000000000000", NewStartingHashKey=str(2**127))
    settle(kinesis, stream)
    put = kinesis.put_record(StreamName=stream, Data=b"after", PartitionKey="key")

    children = open_shards_of(kinesis, stream)
    assert [child["ParentShardId"] for child in children] == ["shardId-000000000000"] * 2
    assert sorted(map(hash_range, children)) == [(0, 2**127 - 1), (2**127, LAST_HASH_KEY)]
    assert put["ShardId"] in {child["ShardId"] for child in children}


def test_closed_parent_stays_readable(kinesis: KinesisClient, make_stream: MakeStream) -> None:
    """A closed shard gives its records, then no further iterator but the children to go on with."""
    stream = make_stream(1)
    put_numbers(kinesis, stream, 3)
    kinesis.split_shard(StreamName=stream, ShardToSplit="shardId-000000000000", NewStartingHashKey=str(2**127))
    settle(kinesis, stream)
    iterator = kinesis.get_shard_iterator(
        StreamName=stream, ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    page = kinesis.get_records(ShardIterator=iterator)

    assert data(page["Records"]) == [b"0", b"1", b"2"]
    assert "NextShardIterator" not in page
    assert [child["ParentShards"] for child in page["ChildShards"]] == [["shardId-000000000000"]] * 2


def test_merge(kinesis: KinesisClient, make_stream: MakeStream) -> None:
    """A merge closes two neighbours and opens one child over both ranges."""
    stream = make_stream(2)
    kinesis.merge_shards(
        StreamName=stream, ShardToMerge="shardId-000000000000", AdjacentShardToMerge="shardId-000000000001"
    )
    settle(kinesis, stream)

    [child] = open_shards_of(kinesis, stream)
    assert hash_range(child) == (0, LAST_HASH_KEY)
    assert (child["ParentShardId"], child["AdjacentParentShardId"]) == ("shardId-000000000000", "shardId-000000000001")


def test_merge_of_shards_that_are_not_neighbours(kinesis: KinesisClient, make_stream: MakeStream) -> None:
    """Shards that do not touch cannot be merged."""
    stream = make_stream(3)

    with pytest.raises(kinesis.exceptions.InvalidArgumentException):
        kinesis.merge_shards(
            StreamName=stream, ShardToMerge="shardId-000000000000", AdjacentShardToMerge="shardId-000000000002"
        )


@pytest.mark.parametrize(("before", "after"), [(2, 4), (4, 2), (2, 3)])
def test_update_shard_count(kinesis: KinesisClient, make_stream: MakeStream, before: int, after: int) -> None:
    """A stream scales up and down, covers every hash key and keeps what it held."""
    stream = make_stream(before)
    records: list[PutRecordsRequestEntryTypeDef] = [
        {"Data": str(number).encode(), "PartitionKey": str(number)} for number in range(20)
    ]
    kinesis.put_records(StreamName=stream, Records=records)
    kinesis.update_shard_count(StreamName=stream, TargetShardCount=after, ScalingType="UNIFORM_SCALING")
    settle(kinesis, stream)

    ranges = sorted(hash_range(shard) for shard in open_shards_of(kinesis, stream))
    assert len(ranges) == after
    assert sum(high - low + 1 for low, high in ranges) == LAST_HASH_KEY + 1
    kept = {value for shard in shards_of(kinesis, stream) for value in data(read(kinesis, stream, shard["ShardId"]))}
    assert len(kept) == 20


def test_shards_page_by_page(kinesis: KinesisClient, make_stream: MakeStream) -> None:
    """Many shards are listed page by page; the token alone says where to go on."""
    stream = make_stream(5)
    first = kinesis.list_shards(StreamName=stream, MaxResults=3)
    second = kinesis.list_shards(NextToken=first["NextToken"], MaxResults=3)

    listed = [shard["ShardId"] for shard in first["Shards"] + second["Shards"]]
    assert listed == [f"shardId-{number:012}" for number in range(5)]
    assert "NextToken" not in second


def test_only_open_shards(kinesis: KinesisClient, make_stream: MakeStream) -> None:
    """The filter AT_LATEST lists the open shards only."""
    stream = make_stream(1)
    kinesis.split_shard(StreamName=stream, ShardToSplit="shardId-000000000000", NewStartingHashKey=str(2**127))
    settle(kinesis, stream)
    latest = kinesis.list_shards(StreamName=stream, ShardFilter={"Type": "AT_LATEST"})["Shards"]

    assert [shard["ShardId"] for shard in latest] == ["shardId-000000000001", "shardId-000000000002"]


def test_on_demand_stream(kinesis: KinesisClient, name: str) -> None:
    """An on-demand stream starts with four shards and cannot be resized by hand."""
    kinesis.create_stream(StreamName=name, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    settle(kinesis, name)

    summary = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    assert (summary["StreamModeDetails"]["StreamMode"], summary["OpenShardCount"]) == ("ON_DEMAND", 4)
    with pytest.raises(kinesis.exceptions.ValidationException):
        kinesis.update_shard_count(StreamName=name, TargetShardCount=8, ScalingType="UNIFORM_SCALING")


def test_distribution_strategy(kinesis: KinesisClient, name: str) -> None:
    """An on-demand stream says whether it follows partition keys, and the strategy can be changed."""
    kinesis.create_stream(StreamName=name, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    before = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    kinesis.update_stream_record_distribution_strategy(StreamARN=before["StreamARN"], RecordDistributionStrategy="AUTO")
    after = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]

    assert before["RecordDistributionStrategy"] == "USER_PARTITION_KEY"
    assert after["RecordDistributionStrategy"] == "AUTO"


def test_list_streams(kinesis: KinesisClient, name: str) -> None:
    """Streams are listed by name from a given one on."""
    for suffix in "cab":
        kinesis.create_stream(StreamName=f"{name}-{suffix}", ShardCount=1)

    listed = kinesis.list_streams(ExclusiveStartStreamName=f"{name}-a", Limit=2)["StreamNames"]
    assert listed == [f"{name}-b", f"{name}-c"]


def test_streams_page_by_page(kinesis: KinesisClient, name: str) -> None:
    """Many streams are listed page by page."""
    names = [f"{name}-{suffix}" for suffix in "abc"]
    for each in names:
        kinesis.create_stream(StreamName=each, ShardCount=1)
    pages = kinesis.get_paginator("list_streams").paginate(PaginationConfig={"PageSize": 1})

    assert set(names) <= {each for page in pages for each in page["StreamNames"]}


def test_delete_and_create_again(kinesis: KinesisClient, make_stream: MakeStream, name: str) -> None:
    """A stream created again under the name of a deleted one starts empty."""
    make_stream(1)
    put_numbers(kinesis, name, 3)
    kinesis.delete_stream(StreamName=name)
    kinesis.get_waiter("stream_not_exists").wait(StreamName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 10})
    make_stream(1)

    assert read(kinesis, name, "shardId-000000000000") == []


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([], "ValidationException"),
        ([{"Data": b"x", "PartitionKey": "key"}] * 501, "ValidationException"),
        ([{"Data": b"x", "PartitionKey": ""}], "ValidationException"),
        ([{"Data": b"x", "PartitionKey": "k" * 257}], "ValidationException"),
        ([{"PartitionKey": "key"}], "ValidationException"),
        ([{"Data": b"x" * 1_000_000, "PartitionKey": "key"}] * 11, "InvalidArgumentException"),
    ],
    ids=["none", "501", "empty-key", "long-key", "no-data", "over-10-MiB"],
)
def test_put_records_limits(
    kinesis: KinesisClient, make_stream: MakeStream, records: list[PutRecordsRequestEntryTypeDef], expected: str
) -> None:
    """A PutRecords call beyond a limit is refused as a whole."""
    stream = make_stream(1)

    with refused(expected):
        kinesis.put_records(StreamName=stream, Records=records)
    assert read(kinesis, stream, "shardId-000000000000") == []


def test_500_records_pass(kinesis: KinesisClient, make_stream: MakeStream) -> None:
    """A PutRecords call takes 500 records."""
    assert len(set(put_numbers(kinesis, make_stream(1), 500))) == 500


def test_largest_record(kinesis: KinesisClient, make_stream: MakeStream) -> None:
    """Blob and key together may have 1 MiB, and not a byte more."""
    stream = make_stream(1)
    kinesis.put_record(StreamName=stream, Data=b"x" * (1_048_576 - 3), PartitionKey="key")

    with refused("InvalidArgumentException", "ValidationException"):
        kinesis.put_record(StreamName=stream, Data=b"x" * (1_048_576 - 2), PartitionKey="key")


def test_foreign_sequence_number(kinesis: KinesisClient, make_stream: MakeStream) -> None:
    """A sequence number that the shard never gave out is refused."""
    with pytest.raises(kinesis.exceptions.InvalidArgumentException):
        kinesis.get_shard_iterator(
            StreamName=make_stream(1),
            ShardId="shardId-000000000000",
            ShardIteratorType="AT_SEQUENCE_NUMBER",
            StartingSequenceNumber="1",
        )


def test_missing_shard(kinesis: KinesisClient, make_stream: MakeStream) -> None:
    """A shard that is not there is an error of its own type."""
    with pytest.raises(kinesis.exceptions.ResourceNotFoundException):
        kinesis.get_shard_iterator(
            StreamName=make_stream(1), ShardId="shardId-000000000007", ShardIteratorType="LATEST"
        )


def test_garbage_iterator(kinesis: KinesisClient) -> None:
    """An iterator that Kinesis never gave out is refused."""
    with pytest.raises(kinesis.exceptions.InvalidArgumentException):
        kinesis.get_records(ShardIterator="garbage")


def test_sequence_number_for_ordering(kinesis: KinesisClient, make_stream: MakeStream) -> None:
    """A put that names its predecessor gets a higher sequence number."""
    stream = make_stream(1)
    first = kinesis.put_record(StreamName=stream, Data=b"1", PartitionKey="key")["SequenceNumber"]
    second = kinesis.put_record(StreamName=stream, Data=b"2", PartitionKey="key", SequenceNumberForOrdering=first)[
        "SequenceNumber"
    ]

    assert int(second) > int(first)


def test_create_with_a_name_only(kinesis: KinesisClient, name: str) -> None:
    """A stream created with nothing but a name has four shards."""
    kinesis.create_stream(StreamName=name)
    settle(kinesis, name)

    assert len(shards_of(kinesis, name)) == 4


def test_iterator_in_quotation_marks(kinesis: KinesisClient, make_stream: MakeStream) -> None:
    """An iterator is taken in the quotation marks that a shell script left on it, too."""
    stream = make_stream(1)
    put_numbers(kinesis, stream, 2)
    iterator = kinesis.get_shard_iterator(
        StreamName=stream, ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]

    assert data(kinesis.get_records(ShardIterator=f'"{iterator}"')["Records"]) == [b"0", b"1"]


def test_tags_of_a_stream(kinesis: KinesisClient, make_stream: MakeStream) -> None:
    """Tags are stored, listed, overwritten and removed; removing one that is not there does no harm."""
    stream = make_stream(1)
    kinesis.add_tags_to_stream(StreamName=stream, Tags={"team": "sensors", "env": "test"})
    kinesis.add_tags_to_stream(StreamName=stream, Tags={"team": "events"})
    listed = kinesis.list_tags_for_stream(StreamName=stream)
    kinesis.remove_tags_from_stream(StreamName=stream, TagKeys=["env", "nobody"])

    assert sorted((tag["Key"], tag["Value"]) for tag in listed["Tags"]) == [("env", "test"), ("team", "events")]
    assert listed["HasMoreTags"] is False
    assert kinesis.list_tags_for_stream(StreamName=stream)["Tags"] == [{"Key": "team", "Value": "events"}]


def test_tags_page_by_page(kinesis: KinesisClient, make_stream: MakeStream) -> None:
    """Tags are listed by key, page by page."""
    stream = make_stream(1)
    assert kinesis.list_tags_for_stream(StreamName=stream)["Tags"] == []
    kinesis.add_tags_to_stream(StreamName=stream, Tags=dict.fromkeys("cab", ""))
    first = kinesis.list_tags_for_stream(StreamName=stream, Limit=2)
    second = kinesis.list_tags_for_stream(StreamName=stream, ExclusiveStartTagKey="b")

    assert [[tag["Key"] for tag in page["Tags"]] for page in (first, second)] == [["a", "b"], ["c"]]
    assert [page["HasMoreTags"] for page in (first, second)] == [True, False]


def test_tags_of_a_resource(kinesis: KinesisClient, make_stream: MakeStream) -> None:
    """A stream's tags are the same by its ARN, through the operations on resources."""
    stream = make_stream(1)
    arn = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamARN"]
    kinesis.tag_resource(ResourceARN=arn, Tags={"team": "sensors", "env": "test"})
    kinesis.untag_resource(ResourceARN=arn, TagKeys=["env"])

    assert kinesis.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "team", "Value": "sensors"}]
    assert kinesis.list_tags_for_stream(StreamName=stream)["Tags"] == [{"Key": "team", "Value": "sensors"}]


def test_tags_from_a_stream_s_creation(kinesis: KinesisClient, name: str) -> None:
    """Tags given when a stream is created are its tags."""
    kinesis.create_stream(StreamName=name, ShardCount=1, Tags={"team": "sensors"})
    settle(kinesis, name)

    assert kinesis.list_tags_for_stream(StreamName=name)["Tags"] == [{"Key": "team", "Value": "sensors"}]


@pytest.mark.parametrize(
    "tags", [{"semi;colon": "x"}, {f"key-{number}": "x" for number in range(51)}], ids=["sign", "many"]
)
def test_wrong_tags(kinesis: KinesisClient, make_stream: MakeStream, tags: dict[str, str]) -> None:
    """A stream has fifty tags at most, of letters, digits, spaces and a few signs."""
    with pytest.raises(kinesis.exceptions.InvalidArgumentException):
        kinesis.add_tags_to_stream(StreamName=make_stream(1), Tags=tags)
