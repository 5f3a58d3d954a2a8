"""The Lambda function in this process, with an emulator behind it: what it answers, logs and traces, come what may."""

import gzip
import json
import subprocess
import sys
import time
from typing import Any
from uuid import UUID

import boto3
import pytest
from mypy_boto3_kinesis import KinesisClient

from event_processor.aws.provisioning import Provisioner
from event_processor.bootstrap.lambda_function import SubmissionsFunction
from event_processor.errors import NotAnSqsEvent, SettingsError
from event_processor.publishing.publisher import Publisher
from event_processor.settings.aws_lambda import LambdaSettings
from event_processor.settings.loading import load
from local_aws import Faults, LocalAws
from tests.contract import backends
from tests.system.lambda_service import failures, ids, sqs_event
from tests.system.test_tracing import PARENT, TRACE, XRAY, collecting
from tests.unit.samples import body

SECRET = "CANARY-7f3a"


class Context:
    """What Lambda passes on beside the event."""

    function_name, function_version, aws_request_id = "submissions", "7", "request-1"

    def __init__(self, seconds: float = 60.0) -> None:
        self._end = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        """Until Lambda ends the function."""
        return int((self._end - time.monotonic()) * 1000)


def bodies(count: int) -> list[str]:
    """So many submissions of two events."""
    return [body(submission_id=str(UUID(int=number + 1))) for number in range(count)]


def clients(aws: LocalAws) -> tuple[Any, KinesisClient]:
    """Of SQS and Kinesis."""
    session = boto3.Session(region_name="us-east-1")
    return session.client("sqs", endpoint_url=aws.endpoint), session.client("kinesis", endpoint_url=aws.endpoint)


@pytest.fixture(autouse=True)
def _somewhere(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """Queues and stream on an emulator, which the environment names."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint)
    list(Provisioner(*clients(aws)).provision("submissions", "submissions-rejects", "events", 2))


def function() -> SubmissionsFunction:
    """As at a cold start."""
    return SubmissionsFunction(load(LambdaSettings))


def logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The log lines so far."""
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_all_is_done() -> None:
    """A sound batch has nothing that comes again."""
    assert function()(sqs_event(bodies(10)), Context()) == {"batchItemFailures": []}


class Forgetful(Publisher):
    """Has a bug that shows when the first answer comes."""

    def settle(self, *_arguments: Any) -> Any:
        """See Publisher."""
        raise RuntimeError(SECRET)


def test_our_own_bug_beside_any_message(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """It is logged without payload, all that is not done comes again, and the next invocation works."""
    running = function()
    event = sqs_event(bodies(3))
    with monkeypatch.context() as broken:
        broken.setattr("event_processor.bootstrap.lambda_function.Publisher", Forgetful)
        assert failures(running(event, Context())) == ids(event)

    assert failures(running(event, Context())) == []
    bug = next(line for line in logged(capsys) if line["level"] == "critical")
    assert (bug["error"], SECRET in str(bug)) == ("RuntimeError", False)
    assert any("settle" in place for place in bug["places"])


def test_metrics_that_fail_change_no_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Standard output may be gone: the answer is about the work."""
    running = function()
    monkeypatch.setattr(running._metrics, "flush", lambda *_: 1 / 0)

    assert failures(running(sqs_event(bodies(3)), Context())) == []
    assert [line["fact"] for line in logged(capsys) if line["event"] == "bug: could not tell"] == ["flush"]


def test_lines_say_which_invocation(capsys: pytest.CaptureFixture[str]) -> None:
    """Request id, name and version of the function are in each line of an invocation, payload in none, and no other."""
    running = function()
    spoiled = body(events={"new_process": [{"cmdl": SECRET, "user": ""}, {"cmdl": SECRET, "user": "x"}]})
    before = logged(capsys)
    assert failures(running(sqs_event([spoiled, f"{SECRET}!"]), Context())) == []
    with pytest.raises(NotAnSqsEvent):
        running({"a": SECRET}, Context())
    lines = logged(capsys)

    assert {line["event"] for line in lines} >= {"rejected", "answered", "failed"}
    assert SECRET not in str(lines)
    for line in lines:
        assert (line["request_id"], line["function_name"], line["function_version"]) == (
            "request-1",
            "submissions",
            "7",
        )
    assert not any("request_id" in line for line in before)


def test_a_context_that_tells_nothing_but_the_time() -> None:
    """As of another runtime, or of a test: the work needs no more."""

    class Bare:
        get_remaining_time_in_millis = Context().get_remaining_time_in_millis

    assert failures(function()(sqs_event(bodies(3)), Bare())) == []


def test_a_timeout_below_the_margin(capsys: pytest.CaptureFixture[str]) -> None:
    """All comes again at once, and the log says why."""
    event = sqs_event(bodies(3))

    assert failures(function()(event, Context(seconds=1.5))) == ids(event)
    assert any("LAMBDA_MARGIN" in line["event"] for line in logged(capsys))


def test_a_stream_that_is_not_there_yet(aws: LocalAws, capsys: pytest.CaptureFixture[str]) -> None:
    """The start goes well, all comes again, and when the stream is there the same process works."""
    _, kinesis = clients(aws)
    kinesis.delete_stream(StreamName="events")
    running = function()
    event = sqs_event(bodies(3))
    assert failures(running(event, Context())) == ids(event)
    assert any("ResourceNotFoundException" in str(line.get("problem")) for line in logged(capsys))

    list(Provisioner(*clients(aws)).provision("submissions", "submissions-rejects", "events", 2))
    assert failures(running(event, Context())) == []


def test_a_stream_that_ignores_partition_keys(aws: LocalAws, capsys: pytest.CaptureFixture[str]) -> None:
    """No order is possible there, so nothing is sent."""
    _, kinesis = clients(aws)
    kinesis.create_stream(StreamName="auto", StreamModeDetails={"StreamMode": "ON_DEMAND"})
    kinesis.get_waiter("stream_exists").wait(StreamName="auto", WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    arn = kinesis.describe_stream_summary(StreamName="auto")["StreamDescriptionSummary"]["StreamARN"]
    kinesis._make_api_call(  # type: ignore[attr-defined]  # it has no types yet
        "UpdateStreamRecordDistributionStrategy", {"StreamARN": arn, "RecordDistributionStrategy": "AUTO"}
    )
    event = sqs_event(bodies(3))
    running = SubmissionsFunction(load(LambdaSettings).model_copy(update={"stream_name": "auto"}))

    assert failures(running(event, Context())) == ids(event)
    assert any("no order is possible" in str(line.get("problem")) for line in logged(capsys))


def test_a_failing_reject_queue_is_found_later(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """A queue of rejects that is missing costs the messages that need it, and is found when it is there."""
    monkeypatch.setenv("REJECTS", "sqs")
    sqs, _ = clients(aws)
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName="submissions-rejects")["QueueUrl"])
    running = function()
    event = sqs_event([*bodies(2), "nonsense"])
    assert failures(running(event, Context())) == ids(event)[2:]

    list(Provisioner(*clients(aws)).provision("submissions", "submissions-rejects", "events", 2))
    assert failures(running(event, Context())) == []


def test_shards_are_known_and_asked_for_again_when_they_change(aws: LocalAws) -> None:
    """Once at the start, and once more after records went elsewhere; an invocation costs no call beside its waves."""

    def looks(operation: str = "ListShards") -> int:
        return sum(aws.calls().get(f"kinesis:{operation}", {}).values())

    before = looks("DescribeStreamSummary")
    running = function()
    for _ in range(3):
        assert failures(running(sqs_event(bodies(3)), Context())) == []
    assert (looks(), looks("DescribeStreamSummary") - before) == (1, 1)

    _, kinesis = clients(aws)
    kinesis.update_shard_count(StreamName="events", TargetShardCount=4, ScalingType="UNIFORM_SCALING")
    kinesis.get_waiter("stream_exists").wait(StreamName="events", WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    for _ in range(3):
        assert failures(running(sqs_event(bodies(3)), Context())) == []
    assert looks() == 2


def test_shards_that_nobody_may_list(aws: LocalAws) -> None:
    """Not to know them costs refusals only; they are not asked for with every invocation."""
    aws.faults = Faults(fail_call=1, fail_codes=("AccessDeniedException",), fail_operations=("ListShards",))
    running = function()
    for _ in range(3):
        assert failures(running(sqs_event(bodies(3)), Context())) == []

    assert sum(aws.calls()["kinesis:ListShards"].values()) == 1


def test_rejects_go_to_the_lake(monkeypatch: pytest.MonkeyPatch) -> None:
    """With REJECTS=lake a reject is an object of the bucket before its message is done; without the bucket it waits."""
    with backends.moto() as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
        monkeypatch.setenv("REJECTS", "lake")
        monkeypatch.setenv("LAKE", "s3://a-lake/below/")
        batch = sqs_event(["nonsense", *bodies(1)])
        assert failures(function()(batch, Context())) == ids(batch)[:1]
        s3 = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
        s3.create_bucket(Bucket="a-lake")
        assert failures(function()(batch, Context())) == []
        [found] = s3.list_objects_v2(Bucket="a-lake")["Contents"]
        lines = gzip.decompress(s3.get_object(Bucket="a-lake", Key=found["Key"])["Body"].read()).splitlines()

    assert found["Key"].startswith("below/rejects/lambda/dt=")
    [stored] = map(json.loads, lines)
    assert (stored["original"], stored["source_kind"], stored["stage"]) == ("nonsense", "queue", "parse")


def test_a_folder_is_no_lake_for_a_function(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a function writes to its disk is gone with it: a folder is refused at the start, in one line."""
    monkeypatch.setenv("REJECTS", "lake")

    with pytest.raises(SettingsError, match="LAKE: was 'dir:lake'; allowed in a function: s3://BUCKET/PREFIX"):
        function()


def test_rejects_do_not_go_around(monkeypatch: pytest.MonkeyPatch) -> None:
    """The queue of submissions cannot be that of rejects."""
    monkeypatch.setenv("REJECTS", "sqs")
    monkeypatch.setenv("REJECTS_QUEUE", "submissions")

    with pytest.raises(SettingsError, match="REJECTS_QUEUE: was 'submissions'; allowed: not QUEUE_NAME"):
        function()


def test_traces_continue(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that carries X-Ray's header is a span of that trace, sent before the process can be frozen."""
    with collecting() as taking:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", taking.endpoint)
        event = sqs_event([*bodies(1), "nonsense"], AWSTraceHeader=XRAY)
        event["Records"].append({**sqs_event(bodies(1))["Records"][0], "messageId": "unread", "body": None})
        assert failures(function()(event, Context())) == ["unread"]
        spans = taking.spans("process")

    assert {(span.trace_id.hex(), span.parent_span_id.hex()) for span in spans} == {(TRACE, PARENT)}
    outcomes = [
        attribute.value.string_value for span in spans for attribute in span.attributes if "outcome" in attribute.key
    ]
    assert outcomes == ["finished", "finished"]


def test_a_collector_that_hangs_takes_no_time_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer is not kept for the traces."""
    with collecting(mute=True) as mute:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", mute.endpoint)
        running = function()
        start = time.monotonic()
        assert failures(running(sqs_event(bodies(1)), Context())) == []

        assert time.monotonic() - start < 8, "its own timeout is 10 s"


WITHOUT_THE_EXTRA = """
import sys
sys.modules["aws_lambda_powertools"] = None
from event_processor.entrypoints import aws_lambda
try:
    aws_lambda.submissions
except Exception as error:
    print(type(error).__name__, error)
"""
LOADED = """
import sys
from event_processor.entrypoints import aws_lambda
assert "aws_lambda_powertools" not in sys.modules
aws_lambda.submissions
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def printed(program: str) -> tuple[str, str]:
    """What a Python process of its own prints, and its complaints."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout, done.stderr


def test_without_the_extra() -> None:
    """One line says what to install."""
    said, complaint = printed(WITHOUT_THE_EXTRA)

    assert "install event-processor[lambda]" in said
    assert complaint.count("\n") == 1
    assert complaint.startswith("event-processor: the Lambda function needs a package that is not installed")


def test_what_a_cold_start_loads() -> None:
    """Nothing of the command line, of tracing, or of what only tests use; Powertools when the function is made."""
    names = set(printed(LOADED)[0].split())

    assert "aws_lambda_powertools" in names
    assert names & {"click", "jinja2", "h11", "opentelemetry", "tests", "local_aws", "sensor_fleet"} == set()


def test_no_other_name_is_made_up() -> None:
    """The module has the one function."""
    from event_processor.entrypoints import aws_lambda  # noqa: PLC0415 - what is tested

    with pytest.raises(AttributeError, match="nothing"):
        aws_lambda.nothing  # noqa: B018
