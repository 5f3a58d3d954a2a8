"""The real process while its credentials fail, come late and come back."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.agents import Agent, Reply, agent, instance_metadata, issued
from tests.eventually import eventually
from tests.ports import reserved_port
from tests.system.processes import Emulator, Fleet, Processor, command

HOUR = 3600.0


NO_KEYS = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
NO_KEYS |= {"AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent"}


@pytest.fixture
def container() -> Iterator[Agent]:
    """A container's credentials endpoint."""
    with agent(lambda _: issued(HOUR)) as running:
        yield running


class InContainer(Processor):
    """A processor that has its credentials from there alone."""

    def __init__(self, folder: Path, endpoint: str, container: Agent, **settings: str) -> None:
        where = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{container.url}/creds"}
        super().__init__(folder, endpoint, **NO_KEYS, **where, **settings)


FAILURES: dict[str, Callable[[], Reply]] = {
    "expired": lambda: issued(-60),
    "empty": lambda: (200, b"{}"),
    "500": lambda: (500, b"<html>"),
}


@pytest.mark.prove
@pytest.mark.parametrize(
    ("failure", "transport"), [("expired", "lean"), ("expired", "boto3"), ("empty", "boto3"), ("500", "lean")]
)
def test_a_renewal_that_fails(tmp_path: Path, aws: Emulator, container: Agent, failure: str, transport: str) -> None:
    """Good for 602 s, then not renewed: it is told, in readiness too, work goes on, and it recovers by itself."""
    # seek-oss/aec#425, boto/botocore#3134
    container.reply = lambda _: issued(602)
    fleet = Fleet(tmp_path, aws.endpoint)
    with InContainer(tmp_path, aws.endpoint, container, AWS_TRANSPORT=transport) as processor:
        processor.wait_until_ready()
        container.reply = lambda _: FAILURES[failure]()

        eventually(lambda: processor.lines("failing, will go on trying", step="credentials"), "it to be told", 60)
        [reason] = eventually(processor.reasons)
        assert "CredentialsUnavailable" in reason
        fleet.send(20)
        fleet.audit()

        container.reply = lambda _: issued(HOUR)
        eventually(lambda: processor.lines("working again", step="credentials"), "it to recover", 60)
        processor.wait_until_ready()
        assert "Traceback" not in processor.errors
        assert processor.terminate() == 0


@pytest.mark.prove
@pytest.mark.parametrize("transport", ["lean", "boto3"])
def test_an_outage_of_the_agent(tmp_path: Path, aws: Emulator, container: Agent, transport: str) -> None:
    """Credentials that run out altogether: receiving fails with the reason, nothing ends, nothing is lost."""
    container.reply = lambda _: issued(8)
    fleet = Fleet(tmp_path, aws.endpoint)
    with InContainer(tmp_path, aws.endpoint, container, AWS_TRANSPORT=transport) as processor:
        processor.wait_until_ready()
        container.reply = lambda _: issued(-60)
        eventually(
            lambda: processor.lines("failing, will go on trying", step="receive", error_code="CredentialsUnavailable"),
            "receiving to fail",
            60,
        )
        assert any("expired" in reason for reason in processor.reasons())
        container.reply = lambda _: issued(HOUR)
        fleet.send(20)
        fleet.audit(wait_seconds=60)
        processor.wait_until_ready()
        assert processor.terminate() == 0


def test_an_agent_that_comes_after_the_process(tmp_path: Path, aws: Emulator, container: Agent) -> None:
    """An agent that fails at start is told and waited for."""
    # jtblin/kube2iam#122, uswitch/kiam#148
    container.reply = lambda _: (500, b"")
    with InContainer(tmp_path, aws.endpoint, container) as processor:
        eventually(lambda: processor.lines("failing, will go on trying", step="credentials"), "it to be told", 60)
        assert any("CredentialsUnavailable" in reason for reason in processor.reasons())

        container.reply = lambda _: issued(HOUR)

        eventually(lambda: processor.lines("running"), "it to run", 60)
        processor.wait_until_ready()
        assert processor.terminate() == 0


def test_instance_metadata_that_comes_after_the_process(tmp_path: Path, aws: Emulator) -> None:
    """A metadata service that refuses at start is asked again, and its credentials are used."""
    # boto/botocore#1791
    with reserved_port() as port:
        where = {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://127.0.0.1:{port}/"}
        with Processor(tmp_path, aws.endpoint, **NO_KEYS, **where) as processor:
            eventually(lambda: processor.lines("waiting"), "it to wait", 60)
            with agent(instance_metadata(lambda: issued(HOUR)), port):
                eventually(lambda: processor.lines("running"), "it to run", 60)


def test_an_agent_that_hangs_does_not_hold_up_the_end(tmp_path: Path, aws: Emulator, container: Agent) -> None:
    """SIGTERM ends a process that waits for credentials well within the grace period."""
    over = threading.Event()
    container.reply = lambda _: (500, b"") if over.wait(120) else (200, b"")
    with InContainer(tmp_path, aws.endpoint, container) as processor:
        eventually(lambda: processor.lines("waiting"), "it to wait", 60)
        assert processor.terminate() == 0
    over.set()


COMMANDS = [
    ["run"],
    ["check"],
    ["provision"],
    ["rejects", "list", "--store", "sqs"],
    ["rejects", "replay", "--store", "sqs"],
]


@pytest.mark.prove
@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_profile_that_does_not_exist_is_one_line(aws: Emulator, arguments: list[str]) -> None:
    """Every command that calls AWS says in one line what cannot work, and exits 2."""
    # boto/boto3#2588, boto/botocore#331; half a pair and torn files: tests/unit/aws/test_botocore_settings.py
    done = command("event_processor", *arguments, AWS_ENDPOINT_URL=aws.endpoint, AWS_PROFILE="nope", METRICS_PORT="0")

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "AWS_PROFILE" in done.stderr
    assert "nope" in done.stderr


SECRET = "hush-HUSH-hush"


@pytest.mark.prove
@pytest.mark.parametrize("transport", ["lean", "boto3"])
def test_a_password_in_a_url_appears_nowhere(tmp_path: Path, transport: str) -> None:
    """The password of an endpoint or of a proxy is in no log line, on no page, in no command's output."""
    urls = {
        "AWS_ENDPOINT_URL_SQS": f"http://user:{SECRET}@127.0.0.1:1/",
        "AWS_ENDPOINT_URL_KINESIS": f"http://user:{SECRET}@127.0.0.1:2/",
        "HTTP_PROXY": f"http://user:{SECRET}@127.0.0.1:3",
        "NO_PROXY": "",
    }
    for proxied in (False, True):
        used = {name: url for name, url in urls.items() if proxied or "PROXY" not in name}
        with Processor(tmp_path, f"http://user:{SECRET}@127.0.0.1:4", AWS_TRANSPORT=transport, **used) as processor:
            eventually(lambda: processor.lines("waiting"), "it to wait", 60)
            pages = [processor.get(path)[1] for path in ("/", "/readyz", "/metrics", "/livez")]
            assert processor.terminate() == 0
            assert "***@127.0.0.1" in processor.errors
            shown = [processor.output, processor.errors, *pages]
        for arguments in (["check"], ["config"], ["provision"], ["rejects", "list", "--store", "sqs"]):
            done = command("event_processor", *arguments, **used, AWS_TRANSPORT=transport)
            shown += [done.stdout, done.stderr]
        assert not [text for text in shown if SECRET in text]


def test_a_password_in_the_endpoint_of_a_working_process(tmp_path: Path, aws: Emulator) -> None:
    """Nor is it shown while all is well: in the settings on the page, in `check`, or in the queue's URL."""
    endpoint = aws.endpoint.replace("//", f"//user:{SECRET}@")
    with Processor(tmp_path, endpoint) as processor:
        processor.wait_until_ready()
        shown = [processor.get(path)[1] for path in ("/", "/readyz", "/metrics")]
        assert processor.terminate() == 0
        shown += [processor.output, processor.errors]
    done = command("event_processor", "check", AWS_ENDPOINT_URL=endpoint)
    assert done.returncode == 0
    assert not [text for text in [*shown, done.stdout, done.stderr] if SECRET in text]


@pytest.mark.prove
@pytest.mark.parametrize("transport", ["lean", "boto3"])
def test_which_endpoint_counts(tmp_path: Path, aws: Emulator, transport: str) -> None:
    """The endpoint of a service beats the general one, which beats that of the profile; all may be switched off."""
    # aws/aws-cli#8737
    config = tmp_path / "config"
    config.write_text(f"[default]\nregion = us-east-1\nendpoint_url = {aws.endpoint}\n")
    dead = "http://127.0.0.1:1"
    own = {"AWS_ENDPOINT_URL_SQS": aws.endpoint, "AWS_ENDPOINT_URL_KINESIS": aws.endpoint}

    def check(**environment: str) -> int:
        return command("event_processor", "check", AWS_TRANSPORT=transport, **environment).returncode

    assert check(AWS_ENDPOINT_URL=dead, **own) == 0
    assert check(AWS_ENDPOINT_URL=dead, AWS_ENDPOINT_URL_SQS=aws.endpoint) == 1
    assert check(AWS_CONFIG_FILE=str(config)) == 0
    assert check(AWS_CONFIG_FILE=str(config), AWS_ENDPOINT_URL=dead) == 1
    switched_off = {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true", "HTTPS_PROXY": dead}  # what is left is AWS itself
    assert check(AWS_CONFIG_FILE=str(config), AWS_ENDPOINT_URL=aws.endpoint, **own, **switched_off) == 1
    with Processor(tmp_path, dead, AWS_TRANSPORT=transport, **own) as processor:
        processor.wait_until_ready()
