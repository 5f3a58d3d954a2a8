"""Shard iterators: a position in a shard as an opaque token, and the five ways to get the first one."""

import base64
import binascii
from dataclasses import dataclass
from typing import Self

from local_aws.errors import ACCOUNT_ID, Json
from local_aws.kinesis.errors import invalid_argument
from local_aws.kinesis.params import choice, sequence_number, timestamp
from local_aws.kinesis.shard import Shard

_TYPES = ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER", "TRIM_HORIZON", "LATEST", "AT_TIMESTAMP")


@dataclass(frozen=True)
class ShardIterator:
    """Where to read next: a record's index in a shard of one generation of a stream."""

    stream: str
    generation: int
    shard_id: str
    position: int
    made_at: float

    def token(self) -> str:
        """The iterator as ShardIterator, at most 512 characters."""
        fields = f"{self.stream} {self.generation} {self.shard_id} {self.position} {self.made_at:.3f}"
        return base64.b64encode(fields.encode()).decode()

    @classmethod
    def parse(cls, token: str) -> Self:
        """From a token, in quotation marks or without, as AWS takes it. Raises InvalidArgumentException.

        The quotation marks of ``aws ... --query ShardIterator`` do no harm (LocalStack's
        test_get_records_shard_iterator_with_surrounding_quotes, validated there against AWS).
        """
        bare = token[1:-1] if len(token) > 1 and token[0] == token[-1] == '"' else token
        try:
            stream, *rest = base64.b64decode(bare, validate=True).decode().split(" ")
            generation, shard_id, position, made_at = rest
            return cls(stream, int(generation), shard_id, int(position), float(made_at))
        except (binascii.Error, ValueError) as error:
            raise invalid_argument("Invalid ShardIterator.") from error


def first_position(shard: Shard, params: Json, stream: str, now: float) -> int:
    """The position GetShardIterator asks for. Raises ValidationException and InvalidArgumentException.

    What fits no type is told in the words of kinesalite's tests, recorded from AWS.
    """
    kind = choice(params, "ShardIteratorType", _TYPES)
    _check_numbered(kind, is_given=params.get("StartingSequenceNumber") is not None)
    match kind:
        case "TRIM_HORIZON":
            return 0
        case "LATEST":
            return shard.end
        case "AT_TIMESTAMP":
            return shard.position_at_time(_past(params, now))
        case "AT_SEQUENCE_NUMBER":
            return shard.position_at(_own_sequence_number(shard, params, stream))
        case _:
            return shard.position_after(_own_sequence_number(shard, params, stream))


def _check_numbered(kind: str, *, is_given: bool) -> None:
    if kind != "AT_TIMESTAMP" and is_given != kind.endswith("_SEQUENCE_NUMBER"):
        raise invalid_argument(
            "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or "
            "(2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. "
            f"Request specified {kind} and {'also a' if is_given else 'no'} StartingSequenceNumber."
        )


def _past(params: Json, now: float) -> float:
    if params.get("Timestamp") is None:
        raise invalid_argument(
            "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has no "
            "timestamp parameter."
        )
    moment = timestamp(params, "Timestamp")
    if moment > now:
        raise invalid_argument(
            "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. timestampInMillis: "
            f"{moment * 1000:.0f}, currentTimestampInMillis: {now * 1000:.0f}"
        )
    return moment


def _own_sequence_number(shard: Shard, params: Json, stream: str) -> int:
    number = sequence_number(params, "StartingSequenceNumber")
    if not shard.holds_sequence_number(number):
        raise invalid_argument(
            f"StartingSequenceNumber {number} used in GetShardIterator on shard {shard.id} in stream {stream} under "
            f"account {ACCOUNT_ID} is invalid."
        )
    return number
