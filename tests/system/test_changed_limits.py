"""Limits of queue and stream that change under a running processor, and a queue of rejects that is too small."""

import json
import random
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.eventually import eventually
from tests.system.processes import Emulator, Fleet, Processor
from tests.system.test_rejects import events_of

MIB = 1024 * 1024


def submission_of(number: int, size_bytes: int) -> str:
    """A submission of so many bytes, with a large event between two small ones."""
    ids = {"submission_id": str(UUID(int=number)), "device_id": str(UUID(int=number))}

    def document(padding: int) -> str:
        lines = ["first", "x" * padding, "last"]
        events = {"new_process": [{"cmdl": line, "user": "a"} for line in lines]}
        return json.dumps(ids | {"time_created": "2021-03-28T15:44:18", "events": events}, separators=(",", ":"))

    return document(size_bytes - len(document(0)))


def sequences(aws: Emulator, number: int) -> list[int]:
    """Which events of a submission are on the stream, in that order."""
    return [e["sequence"] for e in events_of(aws.kinesis) if e["submission_id"] == str(UUID(int=number))]


@pytest.mark.parametrize("transport", ["lean", pytest.param("boto3", marks=pytest.mark.prove)])
def test_a_record_limit_that_changes(tmp_path: Path, transport: str) -> None:
    """Raised: what fits by now is published. Lowered: what does not fit is rejected; all else goes on, in order."""
    # Betterment/journaled#73, awslabs/amazon-kinesis-producer#680, boto/boto3#1147
    with Emulator(tmp_path) as aws:
        aws.provision()
        arn = aws.kinesis.describe_stream_summary(StreamName="events")["StreamDescriptionSummary"]["StreamARN"]
        settings = {"VISIBILITY_TIMEOUT": "20", "AWS_TRANSPORT": transport}
        with Processor(tmp_path, aws.endpoint, **settings) as processor:
            processor.wait_until_ready()
            aws.kinesis.update_max_record_size(StreamARN=arn, MaxRecordSizeInKiB=2048)
            aws.send(submission_of(1, MIB))  # its large record is larger than it
            eventually(lambda: aws.depth() == (0, 0))
            assert processor.metric("rejects_total") == 0
            assert sequences(aws, 1) == [0, 1, 2]

            aws.kinesis.update_max_record_size(StreamARN=arn, MaxRecordSizeInKiB=1024)
            aws.send(submission_of(2, MIB))
            fleet = Fleet(tmp_path, aws.endpoint)
            fleet.send(100, "--spoil", "0")
            fleet.audit("--allow-others", wait_seconds=60)
            eventually(lambda: aws.depth() == (0, 0))
            assert sequences(aws, 2) == [0, 2]
            [reject] = processor.written("rejected")
            assert (reject["reason"], reject["submission_id"]) == ("too_large", str(UUID(int=2)))
            eventually(lambda: not processor.reasons())
            assert processor.terminate() == 0


def test_a_queue_of_rejects_that_is_too_small(tmp_path: Path) -> None:
    """Bad bodies too large for it stop nobody: each is told once, by its digest, and redrive keeps the original."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    bodies = ["!" + "".join(random.Random(seed).choices(letters, k=499_999)) for seed in range(4)]
    with Emulator(tmp_path) as aws:
        aws.provision()
        arn = _attributes(aws, "submissions-dead-letters")["QueueArn"]
        redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 2})
        _set(aws, "submissions", RedrivePolicy=redrive)
        _set(aws, "submissions-rejects", MaximumMessageSize=str(256 * 1024))
        with Processor(tmp_path, aws.endpoint, REJECTS="sqs", VISIBILITY_TIMEOUT="20") as processor:
            aws.send(*bodies)
            fleet = Fleet(tmp_path, aws.endpoint)
            fleet.send(100, "--spoil", "0")
            fleet.audit("--allow-others", wait_seconds=60)
            eventually(lambda: aws.depth() == (0, 0))
            assert processor.metric("rejects_total") == 4
            assert processor.metric("submissions_released_total") == 8
            assert not processor.reasons()
            assert processor.terminate() == 0
        dead = [message["Body"] for message in _messages(aws, "submissions-dead-letters")]
        kept = [json.loads(message["Body"]) for message in _messages(aws, "submissions-rejects")]

    assert sorted(dead) == sorted(bodies)
    assert sorted(reject["original_sha256"] for reject in kept) == sorted(
        sha256(body.encode()).hexdigest() for body in bodies
    )


def _url(aws: Emulator, queue: str) -> str:
    return aws.sqs.get_queue_url(QueueName=queue)["QueueUrl"]


def _attributes(aws: Emulator, queue: str) -> Any:
    return aws.sqs.get_queue_attributes(QueueUrl=_url(aws, queue), AttributeNames=["All"])["Attributes"]


def _set(aws: Emulator, queue: str, **attributes: str) -> None:
    aws.sqs.set_queue_attributes(QueueUrl=_url(aws, queue), Attributes=attributes)  # type: ignore[arg-type]


def _messages(aws: Emulator, queue: str) -> list[Any]:
    found: list[Any] = []
    while messages := aws.sqs.receive_message(
        QueueUrl=_url(aws, queue), MaxNumberOfMessages=10, VisibilityTimeout=600
    ).get("Messages"):
        found += messages
    return found
