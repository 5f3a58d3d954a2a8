"""The whole way by its real programs: a fault in what devices send is a message to people, and nothing else is."""

import json
import signal
import time
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from event_processor.metrics.metric import Metric, SeriesId
from tests.eventually import eventually
from tests.system.delivering import Deliverer
from tests.system.gateway import Gateway
from tests.system.metric_stream import STREAM, metrics_on
from tests.system.processes import Child, Emulator, Processor, command
from tests.unit.channels.servers import Server, serving

pytestmark = pytest.mark.prove
SECONDS = 2
QUIET_BUCKETS = 44  # a baseline needs 30; of 40 it leaves two out that are far from the others, as the first is
SOON_SECONDS = 30.0
METRICS = f"  {STREAM}: {{contract: {STREAM}, partition_key: dataset, table: quality.metrics}}\n"


class Monitor(Processor):
    """`event-processor monitor`, as soon as it listens."""

    job, namespace = "monitor", "event_monitor"


class WholeWay:
    """Two streams, and what stands between a device and people."""

    def __init__(self, folder: Path, aws: Emulator, slack: Server) -> None:
        self.folder, self.aws, self.slack = folder, aws, slack
        drafts = folder / "drafts"
        self.settings = {
            "STREAMS_FILE": str(drafts / "streams.yaml"),
            "CONTRACTS": f"dir:{folder}/contracts",
            "LAKE": f"dir:{folder}/lake",
            "LAKE_FLUSH_SECONDS": "1",
            "WAREHOUSE": f"duckdb:{folder}/warehouse.duckdb",
            "METRIC_BUCKET_SECONDS": str(SECONDS),
            "MONITOR_STATE": f"dir:{folder}/state",
            "NOTICES": f"webhook:{slack.url}",
            "AWS_ENDPOINT_URL": aws.endpoint,
            "AWS_REGION": "us-east-1",
        }
        self.run("sensor_fleet", "contracts", str(drafts), "--streams", "user-events")
        with (drafts / "streams.yaml").open("a") as streams:
            streams.write(METRICS)
        self.run("event_processor", "contracts", "publish", str(drafts))
        self.run("event_processor", "provision", "--job", "gateway", "--shards", "2")

    def run(self, *arguments: str) -> str:
        """A command to its good end, and what it printed."""
        done = command(*arguments, **self.settings)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def fleet(self, gateway: Gateway, *options: str) -> Child:
        """Devices that send at a steady rate."""
        door = f"http://127.0.0.1:{gateway.door}"
        words = ["--gateway", door, "--streams", "user-events", "--rate", "40", "--devices", "40", "--seed", "7"]
        return Child(self.folder, ["sensor_fleet", "run", *words, *options], {})

    def records(self) -> dict[int, float]:
        """The newest value of each bucket of the stream's records."""
        found = [each for each in metrics_on(self.aws.kinesis) if each.series.key == "user-events/records"]
        return {each.bucket_start: each.value or 0.0 for each in sorted(found, key=lambda each: each.revision)}

    def notices(self) -> list[tuple[float, dict[str, Any]]]:
        """Each entry of each message, and when it came (seconds since 1970)."""
        shift = time.time() - time.monotonic()
        return [(at + shift, entry) for at, document in self.slack.messages for entry in document["entries"]]


def _is_of_lateness(entry: dict[str, Any]) -> bool:
    """Whether it tells that metrics came late: on a busy machine they do."""
    return entry["code"] == "silence" or str(entry["pointer"]).endswith("freshness_seconds")


def test_most_devices_go_silent(tmp_path: Path) -> None:
    """Nobody hears of a quiet run; when most devices send nothing, people hear of it within half a minute."""
    with ExitStack() as stack:
        aws, slack = stack.enter_context(Emulator(tmp_path)), stack.enter_context(serving())
        path = WholeWay(tmp_path, aws, slack)
        gateway = stack.enter_context(Gateway(tmp_path, aws.endpoint, **path.settings))
        quiet = QUIET_BUCKETS * SECONDS
        stack.enter_context(path.fleet(gateway, "--fault", f"silence:{quiet}-:0.9"))
        began = time.time()
        stack.enter_context(Deliverer(tmp_path, aws.endpoint, **path.settings))
        stack.enter_context(Monitor(tmp_path, aws.endpoint, **path.settings))

        def told() -> list[tuple[float, dict[str, Any]]]:
            return [each for each in path.notices() if each[1]["pointer"] == "user-events/records"]

        eventually(told, "a notice of the stream's records", quiet + 90)
        at, entry = told()[0]
        early = [entry["title"] for at, entry in path.notices() if at <= began + quiet and not _is_of_lateness(entry)]
        assert early == [], "people heard of a quiet run"
        values = path.records()
        wrong = next(
            start
            for start, value in sorted(values.items())
            if start > began + quiet - SECONDS and value < 40 * SECONDS * 0.9
        )
        assert at - (wrong + SECONDS) < SOON_SECONDS
        assert entry["state"] == "new"


def test_killed_again_and_again(tmp_path: Path) -> None:
    """Whenever delivery is killed, a bucket has one value in each revision, and all that was sent is in one of them."""
    with ExitStack() as stack:
        aws, slack = stack.enter_context(Emulator(tmp_path)), stack.enter_context(serving())
        path = WholeWay(tmp_path, aws, slack)
        gateway = stack.enter_context(Gateway(tmp_path, aws.endpoint, **path.settings))
        fleet = stack.enter_context(path.fleet(gateway, "--submissions", "1200", "--json"))
        settings = {**path.settings, "METRIC_BUCKET_SECONDS": "1"}
        for _ in range(4):
            with Deliverer(tmp_path, aws.endpoint, **settings) as killed:
                before = len(metrics_on(aws.kinesis))
                eventually(lambda: len(metrics_on(aws.kinesis)) > before + 20, "some metrics", 60)  # noqa: B023
                killed.signal(signal.SIGKILL)
        sound = Metric(SeriesId("orders", "rows"), 1_767_355_200, 60, 12, 12)
        for record, status in ((sound.to_json(), 200), (sound.to_json().replace(b":12,", b':"12",'), 422)):
            body = b'{"PartitionKey":"orders/rows","Data":' + record + b"}"
            assert gateway.send(f"/streams/{STREAM}/record", body)[0] == status, "anybody's metrics"
        assert fleet.exit_code() == 0
        answers = json.loads(fleet.output)["answers"]
        with Deliverer(tmp_path, aws.endpoint, **settings):
            eventually(lambda: sum(path.records().values()) >= answers["200"], "all to be counted", 60)
        assert sum(path.records().values()) == answers["200"]
        values: dict[tuple[str, int, int], set[float | None]] = defaultdict(set)
        for metric in metrics_on(aws.kinesis):
            values[metric.series.key, metric.bucket_start, metric.revision].add(metric.value)
        assert all(len(each) == 1 for each in values.values())
