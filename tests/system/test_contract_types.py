"""Event types from contracts, by the programs that users start."""

import json
from pathlib import Path
from typing import Any

from tests.eventually import eventually
from tests.system.processes import Emulator, Processor, command
from tests.system.test_rejects import events_of
from tests.unit.samples import submission

WRITTEN = {"path": "/etc/hosts", "size": 3}


def publish(folder: Path, version: str, *required: str) -> str:
    """Publish a contract for the event type file_written; the registry, as CONTRACTS names it."""
    contract = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "x-subject": "event/file_written",
        "x-version": version,
        "type": "object",
        "required": required,
        "properties": {"path": {"type": "string"}, "size": {"type": "integer"}},
    }
    (folder / "contract.json").write_text(json.dumps(contract))
    registry = f"dir:{folder / 'contracts'}"
    done = command("event_processor", "contracts", "publish", str(folder / "contract.json"), CONTRACTS=registry)
    assert done.returncode == 0, done.stdout + done.stderr
    return registry


def test_a_new_type_without_a_release(tmp_path: Path) -> None:
    """A running processor accepts a new event type once its contract is published, and rejects what breaks it."""
    registry, file = publish(tmp_path, "1-0-0", "path"), tmp_path / "rejects.ndjson"

    def rejects() -> list[dict[str, Any]]:
        return [json.loads(line) for line in file.read_text().splitlines()]

    with Emulator(tmp_path) as aws:
        aws.provision()
        with Processor(tmp_path, aws.endpoint, CONTRACTS=registry, REJECTS="file", REJECTS_FILE=str(file)) as processor:
            processor.wait_until_ready()
            aws.send(json.dumps(submission(events={"file_written": [WRITTEN, {"path": 7}]})))
            eventually(lambda: aws.depth() == (0, 0), "the submission to be done")
            publish(tmp_path, "2-0-0", "path", "size")

            def rejected_by_the_new_one() -> bool:
                aws.send(json.dumps(submission(events={"file_written": [{"path": "a"}]})))
                eventually(lambda: aws.depth() == (0, 0), "a later one to be done")
                return len(rejects()) > 1

            eventually(rejected_by_the_new_one)
        assert events_of(aws.kinesis)[0]["event_data"] == WRITTEN
    assert [(each["reason"], each["pointer"]) for each in rejects()] == [
        ("wrong_type", "/events/file_written/1/path"),
        ("missing_field", "/events/file_written/0"),
    ]


def test_check_reads_the_contracts(tmp_path: Path) -> None:
    """`check` says when the contracts of CONTRACTS cannot be read."""
    (tmp_path / "contracts" / "event%2Fx").mkdir(parents=True)
    (tmp_path / "contracts" / "event%2Fx" / "live").write_text("1-0-0\n")
    with Emulator(tmp_path) as aws:
        aws.provision()
        done = command(
            "event_processor", "check", AWS_ENDPOINT_URL=aws.endpoint, CONTRACTS=f"dir:{tmp_path / 'contracts'}"
        )

    assert "WARNING: contracts cannot be read" in done.stdout, done.stdout + done.stderr
