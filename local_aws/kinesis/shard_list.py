"""DescribeStream and ListShards: the shards of a stream, page by page."""

import base64
import json
from collections.abc import Callable, Mapping

from local_aws.clock import Clock
from local_aws.errors import AwsError, Json
from local_aws.kinesis.errors import invalid_argument, validation
from local_aws.kinesis.params import choice, identifier, integer, text, timestamp
from local_aws.kinesis.shard import Shard
from local_aws.kinesis.stream import Stream
from local_aws.kinesis.streams import StreamDirectory, description

_FILTERS: Mapping[str, Callable[[Json, Shard, Stream], bool]] = {
    "AFTER_SHARD_ID": lambda given, shard, stream: stream.starts_after(shard, identifier(given, "ShardId")),
    "AT_LATEST": lambda _, shard, __: shard.is_open,
    "AT_TRIM_HORIZON": lambda _, shard, __: not shard.parents,
    "FROM_TRIM_HORIZON": lambda _, __, ___: True,
    "AT_TIMESTAMP": lambda given, shard, _: shard.was_open_at(timestamp(given, "Timestamp")),
    "FROM_TIMESTAMP": lambda given, shard, _: not shard.was_closed_by(timestamp(given, "Timestamp")),
}

_MOST_DESCRIBED, _MOST_LISTED = 100, 1000
"""In one answer, whatever higher number is asked for (DescribeStream and ListShards in the Kinesis API reference)."""
_NOT_WITH_A_TOKEN = ("StreamName", "StreamCreationTimestamp", "ExclusiveStartShardId")
"""ListShards in the Kinesis API reference. It says no such thing of StreamARN."""


class ShardList:
    """The two operations that list shards."""

    def __init__(self, directory: StreamDirectory, clock: Clock) -> None:
        self._directory, self._clock = directory, clock
        self.operations: Mapping[str, Callable[[Json], Json]] = {
            "DescribeStream": self.describe_stream,
            "ListShards": self.list_shards,
        }

    def describe_stream(self, params: Json) -> Json:
        """DescribeStream."""
        stream = self._directory.find(params)
        limit = min(_MOST_DESCRIBED, integer(params, "Limit", _MOST_DESCRIBED, 1, 10_000))
        rest = _after(stream, stream.kept_shards(self._clock.now()), params)
        shards = {"Shards": [shard.as_json() for shard in rest[:limit]], "HasMoreShards": len(rest) > limit}
        return {"StreamDescription": {**description(stream), **shards}}

    def list_shards(self, params: Json) -> Json:
        """ListShards. A NextToken stands for the stream, the filter and the place to go on from."""
        limit = min(_MOST_LISTED, integer(params, "MaxResults", _MOST_LISTED, 1, 10_000))
        query = _from_token(params) if params.get("NextToken") else params
        stream = self._directory.find(query)
        found = [
            shard for shard in stream.kept_shards(self._clock.now()) if _passes(query.get("ShardFilter"), shard, stream)
        ]
        rest = _after(stream, found, query)
        answer: Json = {"Shards": [shard.as_json() for shard in rest[:limit]]}
        if len(rest) > limit:
            answer["NextToken"] = _token(stream, query.get("ShardFilter"), rest[limit - 1])
        return answer


def _after(stream: Stream, shards: list[Shard], params: Json) -> list[Shard]:
    if params.get("ExclusiveStartShardId") is None:
        return shards
    start = identifier(params, "ExclusiveStartShardId")
    return [shard for shard in shards if stream.starts_after(shard, start)]


def _passes(shard_filter: Json | None, shard: Shard, stream: Stream) -> bool:
    if shard_filter is None:
        return True
    if not isinstance(shard_filter, dict):
        raise validation("shardFilter", shard_filter, "Member must be a structure")
    return _FILTERS[choice(shard_filter, "Type", tuple(_FILTERS))](shard_filter, shard, stream)


def _token(stream: Stream, shard_filter: Json | None, last: Shard) -> str:
    return base64.b64encode(json.dumps([stream.name, shard_filter, last.id]).encode()).decode()


def _from_token(params: Json) -> Json:
    for other in _NOT_WITH_A_TOKEN:
        if params.get(other) is not None:
            raise invalid_argument(f"NextToken and {other} cannot be provided together.")
    try:
        name, shard_filter, start = json.loads(base64.b64decode(text(params, "NextToken"), validate=True))
    except (ValueError, TypeError) as error:
        raise AwsError("ExpiredNextTokenException", "NextToken is not one that was given out.") from error
    return {"StreamName": name, "ShardFilter": shard_filter, "ExclusiveStartShardId": start}
