"""Credentials that fail, come late and come back: on both transports, whatever the provider and its way of failing."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from event_processor.aws import credentials
from event_processor.aws.calls import Calls
from event_processor.aws.clients import Clients, Location
from event_processor.errors import CallFailed
from event_processor.settings.loading import load
from event_processor.settings.submissions import SubmissionsSettings
from event_processor.testing import RecordingObserver
from tests.agents import Agent, Reply, agent, assumed, instance_metadata, issued
from tests.contract import backends
from tests.eventually import eventually
from tests.ports import reserved_port

HOUR = 3600.0
BAD_ANSWERS: dict[str, Callable[[], Reply]] = {
    "an empty object": lambda: (200, b"{}"),
    "an error of the agent": lambda: (500, b"oops"),
    "a page": lambda: (200, b"<html>login</html>"),
    "nothing": lambda: (200, b""),
    "a list": lambda: (200, b"[]"),
    "null": lambda: (200, b"null"),
    "no bytes of text": lambda: (200, b"\xff\xfe"),
    "credentials long expired": lambda: issued(-HOUR),
    "a key that is null": lambda: issued(HOUR, AccessKeyId=None),
    "a secret that is a number": lambda: issued(HOUR, SecretAccessKey=5),
    "a token with a line break": lambda: issued(HOUR, Token="a\nb"),
    "an expiry that is not a time": lambda: issued(HOUR, Expiration="soon"),
    "an expiry without a zone": lambda: issued(HOUR, Expiration="2037-01-01T00:00:00"),
    "an expiry that is a list": lambda: issued(HOUR, Expiration=[]),
}


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing is found but what the test offers; and attempts follow each other quickly."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setattr(credentials, "_PAUSE_SECONDS", 0.1)
    monkeypatch.setattr("botocore.utils.ContainerMetadataFetcher.SLEEP_TIME", 0)


@pytest.fixture
def service() -> Iterator[backends.Wire]:
    """A queue that has nothing, and tells as whom it was called."""
    with backends.wire(backends.http_answer(b"{}", Connection="close")) as server:
        yield server


@pytest.fixture
def container(monkeypatch: pytest.MonkeyPatch) -> Iterator[Agent]:
    """A container's credentials endpoint."""
    with agent(lambda _: issued(HOUR)) as running:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{running.url}/creds")
        yield running


class Caller:
    """Receives through Calls, as the processor does."""

    def __init__(self, endpoint: str, patience_seconds: float = 10.0) -> None:
        self.observer = RecordingObserver()
        connection = Location(endpoint, "us-east-1")
        clients = Clients(connection, load(SubmissionsSettings).aws_transport, self.observer, patience_seconds)
        self._queue = clients.queue(pool=4)
        self._calls = Calls(self.observer, attempts=1)

    def failure(self) -> CallFailed | None:
        """What a call fails with, if it does."""
        try:
            self._calls.make("receive", lambda: self._queue.receive_message(QueueUrl="u"))
        except CallFailed as error:
            return error
        return None

    def told(self) -> list[str]:
        """Whether getting credentials works, in the order in which it was told."""
        return [fact.name for fact in self.observer.facts if "credentials" in fact.details]


@pytest.mark.usefixtures("transport")
@pytest.mark.parametrize("bad", BAD_ANSWERS)
def test_an_agent_that_answers_badly_at_start(container: Agent, service: backends.Wire, bad: str) -> None:
    """Whatever the agent answers at start, calls fail with the reason, and succeed once it answers well."""
    container.reply = lambda _: BAD_ANSWERS[bad]()
    caller = Caller(service.endpoint)
    failed = caller.failure()
    assert failed is not None
    assert failed.code == "CredentialsUnavailable"
    assert "\n" not in failed.detail
    assert service.arrived == []

    container.reply = lambda _: issued(HOUR)

    eventually(lambda: caller.failure() is None, "a call to succeed")
    assert "AKIDTEST" in service.arrived[-1].headers["authorization"]


@pytest.mark.parametrize("bad", BAD_ANSWERS)
def test_an_agent_that_answers_badly_later(container: Agent, service: backends.Wire, bad: str) -> None:
    """Credentials that ran out and cannot be renewed fail the calls with the reason, until they can be."""
    container.reply = lambda _: issued(2)
    caller = Caller(service.endpoint)
    assert caller.failure() is None

    container.reply = lambda _: BAD_ANSWERS[bad]()
    failed = eventually(caller.failure, "a call to fail")
    assert failed is not None
    assert failed.code == "CredentialsUnavailable"
    container.reply = lambda _: issued(HOUR)

    eventually(lambda: caller.failure() is None, "a call to succeed")


def test_valid_credentials_are_used_while_they_cannot_be_renewed(container: Agent, service: backends.Wire) -> None:
    """In their last ten minutes credentials still sign, and it is told that renewing them fails, and when it works."""
    container.reply = lambda _: issued(500)
    caller = Caller(service.endpoint)
    assert caller.failure() is None

    container.reply = lambda _: issued(-HOUR)
    eventually(lambda: caller.failure() or "failing" in caller.told(), "the failure to be told")
    assert caller.failure() is None

    container.reply = lambda _: issued(HOUR)
    eventually(lambda: caller.failure() or caller.told()[-1] == "working", "the recovery to be told")
    assert caller.failure() is None


def test_one_failed_renewal_is_not_told(container: Agent, service: backends.Wire) -> None:
    """An agent that fails once, long before the credentials expire, is no news and stops nobody."""
    container.reply = lambda _: issued(700)
    caller = Caller(service.endpoint)
    container.reply = lambda _: (500, b"")
    asked = container.asked

    eventually(lambda: caller.failure() or container.asked > asked + 6, "several attempts to renew them")

    assert caller.failure() is None
    assert "failing" not in caller.told()


@pytest.mark.usefixtures("transport")
def test_an_agent_that_hangs_holds_up_nobody_for_long(container: Agent, service: backends.Wire) -> None:
    """While the agent says nothing the calls of all threads fail soon, and the agent is not asked by each of them."""
    go_on = threading.Event()

    def hang(_path: str) -> Reply:
        go_on.wait(60)
        return issued(HOUR)

    container.reply = hang
    caller = Caller(service.endpoint, patience_seconds=0.2)
    start = time.monotonic()
    with ThreadPoolExecutor(8) as threads:
        failures = list(threads.map(lambda _: caller.failure(), range(8)))
    assert time.monotonic() - start < 30
    assert all(failure and "no answer yet" in failure.detail for failure in failures)
    assert container.asked < 8  # botocore itself asks three times

    go_on.set()
    eventually(lambda: caller.failure() is None, "a call to succeed")


@pytest.mark.usefixtures("transport")
def test_an_agent_in_trouble_is_not_asked_by_every_call(
    container: Agent, service: backends.Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between attempts there is a pause, in which calls fail at once with the reason of the last one."""
    monkeypatch.setattr(credentials, "_PAUSE_SECONDS", 600)
    container.reply = lambda _: (500, b"")
    caller = Caller(service.endpoint)
    asked = container.asked

    failures = [caller.failure() for _ in range(20)]
    assert all(failure and "Error retrieving metadata" in failure.detail for failure in failures)
    assert container.asked == asked


@pytest.mark.usefixtures("transport")
def test_instance_metadata_that_comes_later(monkeypatch: pytest.MonkeyPatch, service: backends.Wire) -> None:
    """An instance whose metadata service refuses at start has its credentials as soon as that answers."""
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
    with reserved_port() as port:
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", f"http://127.0.0.1:{port}/")
        caller = Caller(service.endpoint)
        assert caller.failure() is not None

        with agent(instance_metadata(lambda: issued(HOUR)), port):
            eventually(lambda: caller.failure() is None, "a call to succeed")


@pytest.mark.usefixtures("transport")
def test_a_token_file_that_is_away(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, service: backends.Wire) -> None:
    """A web identity token that is not there at start, and away for a moment later, is waited for."""
    # aws/aws-sdk-php#2014, aws/amazon-eks-pod-identity-webhook#34
    token, away = tmp_path / "token", tmp_path / "away"
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/r")
    monkeypatch.setattr("botocore.credentials.CachedCredentialFetcher.DEFAULT_EXPIRY_WINDOW_SECONDS", 0)
    with agent(lambda _: assumed(3)) as sts:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts.url)
        caller = Caller(service.endpoint)
        failed = caller.failure()
        assert failed is not None
        assert "token" in failed.detail
        token.write_text("a.web.token")
        eventually(lambda: caller.failure() is None, "a call to succeed")

        token.rename(away)
        eventually(caller.failure, "a call to fail")
        away.rename(token)
        eventually(lambda: caller.failure() is None, "a call to succeed again")


@pytest.mark.usefixtures("transport")
def test_a_program_that_fails_and_then_works(tmp_path: Path, service: backends.Wire) -> None:
    """A credential_process that fails, then writes no JSON, is run again until it gives credentials."""
    answer = tmp_path / "answer"
    (tmp_path / "config").write_text(
        f"[default]\ncredential_process = {sys.executable} -c \"print(open('{answer}').read())\"\n"
    )
    caller = Caller(service.endpoint)
    assert caller.failure() is not None
    answer.write_text("not yet")
    assert caller.failure() is not None

    answer.write_text('{"Version": 1, "AccessKeyId": "AKIDTEST", "SecretAccessKey": "secret"}')

    eventually(lambda: caller.failure() is None, "a call to succeed")


def test_a_program_that_hangs_is_ended(tmp_path: Path, service: backends.Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """A credential_process that never ends is killed, and the next one may do better."""
    monkeypatch.setattr(credentials._BoundedProcess, "seconds", 1.0)
    started = tmp_path / "started"
    script = tmp_path / "script.py"
    script.write_text(
        f"import pathlib, time\nstarted = pathlib.Path({str(started)!r})\n"
        "if not started.exists():\n    started.touch()\n    time.sleep(600)\n"
        'print(\'{"Version": 1, "AccessKeyId": "AKIDTEST", "SecretAccessKey": "secret"}\')\n'
    )
    (tmp_path / "config").write_text(f"[default]\ncredential_process = {sys.executable} {script}\n")
    caller = Caller(service.endpoint, patience_seconds=0.1)

    eventually(lambda: caller.failure() is None, "a call to succeed")

    assert started.exists()


KEYS = "[default]\naws_access_key_id = {}\naws_secret_access_key = secret\n"


@pytest.mark.usefixtures("transport")
def test_a_credentials_file_that_appears_later(tmp_path: Path, service: backends.Wire) -> None:
    """A file that is mounted late, and is torn while it is written, is read once it is whole."""
    file = tmp_path / "credentials"
    caller = Caller(service.endpoint)
    assert caller.failure() is not None
    file.write_text(KEYS.format("AKIDTEST")[:30])
    time_out = time.monotonic() + 0.5
    while time.monotonic() < time_out:
        assert caller.failure() is not None

    file.write_text(KEYS.format("AKIDTEST"))

    eventually(lambda: caller.failure() is None, "a call to succeed")


@pytest.mark.usefixtures("transport")
@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidClientTokenId", "UnrecognizedClientException"])
def test_keys_that_are_exchanged_in_the_file(tmp_path: Path, service: backends.Wire, code: str) -> None:
    """When AWS refuses the keys, and others are in the file by now, those are taken."""
    file = tmp_path / "credentials"
    file.write_text(KEYS.format("AKIDOLD"))
    caller = Caller(service.endpoint)
    refusal = f'{{"__type": "{code}", "message": "no"}}'.encode()
    service.reply = backends.http_answer(refusal, "403 Forbidden", Connection="close")
    failed = caller.failure()
    assert failed is not None
    assert failed.code == code

    file.write_text(KEYS.format("AKIDNEW"))
    service.reply = backends.http_answer(b"{}", Connection="close")

    eventually(
        lambda: caller.failure() or "AKIDNEW" in service.arrived[-1].headers["authorization"], "the new keys to be used"
    )
    assert caller.failure() is None


def test_what_an_agent_says_is_told_without_secrets() -> None:
    """The reason of a failure may quote what was read, but not a secret in it."""
    told = credentials.why(ValueError('{"SecretAccessKey": "hush", "SessionToken": "hush", "Code": "Torn"'))

    assert "hush" not in told
    assert "SecretAccessKey" in told
    assert "Torn" in told


@pytest.mark.usefixtures("transport")
def test_an_attempt_that_never_ends_is_given_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, service: backends.Wire
) -> None:
    """A provider that hangs for ever is told as a failure, and the next attempt may do better."""
    monkeypatch.setattr(credentials, "_ATTEMPT_SECONDS", 0.3)
    token = tmp_path / "token"
    os.mkfifo(token)  # to open it waits for a writer, without end
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/r")
    with agent(lambda _: assumed(HOUR)) as sts:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts.url)
        caller = Caller(service.endpoint, patience_seconds=0.1)
        eventually(lambda: not caller.failure() or "failing" in caller.told(), "it to be told")
        failed = caller.failure()
        assert failed is not None
        assert failed.code == "CredentialsUnavailable"

        token.rename(tmp_path / "away")
        token.write_text("a.web.token")
        eventually(lambda: caller.failure() is None, "a call to succeed")
    os.close(os.open(tmp_path / "away", os.O_RDWR))  # lets the thread go
