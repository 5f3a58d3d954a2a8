"""What is loaded when: a command pays for no part that it does not use."""

import subprocess
import sys

import pytest

from event_processor.aws.clients import Transport

OURS = "print(*sorted(name for name in sys.modules if name.startswith('event_processor')))"
EVERYTHING = "print(*sorted({name.partition('.')[0] for name in sys.modules}))"


def loaded(program: str) -> set[str]:
    """The words that a Python process of its own prints."""
    done = subprocess.run([sys.executable, "-c", f"import sys; {program}"], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_package_itself_is_light() -> None:
    """Who only asks for the version loads nothing else of it."""
    assert loaded(f"import event_processor; {OURS}") == {"event_processor"}


def test_the_command_line_loads_no_extras() -> None:
    """The processor starts without the tracing extra, the tools, and what only tests and benchmarks need."""
    names = loaded(f"import event_processor.commands.main; {EVERYTHING}")

    assert "boto3" in names
    assert not names & {
        "aws_lambda_powertools",
        "opentelemetry",
        "tools",
        "tests",
        "benchmarks",
        "local_aws",
        "sensor_fleet",
        "matplotlib",
        "jsonschema_rs",
        "starlette",
        "uvicorn",
        "yaml",
    }


@pytest.mark.parametrize(("transport", "is_lean"), [("lean", True), ("boto3", False)])
def test_the_lean_transport_is_loaded_only_where_it_is_used(transport: Transport, is_lean: bool) -> None:
    """AWS_TRANSPORT=boto3 loads none of the lean transport. The other way round boto3 still says where calls go."""
    program = (
        "import event_processor.commands.main; from event_processor.aws.clients import Clients, Location;"
        f"clients = Clients(Location('http://127.0.0.1:1', 'us-east-1'), {transport!r});"
        "clients.queue(1), clients.stream(1);"
    )
    assert any(".lean_transport" in name for name in loaded(program + OURS)) is is_lean


def test_a_job_pays_for_no_other() -> None:
    """Neither the command line nor `run` without contracts loads the validator, the YAML reader or the inspector."""
    program = "import event_processor.commands.main, event_processor.bootstrap.submissions_job;"

    assert not loaded(program + EVERYTHING) & {"jsonschema_rs", "yaml"}
    assert not [name for name in loaded(program + OURS) if name.startswith("event_processor.inspection")]
