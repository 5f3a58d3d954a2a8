"""How the shards of a stream are listed, page by page."""

from typing import Any

import pytest

from event_processor.aws.kinesis import KinesisSink
from event_processor.publishing.stream import Shard
from event_processor.testing import RecordingObserver


class Pages:
    """A stream of many shards, told two at a time, as ListShards tells them; with a token it takes no stream name."""

    def __init__(self, shards: list[dict[str, Any]]) -> None:
        self._shards = shards

    def list_shards(self, **request: Any) -> dict[str, Any]:
        """ListShards."""
        assert set(request) in ({"StreamName", "ShardFilter"}, {"NextToken"})
        start = int(request.get("NextToken", 0))
        more = {"NextToken": str(start + 2)} if start + 2 < len(self._shards) else {}
        return {"Shards": self._shards[start : start + 2], **more}

    def put_records(self, **request: Any) -> dict[str, Any]:
        """PutRecords."""
        raise NotImplementedError(request)


def shard(number: int, closed: bool = False) -> dict[str, Any]:
    """A shard as ListShards shows it."""
    sequence = {"StartingSequenceNumber": "1"} | ({"EndingSequenceNumber": "2"} if closed else {})
    hash_keys = {"StartingHashKey": str(number * 10), "EndingHashKey": str(number * 10 + 9)}
    return {"ShardId": f"shard-{number}", "HashKeyRange": hash_keys, "SequenceNumberRange": sequence}


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_all_pages_are_read(count: int) -> None:
    """A stream may have more shards than one answer tells of."""
    pages = Pages([shard(number) for number in range(count)])

    found = KinesisSink(pages, "events", RecordingObserver()).shards()

    assert found == [Shard(f"shard-{number}", number * 10) for number in range(count)]


def test_closed_shards_are_left_out() -> None:
    """A parent that a reshard has closed takes no records, though some services go on listing it."""
    pages = Pages([shard(0, closed=True), shard(1), shard(2)])

    found = KinesisSink(pages, "events", RecordingObserver()).shards()

    assert [each.shard_id for each in found] == ["shard-1", "shard-2"]
