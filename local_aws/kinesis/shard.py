"""A shard: its hash-key range, its records, and whether it is still open for writing."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import NamedTuple

from local_aws.errors import Json
from local_aws.kinesis.throttle import ReadBudget, ShardBudget

MAX_READ_RECORDS = 10_000
MAX_READ_BYTES = 10 * 1024 * 1024


class NewRecord(NamedTuple):
    """A record as a producer sends it; ``data`` stays base64, ``size_bytes`` counts the blob and the key."""

    data: str
    size_bytes: int
    partition_key: str
    hash_key: int


class Record(NamedTuple):
    """A stored record; ``arrived_at`` in seconds since 1970."""

    sequence_number: int
    arrived_at: float
    sent: NewRecord

    def as_json(self) -> Json:
        """The record as an entry of GetRecords's answer."""
        return {
            "SequenceNumber": str(self.sequence_number),
            "ApproximateArrivalTimestamp": round(self.arrived_at, 3),
            "Data": self.sent.data,
            "PartitionKey": self.sent.partition_key,
        }


@dataclass(slots=True, eq=False)
class Shard:
    """One shard. A position counts the records before it, trimmed ones too; a closed shard keeps its records."""

    id: str
    first_hash_key: int
    last_hash_key: int
    first_sequence_number: int
    created_at: float
    parents: tuple[str, ...] = ()
    last_sequence_number: int | None = None
    closed_at: float | None = None
    records: list[Record] = field(default_factory=list)
    budget: ShardBudget = field(default_factory=ShardBudget)
    read_budget: ReadBudget = field(default_factory=ReadBudget)
    trimmed: int = 0
    _highest_trimmed: int = 0

    @property
    def is_open(self) -> bool:
        """Whether it takes records."""
        return self.last_sequence_number is None

    @property
    def latest_sequence_number(self) -> int:
        """The highest sequence number that it has given out."""
        if self.last_sequence_number is not None:
            return self.last_sequence_number
        if not self.records:
            return max(self._highest_trimmed, self.first_sequence_number)
        return self.records[-1].sequence_number

    @property
    def end(self) -> int:
        """The position behind the last record."""
        return self.trimmed + len(self.records)

    def trim(self, seconds: float) -> None:
        """Forget what arrived before this time."""
        old = bisect_left(self.records, seconds, key=lambda record: record.arrived_at)
        if old:
            self._highest_trimmed = self.records[old - 1].sequence_number
            self.trimmed += old
            del self.records[:old]

    def was_closed_by(self, seconds: float) -> bool:
        """Whether it took no more records at this time."""
        return self.closed_at is not None and self.closed_at <= seconds

    def was_open_at(self, seconds: float) -> bool:
        """Whether it took records at this time."""
        return self.created_at <= seconds and not self.was_closed_by(seconds)

    def holds_sequence_number(self, number: int) -> bool:
        """Whether this shard could have given out the number."""
        return self.first_sequence_number <= number <= (self.last_sequence_number or number)

    def position_at(self, sequence_number: int) -> int:
        """The first record with this number or a higher one."""
        return self.trimmed + bisect_left(self.records, sequence_number, key=lambda record: record.sequence_number)

    def position_after(self, sequence_number: int) -> int:
        """The first record with a higher number."""
        return self.trimmed + bisect_right(self.records, sequence_number, key=lambda record: record.sequence_number)

    def position_at_time(self, seconds: float) -> int:
        """The first record that arrived at this time or later."""
        return self.trimmed + bisect_left(self.records, seconds, key=lambda record: record.arrived_at)

    def read(self, position: int, limit: int) -> list[Record]:
        """Up to ``limit`` records and 10 MiB from the position on, at least one when there is one."""
        read: list[Record] = []
        size_bytes = 0
        first = max(0, position - self.trimmed)
        for index in range(first, min(first + limit, len(self.records))):
            size_bytes += self.records[index].sent.size_bytes
            if read and size_bytes > MAX_READ_BYTES:
                break
            read.append(self.records[index])
        return read

    def hash_key_range(self) -> Json:
        """The range as HashKeyRange."""
        return {"StartingHashKey": str(self.first_hash_key), "EndingHashKey": str(self.last_hash_key)}

    def as_json(self) -> Json:
        """The shard as an entry of ListShards's and DescribeStream's answers."""
        sequence_numbers = {"StartingSequenceNumber": str(self.first_sequence_number)}
        if self.last_sequence_number is not None:
            sequence_numbers["EndingSequenceNumber"] = str(self.last_sequence_number)
        parents = dict(zip(("ParentShardId", "AdjacentParentShardId"), self.parents, strict=False))
        return {
            "ShardId": self.id,
            **parents,
            "HashKeyRange": self.hash_key_range(),
            "SequenceNumberRange": sequence_numbers,
        }
