"""The demo from start to end."""

import json
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from rich.console import Console
from rich.live import Live
from rich.table import Table

from event_processor.demo.processes import Process, Processes, interruptible
from event_processor.demo.report import Report
from event_processor.settings.loading import clean_environment
from event_processor.settings.submissions import SubmissionsSettings
from event_processor.status.scrape import Scrape
from event_processor.telemetry.publish_telemetry import PUBLISHED, REFUSED
from event_processor.telemetry.reject_telemetry import REJECTS
from event_processor.telemetry.submission_telemetry import DELETED, LANES, RECEIVED

LATENCY_MS: Final = "5"  # about what a call takes inside a region
_SHARDS: Final = "16"
_REFRESH_SECONDS: Final = 0.1
_STILL_SECONDS: Final = 60.0
AWS: Final = {"AWS_ACCESS_KEY_ID": "demo", "AWS_SECRET_ACCESS_KEY": "demo", "AWS_REGION": "us-east-1"}
_PROCESSOR: Final = {"METRICS_PORT": "0", "LOG_FORMAT": "json", "WAIT_TIME": "1", "VISIBILITY_TIMEOUT": "10"}


@dataclass(frozen=True, slots=True)
class Options:
    """What may be asked of the demo."""

    submissions: int
    refuse: float
    lose_answer: float
    seed: int | None


def run(options: Options, console: Console) -> Report:
    """Run it and return what was found. Leaves no process and no file. Raises ProcessFailed and Interrupted."""
    seed = secrets.randbits(31) if options.seed is None else options.seed
    with interruptible(), TemporaryDirectory(prefix="event_processor-demo-") as folder:
        environment = clean_environment(SubmissionsSettings, "AWS_TRANSPORT", **AWS)
        with Processes(Path(folder), environment) as processes:
            return _Demo(options, seed, Path(folder), processes, console).run()


class _Demo:
    def __init__(self, options: Options, seed: int, folder: Path, processes: Processes, console: Console) -> None:
        self._options, self._seed, self._folder = options, seed, folder
        self._processes, self._console = processes, console

    def run(self) -> Report:
        self._say(f"starting an emulator of SQS and Kinesis that refuses {self._options.refuse:.0%} of all records")
        emulator = self._start_emulator()
        endpoint = {"AWS_ENDPOINT_URL": emulator.until(lambda: emulator.output).split()[-1]}
        self._processes.start("provision", "event_processor", "provision", "--shards", _SHARDS, **endpoint).finish()
        self._say(f"starting the processor, and a fleet of sensors with seed {self._seed}")
        processor = self._processes.start("processor", "event_processor", "run", **endpoint, **_PROCESSOR)
        port = processor.port()
        fleet = self._start_fleet(endpoint)
        seconds = self._watch(port, fleet, processor)
        self._say("auditing: reading the whole stream, comparing it with what the fleet sent\n")
        audit = json.loads(self._start_audit(endpoint).finish(allowed=(0, 1)))
        return Report.of(audit, Scrape.of(port), seconds, self._seed)

    def _start_emulator(self) -> Process:
        faults = ("--refuse", str(self._options.refuse), "--lose-answer", str(self._options.lose_answer))
        return self._processes.start(
            "emulator", "local_aws", "--port", "0", "--seed", str(self._seed), "--latency-ms", LATENCY_MS, *faults
        )

    def _start_fleet(self, endpoint: dict[str, str]) -> Process:
        load = ("--submissions", str(self._options.submissions), "--rate", "0", "--seed", str(self._seed))
        manifest = ("--manifest", str(self._folder / "manifest.ndjson"))
        return self._processes.start("fleet", "sensor_fleet", "run", *load, *manifest, **endpoint)

    def _start_audit(self, endpoint: dict[str, str]) -> Process:
        manifest = ("--manifest", str(self._folder / "manifest.ndjson"))
        return self._processes.start("audit", "sensor_fleet", "audit", *manifest, "--wait", "30", "--json", **endpoint)

    def _watch(self, port: int, fleet: Process, processor: Process) -> float:
        """Show what happens until all submissions are deleted. Returns the seconds in which events were published."""
        begun = last = time.monotonic()
        published = 0
        still = begun + _STILL_SECONDS
        with Live(console=self._console, transient=True) as live:
            while fleet.exit_code is None or Scrape.of(port).total(DELETED) < self._options.submissions:
                for process in (fleet, processor):
                    if process.exit_code:
                        raise process.failed(f"ended with exit code {process.exit_code}")
                scrape = Scrape.of(port)
                if scrape.total(PUBLISHED) > published:
                    published, last = scrape.total(PUBLISHED), time.monotonic()
                    still = last + _STILL_SECONDS
                if time.monotonic() > still:
                    raise processor.failed(f"published nothing for {_STILL_SECONDS:g} s")
                live.update(_running_figures(scrape, self._options.submissions))
                time.sleep(_REFRESH_SECONDS)
        return last - begun

    def _say(self, text: str) -> None:
        self._console.print(text, highlight=False)


def _running_figures(scrape: Scrape, submissions: int) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2))
    table.add_column(justify="right", style="bold")
    for figure, words in (
        (scrape.total(RECEIVED), "submissions received"),
        (scrape.total(LANES), "of them in flight"),
        (scrape.total(PUBLISHED), "events published"),
        (scrape.total(REFUSED), "records refused and sent again"),
        (scrape.total(REJECTS), "rejects"),
        (scrape.total(DELETED), f"of {submissions:,} submissions done and deleted"),
    ):
        table.add_row(f"{figure:,}", words)
    return table
