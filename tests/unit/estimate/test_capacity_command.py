"""event-processor estimate capacity, as somebody types it."""

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from event_processor.commands.main import main


def capacity(*arguments: str) -> Result:
    """The result of this command line."""
    return CliRunner().invoke(main, ["estimate", "capacity", *arguments])


def capacity_json(*arguments: str) -> Any:
    """The same, as a program reads it."""
    result = capacity(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_table() -> None:
    """A person gets what to provision, what to expect, what it costs, and the date of the prices."""
    result = capacity("--events-per-second", "50000")

    assert result.exit_code == 0
    for word in ("shards", "replicas", "RECEIVERS", "MAX_IN_FLIGHT_BYTES", "memory", "heartbeat", "SQS requests"):
        assert f"{word} " in result.stdout
    assert "as read on 20" in result.stdout
    assert "check before you buy" in result.stdout


def test_json() -> None:
    """A program gets the same, unrounded, with the load it is for and where prices and figures are from."""
    found = capacity_json("--events-per-second", "50000", "--record-bytes", "400", "--latency-ms", "5")

    assert found["load"]["latency_seconds"] == 0.005
    assert found["plan"]["shards"] == 72
    assert found["cost_per_million_events"]["provisioned"] > 0
    assert found["prices"]["region"] == "us-east-1"
    assert all(price["source"] for price in found["prices"]["prices"])
    assert found["measured"].keys() == {"provisional", "sources"}


def test_lean_needs_less() -> None:
    """The leaner transport carries the same load on fewer cores."""
    lean, boto3 = (
        capacity_json("--events-per-second", "100000", "--transport", name)["plan"] for name in ("lean", "boto3")
    )

    assert lean["replicas"] < boto3["replicas"]
    assert lean["shards"] == boto3["shards"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "Missing option '--events-per-second'"),
        (["--events-per-second", "0"], "0.0 is not in the range 0<x"),
        (["--events-per-second", "nan"], "nan is not a number to calculate with"),
        (["--events-per-second", "many"], "'many' is not a valid float"),
        (["--events-per-second", "5", "--record-bytes", "10"], "10 is not in the range 336<=x"),
        (["--events-per-second", "5", "--transport", "pigeon"], "'pigeon' is not one of 'lean', 'boto3'"),
        (["--events-per-second", "5", "--headroom", "1"], "1.0 is not in the range 0<=x<=0.9"),
        (["--events-per-second", "5", "--record-bytes", "10485760"], "an SQS message holds 1,048,576"),
    ],
)
def test_bad_input(arguments: list[str], complaint: str) -> None:
    """What cannot be is exit code 2, and one line that says what is allowed."""
    result = capacity(*arguments)

    assert result.exit_code == 2
    assert complaint in result.stderr
    assert result.stdout == ""


def test_help() -> None:
    """The help says what each option means, and what it is when not given."""
    result = capacity("--help")

    text = " ".join(result.stdout.split())  # wherever its lines are broken
    assert result.exit_code == 0
    assert "partition key" in text
    assert text.count("[default: ") == 5
