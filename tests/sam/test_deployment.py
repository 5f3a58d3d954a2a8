"""docs/lambda.md, followed word for word on an emulator that runs the function; then a message that stays."""

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import boto3
import pytest

from event_processor.ids import event_id
from tests.eventually import eventually
from tests.ports import free_port
from tests.unit.samples import submission

ROOT: Final = Path(__file__).parents[2]
pytestmark = pytest.mark.timeout(1200)  # SAM and the emulator look again every few seconds, and take their time
PORT: Final = "4566"  # the page's
QUEUE, STREAM, REJECTS = "trial-submissions", "trial-events", "trial-submissions-rejects"
BAD: Final = "nonsense of test_deployment{"
GOOD: Final = [f"00000000-0000-4000-8000-{number:012}" for number in range(20)]


def commands() -> str:
    """All commands of the page's section about an emulator."""
    section = (ROOT / "docs" / "lambda.md").read_text().partition("\n## Try it")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 3
    return "\n".join(blocks)


class Trial:
    """What the commands have made, on an emulator that still runs, and what they said."""

    def __init__(self, endpoint: str, output: str) -> None:
        self.output = output
        session = boto3.Session("any", "any", region_name="eu-west-1")
        self.sqs = session.client("sqs", endpoint_url=endpoint)
        self.kinesis = session.client("kinesis", endpoint_url=endpoint)

    def url(self, queue: str) -> str:
        """Of one of its queues."""
        return self.sqs.get_queue_url(QueueName=queue)["QueueUrl"]

    def on_queue(self) -> int:
        """Messages on the queue of submissions, those that are hidden included."""
        found = self.sqs.get_queue_attributes(QueueUrl=self.url(QUEUE), AttributeNames=["All"])["Attributes"]
        return int(found["ApproximateNumberOfMessages"]) + int(found["ApproximateNumberOfMessagesNotVisible"])

    def event_ids(self) -> set[str]:
        """Of all events on the stream."""
        found: set[str] = set()
        for shard in self.kinesis.list_shards(StreamName=STREAM)["Shards"]:
            shard_id = shard["ShardId"]
            iterator: str | None = self.kinesis.get_shard_iterator(
                StreamName=STREAM, ShardId=shard_id, ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            records = True
            while iterator and records:
                answer = self.kinesis.get_records(ShardIterator=iterator)
                found |= {json.loads(record["Data"])["event_id"] for record in answer["Records"]}
                iterator, records = answer.get("NextShardIterator"), bool(answer["Records"])
        return found


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    """The commands, done by a shell that stops at the first failure. What it left running is ended after the tests."""
    folder, port = tmp_path_factory.mktemp("trial"), str(free_port())
    shutil.copytree(ROOT / "deploy" / "lambda", folder / "deploy" / "lambda")
    for name in (".venv", "dist"):
        (folder / name).symlink_to(ROOT / name)
    output = folder / "output"
    settings = {**os.environ, "GATEWAY_PORT": port, "HOME": str(folder), "TMPDIR": str(folder)}
    with output.open("wb") as written:
        shell = subprocess.Popen(
            ["bash", "-eux", "-c", commands().replace(PORT, port)],
            cwd=folder,
            env=settings,
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        assert shell.wait(900) == 0, output.read_text()[-5000:]
        yield Trial(f"http://127.0.0.1:{port}", output.read_text())
        print(output.read_text()[-5000:])  # noqa: T201 - shown with a failure
    finally:
        os.killpg(shell.pid, signal.SIGKILL)


def test_the_page_can_be_followed(trial: Trial) -> None:
    """Deployed from the template, the function publishes what a fleet sends, in order, and stores the rejects."""
    found = dict(re.findall(r"^│ (?:… )?(\w[\w ]*?) +│ +([\d,]+) │$", trial.output, re.MULTILINE))

    assert int(found["events expected"]) > 100
    assert [found[name] for name in ("missing", "unexpected", "altered", "out of order")] == ["0"] * 4
    assert re.search(r"^ *\d+ +0 .*\bnot_json ", trial.output, re.MULTILINE)
    assert trial.on_queue() == 0


def test_a_message_that_cannot_be_finished_stays_on_the_queue(trial: Trial) -> None:
    """Good messages of its batch are done and gone; it comes again, until its reject can be stored."""
    trial.sqs.set_queue_attributes(QueueUrl=trial.url(QUEUE), Attributes={"VisibilityTimeout": "10"})
    trial.sqs.delete_queue(QueueUrl=trial.url(REJECTS))
    good = [json.dumps(submission(submission_id=submission_id)) for submission_id in GOOD]
    expected = {event_id(name, kind, 0) for name in GOOD for kind in ("new_process", "network_connection")}
    for text in (*good[:10], BAD, *good[10:]):
        trial.sqs.send_message(QueueUrl=trial.url(QUEUE), MessageBody=text)

    eventually(lambda: trial.event_ids() >= expected, "the good ones to be published", 240)
    eventually(lambda: trial.on_queue() == 1, "the good ones to be gone, and only them", 240)

    url = trial.sqs.create_queue(QueueName=REJECTS)["QueueUrl"]
    eventually(lambda: trial.on_queue() == 0, "it to come again", 240)
    (stored,) = trial.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
    assert BAD in stored["Body"]
