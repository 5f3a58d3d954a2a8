"""The stream: Kinesis behind the Sink port."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from event_processor.aws.calls import Calls
from event_processor.aws.codes import shown_code
from event_processor.aws.hot_path import StreamClient
from event_processor.errors import CallFailed
from event_processor.model.answer import Acknowledged, Answer, Refused
from event_processor.model.event_record import Record
from event_processor.model.shard import Shard
from event_processor.ports import Observer


class KinesisSink:
    """Puts records on one stream."""

    def __init__(self, client: StreamClient, stream_name: str, observer: Observer) -> None:
        self._client, self._stream_name = client, stream_name
        self._calls = Calls(observer)

    def put(self, records: Sequence[Record]) -> list[Answer]:
        """See Sink. Only the entries are believed, never FailedRecordCount."""
        entries: Any = [{"Data": record.data, "PartitionKey": record.partition_key} for record in records]
        results = self._calls.make(
            "put", lambda: self._client.put_records(StreamName=self._stream_name, Records=entries)
        ).get("Records", [])
        if len(results) != len(records):
            raise CallFailed("put", "MalformedAnswer", f"{len(records)} records sent, {len(results)} answered")
        return [_answer(result) for result in results]

    def shards(self) -> list[Shard]:
        """See Sink. AT_LATEST: "all the currently open shards" (API, ShardFilter)."""
        found: list[Shard] = []
        page: Any = {"StreamName": self._stream_name, "ShardFilter": {"Type": "AT_LATEST"}}
        while page:
            answer: Any = self._calls.make("list_shards", partial(self._client.list_shards, **page))
            found += [_shard(shard) for shard in answer.get("Shards", []) if _is_open(shard)]
            page = {"NextToken": token} if (token := answer.get("NextToken")) else None
        return found


def _answer(result: Any) -> Answer:
    if result.get("ErrorCode") or not result.get("SequenceNumber"):
        return Refused(shown_code(result.get("ErrorCode")))
    return Acknowledged(result["ShardId"], int(result["SequenceNumber"]))


def _shard(shard: Any) -> Shard:
    return Shard(shard["ShardId"], int(shard["HashKeyRange"]["StartingHashKey"]))


def _is_open(shard: Any) -> bool:
    return "EndingSequenceNumber" not in shard["SequenceNumberRange"]
