"""Questions to a DuckDB file, or to the files of a lake, which need no warehouse."""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from event_processor.errors import CallFailed
from event_processor.lake.columns import Table
from event_processor.lake.ddl import create_schema, names_of, one_row_each, quoted
from event_processor.lake.layout import raw_folder, table_folder, visible
from event_processor.stores.duckdb_engine import connection, failing_as_call, is_in_use, literal
from event_processor.stores.duckdb_engine import quoted as identifier
from event_processor.stores.objects import Objects
from event_processor.stores.redshift_data import Answer

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_MEMORY_BYTES: Final = 1024 * 1024 * 1024
_PAUSE_SECONDS: Final = 0.05
_GZIP: Final = b"\x1f\x8b"
_LINES: Final = "*.ndjson*"


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


def fetch(objects: Objects, folder: Path, tables: Iterable[Table], streams: Iterable[str], sql: str) -> None:
    """Put the files of the tables and streams that a question names into a folder. Raises CallFailed."""
    folders = {each.name.rpartition(".")[2]: table_folder(each.name) for each in tables}
    wanted = [*folders.items(), *((stream, raw_folder(stream)) for stream in streams)]
    for prefix in {prefix for name, prefix in wanted if name in sql.lower() or name in sql}:
        for name in visible(objects.names(prefix)):
            content = objects.get(name)
            is_packed = content.startswith(_GZIP)  # Firehose names files as it is told, whatever is in them
            file = folder / (name if is_packed else name.removesuffix(".gz"))
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)


def ask_files(folder: Path, tables: Iterable[Table], streams: Iterable[str], sql: str) -> Answer:
    """Tables are views of the files, with one row for each id; `raw.STREAM` has the lines. Raises CallFailed."""
    with failing_as_call("query"), connection(_MEMORY_BYTES) as opened:
        opened.execute("CREATE SCHEMA raw")
        for stream in streams:
            lines = folder / raw_folder(stream)
            paths = (path.relative_to(folder) for path in lines.rglob(_LINES) if not path.name.startswith("."))
            if shown := ", ".join(literal(str(folder / name)) for name in visible(sorted(map(Path.as_posix, paths)))):
                source = f"read_ndjson_objects([{shown}], hive_partitioning = true)"
                opened.execute(f"CREATE VIEW raw.{identifier(stream)} AS SELECT json AS line, dt, hh FROM {source}")
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
