"""The streams by name, and the operations on streams as such."""

import itertools
from collections.abc import Callable, Mapping

from local_aws.clock import Clock
from local_aws.errors import ACCOUNT_ID, AwsError, Json
from local_aws.kinesis.errors import invalid_argument, stream_not_found, validation
from local_aws.kinesis.params import choice, hash_key, identifier, integer, text
from local_aws.kinesis.stream import RETENTION_HOURS, Stream, StreamSettings
from local_aws.kinesis.tags import checked_tags
from local_aws.params import string_map

_ON_DEMAND_SHARDS = 4
_MAX_SHARDS = 10_000
_MODES = ("PROVISIONED", "ON_DEMAND")
_STRATEGIES = ("USER_PARTITION_KEY", "AUTO")
_MOST_LISTED = 100
"""In one answer, whatever higher number is asked for (ListStreams in the Kinesis API reference)."""


class StreamDirectory:
    """Creates, finds, reshapes and deletes streams. A stream is ACTIVE from its creation on."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._streams: dict[str, Stream] = {}
        self._generations = itertools.count(int(clock.now() * 1000))
        self.operations: Mapping[str, Callable[[Json], Json]] = {
            "CreateStream": self.create,
            "DeleteStream": self.delete,
            "DescribeStreamSummary": self.describe_summary,
            "ListStreams": self.list_streams,
            "MergeShards": self.merge_shards,
            "SplitShard": self.split_shard,
            "UpdateMaxRecordSize": self.update_max_record_size,
            "UpdateShardCount": self.update_shard_count,
            "UpdateStreamRecordDistributionStrategy": self.update_distribution_strategy,
        }

    def find(self, params: Json) -> Stream:
        """The stream of StreamName or StreamARN. Raises ResourceNotFoundException."""
        if params.get("StreamName") is not None:
            return self.named(identifier(params, "StreamName"))
        if params.get("StreamARN") is not None:
            return self.named(text(params, "StreamARN").rpartition(":stream/")[2])
        raise invalid_argument("Neither StreamName nor StreamARN is given.")

    def named(self, name: str) -> Stream:
        """The stream of that name. Raises ResourceNotFoundException."""
        if name not in self._streams:
            raise stream_not_found(name)
        return self._streams[name]

    def create(self, params: Json) -> Json:
        """CreateStream."""
        name = identifier(params, "StreamName")
        if name in self._streams:
            raise AwsError("ResourceInUseException", f"Stream {name} under account {ACCOUNT_ID} already exists.")
        settings = _settings(params)
        default = _ON_DEMAND_SHARDS if settings.on_demand else None
        shard_count = integer(params, "ShardCount", default, 1, _MAX_SHARDS)
        if settings.on_demand and params.get("ShardCount") is not None:
            raise validation("shardCount", shard_count, "Member must be null for an on-demand stream")
        tags = checked_tags(name, string_map(params, "Tags"))
        now = self._clock.now()
        self._streams[name] = Stream(name, settings, shard_count, next(self._generations), now)
        self._streams[name].tags = tags
        return {}

    def delete(self, params: Json) -> Json:
        """DeleteStream."""
        del self._streams[self.find(params).name]
        return {}

    def list_streams(self, params: Json) -> Json:
        """ListStreams, by name; the token is the last name of the page before."""
        limit = min(_MOST_LISTED, integer(params, "Limit", _MOST_LISTED, 1, 10_000))
        after = str(params.get("NextToken") or params.get("ExclusiveStartStreamName") or "")
        rest = sorted(name for name in self._streams if name > after)
        answer: Json = {
            "StreamNames": rest[:limit],
            "HasMoreStreams": len(rest) > limit,
            "StreamSummaries": [_identity(self._streams[name]) for name in rest[:limit]],
        }
        if len(rest) > limit:
            answer["NextToken"] = rest[limit - 1]
        return answer

    def describe_summary(self, params: Json) -> Json:
        """DescribeStreamSummary."""
        stream = self.find(params)
        summary = {
            **description(stream),
            "OpenShardCount": len(stream.open_shards),
            "ConsumerCount": 0,
            "MaxRecordSizeInKiB": stream.settings.max_record_kib,
        }
        if stream.settings.on_demand:
            summary["RecordDistributionStrategy"] = _STRATEGIES[stream.settings.auto_distribution]
        return {"StreamDescriptionSummary": summary}

    def split_shard(self, params: Json) -> Json:
        """SplitShard. The parent is closed and stays readable."""
        stream = self._provisioned(params)
        shard = stream.shard(identifier(params, "ShardToSplit"))
        stream.split(shard, hash_key(params, "NewStartingHashKey"), self._clock.now())
        return {}

    def merge_shards(self, params: Json) -> Json:
        """MergeShards. Both parents are closed and stay readable."""
        stream = self._provisioned(params)
        shard = stream.shard(identifier(params, "ShardToMerge"))
        stream.merge(shard, stream.shard(identifier(params, "AdjacentShardToMerge")), self._clock.now())
        return {}

    def update_shard_count(self, params: Json) -> Json:
        """UpdateShardCount: at most to the double and at least to the half, as AWS by default."""
        stream = self._provisioned(params)
        choice(params, "ScalingType", ("UNIFORM_SCALING",))
        target = integer(params, "TargetShardCount", None, 1, _MAX_SHARDS)
        current = len(stream.open_shards)
        if not current <= target * 2 <= current * 4:
            message = f"UpdateShardCount goes from half to double the {current} open shards, not to {target}."
            raise AwsError("LimitExceededException", message)
        stream.resize(target, self._clock.now())
        return {
            "StreamName": stream.name,
            "StreamARN": stream.arn,
            "CurrentShardCount": current,
            "TargetShardCount": target,
        }

    def update_max_record_size(self, params: Json) -> Json:
        """UpdateMaxRecordSize."""
        self.find(params).settings.max_record_kib = _max_record_kib(params, None)
        return {}

    def update_distribution_strategy(self, params: Json) -> Json:
        """UpdateStreamRecordDistributionStrategy; from the next record on."""
        stream = self.find(params)
        auto = choice(params, "RecordDistributionStrategy", _STRATEGIES) == "AUTO"
        if auto and not stream.settings.on_demand:
            raise invalid_argument("AUTO is for on-demand streams only.")
        stream.settings.auto_distribution = auto
        return {}

    def _provisioned(self, params: Json) -> Stream:
        stream = self.find(params)
        if stream.settings.on_demand:
            message = f"Request is invalid. Stream {stream.name} under account {ACCOUNT_ID} is in On-Demand mode."
            raise AwsError("ValidationException", message)
        return stream


def description(stream: Stream) -> Json:
    """What DescribeStream and DescribeStreamSummary have in common."""
    return {
        **_identity(stream),
        "RetentionPeriodHours": RETENTION_HOURS,
        "EnhancedMonitoring": [{"ShardLevelMetrics": []}],
        "EncryptionType": "NONE",
    }


def _identity(stream: Stream) -> Json:
    return {
        "StreamName": stream.name,
        "StreamARN": stream.arn,
        "StreamStatus": "ACTIVE",
        "StreamModeDetails": {"StreamMode": _MODES[stream.settings.on_demand]},
        "StreamCreationTimestamp": round(stream.created_at, 3),
    }


def _settings(params: Json) -> StreamSettings:
    mode_details = params.get("StreamModeDetails")
    # Without a number of shards either, AWS makes the four of an on-demand stream (LocalStack's
    # test_create_stream_without_shard_count, validated there against AWS).
    mode = "ON_DEMAND" if params.get("ShardCount") is None else "PROVISIONED"
    if isinstance(mode_details, dict):
        mode = choice(mode_details, "StreamMode", _MODES)
    auto = choice(params, "RecordDistributionStrategy", _STRATEGIES, "USER_PARTITION_KEY") == "AUTO"
    if auto and mode != "ON_DEMAND":
        raise invalid_argument("AUTO is for on-demand streams only.")
    return StreamSettings(mode == "ON_DEMAND", _max_record_kib(params, 1024), auto)


def _max_record_kib(params: Json, default: int | None) -> int:
    return integer(params, "MaxRecordSizeInKiB", default, 1024, 10_240)
