"""Files of Parquet, typed as a table asks for, written by DuckDB."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from event_processor.lake.columns import ARRIVED, LONGEST_TEXT, Column, Kind, Table
from event_processor.lake.tallies import Counts
from event_processor.stores.arrow_rows import ArrowRows
from event_processor.stores.duckdb_engine import connection, failing_as_call, literal, quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TYPES: Final = {
    Kind.TEXT: "VARCHAR",
    Kind.UUID: "VARCHAR",
    Kind.INTEGER: "BIGINT",
    Kind.NUMBER: "DOUBLE",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.TIME: "TIMESTAMP",
    Kind.DATE: "DATE",
    Kind.ANY: "VARCHAR",
    Kind.JSON: "VARCHAR",  # as every reader of Parquet knows it
}
_GROUP_BYTES: Final = 8 * 1024 * 1024  # a group is in memory as a whole
_LEAST_ROWS: Final = 2048
_MERGING_BYTES: Final = 256 * 1024 * 1024
_MEMORY_BYTES: Final = 32 * 1024 * 1024
_COUNTED_AT_ONCE: Final = 8  # columns: distinct values of each take 2 MiB at least
_COUNTING_BYTES: Final = 64 * 1024 * 1024


class ParquetWriter:
    """One connection without a database, for one thread. A temporary file has what is made."""

    def __init__(self) -> None:
        self._connection: DuckDBPyConnection = connection(_MEMORY_BYTES)

    def write(self, table: Table, rows: Sequence[tuple[Any, ...]]) -> bytes:
        """A file of the rows that `lake.values` made, its columns in the order of the table's."""
        with failing_as_call("write_parquet"), TemporaryDirectory(prefix="lake-") as folder:
            made, given = Path(folder, "rows.parquet"), ArrowRows(table, rows)
            of_a_group = max(_LEAST_ROWS, _GROUP_BYTES * len(rows) // max(1, given.size_bytes))
            group_bytes = min(given.size_bytes, of_a_group * given.size_bytes // max(1, len(rows)))
            self._connection.execute(f"SET memory_limit = '{_MEMORY_BYTES + 3 * group_bytes}B'")
            self._connection.register("given", given.stream())
            try:
                self._connection.execute(
                    f"COPY (SELECT * FROM given) TO {literal(str(made))}"
                    f" (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {of_a_group})"
                )
            finally:
                self._connection.unregister("given")
            return made.read_bytes()

    def merged(self, contents: Sequence[bytes]) -> tuple[bytes, int]:
        """The rows of files that were written here, in their order, as one file, and how many there are."""
        with failing_as_call("write_parquet"), TemporaryDirectory(prefix="lake-") as folder:
            paths = [Path(folder, f"{place}.parquet") for place in range(len(contents))]
            for path, content in zip(paths, contents, strict=True):
                path.write_bytes(content)
            source = f"read_parquet([{', '.join(literal(str(path)) for path in paths)}], union_by_name = true)"
            made = Path(folder, "made.parquet")
            self._connection.execute(f"SET memory_limit = '{_MERGING_BYTES}B'")
            ((rows,),) = self._connection.execute(f"SELECT count(*) FROM {source}").fetchall()
            of_a_group = max(_LEAST_ROWS, _GROUP_BYTES * rows // sum(map(len, contents)))  # packed to some eighth
            written = self._connection.execute(
                f"COPY (SELECT * FROM {source}) TO $made"
                f" (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {of_a_group})",
                {"made": str(made)},
            ).fetchall()
            return made.read_bytes(), written[0][0]

    def counts(self, content: bytes, columns: Sequence[str], dimension: str | None, seconds: int) -> dict[int, Counts]:
        """See lake.tallies.Counting."""
        start = f"epoch_us({quoted(ARRIVED.name)}) // {seconds * 1_000_000} * {seconds}"
        some = [columns[first : first + _COUNTED_AT_ONCE] for first in range(0, max(1, len(columns)), _COUNTED_AT_ONCE)]
        with failing_as_call("count"), TemporaryDirectory(prefix="lake-") as folder:
            file = Path(folder, "rows.parquet")
            file.write_bytes(content)
            source = f"FROM read_parquet({literal(str(file))})"
            self._connection.execute(f"SET memory_limit = '{_COUNTING_BYTES}B'")
            of_buckets: dict[int, tuple[int, dict[str, tuple[int, int]]]] = {}
            for names in some:
                counted = "".join(f", count({name}), count(DISTINCT {name})" for name in map(quoted, names))
                asked = f"SELECT {start}, count(*){counted} {source} GROUP BY 1"
                for bucket, rows, *each in self._connection.execute(asked).fetchall():
                    pairs = zip(each[::2], each[1::2], strict=True)
                    of_buckets.setdefault(bucket, (rows, {}))[1].update(zip(names, pairs, strict=True))
            groups: dict[int, dict[str | None, int]] = {}
            if dimension is not None:
                grouped = f"SELECT {start}, CAST({quoted(dimension)} AS VARCHAR), count(*) {source} GROUP BY 1, 2"
                for bucket, value, rows in self._connection.execute(grouped).fetchall():
                    groups.setdefault(bucket, {})[value] = rows
        return {bucket: Counts(rows, found, groups.get(bucket, {})) for bucket, (rows, found) in of_buckets.items()}

    def close(self) -> None:
        """Let go of the memory."""
        self._connection.close()


def columns_of(content: bytes) -> tuple[Column, ...]:
    """Those of a file that was written here, in its order; of texts, nothing but that they are. Raises CallFailed."""
    kinds = {spelled: kind for kind, spelled in reversed(TYPES.items())}
    with failing_as_call("read_parquet"), TemporaryDirectory(prefix="lake-") as folder:
        file = Path(folder, "rows.parquet")
        file.write_bytes(content)
        with connection(_MEMORY_BYTES) as opened:
            described = opened.execute(f"DESCRIBE SELECT * FROM read_parquet({literal(str(file))})").fetchall()
    columns = [Column(row[0], kinds[row[1]]) for row in described]
    return tuple(replace(each, max_bytes=LONGEST_TEXT) if each.kind is Kind.TEXT else each for each in columns)
