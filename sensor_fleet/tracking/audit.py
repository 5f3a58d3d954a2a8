"""Compares the rejects of a stream with a manifest."""

import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from sensor_fleet.errors import SettingsError
from sensor_fleet.progress_bar import progress_bar
from sensor_fleet.tracking.manifest import Answered, Put, TrackingEntry, read_tracking_manifest
from sensor_fleet.tracking.oracle import VerdictOracle, VerdictReport
from sensor_fleet.tracking.plan import TrackingPlan
from sensor_fleet.tracking.rejects import read_rejects

_SECONDS_BETWEEN_LOOKS = 0.5


def audit_verdicts(manifest: Path, rejects: Path, wait_seconds: float) -> VerdictReport:
    """Read the manifest and all rejects, and judge; again and again, until nothing is missing or the time is up.

    When nothing is missing, all is read once more, to find rejects that should not be there. Raises FleetError.
    """
    entries = list(read_tracking_manifest(manifest))
    deadline = time.monotonic() + wait_seconds
    complete = False
    with progress_bar("rejects found", total=None) as update:
        while True:
            oracle = VerdictOracle()
            load_tracking(manifest, entries, oracle)
            for reject in read_rejects(rejects):
                oracle.read(reject)
            update(oracle.expected - oracle.outstanding)
            if complete or time.monotonic() >= deadline:
                return oracle.report()
            complete = oracle.outstanding == 0
            if not complete:
                time.sleep(_SECONDS_BETWEEN_LOOKS)


class _Told(Protocol):
    def plan(self, plan: TrackingPlan) -> None: ...
    def answered(self, answered: Answered) -> None: ...
    def confirm(self, puts: Sequence[Put]) -> None: ...


def load_tracking(manifest: Path, entries: Iterable[TrackingEntry], oracle: _Told) -> None:
    """Tell an oracle all that was sent. Raises SettingsError for entries that contradict each other."""
    for entry in entries:
        try:
            if isinstance(entry, TrackingPlan):
                oracle.plan(entry)
            elif isinstance(entry, Answered):
                oracle.answered(entry)
            else:
                oracle.confirm(entry)
        except KeyError as error:
            raise SettingsError(f"{manifest}: event {error} was sent but never planned") from None
