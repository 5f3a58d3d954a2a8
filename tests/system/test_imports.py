"""What is loaded when: a command pays for no part that it does not use."""

import subprocess
import sys

LOADED = "print(*sys.modules);"
COMMANDS = (
    "from click import Context; from event_processor.commands.main import main; context = Context(main);"
    "[main.get_command(context, name) for name in main.list_commands(context)]"
)


def printed(program: str) -> list[set[str]]:
    """The words in each line that a Python process of its own prints."""
    done = subprocess.run([sys.executable, "-c", f"import sys; {program}"], capture_output=True, text=True, check=True)
    return [set(line.split()) for line in done.stdout.splitlines()]


def test_the_package_itself_is_light() -> None:
    """Who only asks for the version loads nothing else of it."""
    [names] = printed(f"import event_processor; {LOADED}")

    assert {name for name in names if name.startswith("event_processor")} == {"event_processor"}


def test_the_command_line_loads_no_extras() -> None:
    """It starts without the extras, the tools, what only tests need, and what `run` without contracts does not use."""
    [names] = printed(f"{COMMANDS}; {LOADED}")

    assert "boto3" in names
    assert not {name.partition(".")[0] for name in names} & {
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
    assert not [name for name in names if name.startswith("event_processor.inspection")]


def test_a_command_loads_no_other() -> None:
    """Each process starts with what its own command needs."""
    [names] = printed(f"from event_processor.commands.main import main; main.get_command(None, 'gateway'); {LOADED}")

    assert "event_processor.commands.gateway" in names
    assert not names & {"boto3", "event_processor.commands.run", "event_processor.commands.lake"}


def test_the_lean_transport_is_loaded_only_where_it_is_used() -> None:
    """AWS_TRANSPORT=boto3 loads none of the lean transport. The other way round boto3 still says where calls go."""
    program = (
        "import event_processor.commands.main; from event_processor.aws.clients import Clients, Location\n"
        "for transport in ('boto3', 'lean'):\n"
        "    clients = Clients(Location('http://127.0.0.1:1', 'us-east-1'), transport)\n"
        f"    clients.queue(1), clients.stream(1); {LOADED}"
    )
    with_boto3, with_lean = (any(".lean_transport" in name for name in names) for names in printed(program))

    assert (with_boto3, with_lean) == (False, True)
