"""The door and its description agree, also where nobody looked: schemathesis calls it by what it says of itself."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.system.gateway import Gateway
from tests.system.processes import Emulator, command

ROOT = Path(__file__).parents[2]
HOOKS = "tests.schemathesis_hooks"
STREAMS = """\
streams:
  user-events: {contract: user-events, id: request_id, partition_key: cookie_id}
  segment: {contract: "{type}/{event|name}", id: messageId}
  events: {contract: "event/{event_type}", at: /event_data, id: event_id, rejects: count}
"""
CONTRACTS: list[dict[str, Any]] = [
    {
        "x-subject": "user-events",
        "properties": {
            "request_id": {"type": "string", "format": "uuid"},
            "topic": {"enum": ["palette.set", "palette.get"]},
            "size": {"type": "integer", "minimum": 1, "maximum": 9},
        },
        "required": ["request_id", "topic"],
        "additionalProperties": False,
    },
    {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "x-subject": "track/Order Completed",
        "properties": {
            "messageId": {"type": "string"},
            "properties": {"type": "object", "properties": {"total": {"$ref": "#/definitions/money"}}},
        },
        "required": ["messageId", "properties"],
        "definitions": {"money": {"type": "number", "minimum": 0, "exclusiveMinimum": True}},
    },
    {"x-subject": "identify", "properties": {"userId": {"type": "string", "x-pii": True}}, "required": ["userId"]},
    {"x-subject": "event/login", "properties": {"user": {"type": "string", "minLength": 1}}, "required": ["user"]},
]

# What is unsound in a batch gets a result of its own: 200 as long as one of it is stored.
CONFIGURATION = """\
[[operations]]
include-path-regex = "/records$"
checks.negative_data_rejection.expected-statuses = ["200", "400", "422"]
"""


@pytest.fixture
def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    """A door whose contracts are of several drafts, and whose streams take several subjects or part of a record."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    (tmp_path / "streams.yaml").write_text(STREAMS)
    (tmp_path / "drafts").mkdir()
    for number, contract in enumerate(CONTRACTS):
        document = {"type": "object", "x-version": "1-0-0", **contract}
        (tmp_path / f"drafts/{number}.json").write_text(json.dumps(document))
    settings = {"STREAMS_FILE": str(tmp_path / "streams.yaml"), "CONTRACTS": f"dir:{tmp_path / 'contracts'}"}
    with Emulator(tmp_path) as aws:
        for arguments in (("provision", "--job", "gateway"), ("contracts", "publish", str(tmp_path / "drafts"))):
            done = command("event_processor", *arguments, AWS_ENDPOINT_URL=aws.endpoint, **settings)
            assert done.returncode == 0, done.stderr
        with Gateway(tmp_path, aws.endpoint, **settings) as process:
            yield process


@pytest.mark.prove
def test_schemathesis_finds_nothing(gateway: Gateway, tmp_path: Path) -> None:
    """Sound requests are taken, unsound ones are refused, and each answer is as it is described."""
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION)
    url = f"http://127.0.0.1:{gateway.door}/openapi.json"
    options = ["--checks", "all", "--max-examples", "15", "--seed", "1", "--generation-database", "none"]
    done = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", "run", url, *options, "--no-color", "--request-timeout", "60"],
        env={**os.environ, "SCHEMATHESIS_HOOKS": HOOKS, "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert "No issues found" in done.stdout
    page = gateway.get("/metrics")[1]
    for stream in ("user-events", "segment", "events"):
        for verdict in ("accepted", "rejected"):
            line = f'event_gateway_verdicts_total{{stream="{stream}",verdict="{verdict}"}} '
            [judged] = [float(each.removeprefix(line)) for each in page.splitlines() if each.startswith(line)]
            assert judged > 10, line
