"""The fleet and the audit as real processes, against real services on loopback, with a publisher of our own between."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from mypy_boto3_kinesis import KinesisClient
from mypy_boto3_sqs import SQSClient

from local_aws import Faults, LocalAws
from sensor_fleet.aws import Aws
from sensor_fleet.plan import Plan, PlannedEvent
from sensor_fleet.reader import StreamReader
from sensor_fleet.tracking.manifest import read_tracking_manifest
from sensor_fleet.tracking.plan import TrackingPlan, digest
from tests.eventually import eventually
from tests.unit.sensor_fleet.published import record
from tests.unit.sensor_fleet.validator import RejectedError, validate

FLEET = [sys.executable, "-m", "sensor_fleet"]


class Bench:
    """A queue, a stream, the command line, and the simplest publisher that keeps the promises."""

    def __init__(self, endpoint: str, folder: Path) -> None:
        self.manifest = folder / "manifest"
        self._name = folder.name  # of this test alone: moto has one state for all tests of a process
        self._environment = os.environ | {
            "AWS_ENDPOINT_URL": endpoint,
            "QUEUE_NAME": self._name,
            "STREAM_NAME": self._name,
        }
        self.sqs: SQSClient = Aws(endpoint_url=endpoint).sqs(connections=1)
        self.kinesis: KinesisClient = Aws(endpoint_url=endpoint).kinesis()
        self.kinesis.create_stream(StreamName=self._name, ShardCount=2)
        eventually(self._is_active)

    def _is_active(self) -> bool:
        summary = self.kinesis.describe_stream_summary(StreamName=self._name)["StreamDescriptionSummary"]
        return summary["StreamStatus"] == "ACTIVE"

    def create_queue(self) -> None:
        """Make the queue the fleet sends to."""
        self.sqs.create_queue(QueueName=self._name)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """A command under way."""
        pipe = subprocess.PIPE
        return subprocess.Popen([*FLEET, *arguments], env=self._environment, stdout=pipe, stderr=pipe, text=True)

    def command(self, *arguments: str) -> tuple[int, str]:
        """A command to its end: exit code and what it printed."""
        process = self.start(*arguments)
        stdout, _ = process.communicate(timeout=60)
        return process.returncode, stdout

    def run_fleet(self, *arguments: str) -> dict[str, Any]:
        """Send submissions as fast as possible, and return the summary."""
        settings = ("--seed", "11", "--rate", "0", "--manifest", str(self.manifest), "--json")
        code, summary = self.command("run", *settings, *arguments)
        assert code == 0
        return dict(json.loads(summary))

    def audit(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        """The audit's exit code and report."""
        code, report = self.command("audit", "--manifest", str(self.manifest), "--json", *arguments)
        return code, json.loads(report)

    def received(self) -> list[list[dict[str, Any]]]:
        """Empty the queue: the records of each submission, in order."""
        url = self.sqs.get_queue_url(QueueName=self._name)["QueueUrl"]
        records = []
        while messages := self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            records += [_records(message["Body"]) for message in messages]
        return records

    def publish(self, records: list[dict[str, Any]]) -> None:
        """Put each record by itself, in order."""
        for each in records:
            data = json.dumps(each).encode()
            self.kinesis.put_record(StreamName=self._name, PartitionKey=each["device_id"], Data=data)

    def close(self) -> None:
        """Leave no connection open."""
        self.sqs.close()
        self.kinesis.close()

    def reshard(self) -> None:
        """Split the first shard, then merge its second half with the shard beside it."""
        first, second = self._open_shards()
        self.kinesis.split_shard(StreamName=self._name, ShardToSplit=first, NewStartingHashKey=str(2**126))
        eventually(self._is_active)
        halves = [shard for shard in self._open_shards() if shard != second]
        self.kinesis.merge_shards(StreamName=self._name, ShardToMerge=halves[1], AdjacentShardToMerge=second)
        eventually(self._is_active)

    def _open_shards(self) -> list[str]:
        shards = self.kinesis.list_shards(StreamName=self._name)["Shards"]
        is_open = [shard for shard in shards if "EndingSequenceNumber" not in shard["SequenceNumberRange"]]
        return [
            each["ShardId"] for each in sorted(is_open, key=lambda each: int(each["HashKeyRange"]["StartingHashKey"]))
        ]


def _records(body: str) -> list[dict[str, Any]]:
    try:
        verdict = validate(body)
    except RejectedError:
        return []
    plan = Plan(verdict.submission_id, verdict.device_id, verdict.time_created)
    return [record(plan, PlannedEvent(*event)) for event in verdict.good]


@contextmanager
def _bench(endpoint: str, folder: Path) -> Iterator[Bench]:
    made = Bench(endpoint, folder)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def bench(aws: LocalAws, tmp_path: Path) -> Iterator[Bench]:
    """The bench on our own emulator, with a queue."""
    with _bench(aws.endpoint, tmp_path) as made:
        made.create_queue()
        yield made


@pytest.fixture(params=["local_aws", "moto"])
def either_bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """The bench on our own emulator, and on somebody else's."""
    if request.param == "local_aws":
        yield request.getfixturevalue("bench")
        return
    from moto.server import ThreadedMotoServer  # noqa: PLC0415 - slow to import

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with _bench(f"http://{host}:{port}", tmp_path) as made:
        made.create_queue()
        yield made
    server.stop()


def _in_two_halves(lanes: list[list[dict[str, Any]]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    first = [each for records in lanes for each in records[: len(records) // 2]]
    return first, [each for records in lanes for each in records[len(records) // 2 :]]


def test_a_kept_promise_passes_the_audit(either_bench: Bench) -> None:
    """What a fleet sent and a careful publisher put on the stream passes, also with a reshard on the way."""
    summary = either_bench.run_fleet("--submissions", "40", "--invalid-share", "0.3")
    first, rest = _in_two_halves(either_bench.received())
    either_bench.publish(first)
    either_bench.reshard()
    either_bench.publish(rest)
    code, report = either_bench.audit()

    assert summary["sent"] == report["submissions"] == 40
    assert summary["submissions_to_reject"] > 0
    assert summary["events_to_reject"] > 0
    assert (code, report["passed"]) == (0, True)
    assert report["expected"] == report["found"] == summary["events_expected"] > 100
    assert report["records"] == len(first) + len(rest)


def test_a_broken_promise_fails_the_audit(bench: Bench) -> None:
    """An event lost, one repeated too early and one of nobody's are each found, and the exit code is 1."""
    bench.run_fleet("--submissions", "10", "--spoil", "0")
    lost, hasty, *good = bench.received()
    foreign = good[0][0] | {"submission_id": "00000000-0000-4000-8000-000000000000"}
    bench.publish(
        [*lost[:-1], hasty[1], hasty[0], *hasty[2:], foreign, *[each for records in good for each in records]]
    )
    code, report = bench.audit()

    assert code == 1
    assert report["violations"] == {"missing": 1, "unexpected": 1, "altered": 0, "out_of_order": 1, "identity": 0}
    assert {sample["submission_id"] for sample in report["samples"]} == {
        each["submission_id"] for each in (lost[0], hasty[0], foreign)
    }


def test_a_bad_connection_only_adds_repeats(aws: LocalAws, bench: Bench) -> None:
    """With calls failing and answers lost every submission still reaches the queue, and repeats pass the audit."""
    aws.faults = Faults(fail_call=0.2, lose_answer=0.2, seed=7)
    summary = bench.run_fleet("--submissions", "200", "--events", "1-2")
    aws.faults = Faults()
    bench.publish([each for records in bench.received() for each in records])
    code, report = bench.audit()

    assert (summary["sent"], summary["unconfirmed"]) == (200, 0)
    assert summary["calls_failed"] > 0
    assert (code, report["found"]) == (0, summary["events_expected"])
    assert report["repeats"] > 0


def test_the_audit_waits_for_a_busy_processor(bench: Bench) -> None:
    """Started before the stream is complete, the audit passes as soon as it is."""
    bench.run_fleet("--submissions", "20")
    first, rest = _in_two_halves(bench.received())
    bench.publish(first)
    audit = bench.start("audit", "--manifest", str(bench.manifest), "--wait", "60")
    with ThreadPoolExecutor(1) as pool:
        pool.submit(bench.publish, rest).result()
    stdout, _ = audit.communicate(timeout=60)

    assert audit.returncode == 0
    assert stdout.splitlines()[-1] == "passed"


def test_the_fleet_waits_for_its_queue(aws: LocalAws, tmp_path: Path) -> None:
    """A fleet that is up before the queue says what it waits for, once, and then sends."""
    with _bench(aws.endpoint, tmp_path) as bench:
        fleet = bench.start("run", "--submissions", "5", "--rate", "0")
        assert fleet.stderr
        first_line = fleet.stderr.readline()
        bench.create_queue()
        stdout, stderr = fleet.communicate(timeout=60)

    assert re.match(r"waiting up to 60 s for queue \S+ at http://127.0.0.1", first_line)
    assert "waiting" not in stderr
    assert fleet.returncode == 0
    assert stdout.startswith("sent 5 submissions")


def test_a_stopped_fleet_leaves_nothing_open(bench: Bench) -> None:
    """SIGTERM ends an endless fleet with exit code 0, a summary, and a manifest of all it sent."""
    fleet = bench.start("run", "--rate", "200", "--manifest", str(bench.manifest), "--json")
    eventually(lambda: bench.manifest.exists() and b'"sent"' in bench.manifest.read_bytes())
    fleet.send_signal(signal.SIGTERM)
    stdout, _ = fleet.communicate(timeout=60)
    summary = json.loads(stdout)
    bench.publish([each for records in bench.received() for each in records])
    code, report = bench.audit()

    assert fleet.returncode == 0
    assert summary["sent"] == summary["planned"] == report["submissions"] > 0
    assert (code, report["unconfirmed"]) == (0, 0)


def test_a_killed_fleet_can_still_be_audited(bench: Bench) -> None:
    """After SIGKILL the manifest holds every submission that is on the queue, acknowledged or not."""
    fleet = bench.start("run", "--rate", "0", "--manifest", str(bench.manifest), "--events", "1")
    eventually(lambda: bench.manifest.exists() and b'"sent"' in bench.manifest.read_bytes())
    fleet.kill()
    fleet.communicate(timeout=60)
    bench.publish([each for records in bench.received() for each in records])
    code, report = bench.audit()

    assert (code, report["passed"]) == (0, True)
    assert report["found"] > 0


def test_a_missing_stream_is_named(bench: Bench) -> None:
    """An audit of a stream that does not exist exits 2 and names it."""
    bench.run_fleet("--submissions", "1")
    audit = bench.start("audit", "--manifest", str(bench.manifest), "--stream", "nowhere")
    _, stderr = audit.communicate(timeout=60)

    assert audit.returncode == 2
    assert stderr.startswith("sensor-fleet: there is no stream nowhere at http://127.0.0.1")


def test_a_missing_queue_is_named(bench: Bench) -> None:
    """A fleet whose queue does not come up in time exits 1 and names it."""
    fleet = bench.start("run", "--queue", "nowhere", "--wait-for-queue", "0")
    _, stderr = fleet.communicate(timeout=60)

    assert fleet.returncode == 1
    assert "sensor-fleet: there is no queue nowhere at http://127.0.0.1" in stderr


@pytest.mark.parametrize("refused_share", [0.0, 0.3])
def test_tracking_events_are_all_on_the_stream(tmp_path: Path, refused_share: float) -> None:
    """Each event is on the stream with exactly the planned bytes, whatever the stream refuses, and nothing else is."""
    with LocalAws(Faults(refuse=refused_share, lose_answer=refused_share / 3, seed=1)) as aws:
        bench = Bench(aws.endpoint, tmp_path)
        settings = ("--stream", tmp_path.name, "--records", "3000", "--rate", "0", "--invalid-share", "0.2", "--json")
        code, summary = bench.command("track", *settings, "--manifest", str(bench.manifest))
        found = Records()
        for _ in StreamReader(bench.kinesis, tmp_path.name, found).rounds_to_end():
            pass
    entries = list(read_tracking_manifest(bench.manifest))
    plans = {entry.message_id: entry.digest for entry in entries if isinstance(entry, TrackingPlan)}
    puts = {put.message_id for entry in entries if isinstance(entry, list) for put in entry}

    assert code == 0
    assert json.loads(summary)["sent"] == len(puts) == 3000
    assert set(puts) == set(plans)
    assert found.digests == set(plans.values())


class Records:
    """All that is on a stream."""

    def __init__(self) -> None:
        self.digests: set[str] = set()

    def shard(self, shard_id: str, parents: tuple[str, ...]) -> None:
        """Nothing to note of a shard."""

    def read(self, _shard_id: str, _partition_key: str, data: bytes, _sequence_number: str) -> None:
        """Note what a record carries."""
        self.digests.add(digest(data))
