"""Sends tracking events from its settings until all are sent."""

import threading
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sensor_fleet.aws import Aws
from sensor_fleet.fleet import Fleet, Place, waited_for
from sensor_fleet.pacing import Pacing, scheduled
from sensor_fleet.progress_bar import progress_bar, tell
from sensor_fleet.tracking.generator import TrackingGenerator, TrackingOptions
from sensor_fleet.tracking.manifest import TrackingManifest
from sensor_fleet.tracking.sender import BATCH_RECORDS, TrackingSender, TrackingTally


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackSettings:
    """What to send, where to and how fast: `rate` per second, 0 without limit; `records` None is for ever."""

    aws: Aws
    stream: str
    wait_for_stream: float
    options: TrackingOptions
    records: int | None
    rate: float
    pacing: Pacing
    manifest: Path | None


def track(settings: TrackSettings, stop: threading.Event) -> TrackingTally:
    """Send until all is sent or `stop` is set, and return what was sent.

    Raises FleetError or botocore's own errors.
    """
    kinesis = settings.aws.kinesis()
    place = Place(f"stream {settings.stream}", kinesis.meta.endpoint_url, kinesis.exceptions.ResourceNotFoundException)
    look = partial(kinesis.describe_stream_summary, StreamName=settings.stream)
    if waited_for(look, place, settings.wait_for_stream, stop, tell) is None:
        return TrackingTally()
    tell(f"sending to stream {settings.stream} with --seed {settings.options.seed}")
    with TrackingManifest(settings.manifest, settings.options) as manifest:
        schedule = scheduled(settings.rate, settings.pacing, settings.options.seed, settings.records, stop)
        generator = TrackingGenerator(settings.options)
        sender = TrackingSender(kinesis, settings.stream, manifest, stop)
        fleet = Fleet(
            lambda due: sender.send([generator.record(index) for index in due]), BATCH_RECORDS, schedule, stop
        )
        with progress_bar("events sent", settings.records) as update:
            fleet.run(1, lambda: sender.tally.sent, update)
    return sender.tally
