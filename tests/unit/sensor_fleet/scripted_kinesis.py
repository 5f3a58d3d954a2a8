"""A Kinesis stream whose answers are written down in advance."""

from typing import Any

from botocore.exceptions import ClientError


class ScriptedKinesis:
    """A stream of which each shard's answers are written down in advance; the last one is given again and again."""

    def __init__(self, parents: dict[str, list[str]], answers: dict[str, list[dict[str, Any]]]) -> None:
        self._parents = parents
        self._answers = answers
        self.throttle_next = 0

    def list_shards(self, *, StreamName: str = "", NextToken: str = "") -> dict[str, Any]:  # noqa: N803 - as boto3 has it
        """One shard a page."""
        assert bool(StreamName) != bool(NextToken)
        number = int(NextToken or 0)
        shard_id, parents = list(self._parents.items())[number]
        parent_ids = dict(zip(("ParentShardId", "AdjacentParentShardId"), parents, strict=False))
        page: dict[str, Any] = {"Shards": [{"ShardId": shard_id, **parent_ids}]}
        return page | ({"NextToken": str(number + 1)} if number + 1 < len(self._parents) else {})

    def get_shard_iterator(self, *, ShardId: str, ShardIteratorType: str, **_stream: str) -> dict[str, str]:  # noqa: N803
        """The shard's id is its iterator."""
        assert ShardIteratorType == "TRIM_HORIZON"
        return {"ShardIterator": ShardId}

    def get_records(self, *, ShardIterator: str, **_limit: int) -> dict[str, Any]:  # noqa: N803
        """The next answer of the shard, or a throttle when one is due."""
        if self.throttle_next:
            self.throttle_next -= 1
            code = {"Code": "ProvisionedThroughputExceededException", "Message": ""}
            error: Any = {"Error": code, "ResponseMetadata": {"HTTPStatusCode": 400}}
            raise ClientError(error, "GetRecords")
        answers = self._answers[ShardIterator]
        return {"NextShardIterator": ShardIterator} | (answers.pop(0) if len(answers) > 1 else answers[0])


def answer(*records: str, behind: int = 0, key: str = "key", **more: Any) -> dict[str, Any]:
    """What GetRecords says: these records, and how many milliseconds there are to go."""
    found = [{"PartitionKey": key, "Data": record.encode(), "SequenceNumber": "1"} for record in records]
    return {"Records": found, "MillisBehindLatest": behind} | more
