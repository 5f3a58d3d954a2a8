"""The module door_api_gateway, applied on LocalStack: API Gateway puts records onto Kinesis, without our gateway."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from uuid import uuid4

import boto3
import pytest

from tests.containers.docker import ROOT, attempt, docker, until
from tests.containers.project import address
from tests.terraform.workspace import Workspace

pytestmark = pytest.mark.timeout(900)
IMAGE = os.environ.get("LOCALSTACK_IMAGE", "localstack/localstack:4.14.0")
REGION = "eu-west-1"
FIXTURES = ROOT / "tests" / "fixtures"
STREAMS = {
    "user-events": {"id": "request_id", "partition_key": "cookie_id"},
    "user-utm": {"id": "request_id"},
    "gone": {},
}
MISSING = "gone"  # it has a path, and no stream
REFUSED = "0.2"  # of all records


def _contract(stream: str) -> dict[str, str]:
    file = FIXTURES / "contracts" / stream / "1-0-0.json"
    return {"contract": file.read_text()} if file.exists() else {}


def _policy() -> str:
    statements = json.loads((ROOT / "deploy" / "iam" / "policy.json").read_text())["Statement"]
    return json.dumps({"Version": "2012-10-17", "Statement": [s for s in statements if s["Sid"] == "SendToStream"]})


@dataclass(frozen=True)
class Door:
    """API Gateway at LocalStack, and the stream behind it."""

    endpoint: str
    api_id: str
    key: str

    def send(self, path: str, body: bytes | dict[str, Any], method: str = "PUT", **headers: str) -> tuple[int, Any]:
        """Status and body of the answer. A header without a value is not sent."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {"Content-Type": "application/json", "x-api-key": self.key}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        request = Request(  # noqa: S310 - our own container
            f"{self.endpoint}/_aws/execute-api/{self.api_id}/live{path}",
            data=data,
            method=method,
            headers={name: value for name, value in given.items() if value},
        )
        try:
            with urlopen(request, timeout=30) as answer:  # noqa: S310
                return answer.status, json.loads(answer.read())
        except HTTPError as error:
            return error.code, error.read().decode()

    def until_taken(self, path: str, body: bytes | dict[str, Any], method: str = "PUT") -> Any:
        """Send it until the stream has room; the answer."""
        return until(lambda: [sent for status, sent in [self.send(path, body, method)] if status == 200], path)[0]

    def on_stream(self, stream: str) -> dict[str, tuple[str, Any]]:
        """Partition key and document of each record, by sequence number."""
        kinesis = _client(self.endpoint, "kinesis")
        [shard] = kinesis.list_shards(StreamName=stream)["Shards"]
        where = {"StreamName": stream, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        records = kinesis.get_records(ShardIterator=kinesis.get_shard_iterator(**where)["ShardIterator"])["Records"]
        return {each["SequenceNumber"]: (each["PartitionKey"], json.loads(each["Data"])) for each in records}


def _client(endpoint: str, service: str) -> Any:
    return boto3.Session("any", "any", region_name=REGION).client(service, endpoint_url=endpoint)  # type: ignore[call-overload]


@pytest.fixture(scope="module")
def localstack() -> Iterator[str]:
    """Where it is; it refuses some of all records, and has two of the three streams."""
    name = f"event-processor-test-{uuid4().hex[:8]}"
    services = "apigateway,cloudwatch,iam,kinesis,logs,sts"
    given = {"SERVICES": services, "EAGER_SERVICE_LOADING": "1", "KINESIS_ERROR_PROBABILITY": REFUSED}
    variables = [f"--env={variable}={value}" for variable, value in given.items()]
    docker("run", "--detach", "--name", name, "--publish", "127.0.0.1::4566", *variables, IMAGE)
    try:
        where = f"http://{address(name, 4566)}"
        until(lambda: attempt("curl", "-sf", f"{where}/_localstack/health")[0] == 0, "LocalStack to be there", 120)
        for stream in STREAMS.keys() - {MISSING}:
            _client(where, "kinesis").create_stream(StreamName=stream, ShardCount=1)
        yield where
    finally:
        docker("rm", "--force", "--volumes", name)


@pytest.fixture(scope="module")
def door(localstack: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """Applied; a second plan changes nothing; and destroyed."""
    reached = {"AWS_ENDPOINT_URL": localstack, "AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}
    folder = tmp_path_factory.mktemp("door")
    workspace = Workspace(folder, module="door_api_gateway", AWS_REGION=REGION, **reached)
    streams = {stream: {"name": stream, **about, **_contract(stream)} for stream, about in STREAMS.items()}
    values = {
        "name": "door",
        "policy": _policy(),
        "streams": streams,
        "keys": {"web": {"rate": 1000, "burst": 1000}},
    }
    (workspace.root / "values.auto.tfvars.json").write_text(json.dumps(values))
    workspace.run("apply", "-auto-approve", "-no-color")
    made = {name: its["value"] for name, its in json.loads(workspace.run("output", "-json")).items()}
    key = _client(localstack, "apigateway").get_api_key(apiKey=made["key_ids"]["web"], includeValue=True)["value"]
    yield Door(localstack, made["api_id"], key)

    assert "No changes." in workspace.run("plan", "-no-color")
    workspace.run("destroy", "-auto-approve", "-no-color")


@pytest.mark.parametrize(("stream", "method"), [("user-events", "PUT"), ("user-utm", "POST")])
def test_a_sample_is_on_its_stream(door: Door, stream: str, method: str) -> None:
    """A sample is where its answer says, with the sender's partition key."""
    sample = (FIXTURES / f"{stream}.json").read_bytes()
    document = json.loads(sample)

    answer = door.until_taken(f"/streams/{stream}/record", sample, method)

    assert answer.keys() == {"SequenceNumber", "ShardId"}
    assert door.on_stream(stream)[answer["SequenceNumber"]] == (document["PartitionKey"], document["Data"])


def test_several_records_are_on_their_stream(door: Door) -> None:
    """In their order, each with its sender's key, else that of its fields, else one made up; a text stays a text."""
    records = [{"request_id": f"id-{n}", "source": "a'b\"ü", "medium": "m", "deep": {"n": [1, None]}} for n in range(3)]
    offered: list[dict[str, Any]] = [{"data": record} for record in records]
    offered[0]["partition-key"] = 'it\'s "mine"'

    answer = door.until_taken("/streams/user-utm/records", {"records": offered})

    stream = door.on_stream("user-utm")
    there = [stream[each["SequenceNumber"]] for each in answer["Records"]]
    assert there == list(zip(['it\'s "mine"', "id-1", "id-2"], records, strict=True))
    assert answer["FailedRecordCount"] == 0


SOUND = {"Data": {"request_id": "1", "source": "s", "medium": "m"}}


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        ("/streams/user-utm/record", {"PartitionKey": "k"}, {}, 400),
        ("/streams/user-utm/record", {"Data": {"request_id": "1"}}, {}, 400),
        ("/streams/user-utm/record", {"Data": {**SOUND["Data"], "device": 5}}, {}, 400),
        ("/streams/user-utm/record", {**SOUND, "More": 1}, {}, 400),
        ("/streams/user-utm/record", b"nonsense{", {}, 400),
        ("/streams/user-utm/records", {"records": []}, {}, 400),
        ("/streams/user-utm/records", {"records": [{"partition-key": "k"}]}, {}, 400),
        ("/streams/user-utm/record", SOUND, {"Content_Type": "text/plain"}, 415),
        ("/streams/user-utm/record", SOUND, {"x_api_key": ""}, 401),
        ("/streams/user-utm/record", SOUND, {"x_api_key": "another"}, 401),
        ("/streams/events/record", SOUND, {}, 404),
        (f"/streams/{MISSING}/record", SOUND, {}, 502),
        (f"/streams/{MISSING}/records", {"records": [{"data": 1}]}, {}, 502),
    ],
)
def test_what_is_not_stored_is_no_success(
    door: Door, path: str, body: bytes | dict[str, Any], headers: dict[str, str], status: int
) -> None:
    """Each has a status that says so: the envelope, the contract, the key, a stream not named or not there."""

    def told() -> int | None:
        found, _ = door.send(path, body, **headers)
        return None if found in {429, 503} else found  # LocalStack refuses some, before it looks at the stream

    assert until(told, "an answer") == status


def test_what_kinesis_refuses_is_no_success(door: Door) -> None:
    """One record that is refused is a 429, one of several makes it a 503; and what was answered 200 is there."""
    statuses: dict[str, set[int]] = {"record": set(), "records": set()}
    stored: list[str] = []

    def sent() -> bool:
        status, answer = door.send("/streams/user-utm/record", SOUND)
        statuses["record"].add(status)
        stored.extend([answer["SequenceNumber"]] if status == 200 else [])
        status, answer = door.send("/streams/user-utm/records", {"records": [{"data": SOUND["Data"]}] * 4})
        statuses["records"].add(status)
        stored.extend(each["SequenceNumber"] for each in (answer["Records"] if status == 200 else []))
        return statuses == {"record": {200, 429}, "records": {200, 503}}

    until(sent, "records that are refused, and others that are not")

    assert set(stored) <= door.on_stream("user-utm").keys()
