"""The manifest of tracking events: what was put onto the stream, and the verdict that each record must get.

A header line, then a `planned` line for each record, flushed before it is sent, and a `sent` line with the message ids
of each answer, and where Kinesis has put their records. What a door answered otherwise has an `answered` line.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from sensor_fleet.errors import SettingsError
from sensor_fleet.evidence import EvidenceWriter, read_evidence
from sensor_fleet.tracking.generator import TrackingOptions
from sensor_fleet.tracking.plan import TrackingPlan

FORMAT = 1


class Put(NamedTuple):
    """A record that is certainly on the stream, and where."""

    message_id: str
    shard: str
    sequence: str


class Answered(NamedTuple):
    """Records that a door did not take, by the status of its answer; BROKEN if there was none."""

    status: int
    message_ids: Sequence[str]


BROKEN = 0
_HEADER = "sensor_fleet_tracking_manifest"
TrackingEntry: TypeAlias = TrackingPlan | Sequence[Put] | Answered


class TrackingManifest(EvidenceWriter):
    """Writes one manifest; threads may share it. Without a path it writes nothing."""

    def __init__(self, path: Path | None, options: TrackingOptions) -> None:
        super().__init__(path, {_HEADER: FORMAT, "options": asdict(options)})

    def planned(self, plans: Iterable[TrackingPlan]) -> None:
        """Note what is about to be sent; it is on its way to the disk when this returns."""
        self._write(map(_planned_line, plans))

    def answered(self, answered: Answered) -> None:
        """Note what a door did not take."""
        self._write([{"answered": answered.status, "records": answered.message_ids}])

    def sent(self, puts: Sequence[Put]) -> None:
        """Note what Kinesis has acknowledged."""
        self._write([{"sent": [tuple(put) for put in puts]}])


def _planned_line(plan: TrackingPlan) -> Mapping[str, Any]:
    line = plan._asdict() | {"planned": plan.message_id}
    del line["message_id"]
    return {key: value for key, value in line.items() if value}


def is_of_tracking(path: Path) -> bool:
    """Whether it is a manifest of this kind. Raises SettingsError for a file that cannot be read."""
    try:
        with path.open("rb") as lines:
            return _HEADER.encode() in lines.readline()
    except OSError as error:
        raise SettingsError(f"cannot read the manifest {path}: {error.strerror}") from error


def read_tracking_manifest(path: Path) -> Iterator[TrackingEntry]:
    """Everything a manifest says, in its order.

    A torn last line, left by a fleet that was killed, is skipped. Raises SettingsError for a file that cannot be
    read or is not a manifest of tracking events.
    """
    return read_evidence(path, _check_header, _entry)


def _check_header(path: Path, header: Any) -> None:
    if header.get(_HEADER) != FORMAT:
        raise SettingsError(f"{path} is not a manifest of records, or of another format than {FORMAT}")


def _entry(value: Any) -> TrackingEntry:
    if "sent" in value:
        return [Put(*put) for put in value["sent"]]
    if "answered" in value:
        return Answered(value["answered"], value["records"])
    return TrackingPlan(
        message_id=value["planned"],
        digest=value["digest"],
        release=value.get("release", ""),
        subject=value.get("subject", ""),
        faults=tuple((pointer, code) for pointer, code in value.get("faults", ())),
        stream=value.get("stream", ""),
        key=value.get("key", ""),
        client=value.get("client", 0),
    )
