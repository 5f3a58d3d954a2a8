"""Sends records through a door from its settings until all are sent."""

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tenacity import Retrying, retry_if_exception_type, sleep_using_event, stop_after_delay, stop_any, wait_fixed
from tenacity.stop import stop_when_event_set
from urllib3.exceptions import HTTPError

from sensor_fleet.door.client import DoorClient
from sensor_fleet.door.faults import Faults, LoadFault
from sensor_fleet.door.sender import DoorSender, DoorTally
from sensor_fleet.errors import FleetError
from sensor_fleet.fleet import Fleet
from sensor_fleet.pacing import Pacing, scheduled
from sensor_fleet.progress_bar import progress_bar, tell
from sensor_fleet.tracking.generator import KINDS, TrackingGenerator, TrackingOptions
from sensor_fleet.tracking.manifest import TrackingManifest
from sensor_fleet.tracking.streams import STREAMS

_NOT_BY_HTTP: Final = {"not-json", "not-utf8", "odd-value", "aggregated"}  # no value of a JSON document
_ALIKE: Final = {"not-an-object"}  # two of them may be, so that a reject does not say whose it is
DOOR_KINDS: Final = tuple(kind for kind in KINDS if kind not in _NOT_BY_HTTP | _ALIKE)
_SECONDS_BETWEEN_LOOKS: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorSettings:
    """What to send, where to and how fast: `rate` per second, 0 without limit; `records` None is for ever.

    Each request has a number of records within `batch`.
    """

    url: str
    key: str | None
    wait_seconds: float
    streams: tuple[str, ...]
    options: TrackingOptions
    connections: int
    batch: tuple[int, int]
    records: int | None
    rate: float
    pacing: Pacing
    manifest: Path | None
    faults: tuple[LoadFault, ...] = ()


def run_door(settings: DoorSettings, stop: threading.Event) -> DoorTally:
    """Send until all is sent or `stop` is set, and return what was sent. Raises FleetError."""
    _wait_for(DoorClient(settings.url, settings.key), settings, stop)
    tell(f"sending to {settings.url} with --seed {settings.options.seed}")
    with TrackingManifest(settings.manifest, settings.options) as manifest:
        schedule = scheduled(settings.rate, settings.pacing, settings.options.seed, settings.records, stop)
        generators = {name: TrackingGenerator(settings.options, STREAMS[name]) for name in settings.streams}
        sender = DoorSender(
            settings.url,
            settings.key,
            generators,
            settings.batch,
            settings.options.seed,
            manifest,
            stop,
            Faults(settings.faults, settings.options.seed),
        )
        fleet = Fleet(sender.send, settings.batch[1], schedule, stop)
        with progress_bar("records answered", settings.records) as update:
            fleet.run(settings.connections, lambda: sender.tally.answered, update)
    return sender.tally


def _wait_for(door: DoorClient, settings: DoorSettings, stop: threading.Event) -> None:
    retrying = Retrying(
        retry=retry_if_exception_type(HTTPError),
        wait=wait_fixed(_SECONDS_BETWEEN_LOOKS),
        stop=stop_any(stop_after_delay(settings.wait_seconds), stop_when_event_set(stop)),
        sleep=sleep_using_event(stop),
        reraise=True,
    )
    try:
        retrying(door.look)
    except HTTPError as error:
        if not stop.is_set():
            raise FleetError(f"nobody answers at {settings.url}: {error}") from error
