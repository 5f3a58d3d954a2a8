"""docker-compose.yaml with its profile `pipeline`: the HTTP door on LocalStack, which refuses a tenth of all."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from uuid import uuid4

import boto3
import pytest

from tests.containers.conftest import brought_up
from tests.containers.docker import ROOT, docker, get, inspect, until
from tests.containers.project import Project, address

pytestmark = pytest.mark.timeout(900)
SAMPLES = ROOT / "deploy" / "pipeline" / "samples"
GATEWAY = "event-gateway"


@pytest.fixture
def project(compose: list[str], image: str) -> Iterator[Project]:
    """LocalStack, the gateway and Prometheus, the image of the gateway built from the Dockerfile."""
    tag = f"event-pipeline:test-{uuid4().hex[:8]}"
    made = Project((*compose, "--profile", "pipeline"), image, EVENT_PIPELINE_IMAGE=tag)
    made.compose("build", GATEWAY)
    try:
        with brought_up(made, GATEWAY, "prometheus"):
            yield made
    finally:
        docker("rmi", tag)


def _is_ready(container: str) -> bool:
    try:
        return get(address(container, 8001), "/readyz")[0] == 200
    except OSError:  # Docker listens for it before it does
        return False


def _put(door: str, stream: str, body: bytes, **headers: str) -> tuple[int, dict[str, str]]:
    given = {"content-type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    request = Request(f"http://{door}/streams/{stream}/record", body, given, method="PUT")
    try:
        with urlopen(request, timeout=60) as answer:  # noqa: S310
            return answer.status, json.load(answer)
    except HTTPError as error:
        return error.code, json.load(error)


def _at(endpoint: str, stream: str, answer: dict[str, str]) -> tuple[str, bytes]:
    kinesis = boto3.Session("any", "any", region_name="us-east-1").client("kinesis", endpoint_url=endpoint)
    iterator = kinesis.get_shard_iterator(
        StreamName=stream,
        ShardId=answer["ShardId"],
        ShardIteratorType="AT_SEQUENCE_NUMBER",
        StartingSequenceNumber=answer["SequenceNumber"],
    )["ShardIterator"]
    [record] = kinesis.get_records(ShardIterator=iterator, Limit=1)["Records"]
    return record["PartitionKey"], record["Data"]


def _data(sample: Path) -> bytes:
    """The bytes of `Data`, as they stand in a sample."""
    text = sample.read_text()
    start = text.index("{", text.index('"Data"'))
    return text[start : start + json.JSONDecoder().raw_decode(text[start:])[1]].encode()


def test_samples_through_the_door(project: Project) -> None:
    """Both are on their streams, byte for byte; what has no key or is not valid is told so."""
    container = project.container(GATEWAY)
    until(lambda: _is_ready(container), "the gateway to be ready", 120)
    door, aws = address(container, 8080), f"http://{address(project.container('localstack'), 4566)}"

    for stream in ("user-events", "user-utm"):
        sample = SAMPLES / f"{stream}.json"
        status, answer = _put(door, stream, sample.read_bytes(), x_api_key="laptop")
        assert status == 200, answer
        assert _at(aws, stream, answer) == (json.loads(sample.read_text())["PartitionKey"], _data(sample))

    assert _put(door, "user-events", b'{"Data": {}}', x_api_key="laptop")[0] == 422
    assert _put(door, "user-events", b'{"Data": {}}')[0] == 401
    assert inspect(container)["Config"]["User"] == "10001:10001"
    until(
        lambda: (
            [
                target["health"]
                for target in project.prometheus("targets?state=active")["activeTargets"]
                if target["labels"]["job"] == GATEWAY
            ]
            == ["up"]
        ),
        "Prometheus to see the gateway",
    )
    docker("stop", "-t", "30", container)
    assert inspect(container)["State"]["ExitCode"] == 0
