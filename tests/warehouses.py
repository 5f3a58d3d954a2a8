"""Ranges as delivery logs them, for tests of warehouses: their files are in memory."""

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from event_processor.consuming.records import StreamRecord
from event_processor.contracts.contract import Contract
from event_processor.contracts.contract_set import ContractSet
from event_processor.contracts.judge import Accepted, Judge, Refused
from event_processor.contracts.streams import Stream
from event_processor.errors import CallFailed
from event_processor.lake.layout import Span, raw_name, typed_name
from event_processor.lake.ranges import LakeFile, LogEntry, digest
from event_processor.lake.typed import StreamTyping
from event_processor.rejects.reject import Reject
from event_processor.stores.objects import ABSENT
from event_processor.stores.parquet_duckdb import ParquetWriter
from event_processor.telling import FanOut

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


class MemoryFiles:
    """See lake.ports.Files."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}

    def put(self, name: str, content: bytes) -> None:
        """As the port says."""
        self.content[name] = content

    def put_new(self, name: str, content: bytes) -> bool:
        """As the port says."""
        return self.content.setdefault(name, content) == content

    def get(self, name: str) -> bytes:
        """As the port says."""
        try:
            return self.content[name]
        except KeyError:
            raise CallFailed("get", ABSENT, name) from None

    def names(self, prefix: str = "", after: str = "") -> Iterator[str]:
        """As the port says."""
        return iter(sorted(name for name in self.content if name.startswith(prefix) and name > after))

    def move(self, name: str, to: str) -> None:
        """As the port says."""
        if name in self.content:
            self.content[to] = self.content.pop(name)

    def delete(self, name: str) -> None:
        """As the port says."""
        self.content.pop(name, None)


class Ranges:
    """Makes entries of one stream; each has the next number of its shard."""

    def __init__(self, files: MemoryFiles, stream: Stream, *contracts: Contract) -> None:
        self._files, self._stream = files, stream
        self.contracts = contract_set(*contracts)
        self._writer = ParquetWriter()
        self._numbers: dict[str, int] = {}
        self._sequence = 100

    def entry(self, *values: Mapping[str, Any], shard: str = "shard-0", at: datetime = NOW) -> LogEntry:
        """One range of these records, which arrived a millisecond after another."""
        typing, judge = StreamTyping(self._stream, self._writer, FanOut()), Judge(self._stream)
        rows: dict[str, list[Any]] = {}
        first = self._sequence
        for place, value in enumerate(values):
            data = json.dumps(value, separators=(",", ":")).encode()
            record = StreamRecord(str(self._sequence), "key", at + timedelta(milliseconds=place), data)
            self._sequence += 1
            accepted = judge.judge(data, self.contracts)
            assert isinstance(accepted, Accepted), accepted
            row = typing.row(shard, record, accepted, self.contracts)
            assert not isinstance(row, Refused), row
            rows.setdefault(row.table, []).append(row)
        number = self._numbers[shard] = self._numbers.get(shard, 0) + 1
        span = Span(self._stream.name, shard, str(first), str(self._sequence - 1), 1)
        files = [LakeFile(raw_name(span, at), "raw", "", 0, len(values))]
        for table, these in rows.items():
            content = typing.parquet(table, these, self.contracts)
            name = typed_name(table, span, at)
            self._files.put(name, content)
            files.append(LakeFile(name, "typed", digest(content), len(content), len(these), table))
        return LogEntry(
            self._stream.name, shard, number, 1, NOW, None, str(self._sequence - 1), str(first), at,
            at + timedelta(milliseconds=len(values)), records=len(values), rows=len(values), files=tuple(files),
        )  # fmt: skip


def contract_set(*contracts: Contract) -> ContractSet:
    """These count."""
    return ContractSet(1, NOW, {each.subject: each for each in contracts})


def put_rejects(files: MemoryFiles, name: str, rejects: Sequence[Reject], job: str = "run") -> str:
    """A file of rejects as a job writes it; its name."""
    lines = "".join(f"{reject.to_json()}\n" for reject in rejects)
    path = f"rejects/{job}/dt={datetime.now(UTC):%Y-%m-%d}/hh=03/{name}.ndjson.gz"
    files.put(path, gzip.compress(lines.encode()))
    return path
