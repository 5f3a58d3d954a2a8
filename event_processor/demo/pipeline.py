"""The demo of the whole pipeline from start to end: every job a process of its own, on one machine."""

import json
import secrets
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple
from urllib.error import HTTPError
from urllib.request import urlopen

from rich.console import Console
from rich.live import Live

from event_processor.demo.listener import Heard, Listener
from event_processor.demo.pipeline_report import DIMENSION, PipelineReport, running_figures
from event_processor.demo.processes import Process, Processes, interruptible
from event_processor.demo.run import AWS, LATENCY_MS, Options
from event_processor.errors import SettingsError
from event_processor.settings.gateway import GatewaySettings
from event_processor.settings.inspection import InspectionSettings
from event_processor.settings.lake import DeliverySettings
from event_processor.settings.loading import clean_environment
from event_processor.settings.monitor import MonitorSettings
from event_processor.settings.submissions import SubmissionsSettings
from event_processor.status.job_figures import JobFigures, figures_of
from event_processor.submissions.event_models import EVENT_TYPES

_SECONDS: Final = 46.0  # of load, whatever the number
_SILENCE: Final = "silence:26-90:0.5"  # by then the monitor knows what is usual: it wants 24 buckets of a second
_STILL_SECONDS: Final = 4.0  # a flush and a load take less
_MOST_SECONDS: Final = 180.0
_FINDING_SECONDS: Final = 90.0
_REJECTS_SECONDS: Final = 60.0
_REFRESH_SECONDS: Final = 0.25
_DOOR: Final = "user-events,user-utm"
_TRACKED: Final = "segment"
_BREAK: Final = "5.1.0:/properties/gender:not-in-enum"
_KEY: Final = f"    partition_key: {DIMENSION}\n"
_MORE_STREAMS: Final = """\
  quality-metrics:
    contract: quality-metrics
  events:
    contract: "event/{event_type}"
    at: /event_data
    id: event_id
    table: "telemetry.{event_type}"
"""
_SETTINGS: Final = (SubmissionsSettings, GatewaySettings, InspectionSettings, DeliverySettings, MonitorSettings)
_TABLES: Final = """
    SELECT schema_name || '.' || table_name AS name, estimated_size AS rows
    FROM duckdb_tables() WHERE schema_name IN ('telemetry', 'tracking') ORDER BY 1"""
_REJECTS: Final = """
    SELECT source_kind, source, reason, app_version, mode(pattern) AS pattern, count(*) AS rejects
    FROM quality.rejects GROUP BY ALL ORDER BY rejects DESC, 1, 2, 3, 4"""


def run_pipeline(options: Options, console: Console) -> PipelineReport:
    """Run it, and return what was found. Leaves no process and no file. Raises as `run`, and SettingsError."""
    _check_extras()
    seed = secrets.randbits(31) if options.seed is None else options.seed
    with interruptible(), TemporaryDirectory(prefix="event_processor-demo-") as folder, Listener() as listener:
        environment = clean_environment(_SETTINGS, "AWS_TRANSPORT", **AWS)
        with Processes(Path(folder), environment) as processes:
            return _Pipeline(options, seed, Path(folder), processes, listener, console).run()


class Job(NamedTuple):
    """One of the jobs under way, and the port of its page."""

    process: Process
    port: int

    def figures(self) -> JobFigures:
        """As of now."""
        with urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10) as answer:
            found = figures_of(answer.read().decode())
        if found is None:
            raise self.process.failed("serves no known metrics")
        return found

    def is_ready(self) -> bool:
        """Whether it has all that it needs and works."""
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=10):
                return True
        except HTTPError:
            return False


class _Pipeline:
    def __init__(
        self, options: Options, seed: int, folder: Path, processes: Processes, listener: Listener, console: Console
    ) -> None:
        self._options, self._seed, self._folder = options, seed, folder
        self._processes, self._listener, self._console = processes, listener, console
        self._settings: dict[str, str] = {}

    def run(self) -> PipelineReport:
        begun = time.monotonic()
        self._say(f"starting an emulator of SQS and Kinesis that refuses {self._options.refuse:.0%} of all records")
        self._prepare(self._start_emulator())
        self._say("starting the jobs: run, gateway, inspect, monitor, deliver")
        jobs = self._start_jobs()
        self._say(f"sending for {_SECONDS:g} s, with seed {self._seed}: release 5.1.0 has a fault, devices fall silent")
        fleets = self._start_fleets(jobs["gateway"].process.port("taking records"))
        sent_at = time.monotonic()
        notices = self._watch(jobs, fleets)
        self._say("auditing: what was sent, against streams, lake and tables")
        audits = self._audit()
        figures = {name: job.figures() for name, job in jobs.items()}
        return PipelineReport(
            seed=self._seed,
            sent={name: json.loads(fleet.finish()) for name, fleet in fleets.items()},
            figures=figures,
            audits=audits,
            verified=json.loads(self._ours("verify", "lake", "verify", "--stream", "--json").finish((0, 1))),
            rejects=self._rejects(sum(each.rejected for name, each in figures.items() if name != "deliver")),
            tables={row["name"]: row["rows"] for row in self._query(_TABLES)},
            notices=[(heard.at - sent_at, heard.entry) for heard in notices],
            seconds=time.monotonic() - begun,
        )

    def _start_emulator(self) -> str:
        faults = ("--refuse", str(self._options.refuse), "--lose-answer", str(self._options.lose_answer))
        flags = ("--port", "0", "--seed", str(self._seed), "--latency-ms", LATENCY_MS, *faults)
        emulator = self._processes.start("emulator", "local_aws", *flags)
        return emulator.until(lambda: emulator.output).split()[-1]

    def _prepare(self, endpoint: str) -> None:
        """Contracts, queue and streams; what all jobs have in common."""
        drafts = self._folder / "drafts"
        self._settings = {
            "AWS_ENDPOINT_URL": endpoint,
            "METRICS_PORT": "0",
            "STREAMS_FILE": str(drafts / "streams.yaml"),
            "CONTRACTS": f"dir:{self._folder / 'contracts'}",
            "STATE": f"dir:{self._folder / 'state'}",
            "REJECTS": "lake",
            "LAKE": f"dir:{self._folder / 'lake'}",
            "LAKE_FLUSH_SECONDS": "2",
            "METRIC_BUCKET_SECONDS": "1",
            "MONITOR_STATE": f"dir:{self._folder / 'monitor'}",
            "WAREHOUSE": f"duckdb:{self._folder / 'warehouse.duckdb'}",
            "NOTICES": f"webhook:{self._listener.url}",
            "INSPECT_STREAM": _TRACKED,
        }
        queue = self._ours("provision-run", "provision", "--shards", "4")
        self._fleet("contracts", "contracts", str(drafts), "--streams", f"{_DOOR},{_TRACKED}").finish()
        streams = drafts / "streams.yaml"
        streams.write_text(streams.read_text().replace(_KEY, f"{_KEY}    dimension: {DIMENSION}\n") + _MORE_STREAMS)
        for name, model in EVENT_TYPES.items():
            document = {"x-subject": f"event/{name}", "x-version": "1-0-0", **model.model_json_schema()}
            (drafts / f"{name}.json").write_text(json.dumps(document))
        publish = self._ours("publish", "contracts", "publish", str(drafts))
        queue.finish()
        publish.finish()
        self._ours("provision-deliver", "provision", "--job", "deliver", "--shards", "2").finish()

    def _start_jobs(self) -> dict[str, Job]:
        own = {
            "run": {"WAIT_TIME": "1", "VISIBILITY_TIMEOUT": "10", "CONTRACTS": ""},
            "gateway": {"GATEWAY_PORT": "0"},
            "inspect": {},
            "monitor": {},
        }
        started = {name: self._ours(name, name, **settings) for name, settings in own.items()}
        jobs = {name: Job(process, process.port()) for name, process in started.items()}
        others = ",".join(f"{name}=http://127.0.0.1:{job.port}" for name, job in jobs.items())
        deliver = self._ours("deliver", "deliver", JOBS=others)
        jobs["deliver"] = Job(deliver, deliver.port())
        for job in jobs.values():
            job.process.until(job.is_ready)
        self._say(f"all of them in one picture, while it runs: http://127.0.0.1:{jobs['deliver'].port}/overview")
        return jobs

    def _start_fleets(self, door: int) -> dict[str, Process]:
        number = str(self._options.submissions)
        load = ("--rate", str(self._options.submissions / _SECONDS), "--seed", str(self._seed), "--json")
        direct = ("--stream", _TRACKED, "--records", number, "--break", _BREAK)
        http = (
            "--gateway",
            f"http://127.0.0.1:{door}",
            "--streams",
            _DOOR,
            "--batch",
            "1-20",
            "--devices",
            "4",
            "--fault",
            _SILENCE,
        )
        submissions = ("--submissions", number, "--invalid-share", "0.02")
        commands = {
            "queue": ("run", *submissions),
            "door": ("run", *submissions, *http),
            "stream": ("track", *direct),
        }
        return {
            name: self._fleet(name, *command, *load, "--manifest", self._manifest(name))
            for name, command in commands.items()
        }

    def _watch(self, jobs: Mapping[str, Job], fleets: Mapping[str, Process]) -> list[Heard]:
        """Show what happens until all fleets have ended and nothing of theirs is under way any more.

        Returns the notices until they had ended, or the first of a silent device if that comes later.
        """
        done: list[object] = []
        heard: list[Heard] = []
        still_since = begun = time.monotonic()
        with Live(console=self._console, transient=True) as live:
            while time.monotonic() < min(still_since + _STILL_SECONDS, begun + _MOST_SECONDS):
                time.sleep(_REFRESH_SECONDS)
                figures = {name: job.figures() for name, job in jobs.items()}
                live.update(running_figures(figures, [each.entry for each in self._listener.heard]))
                before, done = done, [_done(each) for each in figures.values()]
                is_sending = any(fleet.exit_code is None for fleet in fleets.values())
                for process in (*fleets.values(), *(job.process for job in jobs.values())):
                    if process.exit_code:
                        raise process.failed(f"ended with exit code {process.exit_code}")
                if is_sending or not self._is_told(heard, fleets["door"]):
                    heard = [*self._listener.heard]  # what comes later tells that the fleets have ended
                    is_sending |= time.monotonic() < begun + _SECONDS + _FINDING_SECONDS
                if done != before or is_sending:
                    still_since = time.monotonic()
        return heard

    def _is_told(self, heard: list[Heard], door: Process) -> bool:
        """Whether a notice is of a silent device, or none fell silent: it is half of them by chance, of four."""
        titles = [each.entry["title"] for each in heard if each.entry["kind"] == "finding"]
        sent: int = json.loads(door.output)["sent"]
        return sent >= self._options.submissions or any(DIMENSION in title for title in titles)

    def _audit(self) -> dict[str, Any]:
        """The witness of each fleet on the streams, on the verdicts, and on lake and tables."""
        settings = self._settings
        lake = ("--lake", settings["LAKE"], "--warehouse", settings["WAREHOUSE"])
        wanted = {
            "queue, on the stream": ("queue",),
            "door, on the streams": ("door",),
            "queue, in lake and tables": ("queue", "--stream", "events", *lake),
            "door, in lake and tables": ("door", *lake),
            "stream, in lake and tables": ("stream", "--stream", _TRACKED, *lake),
        }
        audits = {
            name: self._fleet(
                f"audit {name}", "audit", "--manifest", self._manifest(fleet), "--wait", "120", "--json", *options
            )
            for name, (fleet, *options) in wanted.items()
        }
        return {name: json.loads(audit.finish((0, 1))) for name, audit in audits.items()}

    def _rejects(self, expected: int) -> list[dict[str, Any]]:
        """Those in the warehouse, by who rejected and why. Delivery loads those of others every ten seconds."""
        deadline = time.monotonic() + _REJECTS_SECONDS
        while True:
            found = self._query(_REJECTS)
            if sum(row["rejects"] for row in found) >= expected or time.monotonic() > deadline:
                return found

    def _query(self, sql: str) -> list[dict[str, Any]]:
        output = self._ours("query", "lake", "query", "--format", "json", sql).finish()
        return [json.loads(line) for line in output.splitlines()]

    def _ours(self, name: str, *arguments: str, **settings: str) -> Process:
        return self._processes.start(name, "event_processor", *arguments, **{**self._settings, **settings})

    def _fleet(self, name: str, *arguments: str) -> Process:
        return self._processes.start(f"fleet {name}", "sensor_fleet", *arguments, **self._settings)

    def _manifest(self, fleet: str) -> str:
        return str(self._folder / f"{fleet}.ndjson")

    def _say(self, text: str) -> None:
        self._console.print(text, highlight=False)


def _done(figures: JobFigures) -> tuple[int, ...]:
    """What the fleets' records make a job do: metrics of them go on and on."""
    if figures.job in {"deliver", "monitor"}:
        return figures.loaded, figures.rejected
    return figures.taken, figures.passed, figures.rejected


def _check_extras() -> None:
    if missing := [name for name in ("duckdb", "starlette", "uvicorn") if find_spec(name) is None]:
        raise SettingsError(
            f"demo --pipeline needs a package that is not installed ({', '.join(missing)});"
            " pip install 'event-processor[gateway,lake]', in a clone '.[gateway,lake]'"
        )
