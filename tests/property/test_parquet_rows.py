"""Rows into files of Parquet: what another library reads is what was given."""

from io import BytesIO
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from event_processor.lake.columns import Column, Kind, Table
from event_processor.stores.parquet_duckdb import ParquetWriter

TEXTS: Final = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
WHOLE: Final = st.integers(-(2**63), 2**63 - 1)
VALUES: Final[dict[Kind, st.SearchStrategy[Any]]] = {
    Kind.TEXT: TEXTS,
    Kind.UUID: st.uuids().map(str),
    Kind.INTEGER: WHOLE,
    Kind.NUMBER: st.floats(allow_nan=False),
    Kind.BOOLEAN: st.booleans(),
    Kind.TIME: st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999),
    Kind.DATE: st.integers(-719_162, 2_932_896),
    Kind.JSON: TEXTS.map(str.encode),
    Kind.ANY: st.one_of(TEXTS, TEXTS.map(str.encode)),
}
TABLE: Final = Table("t.all", tuple(Column(kind.value, kind) for kind in VALUES))
ROWS: Final = st.lists(
    st.tuples(*(st.one_of(st.none(), values) for values in VALUES.values())), min_size=1, max_size=20
)
NUMBERS: Final = {Kind.TIME: pa.int64(), Kind.DATE: pa.int32()}
WRITER: Final = ParquetWriter()


@given(ROWS, st.integers(1, 200))
def test_another_library_reads_what_was_given(rows: list[tuple[Any, ...]], times: int) -> None:
    """Whatever the values are, wherever one is missing, and also when a vector of 2,048 rows is full."""
    rows = rows * times
    found = pq.read_table(BytesIO(WRITER.write(TABLE, rows)))
    for column, given_values, values in zip(TABLE.columns, zip(*rows, strict=True), found.columns, strict=True):
        read = (values.cast(NUMBERS[column.kind]) if column.kind in NUMBERS else values).to_pylist()
        assert read == [value.decode() if isinstance(value, bytes) else value for value in given_values]
