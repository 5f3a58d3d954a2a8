"""The gate, asked about real processors that a real Prometheus scrapes; each canary is worse in one way."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest
from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

from tests.bent import Reply, Request, bending, plain
from tests.between import Between, sound
from tests.eventually import eventually
from tests.ports import free_port
from tests.prometheus_server import need_prometheus, scraping
from tests.system.processes import Child, Emulator, Processor, command
from tests.unit import samples

pytestmark = pytest.mark.prove

SLOW_SECONDS: Final = 3
VERDICT_SECONDS: Final = 200  # of polling; a minute of them is what the gate wants to have seen
DENIED: Final = plain(b'{"__type":"AccessDeniedException","message":"no"}', "400 Bad Request")
BUSY: Final = plain(b'{"__type":"InternalFailure","message":"no"}', "500 Internal Server Error")
QUICK: Final = {"VISIBILITY_TIMEOUT": "10", "MAX_IN_FLIGHT": "500"}


class Worse(Processor):
    """A version with a fault of its own."""

    module = "tests.system.worse_processor"


@pytest.fixture(autouse=True)
def _prometheus_is_there() -> None:
    need_prometheus()


class Release:
    """A stable processor and a canary on one queue, a fleet that sends, and Prometheus."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder, self._stack = folder, stack
        self._aws = stack.enter_context(Emulator(folder))
        self._aws.provision()
        self._ports = {track: free_port() for track in ("stable", "canary")}
        self.prometheus = stack.enter_context(scraping(folder, self._ports))
        self._start(Processor, "stable", {})

    def canary(self, version: type[Processor] = Processor, **settings: str) -> Processor:
        """Start it, again if it was killed."""
        return self._start(version, "canary", settings)

    def send(self) -> None:
        """From now on, without end."""
        sensors = ["sensor_fleet", "run", "--rate", "100", "--seed", "1"]
        manifest = ["--manifest", str(self._folder / "manifest.ndjson")]
        self._stack.enter_context(Child(self._folder, sensors + manifest, {"AWS_ENDPOINT_URL": self._aws.endpoint}))

    def send_valid(self) -> None:
        """A hundred a second, all of them valid: few are enough to see that nothing is wrong."""
        url = self._aws.sqs.get_queue_url(QueueName="submissions")["QueueUrl"]
        batch = [SendMessageBatchRequestEntryTypeDef(Id=str(n), MessageBody=samples.body()) for n in range(10)]
        ended = threading.Event()

        def send() -> None:
            while not ended.wait(0.1):
                self._aws.sqs.send_message_batch(QueueUrl=url, Entries=batch)

        thread = threading.Thread(target=send)
        thread.start()
        self._stack.callback(thread.join)
        self._stack.callback(ended.set)

    def between(self, bend: Any) -> str:
        """An endpoint whose answers are the emulator's, bent."""
        return self._stack.enter_context(bending(Between(self._aws.endpoint, bend))).endpoint

    def verdict(self, wanted: str) -> dict[str, Any]:
        """What the gate says as soon as it says what is wanted; anything but that and "not enough data" is wrong."""

        last: dict[str, Any] = {}

        def asked() -> bool:
            done = self.gate("--json")
            assert done.stderr == ""
            found = json.loads(done.stdout)
            assert {"promote": 0, "roll back": 1, "not enough data": 3}[found["verdict"]] == done.returncode
            assert found["verdict"] in (wanted, "not enough data"), found
            last.update(found)
            return bool(found["verdict"] == wanted)

        try:
            eventually(asked, f"the verdict {wanted}", VERDICT_SECONDS)
        except AssertionError as error:
            raise AssertionError(f"{error}: {last}") from None
        return last

    def gate(self, *options: str, canary: str = 'track="canary"') -> Any:
        """`event-processor gate`, of the last minute."""
        selectors = ("--stable", '{job="event-processor",track="stable"}', "--canary", canary, "--minutes", "1")
        return command("event_processor", "gate", "--prometheus", self.prometheus, *selectors, *options)

    def _start(self, version: type[Processor], track: str, settings: dict[str, str]) -> Processor:
        port = str(self._ports[track])
        made = version(self._folder, self._aws.endpoint, **{**QUICK, "METRICS_PORT": port, **settings})
        return self._stack.enter_context(made).wait_until_ready()


@pytest.fixture
def release(tmp_path: Path) -> Iterator[Release]:
    """Before the canary is started."""
    with ExitStack() as stack:
        yield Release(tmp_path, stack)


def failing(verdict: dict[str, Any]) -> set[str]:
    """The checks that say roll back."""
    return {check["name"] for check in verdict["checks"] if check["verdict"] == "roll back"}


def falling(request: Request, status: str, body: bytes) -> Reply:
    """Sequence numbers that fall, as if an older record had been stored later."""
    if request.operation == "PutRecords":
        answer = json.loads(body)
        for record in answer["Records"]:
            record["SequenceNumber"] = str(10**55 - time.time_ns())
        body = json.dumps(answer).encode()
    return Reply(plain(body, status))


def slow(request: Request, status: str, body: bytes) -> Reply:
    """Puts that take long."""
    if request.operation == "PutRecords":
        time.sleep(SLOW_SECONDS)
    return sound(request, status, body)


def denied(request: Request, status: str, body: bytes) -> Reply:
    """No permission to delete."""
    return Reply(DENIED) if request.operation == "DeleteMessageBatch" else sound(request, status, body)


def busy(request: Request, status: str, body: bytes) -> Reply:
    """No put is ever stored."""
    return Reply(BUSY) if request.operation == "PutRecords" else sound(request, status, body)


def test_the_same_version_is_promoted(release: Release) -> None:
    """A canary that is as good as the others passes after its minute, and the table names each check."""
    release.canary()
    release.send_valid()

    verdict = release.verdict("promote")

    assert {"replicas watched", "order violations", "bugs", "rejects, all reasons", "failed calls"} <= {
        check["name"] for check in verdict["checks"]
    }
    done = release.gate()
    assert done.stdout.splitlines()[0].split() == ["check", "stable", "canary", "verdict", "why"]


@pytest.mark.parametrize(
    ("check", "bend", "settings"),
    [
        ("order violations", falling, {}),
        ("failed calls", denied, {}),
        ("older than", slow, {}),
        ("longest in hand", busy, {"UNFINISHED_LIMIT": "20"}),
    ],
)
def test_one_that_does_worse_is_rolled_back(release: Release, check: str, bend: Any, settings: dict[str, str]) -> None:
    """Order, failed calls, age, being stuck: with the service between them bent, the canary alone does worse."""
    endpoint = release.between(bend)
    release.canary(Processor, AWS_ENDPOINT_URL_KINESIS=endpoint, AWS_ENDPOINT_URL_SQS=endpoint, **settings)
    release.send()

    eventually(
        lambda: any(name.startswith(check) for name in failing(release.verdict("roll back"))), check, VERDICT_SECONDS
    )


@pytest.mark.parametrize(("worse", "check"), [("bugs", "bugs"), ("rejects", "rejects: unknown_event_type")])
def test_a_version_that_is_worse_is_rolled_back(release: Release, worse: str, check: str) -> None:
    """Bugs and rejects of the new code: the check that found it is named."""
    release.canary(Worse, WORSE=worse)
    release.send()

    eventually(lambda: check in failing(release.verdict("roll back")), check, VERDICT_SECONDS)


def test_one_that_restarts_again_and_again_is_rolled_back(release: Release) -> None:
    """One restart leaves it open, the second decides."""
    canary = release.canary()
    release.send()

    def restart_seen(times: int) -> bool:
        checks = {check["name"]: check["canary"] for check in json.loads(release.gate("--json").stdout)["checks"]}
        return (checks["replicas watched"], checks["restarts of a replica"]) == ("1", str(times))

    for times in (1, 2):
        eventually(lambda times=times: restart_seen(times - 1), "a scrape", VERDICT_SECONDS)  # type: ignore[misc]
        canary.kill()
        canary = release.canary()

    assert "restarts of a replica" in failing(release.verdict("roll back"))


def test_a_canary_that_is_not_there_is_not_promoted(release: Release) -> None:
    """Nor rolled back: exit 3. What is not a selector, or selects both sides, is wrong usage: exit 2 and one line."""
    eventually(lambda: '"stable": "1"' in release.gate("--json").stdout, "a scrape", VERDICT_SECONDS)

    assert release.gate().returncode == 3
    for wrong, word in (('track="canary', "selector"), ("canary", "selector"), ('job="event-processor"', "both")):
        done = release.gate(canary=wrong)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done
        assert word in done.stderr
