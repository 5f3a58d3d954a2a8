"""The tables of a warehouse as a temporary DuckDB asks them: see stores.warehouse_check.Warehoused."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from event_processor.errors import CallFailed
from event_processor.lake.columns import ARRIVED, SEQUENCE, SHARD, Table
from event_processor.lake.ddl import quoted
from event_processor.lake.loading import LOADS, REJECT_FILES
from event_processor.lake.loading import time as moment
from event_processor.stores.duckdb_engine import is_in_use, literal
from event_processor.stores.redshift_data import RedshiftData

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Connection

_PATIENCE_SECONDS: Final = 60.0
_PAUSE_SECONDS: Final = 0.05
_DAY: Final = timedelta(days=1)


class DuckDBTables:
    """Those of a file, which is held for the time of the questions: loads wait meanwhile."""

    has_values = True

    def __init__(self, file: Path) -> None:
        self._file = file

    @contextmanager
    def opened(self, own: "Connection", tables: Sequence[str]) -> Iterator[Mapping[str, str]]:
        """See Warehoused. Raises CallFailed if there is no such file, or another process does not let go of it."""
        if not self._file.is_file():
            raise CallFailed("verify", "NoSuchFile", f"{self._file}: nothing was loaded yet", may_be_done=False)
        self._attach(own)
        try:
            query = "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE database_name = 'warehouse'"
            there = {row[0] for row in own.execute(query).fetchall()}
            yield {name: f"warehouse.{quoted(name)}" for name in tables if name in there}
        finally:
            own.execute("DETACH warehouse")

    def _attach(self, own: "Connection") -> None:
        until = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                own.execute(f"ATTACH {literal(str(self._file))} AS warehouse (READ_ONLY)")
            except Exception as error:
                if not is_in_use(error) or time.monotonic() >= until:
                    raise
            else:
                return
            time.sleep(_PAUSE_SECONDS)


class RedshiftTables:
    """Those of a database by its Data API, fetched day by day: which rows there are, not their values."""

    has_values = False

    def __init__(self, data: RedshiftData, tables: Mapping[str, Table]) -> None:
        self._data, self._tables = data, tables

    @contextmanager
    def opened(self, own: "Connection", tables: Sequence[str]) -> Iterator[Mapping[str, str]]:
        """See Warehoused. The lines of the loads first: what is loaded later is in no line of them."""
        query = "SELECT DISTINCT table_schema, table_name FROM svv_columns"
        there = {f"{schema}.{name}" for schema, name in self._data.query(query)}
        with TemporaryDirectory(prefix="lake-") as folder:
            found = {}
            for place, name in enumerate(each for each in tables if each in there):
                found[name] = f"fetched{place}"
                columns = self._columns(name)
                file = Path(folder, f"{place}.ndjson")
                with file.open("w", encoding="utf-8") as lines:
                    for row in self._rows(name, list(columns)):
                        lines.write(json.dumps(dict(zip(columns, row, strict=True)), default=str) + "\n")
                types = ", ".join(f"{literal(each)}: {literal(kind)}" for each, kind in columns.items())
                own.execute(
                    f"CREATE OR REPLACE TABLE {found[name]} AS SELECT * FROM read_json({literal(str(file))},"
                    f" format = 'newline_delimited', columns = {{{types}}})"
                )
            yield found

    def _columns(self, name: str) -> dict[str, str]:
        if name == "quality.rejects":
            return {"reject_id": "VARCHAR"}
        for ours in (LOADS, REJECT_FILES):
            if name == ours.name:
                kinds = {"integer": "BIGINT", "time": "TIMESTAMP"}
                return {each.name: kinds.get(each.kind, "VARCHAR") for each in ours.columns}
        table = self._tables.get(name)
        identity = [table.id.name] if table and table.id else []
        return dict.fromkeys([SHARD.name, SEQUENCE.name, *identity], "VARCHAR")

    def _rows(self, name: str, columns: Sequence[str]) -> Iterator[tuple[object, ...]]:
        select = f"SELECT {', '.join(map(quoted, columns))} FROM {quoted(name)}"
        if name.startswith("quality."):
            yield from self._data.query(select)
            return
        arrived = quoted(ARRIVED.name)
        first, last = self._data.query(f"SELECT MIN({arrived}), MAX({arrived}) FROM {quoted(name)}")[0]
        if first is None:
            return
        day: datetime = first.replace(hour=0, minute=0, second=0, microsecond=0)
        while day <= last:
            until = day + _DAY
            yield from self._data.query(f"{select} WHERE {arrived} >= {moment(day)} AND {arrived} < {moment(until)}")
            day = until
