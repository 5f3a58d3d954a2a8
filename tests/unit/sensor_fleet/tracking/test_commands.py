"""The commands for tracking events: what is of no use is said in one line, and contracts are written whole."""

import json
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

from sensor_fleet.cli import main


def _invoke(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--break", "5.1.0"], "'5.1.0' is not RELEASE:POINTER:HOW, such as"),
        (["--break", "5.1.0:/no:missing"], "'/no' is not a field of these events. Fields: /anonymousId,"),
        (["--break", "5.1.0:/userId:missing"], "'missing' is no way to break /userId. Ways: wrong-type, too-long."),
        (["--break", "9:/properties/age:missing"], "'9' is none of --releases"),
        (["--releases", "1,,2"], "'1,,2' is not a list of names"),
        (["--drift", "revenue,weather"], "'weather' does not drift. What does: revenue, gender, mix"),
        (["--invalid-kinds", "bad-uuid,bad-luck"], "there is no kind or group 'bad-luck'. field: wrong-type,"),
        (["--invalid-share", "2"], "2.0 is not in the range 0<=x<=1"),
    ],
)
def test_a_bad_value_is_refused(arguments: list[str], complaint: str) -> None:
    """A bad option names itself, what it was and what is allowed, and exits 2."""
    result = _invoke("track", *arguments)

    assert result.exit_code == 2
    assert arguments[0] in result.stderr
    assert complaint in result.stderr


def test_a_release_breaks_a_field_in_one_way_only() -> None:
    """Two plans for one field of one release contradict each other, which is said."""
    twice = [part for way in ("missing", "bad-uuid") for part in ("--break", f"5.1.0:/anonymousId:{way}")]
    result = _invoke("track", *twice)

    assert result.exit_code == 2
    assert "a release can break a field in one way only" in result.stderr


def test_contracts_are_written_for_all_subjects(tmp_path: Path) -> None:
    """One valid JSON Schema for each subject, and a streams file that makes its names."""
    result = _invoke("contracts", str(tmp_path / "drafts"))
    contracts = {path.stem: json.loads(path.read_text()) for path in (tmp_path / "drafts").glob("*.json")}
    streams = yaml.safe_load((tmp_path / "drafts" / "streams.yaml").read_text())

    assert result.exit_code == 0
    assert sorted(result.stdout.split()) == sorted(map(str, (tmp_path / "drafts").iterdir()))
    assert {contract["x-subject"] for contract in contracts.values()} == set(map(unquote, contracts))
    assert {"page/Policy Type", "track/Order Completed", "identify", "screen/Home", "group", "alias"} < {
        contract["x-subject"] for contract in contracts.values()
    }
    segment = {"contract": "{type}/{event|name}", "id": "messageId", "table": "tracking.segment"}
    assert streams == {"streams": {"segment": segment}}
    for contract in contracts.values():
        Draft202012Validator.check_schema(contract)
        assert contract["x-version"] == "1-0-0"


def test_contracts_are_written_for_the_streams_asked_for(tmp_path: Path) -> None:
    """Those of the records of `run --gateway` are there, too, by the names of their streams."""
    result = _invoke("contracts", str(tmp_path / "drafts"), "--streams", "user-utm,user-events")
    streams = yaml.safe_load((tmp_path / "drafts" / "streams.yaml").read_text())["streams"]

    assert result.exit_code == 0
    assert {name: stream["contract"] for name, stream in streams.items()} == {name: name for name in streams}
    for name in ("user-utm", "user-events"):
        contract = json.loads((tmp_path / "drafts" / f"{name}.json").read_text())
        Draft202012Validator.check_schema(contract)
        assert "type" not in contract["properties"]
        assert "request_id" in contract["required"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--queue", "q"], "--queue is for queues, not for --gateway"),
        (["--invalid-kinds", "event"], "--invalid-kinds is for queues, not for --gateway"),
        (["--batch", "1-501"], "'1-501' is not within 1 and 500"),
        (["--batch", "0"], "'0' is not within 1 and 500"),
        (["--batch", "many"], "'many' is neither a number nor a range"),
        (["--streams", "user-events,none"], "there are no records for 'none'. There are for: segment, user-events,"),
    ],
)
def test_a_bad_value_for_a_door_is_refused(arguments: list[str], complaint: str) -> None:
    """What a door cannot have is told before anything is sent."""
    result = _invoke("run", "--gateway", "http://127.0.0.1:1", "--wait-for-queue", "0", *arguments)

    assert result.exit_code == 2
    assert complaint in result.stderr


def test_contracts_overwrite_nothing(tmp_path: Path) -> None:
    """A folder that has contracts already stays as it is."""
    (tmp_path / "identify.json").write_text("mine")
    result = _invoke("contracts", str(tmp_path))

    assert result.exit_code == 2
    assert f"{tmp_path / 'identify.json'} exists already: name another folder" in result.stderr
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"identify.json": "mine"}


def test_an_audit_of_verdicts_refuses_a_manifest_of_submissions(tmp_path: Path) -> None:
    """What `run` wrote says nothing of verdicts, and is not taken for it."""
    (tmp_path / "sent").write_text('{"sensor_fleet_manifest":1}\n')
    result = _invoke("audit", "--manifest", str(tmp_path / "sent"), "--rejects", str(tmp_path))

    assert result.exit_code == 2
    assert "is not a manifest of records" in result.stderr
