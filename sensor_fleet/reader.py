"""Reads a whole Kinesis stream in an order that can be judged: each shard to its end before its children."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

from sensor_fleet.aws import passes
from sensor_fleet.errors import FleetError

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_kinesis.type_defs import GetRecordsOutputTypeDef, ShardTypeDef

_RECORDS_A_CALL = 10_000
_SECONDS_BETWEEN_EMPTY_ROUNDS = 0.25  # AWS allows five GetRecords a second and shard
_GIVE_UP_SECONDS = 60


class Listener(Protocol):
    """Who is told what the stream contains."""

    def shard(self, shard_id: str, parents: tuple[str, ...], /) -> None:
        """A shard, before any of its records and after its parents'."""

    def read(self, shard_id: str, partition_key: str, data: bytes, sequence_number: str, /) -> None:
        """The next record of a shard."""


@dataclass(slots=True)
class _Position:
    """Where we are in an open shard. Caught up: the last answer was empty and AWS says we are not behind."""

    iterator: str
    caught_up: bool = False


class StreamReader:
    """Reads on from where it stopped. Raises botocore's errors when AWS has failed for a minute."""

    def __init__(self, kinesis: KinesisClient, stream_name: str, listener: Listener) -> None:
        self._kinesis = kinesis
        self._stream_name = stream_name
        self._listener = listener
        self._positions: dict[str, _Position] = {}
        self._ended: set[str] = set()
        self._retrying = Retrying(
            retry=retry_if_exception(passes),
            wait=wait_random_exponential(multiplier=0.2, max=5),
            stop=stop_after_delay(_GIVE_UP_SECONDS),
            reraise=True,
        )

    def check(self) -> None:
        """Raises FleetError or botocore's own errors, at once, when there is nothing to read from."""
        try:
            self._kinesis.describe_stream_summary(StreamName=self._stream_name)
        except self._kinesis.exceptions.ResourceNotFoundException as error:
            raise FleetError(f"there is no stream {self._stream_name} at {self._kinesis.meta.endpoint_url}") from error

    def rounds_to_end(self) -> Iterator[int]:
        """Read until every shard has ended or answers that there is no more; yields the records of each round."""
        self._find_shards()
        for position in self._positions.values():
            position.caught_up = False
        while not all(position.caught_up for position in self._positions.values()):
            records = sum([self._read_shard(shard_id) for shard_id in list(self._positions)])
            yield records
            if not records:
                time.sleep(_SECONDS_BETWEEN_EMPTY_ROUNDS)

    def _find_shards(self) -> None:
        shards = {shard["ShardId"]: _parents(shard) for shard in self._list_shards()}
        for shard_id, parents in shards.items():
            known = shard_id in self._positions or shard_id in self._ended
            if not known and all(parent in self._ended for parent in parents if parent in shards):
                self._listener.shard(shard_id, parents)
                self._positions[shard_id] = _Position(self._first_iterator(shard_id))

    def _list_shards(self) -> Iterator[ShardTypeDef]:
        page = self._retrying(self._kinesis.list_shards, StreamName=self._stream_name)
        yield from page["Shards"]
        while token := page.get("NextToken"):
            page = self._retrying(self._kinesis.list_shards, NextToken=token)
            yield from page["Shards"]

    def _first_iterator(self, shard_id: str) -> str:
        answer = self._retrying(
            self._kinesis.get_shard_iterator,
            StreamName=self._stream_name,
            ShardId=shard_id,
            ShardIteratorType="TRIM_HORIZON",
        )
        return answer["ShardIterator"]

    def _read_shard(self, shard_id: str) -> int:
        position = self._positions[shard_id]
        answer: GetRecordsOutputTypeDef = self._retrying(
            self._kinesis.get_records, ShardIterator=position.iterator, Limit=_RECORDS_A_CALL
        )
        for record in answer["Records"]:
            self._listener.read(shard_id, record["PartitionKey"], record["Data"], record["SequenceNumber"])
        if following := answer.get("NextShardIterator"):
            caught_up = not answer["Records"] and answer["MillisBehindLatest"] == 0
            self._positions[shard_id] = _Position(following, caught_up)
        else:
            del self._positions[shard_id]
            self._ended.add(shard_id)
            self._find_shards()
        return len(answer["Records"])


def _parents(shard: ShardTypeDef) -> tuple[str, ...]:
    return tuple(filter(None, (shard.get("ParentShardId"), shard.get("AdjacentParentShardId"))))
