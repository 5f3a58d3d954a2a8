"""The command line as an operator meets it: exit codes, and one line that says what to do."""

import socket
from pathlib import Path

import pytest

from event_processor.aws.clients import Clients, Location
from local_aws import LocalAws
from tests.eventually import eventually
from tests.system.processes import QUICK, Emulator, Processor, command


def provision(endpoint: str) -> list[str]:
    """`event-processor provision`; the lines it printed."""
    done = command("event_processor", "provision", AWS_ENDPOINT_URL=endpoint)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("variable", "value", "allowed"),
    [
        ("BATCH_SIZE", "11", "from 1 to 10"),
        ("AWS_ENDPOINT_URL", "localhost:4566", "an http or https URL"),
    ],
)
def test_a_wrong_setting_is_one_line(aws: LocalAws, variable: str, value: str, allowed: str) -> None:
    """A wrong value names the variable, what it was and what is allowed, and exits 2 before anything is received."""
    done = command("event_processor", "run", **{"AWS_ENDPOINT_URL": aws.endpoint, variable: value})

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert all(word in done.stderr for word in (variable, value, allowed))


def test_a_taken_port_is_one_line(aws: LocalAws) -> None:
    """When METRICS_PORT is taken the processor says so and exits 2."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = command("event_processor", "run", AWS_ENDPOINT_URL=aws.endpoint, METRICS_PORT=port)

    assert done.returncode == 2
    last = done.stderr.splitlines()[-1]
    assert "METRICS_PORT" in last
    assert port in last
    assert "Traceback" not in done.stderr


def test_provision_says_what_it_made(aws: LocalAws) -> None:
    """A second provision finds everything in place and changes nothing."""
    assert [line.rsplit(": ", 1)[1] for line in provision(aws.endpoint)] == [
        "created",
        "created",
        "created",
        "created, 2 shards",
    ]
    assert [line.rsplit(": ", 1)[1] for line in provision(aws.endpoint)] == ["already exists"] * 4


def test_check_tells_whether_it_would_run(aws: LocalAws) -> None:
    """`check` exits 1 while the queue is missing, naming it, and 0 when all is there."""
    missing = command("event_processor", "check", AWS_ENDPOINT_URL=aws.endpoint)
    assert missing.returncode == 1
    assert missing.stderr.count("\n") == 1
    assert "submissions" in missing.stderr

    provision(aws.endpoint)
    fit = command("event_processor", "check", AWS_ENDPOINT_URL=aws.endpoint)
    assert fit.returncode == 0, fit.stderr
    assert fit.stdout.endswith("fit to run\n")


def test_check_covers_the_reject_queue(aws: LocalAws) -> None:
    """With REJECTS=sqs and no reject queue `check` does not call it fit, as `run` would wait for ever."""
    provision(aws.endpoint)

    done = command("event_processor", "check", AWS_ENDPOINT_URL=aws.endpoint, REJECTS="sqs", REJECTS_QUEUE="elsewhere")

    assert done.returncode == 1
    assert "elsewhere" in done.stderr


def test_check_compares_the_limits_of_the_queues(aws: LocalAws) -> None:
    """A queue of rejects whose messages are smaller than submissions is told, with what will happen."""
    provision(aws.endpoint)
    sqs = Clients(Location(aws.endpoint, "us-east-1")).sqs(pool=1)
    url = sqs.get_queue_url(QueueName="submissions-rejects")["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"MaximumMessageSize": "262144"})

    done = command("event_processor", "check", AWS_ENDPOINT_URL=aws.endpoint, REJECTS="sqs")

    assert done.returncode == 0, done.stderr
    assert "queue submissions-rejects takes messages of 262144 bytes, queue submissions of 1048576" in done.stdout


def test_run_names_the_queue_it_waits_for(tmp_path: Path) -> None:
    """When it is the reject queue that is missing, the log does not send the engineer after another one."""
    with Emulator(tmp_path) as aws:
        aws.provision()
        with Processor(tmp_path, aws.endpoint, REJECTS="sqs", REJECTS_QUEUE="elsewhere") as processor:
            [line] = eventually(lambda: processor.lines("waiting"))
            assert "elsewhere" in line["what"]
            assert processor.terminate() == 0


def test_missing_credentials_are_said_plainly(aws: LocalAws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without credentials `check` exits 1, and its last line says so."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    nothing = str(tmp_path / "nothing")

    done = command(
        "event_processor",
        "check",
        AWS_ENDPOINT_URL=aws.endpoint,
        AWS_SHARED_CREDENTIALS_FILE=nothing,
        AWS_CONFIG_FILE=nothing,
    )

    assert done.returncode == 1
    assert "credentials" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_config_shows_where_values_come_from_and_no_secret(aws: LocalAws) -> None:
    """`config` prints each setting with its origin, and nothing that gives access to anything."""
    endpoint = aws.endpoint.replace("//", "//user:hush@")
    secret = "wJalrXUtnFEMI"
    done = command(
        "event_processor", "config", AWS_ENDPOINT_URL=endpoint, QUEUE_NAME="mine", AWS_SECRET_ACCESS_KEY=secret
    )

    assert done.returncode == 0
    assert "hush" not in done.stdout
    assert secret not in done.stdout
    [line] = [line for line in done.stdout.splitlines() if line.strip().startswith("QUEUE_NAME")]
    assert line.split()[1:3] == ["mine", "environment"]


def test_a_second_processor_on_the_port_is_told(tmp_path: Path) -> None:
    """Two processors of one host need two ports; the second does not receive anything before it says so."""
    with Emulator(tmp_path) as aws:
        aws.provision()
        with Processor(tmp_path, aws.endpoint) as first:
            port = str(first.lines("listening")[0]["port"])
            second = command(
                "event_processor", "run", **{**QUICK, "AWS_ENDPOINT_URL": aws.endpoint, "METRICS_PORT": port}
            )
            assert second.returncode == 2
            assert first.is_running
