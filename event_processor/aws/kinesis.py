"""The stream: Kinesis behind the Sink port."""

from collections.abc import Sequence
from functools import partial
from math import inf
from time import monotonic
from typing import Any, Final

from botocore.exceptions import ReadTimeoutError

from event_processor.aws.answer_fields import (
    MalformedAnswer,
    is_number,
    mapping,
    maybe_text,
    number,
    objects,
    shown_code,
    text,
)
from event_processor.aws.calls import LONGEST_PAUSE_SECONDS, Calls, is_transient, is_unanswered
from event_processor.aws.client_protocols import StreamClient
from event_processor.aws.shard_pages import list_shards
from event_processor.errors import CallFailed, RecordsRefused
from event_processor.publishing.stream import Acknowledged, Answer, Record, Refused, Shard
from event_processor.telling import CallObserver

_SMALL_BYTES: Final = 1024 * 1024  # so much may be sent once more without a thought
_BLAME: Final = frozenset({"InvalidArgumentException", "SerializationException", "ValidationException"})
"""What PutRecords says when a parameter "exceeds its restrictions" (API reference), such as a record over the limit."""


class KinesisSink:
    """See Sink: puts records on one stream."""

    def __init__(self, client: StreamClient, stream_name: str, observer: CallObserver) -> None:
        self._client, self._stream_name = client, stream_name
        self._calls = Calls(observer)

    def put(self, records: Sequence[Record], until: float = inf) -> list[Answer]:
        """Only the entries are believed, never FailedRecordCount. After `until` (monotonic) it is not tried again."""
        entries: Any = [{"Data": record.data, "PartitionKey": record.partition_key} for record in records]

        def call() -> list[Answer]:
            results = objects(self._client.put_records(StreamName=self._stream_name, Records=entries), "Records")
            if len(results) != len(entries):
                raise MalformedAnswer(f"{len(entries)} records sent, {len(results)} answered")
            return [_answer(result) for result in results]

        try:
            return self._calls.make("put", call, again=partial(_is_worth_repeating, records, until))
        except CallFailed as error:
            if error.code in _BLAME:
                raise RecordsRefused(error.operation, error.code, error.detail, error.may_be_done) from error
            raise

    def shards(self) -> list[Shard]:
        """AT_LATEST: "all the currently open shards" (API, ShardFilter)."""
        request = {"StreamName": self._stream_name, "ShardFilter": {"Type": "AT_LATEST"}}
        return list_shards(self._calls, self._client, request, _open_shard)


def _is_worth_repeating(records: Sequence[Record], until: float, error: BaseException) -> bool:
    """A small call over a broken connection is, a large one is not: the publisher makes the next waves smaller.

    A stream that is slow to answer is not asked five times over, either.
    """
    if monotonic() > until - LONGEST_PAUSE_SECONDS:
        return False
    if not is_unanswered(error):
        return is_transient(error)
    is_small = sum(record.size_bytes for record in records) <= _SMALL_BYTES
    return is_small and not isinstance(error, ReadTimeoutError)


def _answer(result: Any) -> Answer:
    """Either ErrorCode, or ShardId and SequenceNumber: an entry with both, or with half of it, says nothing."""
    if type(result) is dict and "ErrorCode" not in result:  # all there is, nearly always, and a third of the time
        shard_id, stored = result.get("ShardId"), result.get("SequenceNumber")
        if type(shard_id) is str and shard_id and type(stored) is str and is_number(stored):
            return Acknowledged(shard_id, int(stored))
    code = maybe_text(result, "ErrorCode")
    sequence = maybe_text(result, "SequenceNumber")
    if bool(code) == bool(sequence):
        raise MalformedAnswer("a record's answer has neither ErrorCode nor SequenceNumber, or both")
    if code:
        return Refused(shown_code(code), code in _BLAME)
    return Acknowledged(text(result, "ShardId"), number(result, "SequenceNumber"))


def _open_shard(shard: Any) -> Shard | None:
    if maybe_text(mapping(shard, "SequenceNumberRange"), "EndingSequenceNumber") is not None:
        return None
    return Shard(text(shard, "ShardId"), number(mapping(shard, "HashKeyRange"), "StartingHashKey"))
