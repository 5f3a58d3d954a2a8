"""One round of the whole pipeline: every job as a process, faults and chaos over all of them, and the verdicts."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from shutil import rmtree
from typing import Any, Final

from tests.eventually import eventually
from tests.ports import reserved_port
from tests.soak.findings import Findings
from tests.soak.pipeline_scenario import JOBS, PipelineScenario
from tests.soak.replica import Replica
from tests.system.delivering import Deliverer
from tests.system.processes import Child, Emulator, Inspector, Processor
from tests.system.test_lake_path import DOOR, WholePath

_METRICS: Final = "  quality-metrics: {contract: quality-metrics}\n"
_CALM_SECONDS: Final = 180
_ARRIVED_SECONDS: Final = 180
_AUDIT: Final = ("--json", "--wait", str(_ARRIVED_SECONDS))
_WAYS_ON: Final = {
    "tracking": {"deliver": "name another LAKE and WAREHOUSE", "inspect": "state/inspect/tracking"},
    "quality-metrics": {"monitor": "checkpoints/quality-metrics/"},
}


class Monitor(Processor):
    """`event-processor monitor`, as soon as it listens."""

    job, namespace = "monitor", "event_monitor"


class Pipeline:
    """The jobs, and those who send to them."""

    def __init__(self, scenario: PipelineScenario, folder: Path, aws: Emulator, port: int) -> None:
        self._scenario, self._folder, self._port = scenario, folder, port
        self.path = WholePath(folder, aws)
        with (folder / "drafts" / "streams.yaml").open("a") as streams:
            streams.write(_METRICS)
        self.path.settings |= {
            "AWS_TRANSPORT": scenario.transport,
            "LAKE_FLUSH_SECONDS": str(scenario.flush_seconds),
            "METRIC_BUCKET_SECONDS": "60" if scenario.seconds_ahead else "2",  # each hour has all of them
            "MONITOR_STATE": f"dir:{folder}/monitor",
            "STATE": f"dir:{folder}/state",
            "INSPECT_STREAM": "tracking",
            "REJECTS": "lake",
            "REJECT_LIMIT_SHARE": "0",
            "VISIBILITY_TIMEOUT": "4",
        }
        self.path.run("event_processor", "provision", "--job", "deliver")

    def start(self, job: str) -> Processor:
        """One more of a job."""
        if job == "gateway":
            return self.path.gateway(self._port)
        kinds = {"run": Processor, "inspect": Inspector, "deliver": Deliverer, "monitor": Monitor}
        home = self._folder / job
        home.mkdir(exist_ok=True)
        return kinds[job](home, self.path.aws.endpoint, **self.path.settings)

    def outlive(self, streams: Sequence[str]) -> None:
        """Streams are made anew: who reads them ends, and says how to go on. That is done, and the old lake stays."""
        lake = ("--lake", self.path.settings["LAKE"])
        ways = {job: way_on for stream in streams for job, way_on in _WAYS_ON[stream].items()}
        with ExitStack() as stack:
            readers = {job: stack.enter_context(self.start(job)) for job in ("inspect", "deliver", "monitor")}
            of_it = ("--stream", "tracking")
            self._done("sensor_fleet", "track", *of_it, "--records", "100", "--manifest", self._manifest("doomed"))
            self._done("sensor_fleet", "audit", *of_it, "--manifest", self._manifest("doomed"), *_AUDIT, *lake)
            for stream in streams:
                self.path.aws.admin("POST", "action", {"do": "recreate_stream", "stream": stream})
            for job, way_on in ways.items():
                assert readers[job].exit_code() == 1, f"{job} reads on"
                assert way_on in readers[job].errors
        self._done("event_processor", "lake", "verify")
        self.path.lake = self._folder / "lake-2"
        warehouse = f"duckdb:{self._folder}/warehouse-2.duckdb"
        self.path.settings |= {"LAKE": f"dir:{self.path.lake}", "WAREHOUSE": warehouse}
        rmtree(self._folder / ways["inspect"])
        if "monitor" in ways:
            rmtree(self._folder / "monitor" / ways["monitor"])

    def keep_house(self, what: str) -> None:
        """`compact` or `rebuild` the lake, beside the delivery."""
        self._done("event_processor", "lake", what)

    def fleets(self) -> dict[str, Child]:
        """All of them under way."""
        it, door = self._scenario, f"http://127.0.0.1:{self._port}"
        commands = {
            "run": ("run", "--submissions", *_load(it.submissions, it.seconds)),
            "door": (
                "run", "--gateway", door, "--streams", DOOR, "--batch", it.batch, "--submissions",
                *_load(it.door, it.seconds),
            ),
            "track": ("track", "--stream", "tracking", "--records", *_load(it.events, it.seconds)),
        }  # fmt: skip
        shape = ("--invalid-share", str(it.invalid_share), "--seed", str(it.seed), "--json")
        return {
            name: self._child("sensor_fleet", *command, *shape, "--manifest", self._manifest(name))
            for name, command in commands.items()
        }

    def audits(self) -> dict[str, dict[str, Any]]:
        """What the witness has to say of streams, verdicts, lake and tables, after it passed all of them."""
        lake = ("--lake", self.path.settings["LAKE"], "--warehouse", self.path.settings["WAREHOUSE"])
        wanted: dict[str, tuple[str, ...]] = {
            "lake run": ("run", "--stream", "events", *lake),
            "lake door": ("door", *lake),
            "lake track": ("track", "--stream", "tracking", *lake),
            "stream run": ("run",),
            "stream door": ("door",),
        }
        for manifest, job in (("track", "inspect"), ("door", "gateway")):
            rejects = self.path.lake / "rejects" / job
            if rejects.exists():
                wanted[f"verdicts {manifest}"] = (manifest, "--rejects", str(rejects))
        return {
            name: json.loads(
                self._done("sensor_fleet", "audit", "--manifest", self._manifest(manifest), *_AUDIT, *options)
            )
            for name, (manifest, *options) in wanted.items()
        }

    def verify(self) -> None:
        """Log, files, tables and streams agree."""
        verified = json.loads(self._done("event_processor", "lake", "verify", "--stream", "--repeats", "--json"))
        assert verified["sound"], verified["findings"][:10]

    def _done(self, *arguments: str) -> str:
        with self._child(*arguments) as child:
            assert child.exit_code(_ARRIVED_SECONDS + 60) == 0, f"{arguments}\n{child.output}\n{child.errors}"
            return child.output

    def _child(self, *arguments: str) -> Child:
        home = self._folder / "fleets"
        home.mkdir(exist_ok=True)
        return Child(home, arguments, self.path.settings)

    def _manifest(self, fleet: str) -> str:
        return f"{self._folder}/{fleet}.manifest"


def play_pipeline(scenario: PipelineScenario, folder: Path) -> Findings:
    """Play a round and judge it. AssertionError says what was broken; what the processes said is in the folder."""
    with Emulator(folder) as aws, reserved_port() as port:
        pipeline = Pipeline(scenario, folder, aws, port)
        if scenario.recreated:
            pipeline.outlive(scenario.recreated)
        with _deployed(scenario, pipeline) as replicas:
            for name, replica in replicas.items():
                assert replica.at_work.wait(120), f"{name} does not get to work"
            aws.admin("POST", "plan", scenario.plan)
            sent = _sent(pipeline)
            pipeline.keep_house("compact")
            eventually(lambda: aws.admin("GET", "faults")["plan"]["state"] == "over", "the plan's end", seconds=120)
            for name, replica in replicas.items():
                assert replica.calm.wait(_CALM_SECONDS), f"the chaos of {name} did not end"
            aws.set_faults(clock_offset_seconds=scenario.seconds_ahead)
            eventually(
                lambda: _complaints(replicas) or not sum(aws.depth()), "the queue to be empty", seconds=_ARRIVED_SECONDS
            )
            assert not _complaints(replicas), "\n".join(_complaints(replicas))
            reports = pipeline.audits()
            pipeline.keep_house("compact")
            pipeline.verify()
            pipeline.keep_house("rebuild")
            pipeline.verify()
        assert not _complaints(replicas), "\n".join(_complaints(replicas))
    lakes = [report for name, report in reports.items() if name.startswith("lake ")]
    return Findings(
        submissions=sent["run"]["sent"],
        events=reports["stream run"]["found"],
        repeats=sum(report["repeats"] for report in lakes),
        refused=int(sum(replica.metric("records_refused_total") for replica in replicas.values())),
        max_rss_bytes=int(max(replica.max_rss_bytes for replica in replicas.values())),
        deeds=sum((replica.done for replica in replicas.values()), Counter()),
        transports=(scenario.transport,),
        pipeline=True,
        rows=sum(report["table"] for report in lakes),
        rejects=sum(report["rejects"] for report in lakes),
    )


@contextmanager
def _deployed(scenario: PipelineScenario, pipeline: Pipeline) -> Iterator[dict[str, Replica]]:
    """One of each job, running; stopped with SIGTERM, those that write onto streams first."""

    def replica(job: str) -> Replica:
        return Replica(lambda: pipeline.start(job), scenario.strokes[job])

    replicas = {job: replica(job) for job in JOBS}
    for one in replicas.values():
        one.start()
    try:
        yield replicas
    finally:
        for one in replicas.values():
            one.stop()


def _sent(pipeline: Pipeline) -> dict[str, Any]:
    """What the fleets say of what they sent. One that is told that it may not put records gives up, and rightly."""
    fleets = pipeline.fleets()
    try:
        codes = {name: fleet.exit_code(300) for name, fleet in fleets.items()}
    finally:
        for fleet in fleets.values():
            fleet.kill()
    assert codes["run"] == codes["door"] == 0, [fleet.errors[-1000:] for fleet in fleets.values()]
    return {name: json.loads(fleet.output) for name, fleet in fleets.items() if not codes[name]}


def _load(rate: float, seconds: float) -> tuple[str, ...]:
    return str(max(1, int(rate * seconds))), "--rate", str(round(rate, 2))


def _complaints(replicas: Mapping[str, Replica]) -> list[str]:
    return [f"{name}: {complaint}" for name, replica in replicas.items() for complaint in replica.complaints]
