"""The admin endpoint, as a test or a shell uses it."""

import json
import time
import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ConnectionClosedError
from mypy_boto3_kinesis import KinesisClient
from mypy_boto3_sqs import SQSClient

from local_aws import Faults, LocalAws, Plan
from local_aws.errors import Json
from tests.eventually import eventually

LOSE_ALL = "[[phase]]\nstart = 0\nduration = 60\nlose_answer = 1.0"


def ask(aws: LocalAws, method: str, path: str, body: str = "") -> tuple[int, Json]:
    """Status and answer of an admin request."""
    request = urllib.request.Request(f"{aws.endpoint}/_local_aws/{path}", body.encode() or None, method=method)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_faults_are_replaced(local_aws: LocalAws) -> None:
    """PUT replaces the faults, and GET tells those that are on."""
    local_aws.faults = Faults(refuse=0.5)
    assert ask(local_aws, "GET", "faults")[1]["faults"] == {"refuse": 0.5}
    status, answer = ask(local_aws, "PUT", "faults", '{"reset": 0.25, "fail_codes": ["ServiceUnavailable"]}')

    assert status == 200
    assert answer == ask(local_aws, "GET", "faults")[1]
    assert answer["faults"] == {"reset": 0.25, "fail_codes": ["ServiceUnavailable"]}
    assert local_aws.faults == Faults(reset=0.25, fail_codes=("ServiceUnavailable",))


def test_plan_starts_at_once(local_aws: LocalAws, sqs: SQSClient) -> None:
    """A plan that is posted runs from that moment, and PUT faults ends it."""
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    status, answer = ask(local_aws, "POST", "plan", LOSE_ALL)
    assert (status, answer["plan"]["state"], answer["on"]) == (200, "running", [{"lose_answer": 1.0}])
    with pytest.raises(ConnectionClosedError):
        sqs.send_message(QueueUrl=url, MessageBody="x")
    ask(local_aws, "PUT", "faults", "{}")

    assert len(sqs.receive_message(QueueUrl=url)["Messages"]) == 1


def test_plan_in_json(local_aws: LocalAws) -> None:
    """A plan may be posted as JSON."""
    body = '{"phase": [{"start": 0, "duration": 60, "reset": 1}]}'

    assert ask(local_aws, "POST", "plan", body)[1]["on"] == [{"reset": 1}]


def test_plan_from_a_test(local_aws: LocalAws, sqs: SQSClient) -> None:
    """A test starts a plan without HTTP."""
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    local_aws.start(Plan.from_text(LOSE_ALL))

    with pytest.raises(ConnectionClosedError):
        sqs.send_message(QueueUrl=url, MessageBody="x")


def test_plan_goes_on_without_calls(local_aws: LocalAws, kinesis: KinesisClient) -> None:
    """A plan's actions are done in time though nobody calls."""
    kinesis.create_stream(StreamName="events", ShardCount=1)
    local_aws.start(Plan.from_text('[[action]]\nat = 0.2\ndo = "split_shard"\nstream = "events"'))
    assert kinesis.describe_stream_summary(StreamName="events")["StreamDescriptionSummary"]["OpenShardCount"] == 1

    eventually(lambda: bool(local_aws._server.control._run.done))  # type: ignore[union-attr]
    assert kinesis.describe_stream_summary(StreamName="events")["StreamDescriptionSummary"]["OpenShardCount"] == 2


def test_planned_clock_jump_wakes_a_long_poll(local_aws: LocalAws, sqs: SQSClient) -> None:
    """When a phase makes the clock jump, a waiting receiver gets what became visible by it."""
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x")
    sqs.receive_message(QueueUrl=url, VisibilityTimeout=600)
    local_aws.start(Plan.from_text("[[phase]]\nstart = 0.3\nduration = 60\nclock_offset_seconds = 700"))
    started = time.monotonic()

    assert len(sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]) == 1
    assert time.monotonic() - started < 15


def test_action_at_once(local_aws: LocalAws, kinesis: KinesisClient) -> None:
    """An action that is posted is done before the answer."""
    answer = ask(local_aws, "POST", "action", '{"do": "create_stream", "stream": "events", "shards": 2}')

    assert answer == (200, {"do": "create_stream", "stream": "events", "shards": 2})
    assert kinesis.describe_stream_summary(StreamName="events")["StreamDescriptionSummary"]["OpenShardCount"] == 2


def test_recreated_queue_ends_long_polls(local_aws: LocalAws, sqs: SQSClient) -> None:
    """A receiver that waits on a queue learns at once that it was deleted, though there is a new one of its name."""
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    local_aws.start(Plan.from_text('[[action]]\nat = 0.3\ndo = "recreate_queue"\nqueue = "q"'))
    started = time.monotonic()

    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)
    assert time.monotonic() - started < 15


def test_faults_do_not_stop_actions_and_admin(local_aws: LocalAws) -> None:
    """Under any faults the admin endpoint answers and actions are done."""
    local_aws.faults = Faults(fail_call=1.0, reset=1.0, fail_operations=("CreateStream", "PutRecords"))

    assert ask(local_aws, "POST", "action", '{"do": "create_stream", "stream": "events"}')[0] == 200
    assert ask(local_aws, "GET", "health")[0] == 200


def test_calls_are_told(local_aws: LocalAws, sqs: SQSClient) -> None:
    """The calls made are told by operation and outcome; those to the admin endpoint are none."""
    sqs.list_queues()

    assert ask(local_aws, "GET", "calls") == (200, {"sqs:ListQueues": {"ok": 1}})
    assert ask(local_aws, "GET", "calls") == (200, {"sqs:ListQueues": {"ok": 1}})


@pytest.mark.parametrize(
    ("method", "path", "body", "problem"),
    [
        ("PUT", "faults", '{"refuze": 1}', "unknown key 'refuze', allowed are refuse"),
        ("PUT", "faults", '{"refuse": 2}', "refuse: 2 is not a share from 0 to 1"),
        ("PUT", "faults", "[]", "not a JSON object"),
        ("PUT", "faults", "", "Expecting value"),
        ("PUT", "faults", "[" * 100_000, "recursion"),
        ("POST", "plan", "[[phase]]", "phase 1: the key 'start' is missing"),
        ("POST", "plan", "", "no plan in the body"),
        ("POST", "action", '{"do": "explode"}', "'explode' is not an action"),
        ("POST", "action", '{"do": "purge_queue", "queue": "nobody"}', "QueueDoesNotExist"),
    ],
)
def test_mistakes_are_told(local_aws: LocalAws, method: str, path: str, body: str, problem: str) -> None:
    """A mistake is answered with 400 and what is wrong, and changes nothing."""
    local_aws.faults = Faults(refuse=0.5)
    status, answer = ask(local_aws, method, path, body)

    assert status == 400
    assert problem in answer["error"]
    assert local_aws.faults == Faults(refuse=0.5)


@pytest.mark.parametrize(("method", "path"), [("GET", "nothing"), ("POST", "faults"), ("DELETE", "calls")])
def test_no_such_admin_request(local_aws: LocalAws, method: str, path: str) -> None:
    """An unknown admin request is answered with 404 and the list of those there are."""
    status, answer = ask(local_aws, method, path)

    assert status == 404
    assert "GET /_local_aws/faults" in answer["error"]
