"""Questions to a DuckDB file, or to the typed files of a lake in a folder, which need no warehouse."""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from event_processor.errors import CallFailed
from event_processor.lake.columns import Table
from event_processor.lake.ddl import create_schema, names_of, one_row_each, quoted
from event_processor.lake.layout import table_folder
from event_processor.stores.duckdb_engine import connection, failing_as_call, is_in_use, literal
from event_processor.stores.redshift_data import Answer

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_MEMORY_BYTES: Final = 1024 * 1024 * 1024
_PAUSE_SECONDS: Final = 0.05


def ask_file(file: Path, sql: str, patience: float = 60.0) -> Answer:
    """Waits until no load has the file open. Raises CallFailed, also after so many seconds."""
    if not file.is_file():
        raise CallFailed("query", "NoSuchFile", f"{file}: nothing was loaded yet", may_be_done=False)
    until = time.monotonic() + patience
    while True:
        try:
            with failing_as_call("query"), connection(_MEMORY_BYTES, str(file), read_only=True) as opened:
                return _answer(opened, sql)
        except CallFailed as failure:
            if not is_in_use(failure) or time.monotonic() >= until:
                raise
        time.sleep(_PAUSE_SECONDS)


def ask_files(folder: Path, tables: Iterable[Table], sql: str) -> Answer:
    """The tables are views of the files, with one row for each id. Raises CallFailed."""
    with failing_as_call("query"), connection(_MEMORY_BYTES) as opened:
        for table in tables:
            files = folder / table_folder(table.name)
            if next(files.rglob("*.parquet"), None) is None:
                continue
            source = f"read_parquet({literal(str(files / '**/*.parquet'))}, union_by_name = true)"
            opened.execute(create_schema(table))
            has = {row[0] for row in opened.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()}
            there = Table(table.name, tuple(each for each in table.columns if each.name in has), table.id)
            opened.execute(f"CREATE VIEW {quoted(table.name)} AS {one_row_each(there, source, names_of(there))}")
        return _answer(opened, sql)


def _answer(opened: "DuckDBPyConnection", sql: str) -> Answer:
    result = opened.execute(sql)
    names = [each[0] for each in result.description or []]
    return Answer(names, result.fetchall() if names else [])
