"""Which ids a table of DuckDB has: four bytes of a hash of each, beside the table, read whole at each load.

The ids themselves are 37 bytes, so that reading those of 20 million rows takes some ten times as long. An index would
find them faster, but has to be in memory, and is written again in thousands of places by each load.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from event_processor.lake.columns import ARRIVED, Table
from event_processor.lake.ddl import quoted
from event_processor.lake.loading import Deduplication, time

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Connection


class KnownIds:
    """Those of one table. `hash` and `rest` are the halves of 64 bits of MD5.

    By chance two ids have the same `hash` once in 4 billion pairs; `rest` is read of those rows only.
    """

    def __init__(self, table: Table, name: str) -> None:
        self._table, self._name = table, name
        self._schema, self._own_name = "quality", f"ids_{table.name.replace('.', '__')}"
        self._ids = quoted(f"{self._schema}.{self._own_name}")
        self._arrived = quoted(ARRIVED.name)
        bits = f"md5_number_lower({name})"
        self._hash = f"CAST({bits} & 4294967295 AS UINTEGER)"
        self._rest = f"CAST({bits} >> 32 AS UINTEGER)"

    def prepare(self, warehouse: "Connection") -> None:
        """Make them of the rows that are there, if there are none: the table may have been restored from elsewhere."""
        query = "SELECT count(*) FROM information_schema.tables WHERE table_schema = ? AND table_name = ?"
        if warehouse.execute(query, [self._schema, self._own_name]).fetchall() == [(0,)]:
            warehouse.execute(f"CREATE TABLE {self._ids} AS {self._of(quoted(self._table.name))}")

    def renew(self, warehouse: "Connection") -> None:
        """Make them again: rows were taken out of the table."""
        warehouse.execute(f"CREATE OR REPLACE TABLE {self._ids} AS {self._of(quoted(self._table.name))}")

    def add(self, warehouse: "Connection", steps: Deduplication) -> None:
        """Those of the new rows of a load."""
        columns = f"{self._name}, {self._arrived}"
        warehouse.execute(f"INSERT INTO {self._ids} {self._of(f'({steps.new(columns)}) n')}")

    def know(self, warehouse: "Connection", staged: str, since: datetime, until: datetime) -> None:
        """Make `known`, the rows of the table that arrived between these and have an id of one that is staged."""
        name, arrived = self._name, self._arrived
        warehouse.execute("SET dynamic_or_filter_threshold = 500")  # so many places are looked up, not sought by a scan
        warehouse.execute(
            f"CREATE OR REPLACE TEMP TABLE likely AS SELECT i.rowid AS place, s.id, s.rest FROM {self._ids} i JOIN"
            f" (SELECT DISTINCT {name} AS id, {self._hash} AS hash, {self._rest} AS rest FROM {staged}"
            f" WHERE {name} IS NOT NULL) s ON i.hash = s.hash WHERE i.arrived BETWEEN {time(since)} AND {time(until)}"
        )
        warehouse.execute(
            f"CREATE OR REPLACE TEMP TABLE sure AS SELECT l.id, i.arrived FROM {self._ids} i"
            " JOIN likely l ON i.rowid = l.place AND i.rest = l.rest"
        )
        columns = ", ".join(f"t.{quoted(each.name)}" for each in self._table.columns)
        warehouse.execute(
            f"CREATE OR REPLACE TEMP TABLE known AS SELECT {columns} FROM {quoted(self._table.name)} t"
            f" JOIN (SELECT DISTINCT * FROM sure) c ON t.{arrived} = c.arrived AND t.{name} = c.id"
        )

    def _of(self, source: str) -> str:
        return (
            f"SELECT {self._hash} AS hash, {self._rest} AS rest, {self._arrived} AS arrived FROM {source}"
            f" WHERE {self._name} IS NOT NULL"
        )
