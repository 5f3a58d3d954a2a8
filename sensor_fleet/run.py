"""Runs a fleet from its settings until everything is sent."""

import threading
from dataclasses import dataclass
from pathlib import Path

from sensor_fleet.aws import Aws
from sensor_fleet.fleet import Fleet, is_fifo, queue_url, senders_for
from sensor_fleet.generator import Generator, Options
from sensor_fleet.manifest import ManifestWriter
from sensor_fleet.pacing import Pacing, scheduled
from sensor_fleet.progress_bar import progress_bar, tell
from sensor_fleet.sender import BATCH_ENTRIES, Sender
from sensor_fleet.tally import Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """What to send, where to and how fast: `rate` per second, 0 without limit; `submissions` None is for ever."""

    aws: Aws
    queue: str
    wait_for_queue: float
    options: Options
    submissions: int | None
    rate: float
    pacing: Pacing
    manifest: Path | None


def run(settings: RunSettings, stop: threading.Event) -> Tally:
    """Send until all is sent or `stop` is set, and return what was sent.

    Raises FleetError or botocore's own errors.
    """
    threads = senders_for(settings.rate, settings.queue)
    tally = Tally()
    sqs = settings.aws.sqs(connections=threads)
    url = queue_url(sqs, settings.queue, settings.wait_for_queue, stop, tell)
    if url is None:
        return tally
    tell(f"sending to queue {settings.queue} with --seed {settings.options.seed}")
    with ManifestWriter(settings.manifest, settings.options) as manifest:
        schedule = scheduled(settings.rate, settings.pacing, settings.options.seed, settings.submissions, stop)
        generator = Generator(settings.options, grouped=is_fifo(settings.queue))
        sender = Sender(sqs, url, manifest, tally, stop)
        fleet = Fleet(
            lambda due: sender.send([generator.submission(index) for index in due]), BATCH_ENTRIES, schedule, stop
        )
        with progress_bar("submissions sent", settings.submissions) as update:
            fleet.run(threads, lambda: tally.counts.sent, update)
    return tally
