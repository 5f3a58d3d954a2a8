"""The command line, as far as it goes without queue and stream."""

import pytest
from click.testing import CliRunner, Result

from event_processor import __version__
from event_processor.commands.main import main

COMMANDS = ["run", "check", "config", "provision", "demo"]


def invoke(*arguments: str, **environment: str) -> Result:
    """The result of a command line."""
    return CliRunner(env=environment).invoke(main, arguments)


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help(flag: str) -> None:
    """The help names every command and where settings come from."""
    result = invoke(flag)

    assert result.exit_code == 0
    assert all(f"\n  {command} " in result.output for command in COMMANDS)
    assert "event-processor config" in result.output


@pytest.mark.parametrize("command", ["run", "check", "demo"])
def test_exit_codes_are_in_the_help(command: str) -> None:
    """A command whose exit code says something explains it."""
    result = invoke(command, "--help")

    assert result.exit_code == 0
    assert "Exit codes: 0" in result.output


def test_version() -> None:
    """The version can be asked for."""
    assert __version__ in invoke("--version").output


@pytest.mark.parametrize("arguments", [["nonsense"], ["provision", "--shards", "0"], ["config", "extra"]])
def test_bad_usage(arguments: list[str]) -> None:
    """A mistyped command is exit code 2 and says how it should be."""
    result = invoke(*arguments)

    assert result.exit_code == 2
    assert "Usage:" in result.output


@pytest.mark.parametrize("command", ["run", "check", "config", "provision"])
def test_bad_settings(command: str) -> None:
    """A bad setting is one line and exit code 2, before anything is called, from every command that has settings."""
    result = invoke(command, BATCH_SIZE="eleven")

    assert result.exit_code == 2
    assert result.stderr == "event-processor: BATCH_SIZE: was 'eleven'; allowed: an integer from 1 to 10\n"
    assert result.stdout == ""


def test_no_region() -> None:
    """Without a region, and without an emulator, it says which variable is missing."""
    result = invoke("check", AWS_CONFIG_FILE="/nonexistent", AWS_SHARED_CREDENTIALS_FILE="/nonexistent")

    assert result.exit_code == 2
    assert result.stderr.startswith("event-processor: AWS_REGION: not set")


def test_config() -> None:
    """The effective settings, each with value, origin and meaning, come as a table."""
    result = invoke("config", BATCH_SIZE="3")

    rows = {line.split()[0]: line.split() for line in result.stdout.splitlines()}
    assert result.exit_code == 0
    assert rows["BATCH_SIZE"][:6] == ["BATCH_SIZE", "3", "environment", "Messages", "asked", "for"]
    assert rows["WAIT_TIME"][:3] == ["WAIT_TIME", "20", "default"]
    assert rows["AWS_REGION"][:3] == ["AWS_REGION", "-", "default"]


def test_config_masks_secrets() -> None:
    """Credentials, and a password in the endpoint, are not printed."""
    result = invoke(
        "config",
        AWS_SECRET_ACCESS_KEY="CANARY",
        AWS_ENDPOINT_URL="http://user:CANARY@127.0.0.1:4566",
        AWS_REGION="us-east-1",
    )

    assert result.exit_code == 0
    assert "CANARY" not in result.output
    assert "http://***@127.0.0.1:4566" in result.stdout


def test_each_bad_setting_has_a_line() -> None:
    """Several bad settings are told at once, each on a line of its own, and what was typed steers no terminal."""
    result = invoke("check", BATCH_SIZE="ele\x1b[31mven", WAIT_TIME="\u202eten")

    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 2
    assert result.stderr.replace("\n", "").isprintable()
