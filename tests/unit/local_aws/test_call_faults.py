"""Faults of whole calls: which codes, on which operations, and whether the work was done."""

import time
from collections import Counter

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from mypy_boto3_sqs import SQSClient

from local_aws import Faults, LocalAws
from local_aws.clock import ManualClock
from local_aws.errors import AwsError
from local_aws.faults.codes import ALL_CODES, codes_of
from local_aws.faults.operations import DATA_PATH, KINESIS, OPERATIONS, SQS
from local_aws.server import Server
from tests.unit.local_aws.conftest import Aws

CODES = tuple(sorted(ALL_CODES))


def outcomes(aws: Aws, operation: str, calls: int = 40, **parameters: object) -> Counter[str]:
    """How so many calls of an SQS or Kinesis operation end: an error code, "dropped" or "ok"."""
    call = aws.kinesis if operation.startswith(("Put", "Describe")) else aws.sqs
    ends: Counter[str] = Counter()
    for _ in range(calls):
        try:
            call(operation, **parameters)
            ends["ok"] += 1
        except AwsError as error:
            ends[error.code] += 1
    return ends


@pytest.mark.parametrize("code", codes_of(SQS, CODES))
def test_each_code_of_sqs(clock: ManualClock, code: str) -> None:
    """Every documented error of SQS can be had, and nothing was sent."""
    aws = Aws(clock, Faults(fail_call=1.0, fail_codes=(code,)))
    url = aws.sqs("CreateQueue", QueueName="q")["QueueUrl"]

    assert outcomes(aws, "SendMessage", 3, QueueUrl=url, MessageBody="x") == {code: 3}
    attributes = aws.sqs("GetQueueAttributes", QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessages"] == "0"


@pytest.mark.parametrize("code", codes_of(KINESIS, CODES))
def test_each_code_of_kinesis(clock: ManualClock, code: str) -> None:
    """Every documented error of Kinesis can be had, and nothing was put."""
    aws = Aws(clock, Faults(fail_call=1.0, fail_codes=(code,)))
    aws.kinesis("CreateStream", StreamName="s", ShardCount=1)
    put = {"StreamName": "s", "Records": [{"Data": "eA==", "PartitionKey": "key"}]}

    assert outcomes(aws, "PutRecords", 3, **put) == {code: 3}


def test_chosen_codes_share(clock: ManualClock) -> None:
    """Several chosen codes all come, and no other."""
    aws = Aws(clock, Faults(fail_call=0.5, fail_codes=("AccessDeniedException", "ExpiredTokenException")))
    url = aws.sqs("CreateQueue", QueueName="q")["QueueUrl"]
    ends = outcomes(aws, "SendMessage", QueueUrl=url, MessageBody="x")

    assert set(ends) == {"ok", "AccessDeniedException", "ExpiredTokenException"}
    assert 8 < ends["ok"] < 32


def test_code_of_the_other_service(clock: ManualClock) -> None:
    """A code that only Kinesis has makes no SQS call fail."""
    aws = Aws(clock, Faults(fail_call=1.0, fail_codes=("KMSThrottlingException",)))
    url = aws.sqs("CreateQueue", QueueName="q")["QueueUrl"]

    assert outcomes(aws, "SendMessage", 3, QueueUrl=url, MessageBody="x") == {"ok": 3}


@pytest.mark.parametrize("fault", ["fail_call", "reset", "lose_answer"])
def test_chosen_operations(clock: ManualClock, fault: str) -> None:
    """Faults aimed at operations hit those, managing ones included, and no others."""
    faults = Faults(fail_operations=("GetQueueAttributes", "DeleteMessage"), **{fault: 1.0})  # type: ignore[arg-type]
    aws = Aws(clock, faults)
    url = aws.sqs("CreateQueue", QueueName="q")["QueueUrl"]

    assert "ok" in outcomes(aws, "SendMessage", 3, QueueUrl=url, MessageBody="x")
    assert "ok" not in outcomes(aws, "GetQueueAttributes", 3, QueueUrl=url, AttributeNames=["All"])
    assert "ok" not in outcomes(aws, "DeleteMessage", 3, QueueUrl=url, ReceiptHandle="x")


def test_known_operations(clock: ManualClock) -> None:
    """The operations that faults can be aimed at are exactly those that are emulated."""
    server = Server(Faults(), clock)
    emulated: set[str] = {"ReceiveMessage"}
    sqs = server._services[SQS].__self__  # type: ignore[attr-defined]
    kinesis = server._services[KINESIS].__self__  # type: ignore[attr-defined]
    emulated |= set(sqs._messages.operations) | set(sqs._messages.sends) | set(sqs._tags.operations)
    emulated |= set(sqs._directory.operations) | set(kinesis._operations)

    assert emulated == OPERATIONS
    assert DATA_PATH < OPERATIONS


def test_polls_do_not_change_other_decisions() -> None:
    """How often a queue is polled does not change which sends fail: the same seed gives the same run."""

    def failed_sends(polls: int) -> list[bool]:
        aws = Aws(ManualClock(), Faults(fail_call=0.3, lose_answer=0.2, seed=7))
        url = aws.sqs("CreateQueue", QueueName="q")["QueueUrl"]
        fates = []
        for _ in range(40):
            outcomes(aws, "ReceiveMessage", polls, QueueUrl=url)
            fates.append("ok" in outcomes(aws, "SendMessage", 1, QueueUrl=url, MessageBody="x"))
        return fates

    assert failed_sends(0) == failed_sends(3)
    assert len(set(failed_sends(0))) == 2


def test_reset_does_nothing(local_aws: LocalAws, sqs: SQSClient) -> None:
    """A reset connection is one for the client too, and nothing was sent."""
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    local_aws.faults = Faults(reset=1.0)
    with pytest.raises(ConnectionClosedError):
        sqs.send_message(QueueUrl=url, MessageBody="x")
    local_aws.faults = Faults()

    assert "Messages" not in sqs.receive_message(QueueUrl=url)


def test_error_as_the_client_sees_it(local_aws: LocalAws, sqs: SQSClient) -> None:
    """A KMS error of SQS has the class and the older code that boto3 gives it."""
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    local_aws.faults = Faults(fail_call=1.0, fail_codes=("KmsThrottled",))

    with pytest.raises(sqs.exceptions.KmsThrottled) as error:
        sqs.send_message(QueueUrl=url, MessageBody="x")
    assert error.value.response["Error"]["Code"] == "KMS.ThrottlingException"


def test_stalled_call_is_answered_late(local_aws: LocalAws, sqs: SQSClient) -> None:
    """A stalled call has done its work at once, and its answer comes after the stall."""
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    local_aws.faults = Faults(stall=1.0, stall_seconds=0.4, fail_operations=("SendMessage",))
    started = time.monotonic()
    sent = sqs.send_message(QueueUrl=url, MessageBody="x")

    assert time.monotonic() - started >= 0.4
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["MessageId"] == sent["MessageId"]


def test_client_gives_up_on_a_stalled_call(local_aws: LocalAws, sqs: SQSClient, session: boto3.Session) -> None:
    """A client with less patience than the stall times out, and yet its message is on the queue."""
    config = Config(retries={"total_max_attempts": 1}, read_timeout=0.3)
    impatient = session.client("sqs", endpoint_url=local_aws.endpoint, config=config)
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    local_aws.faults = Faults(stall=1.0, stall_seconds=30, fail_operations=("SendMessage",))
    with pytest.raises(ReadTimeoutError):
        impatient.send_message(QueueUrl=url, MessageBody="x")

    assert len(sqs.receive_message(QueueUrl=url)["Messages"]) == 1


def test_stalled_call_whose_answer_is_lost(local_aws: LocalAws, sqs: SQSClient) -> None:
    """With a lost answer on top, the connection ends after the stall, and the message is on the queue."""
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    local_aws.faults = Faults(stall=1.0, stall_seconds=0.3, lose_answer=1.0, fail_operations=("SendMessage",))
    started = time.monotonic()
    with pytest.raises(ConnectionClosedError):
        sqs.send_message(QueueUrl=url, MessageBody="x")

    assert time.monotonic() - started >= 0.3
    assert len(sqs.receive_message(QueueUrl=url)["Messages"]) == 1


def test_calls_are_counted(local_aws: LocalAws, sqs: SQSClient) -> None:
    """Each call is counted by operation, under the name IAM has for it, and by how it ended."""
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x")
    with pytest.raises(ClientError):
        sqs.get_queue_url(QueueName="nobody")
    for fault in ("reset", "lose_answer"):
        local_aws.faults = Faults(**{fault: 1.0})  # type: ignore[arg-type]
        with pytest.raises(ConnectionClosedError):
            sqs.send_message(QueueUrl=url, MessageBody="x")

    assert local_aws.calls() == {
        "sqs:CreateQueue": {"ok": 1},
        "sqs:GetQueueUrl": {"QueueDoesNotExist": 1},
        "sqs:SendMessage": {"ok": 1, "reset": 1, "answer_lost": 1},
    }
