"""The command line: what is of no use is said in one line, with the exit code that tells whose fault it is."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sensor_fleet.cli import main

NOWHERE = "http://127.0.0.1:1"


@pytest.fixture(autouse=True)
def _no_aws_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whatever this machine's AWS files say, these tests do not see it."""
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


def _invoke(*arguments: str, env: dict[str, str | None] | None = None) -> Result:
    return CliRunner().invoke(main, arguments, env=env)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--events", "5-3"], "'5-3' is neither a number nor a range such as 3-5"),
        (["--events", "many"], "'many' is neither a number nor a range such as 3-5"),
        (["--invalid-kinds", "bad-port,bad-luck"], "there is no kind or group 'bad-luck'. event: missing-field"),
        (["--spoil", "1.5"], "1.5 is not in the range 0<=x<=1"),
        (["--rate", "-1"], "-1.0 is not in the range x>=0"),
        (["--submissions", "0"], "0 is not in the range x>=1"),
        (["--pacing", "slow"], "'slow' is not one of 'constant', 'poisson'"),
    ],
)
def test_a_bad_value_is_refused(arguments: list[str], complaint: str) -> None:
    """A bad option names itself, what it was and what is allowed, and exits 2."""
    result = _invoke("run", *arguments)

    assert result.exit_code == 2
    assert arguments[0] in result.stderr
    assert complaint in result.stderr


def test_a_bad_value_in_the_environment_is_refused() -> None:
    """A setting from the environment is held to the same rules."""
    result = _invoke("run", env={"SENSOR_FLEET_RATE": "fast"})

    assert result.exit_code == 2
    assert "'fast' is not a valid float range" in result.stderr


@pytest.mark.parametrize("command", [["run"], ["audit", "--manifest", "manifest"]])
def test_the_region_is_asked_for(command: list[str], tmp_path: Path) -> None:
    """Without a region and without an emulator, the variable to set is named."""
    (tmp_path / "manifest").write_text('{"sensor_fleet_manifest":1}\n')
    result = _invoke(*[str(tmp_path / part) if part == "manifest" else part for part in command])

    assert result.exit_code == 2
    assert result.stderr == "sensor-fleet: no AWS region: set AWS_REGION, or AWS_ENDPOINT_URL for an emulator\n"


def test_credentials_are_asked_for() -> None:
    """Without credentials the variables to set are named."""
    keys: dict[str, str | None] = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}
    result = _invoke("run", "--endpoint-url", NOWHERE, env=keys)

    assert result.exit_code == 2
    assert "no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY" in result.stderr


@pytest.mark.parametrize(
    "given",
    [
        {"AWS_ROLE_ARN": "arn:aws:iam::1:role/x", "AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere/token"},
        {"profile": "credential_process = /nowhere/program"},
        {"profile": "credential_process = /bin/echo no JSON"},
    ],
    ids=["token file", "program", "what a program says"],
)
def test_bad_credentials_are_one_line(given: dict[str, str | None], tmp_path: Path) -> None:
    """Whatever a provider of credentials raises is one line and exit 2, no traceback."""
    (tmp_path / "config").write_text(f"[default]\n{given.get('profile', '')}\n")
    keys: dict[str, str | None] = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}
    result = _invoke("run", "--endpoint-url", NOWHERE, env=keys | given)

    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("sensor-fleet: no AWS credentials: ")


@pytest.mark.parametrize("where", [["--endpoint-url", NOWHERE], ["--localstack-host", "127.0.0.1:1"]])
def test_an_endpoint_that_does_not_answer_is_named(where: list[str]) -> None:
    """A fleet that waited in vain exits 1 and names the endpoint, given as URL or as LocalStack's host."""
    result = _invoke("run", "--wait-for-queue", "0", *where)

    assert result.exit_code == 1
    assert "sensor-fleet: Could not connect to the endpoint URL" in result.stderr
    assert "127.0.0.1:1" in result.stderr


def test_an_audit_that_cannot_read_is_not_a_verdict(tmp_path: Path) -> None:
    """No stream or no manifest is exit code 2, never the 1 of a failed audit."""
    (tmp_path / "manifest").write_text('{"sensor_fleet_manifest":1}\n')
    unreachable = _invoke("audit", "--endpoint-url", NOWHERE, "--manifest", str(tmp_path / "manifest"))
    missing = _invoke("audit", "--endpoint-url", NOWHERE, "--manifest", str(tmp_path / "nothing"))

    assert (unreachable.exit_code, missing.exit_code) == (2, 2)
    assert "Could not connect" in unreachable.stderr
    assert "cannot read the manifest" in missing.stderr


def test_help_names_the_variables() -> None:
    """Everything that can be set by the environment says by which variable."""
    text = _invoke("run", "--help").stdout + _invoke("audit", "--help").stdout

    for name in ("QUEUE_NAME", "STREAM_NAME", "AWS_ENDPOINT_URL", "AWS_REGION", "LOCALSTACK_HOST", "SENSOR_FLEET_RATE"):
        assert name in text
