"""Files of Parquet, as another library reads them."""

import gc
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path

import pyarrow.parquet
import pytest

from event_processor.errors import CallFailed
from event_processor.lake.columns import OWN, Column, Kind, Table
from event_processor.lake.values import microseconds
from event_processor.stores.arrow_rows import ArrowRows
from event_processor.stores.parquet_duckdb import ParquetWriter

TABLE = Table("t.all", (*(Column(kind.value, kind) for kind in Kind), *OWN))
ARRIVED = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
SEQUENCE = "49590338271490256608559692538361571095921575989136588898"
OWN_VALUES = ("shard-0", SEQUENCE, microseconds(ARRIVED))
TEXTS = ("ü \"\\\n'", "8be01974-0f15-4d4f-809f-257a6de4d3f9")
NUMBERS = (2**63 - 1, 0.1, True)
TIMES = (microseconds(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)), 20_455)


def test_another_library_reads_the_same_values_in_typed_columns() -> None:
    """Athena, Spark or Redshift find numbers, times and texts, with the names of the contract, in its order."""
    writer = ParquetWriter()
    rows = [(*TEXTS, *NUMBERS, *TIMES, b'{"a": [1]}', "5", *OWN_VALUES), (*[None] * 9, *OWN_VALUES)]
    found = pyarrow.parquet.read_table(BytesIO(writer.write(TABLE, rows)))
    assert found.column_names == [each.name for each in TABLE.columns]
    types = ["string", "string", "int64", "double", "bool", "timestamp[us]", "date32[day]"]
    assert [str(each) for each in found.schema.types] == [*types, *["string"] * 4, "timestamp[us]"]
    arrived = ARRIVED.replace(tzinfo=None)
    times = [datetime(2026, 1, 2, 3, 4, 5), date(2026, 1, 2)]  # noqa: DTZ001
    whole, empty = found.to_pylist()
    assert list(whole.values()) == [*TEXTS, *NUMBERS, *times, '{"a": [1]}', "5", *OWN_VALUES[:2], arrived]
    assert list(empty.values()) == [*[None] * 9, *OWN_VALUES[:2], arrived]
    writer.close()


def test_texts_that_look_like_something_else_stay_texts() -> None:
    """Nobody guesses types: what the contract calls a text is one."""
    table = Table("t.t", (Column("a", Kind.TEXT), *OWN))
    texts = ["null", "0012", "2026-01-02", "true", "[1]", '{"a":1}', "", " ", "\u2028", "😀", "1e400", "NULL"]
    writer = ParquetWriter()
    content = writer.write(table, [(text, *OWN_VALUES) for text in texts])
    assert pyarrow.parquet.read_table(BytesIO(content)).column("a").to_pylist() == texts
    writer.close()


def test_a_failure_is_one_of_a_call_and_the_next_file_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller keeps the rows and tries again."""
    writer = ParquetWriter()
    with monkeypatch.context() as full:
        full.setattr("event_processor.stores.parquet_duckdb.Path", lambda *_: tmp_path / "gone" / "rows.parquet")
        with pytest.raises(CallFailed, match="write_parquet: IOException"):
            writer.write(TABLE, [(*[None] * 9, *OWN_VALUES)])
    assert pyarrow.parquet.read_table(BytesIO(writer.write(TABLE, [(*[None] * 9, *OWN_VALUES)]))).num_rows == 1
    writer.close()


def test_memory_follows_what_is_written() -> None:
    """Many small rows and few large ones are written alike, by the same writer."""
    table = Table("t.t", (Column("a", Kind.TEXT), *OWN))
    writer = ParquetWriter()
    for count, size in ((500, 60_000), (30_000, 900), (1, 1)):
        text = "".join(f"{number:x}" for number in range(size))[:size]
        content = writer.write(table, [(f"{number}{text}", *OWN_VALUES) for number in range(count)])
        assert pyarrow.parquet.read_table(BytesIO(content)).num_rows == count
    writer.close()


def test_rows_are_let_go_of_when_their_file_is_made() -> None:
    """At once, not when Python next looks for what only refers to itself: with each file there would be more."""
    writer = ParquetWriter()
    gc.disable()
    try:
        writer.write(TABLE, [(*[None] * 9, *OWN_VALUES)])
        assert not [each for each in gc.get_objects() if isinstance(each, ArrowRows)]
    finally:
        gc.enable()
    writer.close()


def test_a_table_of_many_columns_is_counted_in_little_memory() -> None:
    """Distinct values of each of 60 columns, which together would not fit into what a count may have."""
    columns = [Column(f"c{number}", Kind.TEXT) for number in range(60)]
    table = Table("t.t", (*columns, *OWN))
    writer = ParquetWriter()
    content = writer.write(table, [(*(f"{row} {each.name}" for each in columns), *OWN_VALUES) for row in range(3000)])

    counts = writer.counts(content, [each.name for each in columns], None, 60)

    assert [each.rows for each in counts.values()] == [3000]
    assert set(next(iter(counts.values())).columns.values()) == {(3000, 3000)}
    writer.close()
