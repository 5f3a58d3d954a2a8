"""The IAM policy against the calls that real runs make: nothing missing, nothing too much."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.eventually import eventually
from tests.system.gateway import STREAM, Place
from tests.system.lambda_service import sqs_event
from tests.system.processes import Emulator, Processor, command
from tests.unit.samples import submission
from tools.readme_tables import README

POLICY = json.loads((README.parent / "deploy" / "iam" / "policy.json").read_text())


INVOKE = """
import json, sys
from types import SimpleNamespace
from event_processor.entrypoints import aws_lambda
facts = {"function_name": "trial", "function_version": "1", "aws_request_id": "1"}
context = SimpleNamespace(get_remaining_time_in_millis=lambda: 60_000, **facts)
json.dump(aws_lambda.submissions(json.load(sys.stdin), context), sys.stderr)
"""


def allowed(*statements: str) -> set[str]:
    """The actions of these statements of the policy."""
    by_name = {statement["Sid"]: statement for statement in POLICY["Statement"]}
    return {action for name in statements for action in by_name[name]["Action"]}


class Watched:
    """An emulator, and the actions that its callers needed."""

    def __init__(self, aws: Emulator) -> None:
        self.aws = aws

    def calls(self) -> dict[str, int]:
        """So often each action was needed; a batch call needs that of the single one (SQS's API permissions)."""
        counts: dict[str, int] = {}
        for operation, outcomes in self.aws.admin("GET", "calls").items():
            action = operation.removesuffix("Batch")
            counts[action] = counts.get(action, 0) + sum(outcomes.values())
        return counts

    @contextmanager
    def expecting(self, *statements: str) -> Iterator[None]:
        """Inside, all actions of these statements are needed and no others."""
        before = self.calls()
        yield
        after = self.calls()
        assert {action for action, count in after.items() if count > before.get(action, 0)} == allowed(*statements)


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    """With queues and stream."""
    with Emulator(tmp_path) as aws:
        aws.provision()
        yield Watched(aws)


@pytest.mark.parametrize(
    ("store", "statements"),
    [("file", ("RunQueue", "RunStream")), ("sqs", ("RunQueue", "RunStream", "RunRejectsQueue"))],
)
def test_run(watched: Watched, tmp_path: Path, store: str, statements: tuple[str, ...]) -> None:
    """The processor gets along with its statements, also when it extends, retries and rejects."""
    watched.aws.send(json.dumps(submission()), "nonsense{")
    watched.aws.set_faults(refuse=1.0)
    file = str(tmp_path / "rejects.ndjson")
    settings = {"REJECTS": store, "REJECTS_FILE": file, "VISIBILITY_TIMEOUT": "2"}
    with (
        watched.expecting(*statements),
        Processor(tmp_path, watched.aws.endpoint, **settings) as processor,
    ):
        eventually(lambda: watched.calls().get("sqs:ChangeMessageVisibility"))
        watched.aws.set_faults()
        processor.wait_for("submissions_deleted_total", 2)
        assert processor.terminate() == 0


def test_gateway(watched: Watched, tmp_path: Path) -> None:
    """The gateway gets along with the statements of a processor that receives nothing, also if some are refused."""
    place = Place(tmp_path, watched.aws, shards=1)
    place.run("provision", "--job", "run")  # the queue of rejects
    watched.aws.set_faults(refuse=0.3)
    with (
        watched.expecting("RunStream", "RunRejectsQueue"),
        place.gateway(REJECTS="sqs", CONTRACTS_REFRESH="0.2") as gateway,
    ):
        sent = [gateway.send(f"/streams/{STREAM}/record", b'{"Data": {"request_id": "1"}}')[0] for _ in range(10)]
        eventually(lambda: gateway.send(f"/streams/{STREAM}/record", b'{"Data": {}}')[0] == 422)
        assert gateway.terminate() == 0
    assert sent == [200] * 10


def test_the_function(watched: Watched) -> None:
    """The Lambda function gets along with its statements; the queue's messages are Lambda's to receive and delete."""
    settings = {"AWS_ENDPOINT_URL": watched.aws.endpoint, "REJECTS": "sqs", "LOG_LEVEL": "ERROR"}
    event = json.dumps(sqs_event([json.dumps(submission()), "nonsense{"]))
    with watched.expecting("RunStream", "RunRejectsQueue"):
        done = subprocess.run(
            [sys.executable, "-c", INVOKE],
            input=event,
            env={**os.environ, **settings},
            capture_output=True,
            text=True,
            check=True,
        )

    assert json.loads(done.stderr) == {"batchItemFailures": []}


def test_rejects(watched: Watched, tmp_path: Path) -> None:
    """Whoever works with rejects gets along with the statements for that; looking needs no stream."""
    settings = {"AWS_ENDPOINT_URL": watched.aws.endpoint, "REJECTS": "sqs"}
    with Processor(tmp_path, watched.aws.endpoint, REJECTS="sqs") as processor:
        watched.aws.send(json.dumps(submission(device_id="x")), "nonsense{")
        processor.wait_for("submissions_deleted_total", 2)
        assert processor.terminate() == 0
    before = watched.calls()
    assert command("event_processor", "rejects", "list", **settings).returncode == 0
    looked = {action for action, count in watched.calls().items() if count > before.get(action, 0)}
    assert looked <= allowed("ReplayRejectsQueue")

    fix = f'sed s/\\"x\\"/\\"{submission()["device_id"]}\\"/'
    with watched.expecting("ReplayRejectsQueue", "ReplayRejectsStream"):
        done = command("event_processor", "rejects", "replay", "--fix", fix, **settings)
        assert "published 2 events of 1 reject" in done.stdout, done.stdout + done.stderr


def test_provision(tmp_path: Path) -> None:
    """`provision` gets along with its statements."""
    with Emulator(tmp_path) as aws, Watched(aws).expecting("ProvisionQueues", "ProvisionStream"):
        assert command("event_processor", "provision", AWS_ENDPOINT_URL=aws.endpoint).returncode == 0


def test_check_needs_no_more_than_run(watched: Watched) -> None:
    """The gate of a deployment runs in the processor's role."""
    before = watched.calls()
    assert command("event_processor", "check", AWS_ENDPOINT_URL=watched.aws.endpoint, REJECTS="sqs").returncode == 0
    needed = {action for action, count in watched.calls().items() if count > before.get(action, 0)}

    assert needed <= allowed("RunQueue", "RunStream", "RunRejectsQueue")


def test_each_statement_names_what_it_is_about() -> None:
    """No statement allows anything on everything; answers of Redshift's Data API have no name, but an owner: us."""
    for statement in POLICY["Statement"]:
        resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        owner = statement.get("Condition", {}).get("StringEquals", {}).get("redshift-data:statement-owner-iam-userid")
        if owner == "${aws:userid}":
            assert all(action.startswith("redshift-data:") for action in statement["Action"])
            resources.remove("*")
        keys = {
            f"arn:aws:s3:::BUCKET/PREFIX/{folder}*" for folder in ("", "rejects/")
        }  # of objects, which have names that nobody knows before
        assert not any("*" in text for text in [*resources, *statement["Action"]] if text not in keys)
        assert statement["Action"] == sorted(set(statement["Action"]))
