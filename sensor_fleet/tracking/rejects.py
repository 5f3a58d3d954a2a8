"""Reads what a store of rejects has: a file of NDJSON, or a folder with such files, gzipped or not."""

import gzip
import zlib
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from sensor_fleet.errors import SettingsError
from sensor_fleet.tracking.plan import Fault


class FoundReject(NamedTuple):
    """One reject of a record, as far as it concerns the oracle."""

    reject_id: str
    place: str
    subject: str
    release: str
    faults: tuple[Fault, ...]
    data: bytes


def read_rejects(path: Path) -> Iterator[FoundReject]:
    """All rejects, file by file; none while the store is not there yet.

    Torn lines are passed over: the last one of a file that is still written, and others that a killed process left,
    whose rejects are stored again. Raises SettingsError for what cannot be read or is not a reject of a record.
    """
    files = sorted((*path.rglob("*.ndjson"), *path.rglob("*.ndjson.gz"))) if path.is_dir() else [path]
    for file in files:
        yield from _read_file(file)


def _read_file(file: Path) -> Iterator[FoundReject]:
    try:
        content = file.read_bytes()
        text = gzip.decompress(content) if file.suffix == ".gz" else content
    except FileNotFoundError:
        return
    except (OSError, EOFError, zlib.error) as error:
        raise SettingsError(f"cannot read the rejects in {file}: {error}") from error
    for number, line in enumerate(text.split(b"\n"), start=1):
        try:
            value = orjson.loads(line)
        except ValueError:
            continue
        try:
            yield _reject(value)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SettingsError(f"{file}, line {number}: not the reject of a record of a stream") from error


def _reject(value: Any) -> FoundReject:
    if value["source_kind"] not in {"stream", "door"}:
        raise ValueError
    is_base64 = value.get("original_encoding") == "base64"
    return FoundReject(
        reject_id=value["reject_id"],
        place=value["source_id"],
        subject=value["subject"] or "",
        release=value["app_version"] or "",
        faults=tuple(sorted((fault["pointer"], fault["reason"]) for fault in value["faults"])),
        data=b64decode(value["original"], validate=True) if is_base64 else value["original"].encode(),
    )
