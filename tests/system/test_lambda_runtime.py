"""The Lambda function as it is deployed: the archive alone, under AWS's own runtime client, and what may befall it."""

import json
import subprocess
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest
from mypy_boto3_kinesis import KinesisClient
from mypy_boto3_sqs import SQSClient

from event_processor.aws.provisioning import Provisioner
from local_aws import Faults, LocalAws
from sensor_fleet.reader import StreamReader
from sensor_fleet.report import Report
from tests.eventually import eventually
from tests.integration.rig import Fleet
from tests.system.lambda_service import Function, InvocationError, Unpacked, failures, ids, sqs_event
from tests.system.silent_network import SilentNetwork
from tests.system.test_rejects import events_of
from tests.system.test_tracing import PARENT, TRACE, XRAY, collecting
from tests.unit.samples import body, process

pytestmark = pytest.mark.prove  # the archive is built first, of wheels that are downloaded

DOWN = Faults(fail_call=1, fail_codes=("InternalFailure",))
TIMEOUT_SECONDS = 9.0  # Lambda's, after which the sandbox is ended: too late for an answer
MARGIN = "4"  # ample, for machines that are slow to answer
NOBODY = "http://127.0.0.1:9"  # the port "discard", on which nobody listens here
ONE_GOOD = sqs_event([body()])

IMPORT_ALL = """
import importlib, pkgutil, sys, event_processor
for module in pkgutil.walk_packages(event_processor.__path__, "event_processor."):
    importlib.import_module(module.name)
print(*sorted({str(getattr(module, "__file__", None) or "") for module in sys.modules.values()}), sep="\\n")
"""


class Place:
    """Queues and stream on an emulator, and a folder for the function's output."""

    def __init__(self, aws: LocalAws, disk: Unpacked, folder: Path) -> None:
        self.aws = aws
        self._disk, self._folder = disk, folder
        session = boto3.Session(region_name="us-east-1")
        self.sqs: SQSClient = session.client("sqs", endpoint_url=aws.endpoint)
        self.kinesis: KinesisClient = session.client("kinesis", endpoint_url=aws.endpoint)
        self.provision()

    def provision(self) -> None:
        """Make what is missing."""
        list(Provisioner(self.sqs, self.kinesis).provision("submissions", "submissions-rejects", "events", 2))

    def function(self, **settings: str) -> Function:
        """A sandbox that works here, or where it is told."""
        return Function(
            self._disk, self._folder, **{"AWS_ENDPOINT_URL": self.aws.endpoint, "LAMBDA_MARGIN": MARGIN, **settings}
        )

    def judge(self, fleet: Fleet) -> Report:
        """The verdict on the stream."""
        oracle = fleet.oracle()
        for _ in StreamReader(self.kinesis, "events", oracle).rounds_to_end():
            pass
        return oracle.report()

    def rejects(self) -> list[dict[str, Any]]:
        """What is on the queue of rejects."""
        url = self.sqs.get_queue_url(QueueName="submissions-rejects")["QueueUrl"]
        found: list[dict[str, Any]] = []
        while messages := self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            found += [json.loads(message["Body"]) for message in messages]
        return found


@pytest.fixture
def place(aws: LocalAws, disk: Unpacked, tmp_path: Path) -> Place:
    """With queues and stream, and nothing wrong."""
    return Place(aws, disk, tmp_path)


@pytest.fixture
def function(place: Place) -> Iterator[Function]:
    """A warm one."""
    with place.function() as running:
        running.invoke(sqs_event([]))
        yield running


def test_the_archive_needs_nothing_beside_it(disk: Unpacked) -> None:
    """Every module of ours in the archive loads from the archive and the standard library alone."""
    command = [str(disk.python), "-S", "-c", IMPORT_ALL]
    done = subprocess.run(
        command, cwd=disk.task, env={"PYTHONDONTWRITEBYTECODE": "1"}, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    files = {Path(line) for line in done.stdout.splitlines() if line}
    assert any(file.is_relative_to(disk.task / "event_processor") for file in files)
    assert [file for file in files if "site-packages" in file.parts] == []


@pytest.mark.parametrize(
    "faults",
    [Faults(), Faults(refuse=0.1, seed=1), Faults(lose_answer=0.1, seed=2)],
    ids=["clean", "refusals", "lost-answers"],
)
def test_all_is_published_in_order(place: Place, function: Function, faults: Faults) -> None:
    """Even if Kinesis refuses a tenth of the records or loses answers, all is published in order at the first try."""
    fleet = Fleet(200, seed=3)
    place.aws.faults = faults
    for start in range(0, 200, 20):
        assert failures(function.invoke(sqs_event(fleet.bodies[start : start + 20]))) == []
    report = place.judge(fleet)
    assert report.passed, report


@pytest.mark.parametrize("is_warm", [True, False], ids=["warm", "cold"])
@pytest.mark.parametrize("trouble", ["failing", "no-permission", "gone", "refused", "silent"])
def test_kinesis_does_not_work(place: Place, trouble: str, is_warm: bool) -> None:
    """However Kinesis does not work, all ids come back before the function's time is up."""
    event = sqs_event(Fleet(50).bodies)
    with SilentNetwork(place.aws.endpoint) as network:
        endpoint = NOBODY if trouble == "refused" else network.endpoint
        with place.function(AWS_ENDPOINT_URL_KINESIS=endpoint) as function:
            if is_warm and trouble != "refused":
                assert failures(function.invoke(ONE_GOOD)) == []
            if trouble == "failing":
                place.aws.faults = DOWN
            elif trouble == "no-permission":
                place.aws.faults = Faults(
                    fail_call=1,
                    fail_codes=("AccessDeniedException",),
                    fail_operations=("PutRecords", "ListShards", "DescribeStreamSummary"),
                )
            elif trouble == "gone":
                place.kinesis.delete_stream(StreamName="events")
            elif trouble == "silent":
                network.silence()
            assert sorted(failures(function.invoke(event, TIMEOUT_SECONDS))) == sorted(ids(event))

            if trouble != "refused":
                network.heal()
                place.aws.faults = Faults()
                place.provision()
                assert failures(function.invoke(event)) == []


def test_the_reject_queue_does_not_work(place: Place) -> None:
    """A message whose reject cannot be stored comes again; the others, good ones, are done."""
    place.aws.faults = Faults(
        fail_call=1, fail_codes=("InternalFailure",), fail_operations=("SendMessage", "SendMessageBatch")
    )
    event = sqs_event([body(), "not a submission", body(), body(events={})])
    with place.function(REJECTS="sqs") as function:
        assert sorted(failures(function.invoke(event, TIMEOUT_SECONDS))) == [ids(event)[1], ids(event)[3]]
        place.aws.faults = Faults()
        assert failures(function.invoke(event)) == []
    assert sorted(reject["original"] for reject in place.rejects()) == sorted(["not a submission", body(events={})])


def test_hostile_bodies(place: Place) -> None:
    """Whatever the bodies are, each is a reject, and the good submissions between them are published."""
    hostile = ["[" * 100_000, "x" * 200_000, '{"events": 1e999999999}', "null", '"\\u0000"', "AAAA", "\ud800"]
    fleet = Fleet(20)
    event = sqs_event([*hostile, *fleet.bodies])
    with place.function(REJECTS="sqs") as function:
        assert failures(function.invoke(event)) == []
        assert failures(function.invoke(event)) == []
    assert len(place.rejects()) == 2 * len(hostile)
    report = place.judge(fleet)
    assert report.passed, report


def test_the_largest_batch(place: Place, function: Function) -> None:
    """Ten thousand messages in one invocation are all published, in order, within 256 MB of memory."""
    bodies = [body(submission_id=str(uuid.UUID(int=number))) for number in range(10_000)]
    assert failures(function.invoke(sqs_event(bodies), timeout_seconds=250)) == []
    assert function.peak_bytes < 256_000_000

    published: dict[str, list[int]] = {}
    for event in events_of(place.kinesis):
        published.setdefault(event["submission_id"], []).append(event["sequence"])
    assert len(published) == 10_000
    assert set(map(tuple, published.values())) == {(0, 1)}


def test_what_a_batch_unfolds_into(place: Place) -> None:
    """Six megabytes that unfold into twenty times as much are unfolded as there is room, not all at once."""
    many = '{"cmdl":"a","user":"b"},' * 10_000
    bodies = [body(events={"new_process": []}).replace("[]", f"[{many[:-1]}]") for _ in range(24)]
    event = sqs_event(bodies)
    with place.function(MAX_IN_FLIGHT_BYTES="16777216") as function:
        function.invoke(event, TIMEOUT_SECONDS)
        bounded_bytes = function.peak_bytes
    assert bounded_bytes < 160_000_000

    with ThreadPoolExecutor(1) as pool, place.function(MAX_IN_FLIGHT_BYTES="1073741824") as function:
        pool.submit(function.invoke, event, 240)
        eventually(lambda: function.peak_bytes > bounded_bytes + 50_000_000, "it to have what there is without a bound")


def test_nothing_to_do(function: Function) -> None:
    """An event without records is answered at once, with nothing that has to come again."""
    assert function.invoke({"Records": []}) == {"batchItemFailures": []}


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"STREAM_NAME": "no name"}, "STREAM_NAME: was 'no name'; allowed: 1 to 128 letters, digits, _, . and -"),
        ({"REJECTS": "file"}, "REJECTS: was 'file'; allowed: log, sqs"),
        ({"LAMBDA_MARGIN": "0"}, "LAMBDA_MARGIN: was '0'; allowed: a number from 0.5 to 60"),
        ({"LOCALSTACK_HOST": "localstack", "AWS_ENDPOINT_URL": ""}, "LOCALSTACK_HOST: needs localstack-client"),
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": "", "AWS_ENDPOINT_URL": ""}, "AWS_REGION: not set"),
        ({"AWS_ENDPOINT_URL": "http//typo"}, "AWS_ENDPOINT_URL: was 'http//typo'; allowed: an http or https URL"),
    ],
)
def test_a_wrong_setting(place: Place, settings: dict[str, str], line: str) -> None:
    """A wrong setting fails the initialization with the one line that `run` has for it."""
    with place.function(**settings) as function:
        error = function.init_error()
        assert error.message.startswith(line)
        assert "\n" not in error.message
        assert function.output.splitlines()[0] == f"event-processor: {error.message}"


@pytest.mark.parametrize("event", [{"detail": {}}, [], "text", 5, None, {"Records": {}}, {"Records": [5]}], ids=str)
def test_not_an_sqs_event(function: Function, event: Any) -> None:
    """What SQS did not send is an error of the invocation that says so, and the next invocation works."""
    with pytest.raises(InvocationError, match="SQS event"):
        function.invoke(event)
    assert failures(function.invoke(ONE_GOOD)) == []


@pytest.mark.parametrize("network_does", ["hang up", "go silent"])
def test_frozen_for_long(place: Place, network_does: str) -> None:
    """A sandbox whose connections ended while it was frozen works on when it is needed again."""
    fleet = Fleet(40)
    with SilentNetwork(place.aws.endpoint) as network, place.function(AWS_ENDPOINT_URL=network.endpoint) as function:
        assert failures(function.invoke(sqs_event(fleet.bodies[:20]))) == []
        function.freeze()
        if network_does == "hang up":
            network.hang_up()
        else:
            network.silence()
            network.heal()
        function.thaw()
        event = sqs_event(fleet.bodies[20:])
        assert set(failures(function.invoke(event, TIMEOUT_SECONDS))) <= (
            set() if network_does == "hang up" else set(ids(event))
        )
        assert failures(function.invoke(event)) == []
    report = place.judge(fleet)
    assert report.passed, report


def test_too_little_time(place: Place, function: Function) -> None:
    """With no more time than the margin nothing is begun, and all ids come back."""
    event = sqs_event(Fleet(5).bodies)
    assert sorted(failures(function.invoke(event, float(MARGIN) - 0.5))) == ids(event)
    assert events_of(place.kinesis) == []


def test_boto3_transport(place: Place) -> None:
    """AWS_TRANSPORT=boto3 has all that it needs in the archive, for stream and reject queue."""
    with place.function(AWS_TRANSPORT="boto3", REJECTS="sqs") as function:
        assert failures(function.invoke(sqs_event([body(), "not a submission"]))) == []
    assert len(events_of(place.kinesis)) == 2
    assert len(place.rejects()) == 1


def test_what_the_log_has(place: Place) -> None:
    """Each line that CloudWatch gets is JSON, those of an invocation name it and the version, and none has payload."""
    secret = "c0ffee-of-a-user"
    bodies = [body(events={"new_process": [process(user=secret)]}), body(events={"new_process": [{"user": secret}]})]
    with place.function(REJECTS="sqs") as function:
        assert failures(function.invoke(sqs_event(bodies))) == []
        [answered] = eventually(lambda: [line for line in function.lines if line.get("event") == "answered"])
        assert len(function.lines) == len(function.output.splitlines())
        assert secret not in function.output
        assert (answered["function_name"], answered["function_version"]) == ("submissions", "$LATEST")
        metrics = [line for line in function.lines if "_aws" in line]
        assert {line["request_id"] for line in metrics} == {answered["request_id"]}
        assert [line["submissions_received"] for line in metrics if "submissions_received" in line] == [[2.0]]


def test_traces_are_out_before_it_is_frozen(place: Place) -> None:
    """Where traces are asked for, a submission's X-Ray trace is continued, and its span is out with the answer."""
    with collecting() as collector, place.function(OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint) as function:
        assert failures(function.invoke(sqs_event([body()], AWSTraceHeader=XRAY))) == []
        function.freeze()
        [span] = collector.spans("process")
        assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, PARENT)
