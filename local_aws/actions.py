"""Does a plan's actions with the services' own operations, past all faults."""

import itertools
from collections.abc import Awaitable, Callable, Mapping

from local_aws.errors import AwsError, Json
from local_aws.faults import Action
from local_aws.sqs.attributes import READ_ONLY

Call = Callable[[str, Json], Awaitable[Json]]
"""Calls an operation of a service with parameters. Raises AwsError."""


class Actions:
    """Changes streams and queues as an operator would."""

    def __init__(self, sqs: Call, kinesis: Call) -> None:
        self._sqs = sqs
        self._kinesis = kinesis
        self._by_name: Mapping[str, Callable[..., Awaitable[object]]] = {
            "create_queue": self._create_queue,
            "create_stream": self._create_stream,
            "delete_queue": lambda queue: sqs("DeleteQueue", {"QueueUrl": queue}),
            "delete_stream": lambda stream: kinesis("DeleteStream", {"StreamName": stream}),
            "merge_shards": self._merge_shards,
            "purge_queue": lambda queue: sqs("PurgeQueue", {"QueueUrl": queue}),
            "recreate_queue": self._recreate_queue,
            "recreate_stream": self._recreate_stream,
            "split_shard": self._split_shard,
            "update_shard_count": self._update_shard_count,
        }

    async def perform(self, action: Action) -> None:
        """Do one action. Raises AwsError."""
        await self._by_name[action.do](**action.arguments)

    async def _create_stream(self, stream: str, shards: int = 1) -> None:
        await self._kinesis("CreateStream", {"StreamName": stream, "ShardCount": shards})

    async def _recreate_stream(self, stream: str, shards: int | None = None) -> None:
        answer = await self._kinesis("DescribeStreamSummary", {"StreamName": stream})
        summary = answer["StreamDescriptionSummary"]
        settings = {
            key: summary[key]
            for key in ("MaxRecordSizeInKiB", "RecordDistributionStrategy", "StreamModeDetails")
            if key in summary
        }
        tags = await self._kinesis("ListTagsForStream", {"StreamName": stream})
        settings["Tags"] = {tag["Key"]: tag["Value"] for tag in tags["Tags"]}
        if summary["StreamModeDetails"]["StreamMode"] == "PROVISIONED":
            settings["ShardCount"] = shards or summary["OpenShardCount"]
        await self._kinesis("DeleteStream", {"StreamName": stream})
        await self._kinesis("CreateStream", {"StreamName": stream, **settings})

    async def _split_shard(self, stream: str, shard: str | None = None) -> None:
        """Split a shard in the middle; without a shard, the widest."""
        shards = [each for each in await self._open_shards(stream) if shard in (None, each["ShardId"])]
        if not shards:
            raise AwsError("InvalidArgumentException", f"{stream} has no open shard {shard} to split.")
        widest = max(shards, key=_width)
        middle = _first_hash_key(widest) + _width(widest) // 2
        await self._kinesis(
            "SplitShard", {"StreamName": stream, "ShardToSplit": widest["ShardId"], "NewStartingHashKey": str(middle)}
        )

    async def _merge_shards(self, stream: str, shard: str | None = None) -> None:
        """Merge a shard with its narrower neighbour; without a shard, the two that are narrowest together."""
        pairs = [
            (low, high)
            for low, high in itertools.pairwise(await self._open_shards(stream))
            if shard in (None, low["ShardId"], high["ShardId"])
        ]
        if not pairs:
            raise AwsError("InvalidArgumentException", f"{stream} has no two open shards to merge.")
        low, high = min(pairs, key=lambda pair: _width(pair[0]) + _width(pair[1]))
        await self._kinesis(
            "MergeShards",
            {"StreamName": stream, "ShardToMerge": low["ShardId"], "AdjacentShardToMerge": high["ShardId"]},
        )

    async def _update_shard_count(self, stream: str, shards: int) -> None:
        await self._kinesis(
            "UpdateShardCount", {"StreamName": stream, "TargetShardCount": shards, "ScalingType": "UNIFORM_SCALING"}
        )

    async def _open_shards(self, stream: str) -> list[Json]:
        answer = await self._kinesis(
            "ListShards", {"StreamName": stream, "ShardFilter": {"Type": "AT_LATEST"}, "MaxResults": 10_000}
        )
        return sorted(answer["Shards"], key=_first_hash_key)

    async def _create_queue(self, queue: str) -> None:
        attributes = {"FifoQueue": "true"} if queue.endswith(".fifo") else {}
        await self._sqs("CreateQueue", {"QueueName": queue, "Attributes": attributes})

    async def _recreate_queue(self, queue: str) -> None:
        answer = await self._sqs("GetQueueAttributes", {"QueueUrl": queue, "AttributeNames": ["All"]})
        tags = (await self._sqs("ListQueueTags", {"QueueUrl": queue})).get("Tags", {})
        await self._sqs("DeleteQueue", {"QueueUrl": queue})
        settable = {name: value for name, value in answer["Attributes"].items() if name not in READ_ONLY}
        await self._sqs("CreateQueue", {"QueueName": queue, "Attributes": settable, "tags": tags})


def _first_hash_key(shard: Json) -> int:
    return int(shard["HashKeyRange"]["StartingHashKey"])


def _width(shard: Json) -> int:
    return int(shard["HashKeyRange"]["EndingHashKey"]) - _first_hash_key(shard) + 1
