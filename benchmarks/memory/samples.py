"""A processor under a steady load from a fleet of sensors, and its memory once a minute."""

import csv
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Final, TypeVar
from urllib.request import urlopen

from benchmarks.run import CREDENTIALS, ChildFailed
from event_processor.demo.processes import Process, Processes
from event_processor.settings.loading import clean_environment
from event_processor.settings.submissions import SubmissionsSettings
from event_processor.status.scrape import Scrape
from event_processor.telemetry.publish_telemetry import PUBLISHED

EVENTS_A_SUBMISSION: Final = 8  # the mean of sensor-fleet's default, 3 to 5 of two types
_SCRAPE_SECONDS: Final = 15.0  # as Prometheus would by default
_START_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.1
_KIB: Final = 1024

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sample:
    """Memory at a moment: RSS, PSS (shared pages divided among those who share them) and anonymous, in MiB."""

    minute: float
    rss_mib: float
    pss_mib: float
    anonymous_mib: float
    events_published: int


@dataclass(frozen=True, slots=True)
class Plan:
    """How long, how fast, and how often to look."""

    minutes: float
    events_per_second: float
    sample_seconds: float


def measure(plan: Plan, folder: Path) -> list[Sample]:
    """Run it. The folder gets memory.csv line by line, the processes' ids, and their logs. Raises ChildFailed."""
    environment = clean_environment(SubmissionsSettings, AWS_REGION="us-east-1", METRICS_PORT="0", **CREDENTIALS)
    with Processes(folder, environment) as processes:
        emulator = processes.start("emulator", "local_aws", "--port", "0")
        endpoint = {"AWS_ENDPOINT_URL": _await(lambda: emulator.output.split()[-1:], emulator)[0]}
        provision = processes.start("provision", "event_processor", "provision", **endpoint)
        _await(lambda: provision.exit_code == 0, emulator)
        processor = processes.start("processor", "event_processor", "run", **endpoint)
        port = _await(lambda: re.findall(r'"port": (\d+).*"listening"', processor.errors), processor)[0]
        rate = str(plan.events_per_second / EVENTS_A_SUBMISSION)
        fleet = processes.start("fleet", "sensor_fleet", "run", "--rate", rate, "--seed", "1", **endpoint)
        running = (emulator, processor, fleet)
        (folder / "processes.json").write_text(json.dumps({each.name: each.process_id for each in running}) + "\n")
        return list(_written(folder / "memory.csv", _samples(plan, processor, int(port))))


def _samples(plan: Plan, processor: Process, port: int) -> Iterator[Sample]:
    """Meanwhile read what Prometheus and a person would read: that takes memory, too."""
    begun = time.monotonic()
    sample_at = scrape_at = 0.0
    while (passed := time.monotonic() - begun) < plan.minutes * 60:
        if processor.exit_code is not None:
            raise ChildFailed(f"the processor ended with {processor.exit_code}")
        if passed >= scrape_at:
            Scrape.of(port)
            scrape_at += _SCRAPE_SECONDS
        if passed >= sample_at:
            with urlopen(f"http://127.0.0.1:{port}/", timeout=10) as page:
                page.read()
            yield Sample(round(passed / 60, 2), *_memory(processor.process_id), Scrape.of(port).total(PUBLISHED))
            sample_at += plan.sample_seconds
        time.sleep(_LOOK_SECONDS)


def _memory(process_id: int) -> tuple[float, float, float]:
    text = Path(f"/proc/{process_id}/smaps_rollup").read_text()
    kib = dict(re.findall(r"^(\w+):\s+(\d+) kB$", text, re.MULTILINE))
    rss, pss, anonymous = (round(int(kib[name]) / _KIB, 2) for name in ("Rss", "Pss", "Anonymous"))
    return rss, pss, anonymous


def _written(path: Path, samples: Iterator[Sample]) -> Iterator[Sample]:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(field.name for field in fields(Sample))
        for sample in samples:
            writer.writerow(astuple(sample))
            file.flush()
            yield sample


def _await(found: Callable[[], T], process: Process) -> T:
    deadline = time.monotonic() + _START_SECONDS
    while not (result := found()):
        if process.exit_code is not None or time.monotonic() > deadline:
            raise ChildFailed(str(process.failed("did not start")))
        time.sleep(_LOOK_SECONDS)
    return result
