"""Compares streams with a manifest: of submissions the stream of events, of a door its own."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Protocol

from sensor_fleet.aws import Aws
from sensor_fleet.door.oracle import DoorOracle
from sensor_fleet.errors import SettingsError
from sensor_fleet.manifest import Sent, read_manifest
from sensor_fleet.oracle import Oracle
from sensor_fleet.plan import Plan
from sensor_fleet.progress_bar import Update, progress_bar
from sensor_fleet.reader import Listener, StreamReader
from sensor_fleet.report import Report
from sensor_fleet.tracking.audit import load_tracking
from sensor_fleet.tracking.manifest import is_of_tracking, read_tracking_manifest

_SECONDS_BETWEEN_LOOKS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSettings:
    """Which stream to compare with which manifest, and how long to wait for missing events."""

    aws: Aws
    stream: str
    manifest: Path
    wait: float
    allow_others: bool


def audit(settings: AuditSettings) -> Report:
    """Read the manifest and the whole stream, or streams, and judge. Raises FleetError or botocore's own errors."""
    oracle: Oracle | DoorOracle
    listeners: dict[str, Listener]
    if is_of_tracking(settings.manifest):
        oracle = DoorOracle(allow_others=settings.allow_others)
        load_tracking(settings.manifest, read_tracking_manifest(settings.manifest), oracle)
        if not all(oracle.streams):
            raise SettingsError(f"{settings.manifest} is of `track`: name the rejects to compare it with, by --rejects")
        listeners = {stream: oracle.of(stream) for stream in oracle.streams}
    else:
        oracle = Oracle(allow_others=settings.allow_others)
        load(settings.manifest, oracle)
        listeners = {settings.stream: oracle}
    kinesis = settings.aws.kinesis()
    readers = [StreamReader(kinesis, stream, listener) for stream, listener in listeners.items()]
    for reader in readers:
        reader.check()
    with progress_bar("events found", oracle.outstanding) as update:
        read_all(readers, oracle, settings.wait, update)
    return oracle.report()


class _Told(Protocol):
    def plan(self, plan: Plan) -> None: ...
    def confirm(self, submission_id: str) -> None: ...


def load(manifest: Path, oracle: _Told) -> None:
    """Tell an oracle all that was sent. Raises SettingsError for a file that is not a manifest."""
    for entry in read_manifest(manifest):
        if not isinstance(entry, Sent):
            oracle.plan(entry)
            continue
        for submission_id in entry.submission_ids:
            try:
                oracle.confirm(submission_id)
            except KeyError:
                raise SettingsError(f"{manifest}: submission {submission_id} was sent but never planned") from None


def read_all(readers: Sequence[StreamReader], oracle: Oracle | DoorOracle, wait_seconds: float, update: Update) -> None:
    """Read each stream to its end; again and again, until nothing is missing or the time is up.

    When nothing is missing, each is read to its end once more, to find records that should not be there.
    """
    expected = oracle.outstanding
    deadline = time.monotonic() + wait_seconds
    complete = False
    while True:
        for _ in chain.from_iterable(reader.rounds_to_end() for reader in readers):
            update(expected - oracle.outstanding)
        if complete or time.monotonic() >= deadline:
            return
        complete = oracle.outstanding == 0
        if not complete:
            time.sleep(_SECONDS_BETWEEN_LOOKS)
