"""Manifests as files: NDJSON, written so that a killed fleet leaves a usable one, and read back."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, TypeVar

import orjson

from sensor_fleet.errors import FleetError, SettingsError

_Entry = TypeVar("_Entry")


class EvidenceWriter:
    """Writes one manifest, its header first; threads may share it. Without a path it writes nothing."""

    def __init__(self, path: Path | None, header: Mapping[str, Any]) -> None:
        self._lock = threading.Lock()
        self._file: BinaryIO | None = None if path is None else _create(path)
        self._write([header])

    def _write(self, lines: Iterable[Mapping[str, Any]]) -> None:
        """Write lines; they are on their way to the disk when this returns."""
        if self._file:
            text = b"".join([orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in lines])
            try:
                with self._lock:
                    self._file.write(text)
                    self._file.flush()
            except OSError as error:
                raise FleetError(f"cannot write the manifest any more: {error.strerror}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        if self._file:
            self._file.close()


def _create(path: Path) -> BinaryIO:
    try:
        return path.open("xb")
    except FileExistsError:
        raise SettingsError(f"the manifest {path} exists already, and is evidence: name another file") from None
    except OSError as error:
        raise SettingsError(f"cannot write the manifest {path}: {error.strerror}") from error


def read_evidence(
    path: Path, check_header: Callable[[Path, Any], None], entry: Callable[[Any], _Entry]
) -> Iterator[_Entry]:
    """Everything a manifest says after its header, in its order.

    A torn last line, left by a fleet that was killed, is skipped. Raises SettingsError for a file that cannot be
    read or is not a manifest.
    """
    try:
        with path.open("rb") as lines:
            yield from _entries(path, lines, check_header, entry)
    except OSError as error:
        raise SettingsError(f"cannot read the manifest {path}: {error.strerror}") from error


def _entries(
    path: Path, lines: Iterable[bytes], check_header: Callable[[Path, Any], None], entry: Callable[[Any], _Entry]
) -> Iterator[_Entry]:
    for number, line in enumerate(lines, start=1):
        if not line.endswith(b"\n"):
            return
        try:
            value = orjson.loads(line)
            if number == 1:
                check_header(path, value)
            else:
                yield entry(value)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SettingsError(f"{path}, line {number}: not a line of a manifest") from error
