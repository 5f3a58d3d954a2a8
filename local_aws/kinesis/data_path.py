"""Puts and reads: PutRecord, PutRecords, GetShardIterator and GetRecords."""

from collections.abc import Callable, Mapping

from local_aws.clock import Clock
from local_aws.errors import ACCOUNT_ID, AwsError, Json
from local_aws.faults import FaultDice
from local_aws.kinesis.errors import invalid_argument, iterator_expired
from local_aws.kinesis.iterator import ShardIterator, first_position
from local_aws.kinesis.params import identifier, integer, sequence_number, token
from local_aws.kinesis.records import parse_record, parse_records
from local_aws.kinesis.shard import MAX_READ_RECORDS, NewRecord, Shard
from local_aws.kinesis.stream import Stream
from local_aws.kinesis.streams import StreamDirectory


class DataPath:
    """What producers and consumers call. ``dice`` gives the faults of the moment."""

    def __init__(self, directory: StreamDirectory, clock: Clock, dice: Callable[[], FaultDice]) -> None:
        self._directory = directory
        self._clock = clock
        self._dice = dice
        self.operations: Mapping[str, Callable[[Json], Json]] = {
            "GetRecords": self.get_records,
            "GetShardIterator": self.get_shard_iterator,
            "PutRecord": self.put_record,
            "PutRecords": self.put_records,
        }

    def put_record(self, params: Json) -> Json:
        """PutRecord. Sequence numbers rise in any case, so SequenceNumberForOrdering is only checked."""
        stream = self._directory.find(params)
        if params.get("SequenceNumberForOrdering") is not None:
            _check_predecessor(stream, params)
        return self._put(stream, parse_record(params, stream), self._dice(), self._clock.now())

    def put_records(self, params: Json) -> Json:
        """PutRecords: each record is stored or refused by itself, and the answers keep the records' order."""
        stream = self._directory.find(params)
        dice, now = self._dice(), self._clock.now()
        results = [self._result(stream, record, dice, now) for record in parse_records(params, stream)]
        failed = sum("ErrorCode" in result for result in results)
        return {"FailedRecordCount": dice.shown_failed_count(failed, len(results)), "Records": results}

    def get_shard_iterator(self, params: Json) -> Json:
        """GetShardIterator, of all five types."""
        stream = self._directory.find(params)
        now = self._clock.now()
        shard = stream.readable_shard(identifier(params, "ShardId"), now)
        position = first_position(shard, params, stream.name, now)
        return {"ShardIterator": _token(stream, shard, position, now)}

    def get_records(self, params: Json) -> Json:
        """GetRecords. At the end of a closed shard there is no next iterator but the child shards."""
        given = token(params, "ShardIterator")
        limit = integer(params, "Limit", MAX_READ_RECORDS, 1, MAX_READ_RECORDS)
        iterator, dice, now = ShardIterator.parse(given), self._dice(), self._clock.now()
        stream = self._directory.named(iterator.stream)
        if stream.generation != iterator.generation:
            raise invalid_argument(f"The iterator is of an earlier stream of the name {stream.name}.")
        if now - iterator.made_at > dice.iterator_seconds:
            raise iterator_expired(iterator.made_at, now, dice.iterator_seconds)
        shard = stream.readable_shard(iterator.shard_id, now)
        if dice.throttle_reads and not shard.read_budget.take(now):
            raise _refusal("ProvisionedThroughputExceededException", stream, shard)
        start = max(iterator.position, shard.trimmed)
        records = [] if start < shard.end and dice.reads_nothing() else shard.read(start, limit)
        shard.read_budget.spend(sum(record.sent.size_bytes for record in records))
        end = start + len(records)
        answer: Json = {
            "Records": [record.as_json() for record in records],
            "MillisBehindLatest": _milliseconds_behind(shard, end, now),
        }
        if end < shard.end or shard.is_open:
            return {**answer, "NextShardIterator": _token(stream, shard, end, now)}
        return {**answer, "NextShardIterator": None, "ChildShards": _child_shards(stream, shard)}

    def _result(self, stream: Stream, record: NewRecord, dice: FaultDice, now: float) -> Json:
        try:
            return self._put(stream, record, dice, now)
        except AwsError as error:
            return {"ErrorCode": error.code, "ErrorMessage": error.message}

    @staticmethod
    def _put(stream: Stream, record: NewRecord, dice: FaultDice, now: float) -> Json:
        shard = stream.route(record.hash_key)
        if (code := dice.refused_record_code(shard.id)) is not None:
            raise _refusal(code, stream, shard)
        if dice.throttle and not shard.budget.take(record.size_bytes, now):
            raise _refusal("ProvisionedThroughputExceededException", stream, shard)
        return {"ShardId": shard.id, "SequenceNumber": str(stream.put(shard, record, now))}


def _milliseconds_behind(shard: Shard, position: int, now: float) -> int:
    if position == shard.end:
        return 0
    return max(1, round((now - shard.records[position - shard.trimmed].arrived_at) * 1000))


def _check_predecessor(stream: Stream, params: Json) -> None:
    number = sequence_number(params, "SequenceNumberForOrdering")
    if not stream.has_given_out(number):
        raise invalid_argument(
            f"ExclusiveMinimumSequenceNumber {number} used in PutRecord on stream {stream.name} under account "
            f"{ACCOUNT_ID} is invalid."
        )


def _token(stream: Stream, shard: Shard, position: int, now: float) -> str:
    return ShardIterator(stream.name, stream.generation, shard.id, position, now).token()


def _child_shards(stream: Stream, shard: Shard) -> list[Json]:
    return [
        {"ShardId": child.id, "ParentShards": list(child.parents), "HashKeyRange": child.hash_key_range()}
        for child in stream.children(shard)
    ]


def _refusal(code: str, stream: Stream, shard: Shard) -> AwsError:
    if code == "InternalFailure":
        return AwsError(code, "Internal service failure.", status=500)
    message = f"Rate exceeded for shard {shard.id} in stream {stream.name} under account {ACCOUNT_ID}."
    return AwsError(code, message)
