"""The manifest: what was sent, as NDJSON, written so that a killed fleet leaves a usable one.

A header line, then a `planned` line for each submission, flushed before it is sent, and a `sent` line with the ids of
each batch SQS has acknowledged. The `planned` lines of a message group are in the order of the group.
"""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, NamedTuple, Self, TypeAlias

import orjson

from sensor_fleet.errors import FleetError, SettingsError
from sensor_fleet.generator import Options
from sensor_fleet.plan import Plan, PlannedEvent

FORMAT = 1


class Sent(NamedTuple):
    """Submissions that are certainly on the queue."""

    submission_ids: Sequence[str]


Entry: TypeAlias = Plan | Sent


class ManifestWriter:
    """Writes one manifest; threads may share it. Without a path it writes nothing."""

    def __init__(self, path: Path | None, options: Options) -> None:
        self._lock = threading.Lock()
        self._file: BinaryIO | None = None if path is None else _create(path)
        self._write([{"sensor_fleet_manifest": FORMAT, "options": asdict(options)}])

    def planned(self, plans: Iterable[Plan]) -> None:
        """Note what is about to be sent; it is on its way to the disk when this returns."""
        if self._file:
            self._write(map(_planned_line, plans))

    def sent(self, submission_ids: Sequence[str]) -> None:
        """Note what SQS has acknowledged."""
        self._write([{"sent": submission_ids}])

    def _write(self, lines: Iterable[Mapping[str, Any]]) -> None:
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


def _planned_line(plan: Plan) -> Mapping[str, Any]:
    line = {
        "planned": plan.submission_id,
        "device_id": plan.device_id,
        "time_created": plan.time_created,
        "must": [*map(tuple, plan.must)],
        "may": [*map(tuple, plan.may)],
        "must_not": {str(sequence): reason for sequence, reason in plan.must_not.items()},
        "rejected": plan.rejected,
        "group": plan.group,
    }
    return {key: value for key, value in line.items() if value}


def read_manifest(path: Path) -> Iterator[Entry]:
    """Everything a manifest says, in its order.

    A torn last line, left by a fleet that was killed, is skipped. Raises SettingsError for a file that cannot be
    read or is not a manifest.
    """
    try:
        with path.open("rb") as lines:
            yield from _entries(path, lines)
    except OSError as error:
        raise SettingsError(f"cannot read the manifest {path}: {error.strerror}") from error


def _entries(path: Path, lines: Iterable[bytes]) -> Iterator[Entry]:
    for number, line in enumerate(lines, start=1):
        if not line.endswith(b"\n"):
            return
        try:
            value = orjson.loads(line)
            if number == 1:
                _check_header(path, value)
            else:
                yield _entry(value)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SettingsError(f"{path}, line {number}: not a line of a manifest") from error


def _check_header(path: Path, header: Any) -> None:
    if header["sensor_fleet_manifest"] != FORMAT:
        raise SettingsError(f"{path} is a manifest of format {header['sensor_fleet_manifest']}; this is for {FORMAT}")


def _entry(value: Any) -> Entry:
    if "sent" in value:
        return Sent(value["sent"])
    return Plan(
        submission_id=value["planned"],
        device_id=value["device_id"],
        time_created=value["time_created"],
        must=tuple(PlannedEvent(*event) for event in value.get("must", ())),
        may=tuple(PlannedEvent(*event) for event in value.get("may", ())),
        must_not={int(sequence): reason for sequence, reason in value.get("must_not", {}).items()},
        rejected=value.get("rejected", ""),
        group=value.get("group", ""),
    )
