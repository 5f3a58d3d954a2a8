"""The IAM policy against the calls of delivery into a bucket: nothing missing, nothing too much."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.system.delivering import Deliverer
from tests.system.processes import command
from tests.system.test_iam import allowed
from tests.system.watched_moto import WatchedMoto, watched_moto

STREAM = "tracking"
RARE = {"s3:AbortMultipartUpload"}  # of a file in parts that could not be finished
pytestmark = pytest.mark.prove


@pytest.fixture
def aws() -> Iterator[WatchedMoto]:
    """With nothing in it."""
    with watched_moto() as watched:
        yield watched


def _settings(aws: WatchedMoto, folder: Path) -> dict[str, str]:
    """Of a stream, a bucket, and contracts in a table; of them, the last is made here."""
    of = {"contract": "{type}/{event|name}", "id": "messageId", "table": "tracking.pages"}
    settings = {
        "AWS_ENDPOINT_URL": aws.endpoint,
        "AWS_REGION": "us-east-1",
        "STREAMS_FILE": json.dumps({"streams": {STREAM: of}}),
        "CONTRACTS": "dynamodb:contracts",
        "LAKE": "s3://lake/pre",
        "LAKE_FLUSH_SECONDS": "0.5",
    }
    draft = folder / "draft.json"
    draft.write_text(json.dumps({"x-subject": "page/Home", "x-version": "1-0-0", "type": "object", "properties": {}}))
    for arguments in (["provision", "--job", "deliver"], ["contracts", "publish", str(draft)]):
        done = command("event_processor", *arguments, **settings)
        assert done.returncode == 0, done.stdout + done.stderr
    return settings


def _client(aws: WatchedMoto, service: str) -> Any:
    """Somebody else's."""
    return boto3.session.Session(region_name="us-east-1").client(service, endpoint_url=aws.endpoint)  # type: ignore[call-overload]


def test_deliver(aws: WatchedMoto, tmp_path: Path) -> None:
    """Delivery gets along with its statements, what is left of an earlier one is swept, and `verify` only reads."""
    settings = _settings(aws, tmp_path)
    body = json.dumps({"type": "page", "name": "Home", "messageId": "1"}).encode()
    _client(aws, "kinesis").put_record(StreamName=STREAM, Data=body, PartitionKey="key")
    aws.needed.clear()
    with Deliverer(tmp_path, aws.endpoint, **settings) as delivery:
        delivery.wait_for("records_total", 1)
        assert delivery.terminate() == 0
    for arguments in (["check", "--job", "deliver"], ["lake", "verify"]):
        done = command("event_processor", *arguments, **settings)
        assert done.returncode == 0, done.stdout + done.stderr

    theirs = allowed("InspectStream", "StoreLake", "ListLake", "ReadContracts")
    assert aws.needed <= theirs
    assert theirs - aws.needed <= RARE
