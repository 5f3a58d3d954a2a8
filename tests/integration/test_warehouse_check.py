"""Typed files that are read one after the other, to be held against a warehouse."""

from datetime import UTC, datetime
from itertools import count

from event_processor.lake.columns import OWN, Column, Kind, Table
from event_processor.lake.ranges import LakeFile, LogEntry, digest
from event_processor.lake.values import microseconds
from event_processor.stores.parquet_duckdb import ParquetWriter
from event_processor.stores.warehouse_check import RowCheck

TABLE = Table("t.t", (Column("a", Kind.TEXT), *OWN))
AT = datetime(2026, 1, 2, tzinfo=UTC)


def file_with(rows: int, writer: ParquetWriter) -> tuple[bytes, list[str]]:
    """One with so many rows, and their sequence numbers, of a size that it shares with another number of rows."""
    numbers = [str(10**20 + number) for number in range(rows)]
    return writer.write(TABLE, [("a", "shard-0", number, microseconds(AT)) for number in numbers]), numbers


def test_each_file_is_read_as_it_is_however_many_have_its_size() -> None:
    """A sound lake is told to be sound: DuckDB's cache of files takes one for another of the same size."""
    writer, sizes = ParquetWriter(), dict[int, tuple[bytes, list[str]]]()
    for rows in count(1):
        content, numbers = file_with(rows, writer)
        if len(content) in sizes:
            break
        sizes[len(content)] = content, numbers
    with RowCheck({TABLE.name: TABLE}) as check:
        for number, (each, expected) in enumerate((sizes[len(content)], (content, numbers))):
            file = LakeFile(f"{number}.parquet", "typed", digest(each), len(each), len(expected), TABLE.name)
            entry = LogEntry("s", "shard-0", number, 1, AT, None, expected[-1], expected[0], files=(file,))
            assert sorted(check.typed(entry, file, each)) == expected
    writer.close()
