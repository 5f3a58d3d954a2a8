"""Reads a lake and its warehouse, and compares them with a manifest.

What is in the lake is what the log names: raw, typed and rejects of each range. The log's own hashes are not trusted,
and nothing here is shared with the delivery.
"""

import gzip
import time
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import orjson

from sensor_fleet.audit import load
from sensor_fleet.aws import Aws
from sensor_fleet.errors import FleetError
from sensor_fleet.lake.duck import Duck
from sensor_fleet.lake.entries import Together, entry_of, in_files_of_now, reading
from sensor_fleet.lake.expected import Manifest, Place, RunRecords, TrackingRecords
from sensor_fleet.lake.objects import Objects, open_lake
from sensor_fleet.lake.oracle import LakeOracle
from sensor_fleet.lake.report import LakeReport
from sensor_fleet.progress_bar import progress_bar
from sensor_fleet.tracking.audit import load_tracking
from sensor_fleet.tracking.manifest import is_of_tracking, read_tracking_manifest

_SECONDS_BETWEEN_LOOKS: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class LakeSettings:
    """Which lake, and which warehouse if any, to compare with which manifest; `stream` for those that name none."""

    aws: Aws
    lake: str
    warehouse: str | None
    stream: str
    manifest: Path
    wait: float
    allow_others: bool


def audit_lake(settings: LakeSettings) -> LakeReport:
    """Read all, and judge; again and again, until nothing is wrong or the time is up. Raises FleetError."""
    manifest = _sent(settings.manifest, settings.stream)
    objects = open_lake(settings.lake, settings.aws)
    deadline = time.monotonic() + settings.wait
    with progress_bar("records read", total=None) as update:
        while True:
            try:
                report = _look(settings, manifest, objects)
            except FleetError:  # a load has the warehouse open, or a file was replaced meanwhile
                if time.monotonic() >= deadline:
                    raise
            else:
                update(report.raw)
                if report.passed or time.monotonic() >= deadline:
                    return report
            time.sleep(_SECONDS_BETWEEN_LOOKS)


def _sent(file: Path, stream: str) -> Manifest:
    if is_of_tracking(file):
        tracking = TrackingRecords(stream)
        load_tracking(file, read_tracking_manifest(file), tracking)
        return tracking
    run = RunRecords(stream)
    load(file, run)
    return run


def _look(settings: LakeSettings, manifest: Manifest, objects: Objects) -> LakeReport:
    oracle = LakeOracle(manifest, allow_others=settings.allow_others)
    with TemporaryDirectory(prefix="lake-audit-") as folder:
        duck = Duck(Path(folder))
        tables: set[str] = set()
        for stream in manifest.streams:
            names = sorted(each for each in objects.names(f"log/{stream}/") if each.count("/") == 3)
            for together in in_files_of_now([entry_of(name, _content(objects, name)) for name in names]):
                tables.update(file["table"] for file in together.files if file.get("table"))
                _Range(oracle, objects, duck, stream, together).read()
        if settings.warehouse:
            _read_warehouse(oracle, duck, settings.warehouse, manifest.streams, sorted(tables))
    return oracle.report()


class _Range:
    """One range of the log, or those that a compaction has put together, and their files."""

    def __init__(self, oracle: LakeOracle, objects: Objects, duck: Duck, stream: str, of: Together) -> None:
        self._oracle, self._objects, self._duck, self._stream = oracle, objects, duck, stream
        self._shard, self._moved = of.shard, of.moved
        self._files: dict[str, list[str]] = {}
        for file in of.files:
            self._files.setdefault(file["kind"], []).append(file["name"])
        self._records: dict[str, tuple[bytes, str]] = {}

    def read(self) -> None:
        """Tell the oracle of all of it, raw first."""
        for name in self._files.get("raw", ()):
            with reading(name):
                for line in self._lines(name):
                    self._raw(line)
        for name in self._files.get("typed", ()):
            for row in self._duck.parquet(_content(self._objects, name)):
                data, arrived = self._records.get(row["_sequence"], (None, ""))
                self._oracle.typed(self._stream, row, data, arrived)
        for name in self._files.get("rejects", ()):
            with reading(name):
                for line in self._lines(name):
                    self._reject(orjson.loads(line))

    def _lines(self, name: str) -> Iterator[bytes]:
        yield from gzip.decompress(_content(self._objects, name)).split(b"\n")[:-1]

    def _raw(self, line: bytes) -> None:
        mark = b',"data":'
        at = line.find(mark)
        head = orjson.loads(line[:at] + b"}" if at >= 0 else line)
        data = line[at + len(mark) : -1] if at >= 0 else b64decode(head["base64"], validate=True)
        self._records[head["sequence"]] = data, head["arrived"]
        self._oracle.raw(Place(self._stream, self._shard, head["sequence"]), head["key"], data)

    def _reject(self, value: Mapping[str, Any]) -> None:
        shard, _, sequence = value["source_id"].rpartition("/")
        if sequence in self._moved:
            return
        faults = tuple((fault["pointer"], fault["reason"]) for fault in value["faults"])
        self._oracle.reject(Place(self._stream, shard, sequence), faults)


def _read_warehouse(oracle: LakeOracle, duck: Duck, url: str, streams: Sequence[str], tables: Sequence[str]) -> None:
    oracle.use_tables()
    with duck.warehouse(url) as warehouse:
        for table in tables:
            for row in warehouse.rows(table):
                oracle.row(row)
        for reject in warehouse.rejects(streams):
            shard, _, sequence = reject["source_id"].rpartition("/")
            oracle.told(reject["reject_id"], Place(reject["source"], shard, sequence), reject["reason"])
        oracle.loads(warehouse.repeats(streams))


def _content(objects: Objects, name: str) -> bytes:
    content = objects.get(name)
    if content is None:
        raise FleetError(f"{name} is not in the lake, although the log names it")
    return content
