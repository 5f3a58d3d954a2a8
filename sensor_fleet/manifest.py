"""The manifest: what was sent, as NDJSON, written so that a killed fleet leaves a usable one.

A header line, then a `planned` line for each submission, flushed before it is sent, and a `sent` line with the ids of
each batch SQS has acknowledged. The `planned` lines of a message group are in the order of the group.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from sensor_fleet.errors import SettingsError
from sensor_fleet.evidence import EvidenceWriter, read_evidence
from sensor_fleet.generator import Options
from sensor_fleet.plan import Plan, PlannedEvent

FORMAT = 1


class Sent(NamedTuple):
    """Submissions that are certainly on the queue."""

    submission_ids: Sequence[str]


Entry: TypeAlias = Plan | Sent


class ManifestWriter(EvidenceWriter):
    """Writes one manifest; threads may share it. Without a path it writes nothing."""

    def __init__(self, path: Path | None, options: Options) -> None:
        super().__init__(path, {"sensor_fleet_manifest": FORMAT, "options": asdict(options)})

    def planned(self, plans: Iterable[Plan]) -> None:
        """Note what is about to be sent; it is on its way to the disk when this returns."""
        self._write(map(_planned_line, plans))

    def sent(self, submission_ids: Sequence[str]) -> None:
        """Note what SQS has acknowledged."""
        self._write([{"sent": submission_ids}])


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
    return read_evidence(path, _check_header, _entry)


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
