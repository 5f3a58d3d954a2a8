"""What one would write oneself: a plain consumer, PyArrow or an INSERT for each record; nothing is judged or proved."""

import gzip
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import boto3
import duckdb
import pyarrow as pa
from pyarrow.parquet import write_table

from benchmarks.backend import Backend, Conditions, Load
from benchmarks.lake.records import record, supply
from benchmarks.run import BACKEND_CORE, CREDENTIALS

_NAMES: Final = tuple(json.loads(record()))
_COLUMNS: Final = (*_NAMES, "data", "shard", "sequence", "arrived")
_READ: Final = {"PyArrow": 2000, "INSERT": 100}  # of a read: so many are stored together

Storing = Callable[[list[dict[str, Any]], list[bytes]], None]


def cpu_us_per_record(store: str, seconds: float) -> float:
    """Of this process, for reading by boto3 and storing so, until so much CPU time was spent."""
    with (
        _kinesis(_READ[store]) as read,
        TemporaryDirectory() as folder,
        duckdb.connect(f"{folder}/table.duckdb") as table,
    ):
        table.execute("SET threads = 1")
        table.execute(f"CREATE TABLE pages ({', '.join(f'{name} VARCHAR' for name in map(_quoted, _COLUMNS))})")
        storing = {"PyArrow": _by_pyarrow, "INSERT": _by_inserts}[store](table, Path(folder))
        begun, count = time.process_time(), 0
        while (spent := time.process_time() - begun) < seconds or not count:
            found = read()
            storing([_row(each) for each in found], [each["Data"] for each in found])
            count += len(found)
        return spent / count * 1e6


def _by_pyarrow(table: duckdb.DuckDBPyConnection, folder: Path) -> Storing:
    """A file of raw and one of Parquet for each read, and the latter into the table."""

    def store(rows: list[dict[str, Any]], lines: list[bytes]) -> None:
        (folder / "raw.gz").write_bytes(gzip.compress(b"\n".join(lines), 1))
        file = str(folder / "rows.parquet")
        write_table(pa.Table.from_pylist(rows), file, compression="zstd")
        table.execute(f"INSERT INTO pages BY NAME SELECT * FROM read_parquet('{file}')")  # noqa: S608 - our own path

    return store


def _by_inserts(table: duckdb.DuckDBPyConnection, _folder: Path) -> Storing:
    """An INSERT for each record, each a transaction."""
    statement = f"INSERT INTO pages VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608 - marks only

    def store(rows: list[dict[str, Any]], _lines: list[bytes]) -> None:
        for row in rows:
            table.execute(statement, [row[name] for name in _COLUMNS])

    return store


def _row(found: dict[str, Any]) -> dict[str, Any]:
    value = json.loads(found["Data"])
    row = {name: each if isinstance(each := value.get(name), str) else json.dumps(each) for name in _NAMES}
    arrived = found["ApproximateArrivalTimestamp"].isoformat()
    return row | {"data": found["Data"].decode(), "shard": "0", "sequence": found["SequenceNumber"], "arrived": arrived}


@contextmanager
def _kinesis(limit: int) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Reads from one shard, each behind the last one."""
    os.environ.update(CREDENTIALS)
    with Backend(Load(1), Conditions(shards=1), BACKEND_CORE, supply()) as backend:
        client: Any = boto3.client("kinesis", endpoint_url=backend.endpoint, region_name="us-east-1")
        shard = {"StreamName": backend.stream_name, "ShardId": "shardId-000000000000"}
        iterator = client.get_shard_iterator(**shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]

        def read() -> list[dict[str, Any]]:
            nonlocal iterator
            answer = client.get_records(ShardIterator=iterator, Limit=limit)
            iterator = answer["NextShardIterator"]
            return list(answer["Records"])

        yield read


def _quoted(name: str) -> str:
    return f'"{name}"'
