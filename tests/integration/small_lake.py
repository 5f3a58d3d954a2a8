"""A lake by hand, as docs/lake.md says it is: a stream with six records, of which one is a repeat and two rejects."""

import gzip
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from sensor_fleet.tracking.plan import digest

STREAM, SHARD, TABLE = "plain", "shardId-000000000000", "tracking.pages"
AGE_MISSING = ("/age", "missing_field")
PAYLOADS = [
    b'{"messageId": "m0", "age": 1, "sent_at": "2026-01-02T03:04:05.5+01:00", "where": {"city": "K\xc3\xb6ln"}}',
    b'{"messageId":"m1","age":2}',
    b'{"messageId":"m1","age":2}',  # m1 again: its answer was lost
    b'{"messageId":"m3"}',
    b"\xff\n",
    b'{"messageId":\n"m5","age":6}',
]
NAMES = ["m0", "m1", "m1", "m3", "m4", "m5"]
FAULTS = {"m3": [AGE_MISSING], "m4": [("", "not_json")]}
_COLUMNS = (
    'message_id VARCHAR, age BIGINT, sent_at TIMESTAMP, "where" JSON,'
    " _shard VARCHAR, _sequence VARCHAR, _arrived TIMESTAMP"
)
_ARRIVED = "2026-01-02T03:00:00.250000Z"


class SmallLake:
    """`folder` has `lake`, `warehouse.duckdb` and `sent.ndjson`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.lake = folder, folder / "lake"
        self.manifest, self.warehouse = folder / "sent.ndjson", folder / "warehouse.duckdb"

    def make(self) -> None:
        """Write all of it."""
        self._write_manifest()
        self.write_raw(range(len(NAMES)))
        valid = [at for at, name in enumerate(NAMES) if name not in FAULTS]
        self.write_typed([self.row(at) for at in valid])
        self.write_rejects([self.reject(at) for at, name in enumerate(NAMES) if name in FAULTS])
        files = {
            "raw": "raw/r.ndjson.gz",
            "typed": "typed/tracking/pages/t.parquet",
            "rejects": "rejects/deliver/j.ndjson.gz",
        }
        named = [
            {"kind": kind, "name": name, "table": TABLE if kind == "typed" else None} for kind, name in files.items()
        ]
        self._put(f"log/{STREAM}/{SHARD}/000000000001.json", json.dumps({"shard": SHARD, "files": named}).encode())
        self._put(f"log/{STREAM}/delivery-000000000001.json", b"{}")
        with duckdb.connect(str(self.warehouse)) as warehouse:
            warehouse.execute("CREATE SCHEMA tracking; CREATE SCHEMA quality")
            warehouse.execute(f"CREATE TABLE {TABLE} ({_COLUMNS}, added VARCHAR)")
            warehouse.execute("CREATE TABLE quality.loads (stream VARCHAR, repeats BIGINT)")
            warehouse.execute("INSERT INTO quality.loads VALUES ('plain', 1), ('another', 7)")
            kinds = "reject_id VARCHAR, source_kind VARCHAR, source VARCHAR, source_id VARCHAR, reason VARCHAR"
            warehouse.execute(f"CREATE TABLE quality.rejects ({kinds})")
        for at in valid:
            if at != 2:
                self.insert(self.row(at))
        for at in (3, 4):
            self.tell(f"r{at}", at, "missing_field")

    def row(self, at: int, **other: Any) -> dict[str, Any]:
        """The row of a record."""
        own = {"_shard": SHARD, "_sequence": str(100 + at), "_arrived": _ARRIVED[:-1]}
        values = json.loads(PAYLOADS[at])
        more = {"sent_at": "2026-01-02T02:04:05.5", "where": json.dumps(values["where"])} if at == 0 else {}
        return {"message_id": values["messageId"], "age": values["age"], **more, **own, **other}

    def reject(self, at: int, **other: Any) -> dict[str, Any]:
        """The reject of a record."""
        faults = [{"pointer": pointer, "reason": reason} for pointer, reason in FAULTS[NAMES[at]]]
        return {"reject_id": f"r{at}", "source_id": f"{SHARD}/{100 + at}", "faults": faults, **other}

    def write_raw(self, positions: Sequence[int], **other: bytes) -> None:
        """The raw file, with these records in this order."""
        lines = b""
        for at in positions:
            data, head = (
                other.get(NAMES[at], PAYLOADS[at]),
                {"sequence": str(100 + at), "key": f"k{at}", "arrived": _ARRIVED},
            )
            if b"\n" in data:
                lines += json.dumps(head | {"base64": b64encode(data).decode()}).encode() + b"\n"
            else:
                lines += json.dumps(head, separators=(",", ":")).encode()[:-1] + b',"data":' + data + b"}\n"
        self._put("raw/r.ndjson.gz", gzip.compress(lines))

    def write_log(self, *entries: Mapping[str, Any]) -> None:
        """Instead of the one entry there is; `files` are as `named` has them."""
        for number, entry in enumerate(entries, 1):
            value = json.dumps({"shard": SHARD, "number": number, "files": [], **entry}).encode()
            self._put(f"log/{STREAM}/{SHARD}/{number:012}.json", value)

    def write_rejects(self, rejects: Sequence[Mapping[str, Any]]) -> None:
        """The file of rejects."""
        self._put(
            "rejects/deliver/j.ndjson.gz",
            gzip.compress(b"".join(json.dumps(each).encode() + b"\n" for each in rejects)),
        )

    def write_typed(self, rows: Sequence[Mapping[str, Any]], name: str = "t") -> None:
        """The typed file, or another one."""
        path = self.lake / "typed" / "tracking" / "pages" / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        with duckdb.connect() as memory:
            memory.execute(f"CREATE TABLE t ({_COLUMNS})")
            for row in rows:
                memory.execute(*_insert("t", row))
            memory.execute(f"COPY t TO '{path}' (FORMAT parquet)")

    def insert(self, row: Mapping[str, Any]) -> None:
        """A row into the table."""
        self.sql(*_insert(TABLE, row))

    def tell(self, reject_id: str, at: int, reason: str) -> None:
        """A row into `quality.rejects`."""
        self.sql(
            "INSERT INTO quality.rejects VALUES (?, 'stream', 'plain', ?, ?)",
            [reject_id, f"{SHARD}/{100 + at}", reason],
        )

    def sql(self, statement: str, values: Sequence[Any] = ()) -> None:
        """Change the warehouse."""
        with duckdb.connect(str(self.warehouse)) as warehouse:
            warehouse.execute(statement, list(values))

    def _put(self, name: str, content: bytes) -> None:
        (self.lake / name).parent.mkdir(parents=True, exist_ok=True)
        (self.lake / name).write_bytes(content)

    def _write_manifest(self) -> None:
        lines: list[Any] = [{"sensor_fleet_tracking_manifest": 1, "options": {}}]
        for at, name in enumerate(NAMES):
            if at != 2:
                lines.append({"planned": name, "digest": digest(PAYLOADS[at]), "faults": FAULTS.get(name, ())})
                lines.append({"sent": [[name, SHARD, str(100 + at)]]})
        self.manifest.write_text("".join(json.dumps(line) + "\n" for line in lines))


def named(kind: str, name: str) -> dict[str, Any]:
    """A file as an entry of the log names it."""
    return {"kind": kind, "name": name, "table": TABLE if kind == "typed" else None}


def _insert(table: str, row: Mapping[str, Any]) -> tuple[str, list[Any]]:
    names = ", ".join(f'"{name}"' for name in row)
    marks = ", ".join("?" * len(row))
    return f"INSERT INTO {table} ({names}) VALUES ({marks})", list(row.values())  # noqa: S608 - ours
