"""The IAM policy against the calls of the inspector and of the registry: nothing missing, nothing too much."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.eventually import eventually
from tests.inspecting import page
from tests.system.processes import Inspector, command
from tests.system.test_iam import allowed
from tests.system.watched_moto import WatchedMoto, watched_moto

STREAM = "segment"
RARE = {"dynamodb:DeleteItem", "s3:GetObject"}  # a shard that is gone; a put that found its object there
LOOKED_AT = {"sqs": {"sqs:ReceiveMessage", "sqs:ChangeMessageVisibility"}}  # by `check`, which goes on without
pytestmark = pytest.mark.prove


class World:
    """A stream, tables, a queue, a bucket and a topic, and the settings that name them."""

    def __init__(self, folder: Path, aws: WatchedMoto) -> None:
        self.folder, self.aws = folder, aws
        self.settings = {
            "AWS_ENDPOINT_URL": aws.endpoint,
            "AWS_REGION": "us-east-1",
            "STREAMS_FILE": json.dumps({"streams": {STREAM: {"contract": "{type}/{event|name}", "id": "messageId"}}}),
            "CONTRACTS": "dynamodb:contracts",
            "CONTRACTS_REFRESH": "0.3",
            "STATE": "dynamodb:state",
            "REJECTS": "sqs",
            "LAKE": "s3://lake/pre",
            "NOTICES": f"sns:{self.client('sns').create_topic(Name='broken-events')['TopicArn']}",
        }
        self.client("s3").create_bucket(Bucket="lake")

    def client(self, service: str) -> Any:
        """Somebody else's."""
        return boto3.session.Session(region_name="us-east-1").client(service, endpoint_url=self.aws.endpoint)  # type: ignore[call-overload]

    def provision(self) -> None:
        """Make the rest, as on a laptop."""
        done = command("event_processor", "provision", "--job", "inspect", **self.settings)
        assert done.returncode == 0, done.stdout + done.stderr

    def contract(self, version: str) -> str:
        """The path of a contract of that version."""
        properties = {"age": {"type": "integer"}}
        document = {"x-subject": "page/Home", "x-version": version, "type": "object", "properties": properties}
        path = self.folder / f"{version}.json"
        path.write_text(json.dumps(document))
        return str(path)

    def contracts(self, *arguments: str) -> None:
        """A command of the registry that ends well."""
        done = command("event_processor", "contracts", *arguments, **self.settings)
        assert done.returncode == 0, done.stdout + done.stderr

    def put(self, *records: bytes) -> None:
        """Onto the stream."""
        for data in records:
            self.client("kinesis").put_record(StreamName=STREAM, Data=data, PartitionKey="key")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Nothing made yet but bucket and topic."""
    with watched_moto() as aws:
        yield World(tmp_path, aws)


def test_provision(world: World) -> None:
    """Stream, tables and queue are made with the statements for that."""
    with world.aws.expecting(allowed("ProvisionStream", "ProvisionTables") | {"sqs:CreateQueue", "sqs:GetQueueUrl"}):
        world.provision()


def test_publishing_contracts(world: World) -> None:
    """Who publishes and rolls back needs these actions, and who only looks those of a reader at most."""
    world.provision()
    with world.aws.expecting(allowed("PublishContracts", "ReadContracts")):
        world.contracts("publish", world.contract("1-0-0"))
        world.contracts("publish", world.contract("1-0-1"))
        world.contracts("rollback", "page/Home", "1-0-0")
        world.contracts("list")
    world.aws.needed.clear()
    for looking in (("list",), ("show", "page/Home"), ("history", "page/Home")):
        world.contracts(*looking)
    assert world.aws.needed <= allowed("ReadContracts")


@pytest.mark.parametrize(
    ("store", "statements"), [("sqs", {"RunRejectsQueue"}), ("lake", {"StoreRejectsLake"}), ("log", set())]
)
def test_inspect(world: World, store: str, statements: set[str]) -> None:
    """The inspector gets along with its statements; with S3 it reads what is there only where a put met it."""
    world.provision()
    world.contracts("publish", world.contract("1-0-0"))
    world.aws.needed.clear()
    with Inspector(world.folder, world.aws.endpoint, **{**world.settings, "REJECTS": store}) as inspector:
        inspector.wait_until_ready()
        world.put(page(age=1), page(age="x"))
        inspector.wait_for("notices_sent_total", 1)
        eventually(lambda: inspector.metric("checkpoints_written_total") > 0, "a checkpoint")
        assert inspector.terminate() == 0
    done = command("event_processor", "check", "--job", "inspect", **{**world.settings, "REJECTS": store})
    assert done.returncode == 0, done.stdout + done.stderr
    theirs = allowed("InspectStream", "InspectState", "ReadContracts", "TellTopic", *statements)
    needed = world.aws.needed - {"kinesis:PutRecord"}  # our own
    assert needed <= theirs | LOOKED_AT.get(store, set())
    assert theirs - needed <= RARE


def test_rejects_of_the_lake(world: World) -> None:
    """To look at rejects in a bucket is to list and read; whoever replays them also needs stream and contracts."""
    world.provision()
    world.contracts("publish", world.contract("1-0-0"))
    settings = {**world.settings, "REJECTS": "lake"}
    with Inspector(world.folder, world.aws.endpoint, **settings) as inspector:
        inspector.wait_until_ready()
        world.put(page(age="x", messageId="1"))
        inspector.wait_for("rejects_total", 1)
        assert inspector.terminate() == 0

    with world.aws.expecting({"s3:GetObject", "s3:ListBucket"}):
        assert "page/Home" in command("event_processor", "rejects", "list", **settings).stdout
    replaying = allowed("StoreRejectsLake", "ListRejectsLake", "ReplayRejectsStream", "ReadContracts")
    with world.aws.expecting(replaying):
        done = command("event_processor", "rejects", "replay", "--fix", 'sed s/\\"x\\"/1/', **settings)
        assert done.returncode == 0, done.stdout + done.stderr
