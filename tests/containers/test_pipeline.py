"""docker-compose.yaml with its profile `pipeline`: from the HTTP door to the tables, on LocalStack."""

import json
import re
from collections.abc import Iterator
from functools import partial
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
GATEWAY, FLEET = "event-gateway", "door-fleet"
JOBS = {GATEWAY: 8001, "event-inspector": 8002, "event-lake": 8003, "event-monitor": 8004}
SENT = {"SENSOR_FLEET_SUBMISSIONS": "200", "SENSOR_FLEET_RATE": "50"}


@pytest.fixture
def project(compose: list[str], image: str) -> Iterator[Project]:
    """LocalStack, all jobs of the profile, their fleet and Prometheus, the image built from the Dockerfile."""
    tag = f"event-pipeline:test-{uuid4().hex[:8]}"
    made = Project((*compose, "--profile", "pipeline"), image, EVENT_PIPELINE_IMAGE=tag, **SENT)
    made.compose("build", GATEWAY)
    try:
        with brought_up(made, *JOBS, FLEET, "event-processor", "prometheus"):
            yield made
    finally:
        docker("rmi", tag)


def _is_ready(container: str, port: int) -> bool:
    try:
        return get(address(container, port), "/readyz")[0] == 200
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


def _jobs_up(project: Project) -> set[str]:
    targets = project.prometheus("targets?state=active")["activeTargets"]
    return {target["labels"]["job"] for target in targets if target["health"] == "up"}


def _judged(project: Project) -> bool:
    said = get(address(project.container("event-monitor"), 8004), "/metrics")[1]
    return re.search(r'^event_monitor_metrics_total\{outcome="evaluated"\} [1-9]', said, re.MULTILINE) is not None


def test_from_the_door_to_the_tables(project: Project) -> None:
    """All that the fleet sent is in raw, typed and table once; samples are on their streams, and wrong ones refused."""
    for service, port in JOBS.items():
        until(partial(_is_ready, project.container(service), port), f"{service} to be ready", 120)
    until(lambda: not inspect(project.container(FLEET))["State"]["Running"], "the fleet to end", 120)
    assert inspect(project.container(FLEET))["State"]["ExitCode"] == 0
    project.compose("run", "--rm", "-T", "audit-lake")

    container = project.container(GATEWAY)
    door, aws = address(container, 8080), f"http://{address(project.container('localstack'), 4566)}"

    for stream in ("user-events", "user-utm"):
        sample = SAMPLES / f"{stream}.json"
        status, answer = _put(door, stream, sample.read_bytes(), x_api_key="laptop")
        assert status == 200, answer
        assert _at(aws, stream, answer) == (json.loads(sample.read_text())["PartitionKey"], _data(sample))

    assert _put(door, "user-events", b'{"Data": {}}', x_api_key="laptop")[0] == 422
    assert _put(door, "user-events", b'{"Data": {}}')[0] == 401
    until(lambda: {*JOBS, "event-processor"} <= _jobs_up(project), "Prometheus to see all jobs")
    until(partial(_judged, project), "metrics of what was delivered to be judged", 150)
    for service in JOBS:
        container = project.container(service)
        assert inspect(container)["Config"]["User"] == "10001:10001"
        docker("stop", "-t", "30", container)
        assert inspect(container)["State"]["ExitCode"] == 0
