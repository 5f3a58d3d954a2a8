"""The stream, read: Kinesis behind the StreamSource port."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, TypeVar

from botocore.exceptions import ClientError

from event_processor.aws.answer_fields import (
    MalformedAnswer,
    blob,
    is_number,
    mapping,
    maybe_text,
    moment,
    number,
    objects,
    text,
)
from event_processor.aws.calls import THROTTLES, Calls, code_of, is_transient
from event_processor.aws.client_protocols import ReadingClient
from event_processor.aws.shard_pages import list_shards
from event_processor.consuming.records import Page, Shard, StreamFacts, StreamRecord
from event_processor.errors import CallFailed, IteratorExpired, ReadThrottled, ShardGone
from event_processor.telling import CallObserver

_EXPIRED: Final = frozenset({"ExpiredIteratorException"})
_GONE: Final = frozenset({"ResourceNotFoundException"})
_KINDS: Final[Mapping[type[CallFailed], frozenset[str]]] = {
    IteratorExpired: _EXPIRED,
    ReadThrottled: THROTTLES,
    ShardGone: _GONE,
}
T = TypeVar("T")


class KinesisReader:
    """See StreamSource: reads one stream, with shared throughput. `client` is of either transport."""

    def __init__(self, client: ReadingClient, stream_name: str, observer: CallObserver) -> None:
        self._client, self.name = client, stream_name
        self._calls = Calls(observer)

    def facts(self) -> StreamFacts:
        """DescribeStreamSummary."""

        def call() -> StreamFacts:
            answer = self._client.describe_stream_summary(StreamName=self.name)
            found = mapping(answer, "StreamDescriptionSummary")
            hours = number(found, "RetentionPeriodHours")
            if hours < 1:
                raise MalformedAnswer("RetentionPeriodHours is less than AWS allows")
            return StreamFacts(moment(found, "StreamCreationTimestamp"), hours * 3600.0)

        return self._calls.make("read_stream", call)

    def shards(self) -> list[Shard]:
        """ListShards without a filter: "all the shards" within the retention, closed ones too."""
        found = list_shards(self._calls, self._client, {"StreamName": self.name}, _shard)
        if not found:
            raise CallFailed(
                "list_shards", "MalformedAnswer", f"stream {self.name} has no shard, which none is without"
            )
        return found

    def iterator(self, shard_id: str, after: str | None, since: datetime | None) -> str:
        """GetShardIterator. A sequence number past the retention counts as the oldest that is kept."""
        request: Any = {"StreamName": self.name, "ShardId": shard_id, "ShardIteratorType": "TRIM_HORIZON"}
        if after is not None:
            request |= {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": after}
        elif since is not None:
            request |= {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": since.timestamp()}
        return self._of_shard("iterator", lambda: text(self._client.get_shard_iterator(**request), "ShardIterator"))

    def read(self, iterator: str, limit: int) -> Page:
        """GetRecords. What is wrong with one record is wrong with the answer: nothing may be left out."""
        return self._of_shard("read", lambda: _page(self._client.get_records(ShardIterator=iterator, Limit=limit)))

    def _of_shard(self, operation: str, call: Callable[[], T]) -> T:
        """The errors that a reader has an answer to come as what they are, and at once."""
        try:
            return self._calls.make(operation, call, again=_is_worth_repeating)
        except CallFailed as error:
            for kind, codes in _KINDS.items():
                if error.code in codes:
                    raise kind(error.operation, error.code, error.detail, error.may_be_done) from error
            raise


def _is_worth_repeating(error: BaseException) -> bool:
    """A shard that is throttled is left alone for longer than a call may take, and no other waits for it."""
    return is_transient(error) and not (isinstance(error, ClientError) and code_of(error) in THROTTLES)


def _page(answer: Any) -> Page:
    if answer.get("Records") is None:
        raise MalformedAnswer("Records is missing")
    following = maybe_text(answer, "NextShardIterator") or None
    if following is None and not objects(answer, "ChildShards"):
        raise MalformedAnswer("neither NextShardIterator nor ChildShards, one of which there is, even at the end")
    records = [_record(each) for each in objects(answer, "Records")]
    behind = number(answer, "MillisBehindLatest") if answer.get("MillisBehindLatest") is not None else None
    return Page(records, sum([len(record.data) + len(record.key) for record in records]), behind, following)


def _record(found: Any) -> StreamRecord:
    data, sequence = blob(found, "Data"), text(found, "SequenceNumber")
    if data is None:
        raise MalformedAnswer("Data is missing")
    if not is_number(sequence):
        raise MalformedAnswer("SequenceNumber is not a number")
    return StreamRecord(
        sequence, maybe_text(found, "PartitionKey") or "", moment(found, "ApproximateArrivalTimestamp"), data
    )


def _shard(found: Any) -> Shard:
    parents = (maybe_text(found, "ParentShardId"), maybe_text(found, "AdjacentParentShardId"))
    return Shard(text(found, "ShardId"), tuple(parent for parent in parents if parent))
