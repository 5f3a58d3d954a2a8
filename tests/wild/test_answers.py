"""Answers of SQS as others have really had them, from AWS, emulators and firewalls; over each transport."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest

from tests.bent import Reply, Request, bending, plain
from tests.between import Between, sound
from tests.eventually import eventually
from tests.system.processes import Emulator, Processor
from tests.unit.samples import body

EACH: Final = pytest.mark.parametrize("transport", ["lean", "boto3"])
FAILING: Final = "failing, will go on trying"
SUBMISSIONS: Final = 30


def changed(change: Callable[[str, dict[str, Any]], None]) -> Callable[[Request, str, bytes], Reply]:
    """Answers after something was done to their documents."""

    def bend(request: Request, status: str, said: bytes) -> Reply:
        document = json.loads(said or b"{}")
        if status.startswith("200"):
            change(request.operation, document)
        return Reply(plain(json.dumps(document).encode(), status))

    return bend


def works(aws: Emulator, folder: Path, transport: str, bend: Callable[[Request, str, bytes], Reply]) -> Processor:
    """A processor that had such answers all the time, did all its work and stopped cleanly with nothing left over."""
    between = Between(aws.endpoint, bend)
    with bending(between) as server, Processor(folder, server.endpoint, AWS_TRANSPORT=transport) as processor:
        processor.wait_until_ready()
        aws.send(*(body(submission_id=str(uuid4())) for _ in range(SUBMISSIONS)), "no JSON")
        processor.wait_for("submissions_deleted_total", SUBMISSIONS + 1)
        processor.wait_for("events_published_total", 2 * SUBMISSIONS)
        assert aws.depth() == (0, 0)
        assert processor.terminate() == 0
    return processor


@EACH
def test_null_where_there_is_nothing(tmp_path: Path, aws: Emulator, transport: str) -> None:
    """Null for a list, of messages or of failures, means that there are none."""
    # aws/aws-sdk-ruby#2947, aws/aws-sdk-php#2821, dotnetcore/CAP#1792
    lists = {
        "ReceiveMessage": ("Messages",),
        "DeleteMessageBatch": ("Failed",),
        "ChangeMessageVisibilityBatch": ("Failed",),
    }

    def nothing(operation: str, document: dict[str, Any]) -> None:
        for name in lists.get(operation, ()):
            document[name] = document.get(name)

    processor = works(aws, tmp_path, transport, changed(nothing))

    assert not processor.lines(FAILING)


@EACH
def test_messages_without_attributes(tmp_path: Path, aws: Emulator, transport: str) -> None:
    """A queue that leaves system attributes out is worked on as any other: the age of messages is unknown, no more."""

    # localstack/localstack#10908, softwaremill/elasticmq#1004
    def bare(_operation: str, document: dict[str, Any]) -> None:
        for message in document.get("Messages") or []:
            message.pop("Attributes", None)

    processor = works(aws, tmp_path, transport, changed(bare))

    assert not processor.lines(FAILING)


def once_bent(
    aws: Emulator, folder: Path, transport: str, reply: Reply
) -> tuple[Processor, dict[str, Any], tuple[int, str]]:
    """A processor whose receives had this answer until it was told; what was told, and what /readyz said."""

    def refused(request: Request, status: str, said: bytes) -> Reply:
        return reply if request.operation == "ReceiveMessage" else sound(request, status, said)

    between = Between(aws.endpoint)
    with bending(between) as server, Processor(folder, server.endpoint, AWS_TRANSPORT=transport) as processor:
        processor.wait_until_ready()
        between.bend = refused
        told = eventually(lambda: processor.lines(FAILING, step="receive"), "it to be told")[0]
        eventually(processor.reasons)
        page = processor.get("/readyz")
        between.bend = sound
        aws.send(body())
        processor.wait_for("submissions_deleted_total", 1)
        processor.wait_until_ready()
        assert processor.terminate() in {0, 1}  # 1: a receive that was not understood may hide messages for 3 s
    return processor, told, page


@EACH
@pytest.mark.parametrize("code", ["KMS.AccessDeniedException", "KMS.NotFoundException"])
def test_a_key_that_may_not_be_used(tmp_path: Path, aws: Emulator, transport: str, code: str) -> None:
    """When KMS is why SQS refuses, the log says so: the family of the code stays with it."""
    # opensearch-project/data-prepper#2422
    text = json.dumps({"__type": f"com.amazonaws.sqs#{code}", "message": "The ciphertext refers to a key"}).encode()
    head = b"HTTP/1.1 400 Bad Request\r\nx-amzn-query-error: %b;Sender\r\nContent-Length: %d\r\n\r\n"

    _, told, _ = once_bent(aws, tmp_path, transport, Reply(head % (code.encode(), len(text)) + text))

    assert told["error_code"] == code


@EACH
def test_the_page_of_a_firewall(tmp_path: Path, aws: Emulator, transport: str) -> None:
    """A page of 104 KB where JSON should be makes neither a log line nor a probe's answer of that size."""
    # langfuse/langfuse#1631
    page = b"<html><body>" + b"blocked by policy " * 6000 + b"</body></html>"

    processor, _, (status, ready) = once_bent(aws, tmp_path, transport, Reply(plain(page, "403 Forbidden")))

    assert status == 503
    assert len(ready) < 8192
    assert max(map(len, processor.errors.splitlines())) < 8192
