"""What `rejects list` shows."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from event_processor.commands.main import main
from tests.unit.samples import rejects


def test_a_table_for_people_is_no_longer_than_they_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of thousands of devices those that are wrong most often are shown, and how many are not; programs get all."""
    monkeypatch.delenv("AWS_REGION", raising=False)  # a file needs none
    [reject] = rejects("no JSON")
    kept = json.loads(reject.to_json())
    devices = [f"device-{number}" for number in range(3000)] + ["worst"] * 2
    lines = (json.dumps(kept | {"reject_id": str(n), "device_id": name}) for n, name in enumerate(devices))
    (tmp_path / "rejects.ndjson").write_text("\n".join(lines) + "\n")
    command = ["rejects", "list", "--by", "device", "--file", str(tmp_path / "rejects.ndjson")]

    shown = CliRunner().invoke(main, command).output.splitlines()
    assert "worst" in shown[1]
    assert len(shown) == 202
    assert shown[-1] == "and 2,801 more groups with 2,801 rejects: --json has them"
    assert len(json.loads(CliRunner().invoke(main, [*command, "--json"]).output)) == 3001
