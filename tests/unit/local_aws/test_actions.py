"""Actions: what a plan and the admin endpoint do to streams and queues."""

import asyncio

import pytest

from local_aws.actions import Actions
from local_aws.clock import ManualClock
from local_aws.errors import AwsError, Json
from local_aws.faults import Action
from local_aws.faults.action import ACTIONS
from tests.unit.local_aws.conftest import Aws


def act(aws: Aws, do: str, **arguments: object) -> None:
    """Do an action."""
    action = Action.from_json({"do": do, **arguments})
    asyncio.run(aws.server.runner._actions.perform(action))


def open_shards(aws: Aws, stream: str = "events") -> list[str]:
    """The numbers of the open shards."""
    shards = aws.kinesis("ListShards", StreamName=stream, ShardFilter={"Type": "AT_LATEST"})["Shards"]
    return sorted(shard["ShardId"][-1] for shard in shards)


def summary(aws: Aws) -> Json:
    """DescribeStreamSummary of the stream."""
    described: Json = aws.kinesis("DescribeStreamSummary", StreamName="events")["StreamDescriptionSummary"]
    return described


def test_every_action_is_there(aws: Aws) -> None:
    """What a plan may say is exactly what can be done."""
    actions: Actions = aws.server.runner._actions

    assert set(actions._by_name) == set(ACTIONS)


@pytest.mark.parametrize(
    ("actions", "expected"),
    [
        ([{"do": "split_shard"}], ["1", "2", "3"]),
        ([{"do": "split_shard", "shard": 1}], ["0", "2", "3"]),
        ([{"do": "split_shard", "shard": "shardId-000000000001"}], ["0", "2", "3"]),
        ([{"do": "merge_shards"}], ["2"]),
        ([{"do": "split_shard", "shard": 0}, {"do": "merge_shards", "shard": 1}], ["2", "4"]),
        ([{"do": "split_shard", "shard": 0}, {"do": "merge_shards"}], ["1", "4"]),
        ([{"do": "update_shard_count", "shards": 4}], ["2", "3", "4", "5"]),
    ],
)
def test_reshaping(aws: Aws, actions: list[Json], expected: list[str]) -> None:
    """Shards are split in the middle, merged with a neighbour and resized; by number, by id, or the likeliest ones."""
    act(aws, "create_stream", stream="events", shards=2)
    for action in actions:
        act(aws, stream="events", **action)

    assert open_shards(aws) == expected


def test_recreated_stream_is_empty_and_like_before(aws: Aws) -> None:
    """A recreated stream has as many shards and the same record limit as before, and no records."""
    aws.kinesis("CreateStream", StreamName="events", ShardCount=3, MaxRecordSizeInKiB=2048)
    aws.kinesis("PutRecord", StreamName="events", Data="eA==", PartitionKey="key")
    created_at = summary(aws)["StreamCreationTimestamp"]
    aws.clock.advance(60)
    act(aws, "recreate_stream", stream="events")

    assert (summary(aws)["OpenShardCount"], summary(aws)["MaxRecordSizeInKiB"]) == (3, 2048)
    assert summary(aws)["StreamCreationTimestamp"] == created_at + 60


@pytest.mark.parametrize(("mode", "shards", "expected"), [("PROVISIONED", 5, 5), ("ON_DEMAND", None, 4)])
def test_recreated_stream_of_either_mode(aws: Aws, mode: str, shards: int | None, expected: int) -> None:
    """A stream can be recreated with other shards, and an on-demand one stays one."""
    count = {"ShardCount": 1} if mode == "PROVISIONED" else {}
    aws.kinesis("CreateStream", StreamName="events", StreamModeDetails={"StreamMode": mode}, **count)
    act(aws, "recreate_stream", stream="events", **({"shards": shards} if shards else {}))

    assert summary(aws)["StreamModeDetails"] == {"StreamMode": mode}
    assert summary(aws)["OpenShardCount"] == expected


def test_deleted_stream(aws: Aws) -> None:
    """A deleted stream is gone."""
    act(aws, "create_stream", stream="events")
    act(aws, "delete_stream", stream="events")

    assert aws.kinesis("ListStreams")["StreamNames"] == []


@pytest.mark.parametrize("name", ["q", "q.fifo"])
def test_queues(aws: Aws, clock: ManualClock, name: str) -> None:
    """A queue is created of the kind its name says, recreated with its attributes and without its messages, deleted."""
    act(aws, "create_queue", queue=name)
    aws.sqs("SetQueueAttributes", QueueUrl=name, Attributes={"VisibilityTimeout": "77"})
    ids = {"MessageGroupId": "g", "MessageDeduplicationId": "1"} if name == "q.fifo" else {}
    aws.sqs("SendMessage", QueueUrl=name, MessageBody="x", **ids)
    clock.advance(60)
    act(aws, "recreate_queue", queue=name)
    attributes = aws.sqs("GetQueueAttributes", QueueUrl=name, AttributeNames=["All"])["Attributes"]
    act(aws, "delete_queue", queue=name)

    assert (attributes["VisibilityTimeout"], attributes["ApproximateNumberOfMessages"]) == ("77", "0")
    assert attributes["CreatedTimestamp"] == str(int(clock.now()))
    assert ("FifoQueue" in attributes) == (name == "q.fifo")
    assert aws.sqs("ListQueues") == {}


@pytest.mark.parametrize("do", ["split_shard", "merge_shards"])
def test_shard_that_is_not_there(aws: Aws, do: str) -> None:
    """Reshaping a shard that is not open is an error, not a change of another shard."""
    act(aws, "create_stream", stream="events", shards=2)

    with pytest.raises(AwsError, match="has no"):
        act(aws, do, stream="events", shard=7)
    assert open_shards(aws) == ["0", "1"]
