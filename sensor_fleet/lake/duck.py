"""Rows of Parquet files and of a warehouse in a file, by DuckDB. It is heavy, and imported when it is used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sensor_fleet.errors import FleetError, SettingsError

if TYPE_CHECKING:
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from sensor_fleet.lake.rows import Row

_ROWS = 5_000


class Duck:
    """Reads with DuckDB; needs a folder for files while they are read."""

    def __init__(self, folder: Path) -> None:
        """Raises SettingsError without the extra `lake`."""
        try:
            import duckdb  # noqa: PLC0415 - heavy, and of an extra
        except ImportError:
            raise SettingsError("an audit of a lake needs DuckDB: pip install 'event-processor[lake]'") from None
        self._duckdb = duckdb
        # Without the cache: it takes a file for the one that was at its path before, now and then (seen with 1.5).
        self._memory = duckdb.connect(":memory:", config={"threads": 1, "enable_external_file_cache": False})
        self._file = folder / "typed.parquet"

    def parquet(self, content: bytes) -> list[Row]:
        """All rows of a file. Raises FleetError."""
        self._file.write_bytes(content)
        try:
            return list(_rows(self._memory, "SELECT * FROM read_parquet(?)", [str(self._file)]))
        except self._duckdb.Error as error:
            raise FleetError(f"not a typed file: {error}") from error

    @contextmanager
    def warehouse(self, url: str) -> Iterator[Warehouse]:
        """Open `duckdb:FILE` to read. Raises FleetError, also while somebody writes it."""
        if not url.startswith("duckdb:"):
            raise SettingsError(f"--warehouse {url}: the audit reads duckdb:FILE")
        try:
            with self._duckdb.connect(url.removeprefix("duckdb:"), read_only=True) as connection:
                yield Warehouse(connection)
        except self._duckdb.Error as error:
            raise FleetError(f"cannot read the warehouse: {error}") from error


class Warehouse:
    """What a warehouse has, table by table."""

    def __init__(self, connection: DuckDBPyConnection) -> None:
        self._connection = connection

    def rows(self, table: str) -> Iterator[Row]:
        """All rows of `schema.table`, none if there is no such table."""
        schema, _, name = table.partition(".")
        query = "SELECT count(*) FROM information_schema.tables WHERE table_schema = ? AND table_name = ?"
        if self._connection.execute(query, [schema, name]).fetchone() != (0,):
            quoted = ".".join('"' + part.replace('"', '""') + '"' for part in (schema, name))
            yield from _rows(self._connection, f"SELECT * FROM {quoted}", [])  # noqa: S608 - quoted

    def rejects(self, streams: Sequence[str]) -> Iterator[Row]:
        """The rejects of records of these streams."""
        query = "SELECT reject_id, source, source_id, reason FROM quality.rejects"
        return _rows(
            self._connection, f"{query} WHERE source_kind = 'stream' AND list_contains(?, source)", [[*streams]]
        )

    def repeats(self, streams: Sequence[str]) -> int:
        """How many rows the loads of these streams have left out, as repeats of one that is there."""
        query = "SELECT coalesce(sum(repeats), 0)::BIGINT FROM quality.loads WHERE list_contains(?, stream)"
        found = self._connection.execute(query, [[*streams]]).fetchone()
        return int(found[0]) if found else 0


def _rows(connection: DuckDBPyConnection, query: str, values: list[Any]) -> Iterator[Row]:
    result = connection.execute(query, values)
    names = [column[0] for column in result.description or ()]
    while rows := result.fetchmany(_ROWS):
        yield from (dict(zip(names, row, strict=True)) for row in rows)
