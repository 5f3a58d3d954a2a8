"""A stage applied on an emulator, from nothing to nothing, with the program at work on it in between."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.eventually import eventually
from tests.inspecting import page
from tests.system.processes import Fleet, Inspector, Processor, command
from tests.terraform.emulator import Ministack
from tests.terraform.workspace import ROOT, Workspace

SUBMISSIONS = 300
OF_AGE = {"type": "object", "properties": {"age": {"type": "integer"}}}
pytestmark = pytest.mark.timeout(1500)  # Terraform waits 25 s after each change of a queue
DRIFT = {  # what ministack does not echo, so that Terraform would set it again for ever
    "aws_cloudwatch_metric_alarm": {
        *("actions_enabled", "alarm_description", "datapoints_to_alarm", "dimensions", "period", "statistic"),
        *("evaluate_low_sample_count_percentiles", "extended_statistic", "threshold_metric_id", "unit"),
        *("tags", "tags_all", "treat_missing_data"),
    },
    "aws_kinesis_stream": {"shard_level_metrics", "tags", "tags_all"},
}


class Stage:
    """The stage `test`, with KMS keys of its own, which production has too."""

    def __init__(self, folder: Path, aws: Ministack) -> None:
        self.aws = aws
        self._workspace = Workspace(folder, state=aws.bucket, **aws.environment)
        self._variables = ["-var-file=environments/test.tfvars", "-var=own_keys=true"]
        self._folder = folder

    def with_function(self, archive: Path) -> None:
        """From now on there is a function."""
        function = {"archive": str(archive), "architecture": "x86_64", "timeout": 30}
        self._variables.append(f"-var=function={json.dumps(function)}")

    def with_inspection(self, streams: Path) -> None:
        """From now on there is what inspectors need that run elsewhere, and a sender in another account."""
        sender = {"account_id": "210987654321", "external_id": "workspace"}
        self._variables += [
            f"-var=streams_file={streams}",
            f"-var=streams={json.dumps({'segment': {'shards': 1, 'sender': sender}})}",
            "-var=inspection={}",
        ]

    def apply(self) -> dict[str, str]:
        """Make it so; the settings it gives for the processor."""
        apply = ("apply", "-auto-approve", "-no-color", *self._variables)
        try:
            self._workspace.run(*apply)
        except AssertionError as error:  # under load an answer is lost at times, and asking again is refused
            if "AlreadyExists" not in str(error):
                raise
            self.aws.start_anew()
            self._workspace.run(*apply)
        settings: dict[str, str] = self.output("settings")
        return settings

    def output(self, name: str) -> Any:
        """What it tells of itself."""
        return json.loads(self._workspace.run("output", "-json", name))

    def unexpected_differences(self) -> dict[str, set[str]]:
        """What a further plan would change, but for the emulator's drift; '*' is a resource made or gone."""
        file = self._folder / "plan"
        self._workspace.run("plan", "-no-color", f"-out={file}", *self._variables)
        plan = json.loads(self._workspace.run("show", "-json", str(file)))
        differences = {change["address"]: _changed(change) for change in plan["resource_changes"]}
        return {name: found for name, found in differences.items() if found and not _is_drift(name, found)}

    def refusal(self) -> str:
        """Why it cannot be planned."""
        return self._workspace.refused("plan", "-no-color", *self._variables)

    def destroy(self) -> None:
        """Take everything away."""
        self._workspace.run("destroy", "-auto-approve", "-no-color", *self._variables)


def _changed(change: dict[str, Any]) -> set[str]:
    actions, before, after = (change["change"][name] for name in ("actions", "before", "after"))
    if actions in (["no-op"], ["read"]):
        return set()
    if actions != ["update"]:
        return {"*"}
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def _is_drift(address: str, attributes: set[str]) -> bool:
    return any(attributes <= known for kind, known in DRIFT.items() if f".{kind}." in address)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Nothing made yet."""
    with Ministack(tmp_path) as aws:
        yield Stage(tmp_path, aws)


def test_the_state_is_locked(stage: Stage) -> None:
    """Two people, or a person and a workflow, cannot change a stage at the same time."""
    with stage.aws.locked_state() as somebody:
        assert somebody in stage.refusal()


def test_a_processor_on_it(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The processor runs with what Terraform says and loses nothing; a second plan changes nothing; all goes again."""
    before = stage.aws.left()
    for name, value in {**stage.aws.environment, **stage.apply()}.items():
        monkeypatch.setenv(name, value)
    checked = command("event_processor", "check")
    assert checked.returncode == 0, checked.stdout + checked.stderr

    fleet = Fleet(tmp_path, stage.aws.endpoint)
    fleet.send(SUBMISSIONS)
    with Processor(tmp_path, stage.aws.endpoint, VISIBILITY_TIMEOUT=os.environ["VISIBILITY_TIMEOUT"]) as processor:
        processor.wait_for("submissions_deleted_total", SUBMISSIONS)
        assert processor.metric("rejects_total") > 0
        fleet.audit()
        assert processor.terminate() == 0

    assert stage.unexpected_differences() == {}
    stage.destroy()
    assert stage.aws.left() == before


def test_an_inspector_on_it(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contracts are published to its table, a broken record is on its queue, the checkpoint in its table."""
    before = stage.aws.left()
    stage.with_inspection(ROOT / "deploy" / "terraform" / "tests" / "streams.yaml")
    stage.apply()
    for name, value in {**stage.aws.environment, **stage.output("inspector_settings")["segment"]}.items():
        monkeypatch.setenv(name, value)
    contract = tmp_path / "contract.json"
    contract.write_text(json.dumps({"x-subject": "page/Home", "x-version": "1-0-0", **OF_AGE}))
    for arguments in (["contracts", "publish", str(contract)], ["check", "--job", "inspect"]):
        done = command("event_processor", *arguments)
        assert done.returncode == 0, done.stdout + done.stderr

    stage.aws.put(stage.output("stream_names")["segment"], page(age=1), page(age="x"))
    with Inspector(tmp_path, stage.aws.endpoint) as inspector:
        inspector.wait_for("verdicts_total", 2)
        eventually(lambda: inspector.metric("checkpoints_written_total") > 0, "a checkpoint")
        assert inspector.terminate() == 0
    assert stage.aws.waiting(os.environ["REJECTS_QUEUE"]) == 1
    assert set(stage.output("sender_role_arns")) == {"segment"}

    assert stage.unexpected_differences() == {}
    stage.destroy()
    assert stage.aws.left() == before


def test_a_function_on_it(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same with the archive that `make lambda` built: Lambda calls it, and nothing is lost."""
    before = stage.aws.left()
    stage.with_function(ROOT / "dist" / "event-processor-lambda-x86_64.zip")
    for name, value in {**stage.aws.environment, **stage.apply()}.items():
        monkeypatch.setenv(name, value)

    fleet = Fleet(tmp_path, stage.aws.endpoint)
    sent = fleet.send(SUBMISSIONS)
    assert sent["submissions_to_reject"] > 0
    eventually(lambda: stage.aws.waiting(os.environ["QUEUE_NAME"]) == 0, "the queue to be empty", 200)
    fleet.audit()
    assert stage.aws.waiting(os.environ["REJECTS_QUEUE"]) > 0

    assert stage.unexpected_differences() == {}
    stage.destroy()
    assert stage.aws.left() == before
