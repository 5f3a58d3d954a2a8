"""The real programs as children: started, watched through what they tell the world, and ended by their process id."""

import json
import os
import re
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import boto3
import pytest
from click.testing import CliRunner, Result
from mypy_boto3_kinesis import KinesisClient
from mypy_boto3_sqs import SQSClient

from event_processor.aws.provisioning import Provisioner
from event_processor.commands.main import main
from tests.eventually import eventually

QUICK = {"WAIT_TIME": "1", "VISIBILITY_TIMEOUT": "3", "SHUTDOWN_GRACE": "10", "METRICS_PORT": "0", "RECEIVERS": "2"}
JOBS = ("run", "gateway", "inspect", "deliver", "monitor", "demo")
_END_SECONDS = 60
T = TypeVar("T")


class Child:
    """A Python module as a process; its output goes to files, so that it never waits for us."""

    def __init__(
        self,
        folder: Path,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        stderr: int | None = None,
        before: str = "",
    ) -> None:
        """`stderr` is a descriptor instead of the file; `before`, such as a limit, is done before the start."""
        number = len(list(folder.glob("*.err")))
        self._out, self._err = folder / f"{number}.out", folder / f"{number}.err"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self._process = subprocess.Popen(
                ["sh", "-c", f'{before}\nexec "$@"', "sh", sys.executable, "-m", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err if stderr is None else stderr,
                env={**os.environ, **environment},
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def when_started(self, look: Callable[[], T]) -> T:
        """What `look` finds as soon as that is something; the child is not left behind when it never does."""
        try:
            eventually(lambda: look() or not self.is_running, "it to start", 60)
            assert self.is_running, f"ended instead of starting:\n{self.errors[-3000:]}"
        except AssertionError:
            self.kill()
            raise
        return look()

    @property
    def output(self) -> str:
        """What it wrote to standard output so far."""
        return self._out.read_text()

    @property
    def errors(self) -> str:
        """What it wrote to standard error so far."""
        return self._err.read_text()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def process_id(self) -> int:
        """The kernel's name for it."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it without a word, and wait until it is gone."""
        self._process.kill()
        self._process.wait(_END_SECONDS)

    def exit_code(self, seconds: float = _END_SECONDS) -> int:
        """Wait until it has ended."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {seconds} s:\n{self.errors[-3000:]}") from None


class Emulator(Child):
    """`python -m local_aws`, ready."""

    def __init__(self, folder: Path, *flags: str, port: int = 0) -> None:
        super().__init__(folder, ["local_aws", "--port", str(port), *flags], {})
        self.endpoint: str = self.when_started(lambda: re.findall(r"listening on (\S+)\n", self.output))[0]
        session = boto3.Session(region_name="us-east-1")
        self.sqs: SQSClient = session.client("sqs", endpoint_url=self.endpoint)
        self.kinesis: KinesisClient = session.client("kinesis", endpoint_url=self.endpoint)

    def provision(self) -> None:
        """Make what is missing of queues and stream, under the names that are the defaults."""
        list(Provisioner(self.sqs, self.kinesis).provision("submissions", "submissions-rejects", "events", 2))

    def depth(self, queue: str = "submissions") -> tuple[int, int]:
        """Messages on a queue: visible ones, and those that somebody has."""
        url = self.sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        found = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return int(found["ApproximateNumberOfMessages"]), int(found["ApproximateNumberOfMessagesNotVisible"])

    def send(self, *bodies: str) -> None:
        """Put messages on the queue of submissions."""
        url = self.sqs.get_queue_url(QueueName="submissions")["QueueUrl"]
        for body in bodies:
            self.sqs.send_message(QueueUrl=url, MessageBody=body)

    def admin(self, method: str, what: str, body: Mapping[str, object] | str | None = None) -> Any:
        """Ask the admin endpoint, or with a body, such as a plan, tell it."""
        text = json.dumps(body) if isinstance(body, Mapping) else body or ""
        request = Request(f"{self.endpoint}/_local_aws/{what}", text.encode(), method=method)  # noqa: S310 - http, ours
        with urlopen(request, timeout=60) as answer:  # noqa: S310 - the same
            return json.load(answer)

    def set_faults(self, **faults: object) -> None:
        """From now on it has exactly these."""
        self.admin("PUT", "faults", faults)


@contextmanager
def shared_emulator(folder: Path) -> Iterator[Emulator]:
    """One for several tests, with credentials, which single tests are given only later."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", "test")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "test")
        with Emulator(folder) as aws:
            yield aws


class Processor(Child):
    """`event-processor run`, as soon as it listens."""

    module, job, namespace = "event_processor", "run", "event_processor"

    def __init__(self, folder: Path, endpoint: str, before: str = "", **settings: str) -> None:
        environment = {**QUICK, "AWS_ENDPOINT_URL": endpoint, **settings}
        super().__init__(folder, [self.module, self.job], environment, before=before)
        self._port: int = self.when_started(lambda: self.lines("listening"))[0]["port"]

    def written(self, event: str, times: int = 1, **fields: object) -> list[dict[str, Any]]:
        """The log lines of an event, once so many are there: the log is written in a thread of its own."""
        return eventually(
            lambda: found if len(found := self.lines(event, **fields)) >= times else [],
            f"{times} times {event!r} in the log",
        )

    def lines(self, event: str, **fields: Any) -> list[dict[str, Any]]:
        """The log lines of this event that have these fields."""
        found = [json.loads(line) for line in self.errors.splitlines() if line.endswith("}")]
        return [line for line in found if line["event"] == event and fields.items() <= line.items()]

    def url(self, path: str) -> str:
        """Where a page is."""
        return f"http://127.0.0.1:{self._port}{path}"

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of a page."""
        try:
            with urlopen(self.url(path), timeout=60) as answer:  # noqa: S310 - of our own child
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()

    def reasons(self) -> list[str]:
        """Why it is not ready; empty when it is."""
        status, body = self.get("/readyz")
        verdict = json.loads(body)
        assert (status == 200) == verdict["ok"] == (not verdict["reasons"])
        reasons: list[str] = verdict["reasons"]
        return reasons

    def metric(self, name: str) -> float:
        """The sum of a metric over its labels."""
        page = self.get("/metrics")[1]
        assert f"# TYPE {self.namespace}_{name} " in page
        values = re.findall(rf"^{self.namespace}_{name}(?:{{.*}})? (\S+)$", page, re.MULTILINE)
        return sum(map(float, values))

    def wait_until_ready(self) -> Self:
        """Until it is ready for work."""
        eventually(lambda: not self.reasons(), "the processor to be ready")
        return self

    def wait_for(self, metric: str, at_least: float) -> None:
        """Until a metric has come so far."""
        eventually(lambda: self.metric(metric) >= at_least, f"{metric} to reach {at_least}")

    def terminate(self) -> int:
        """SIGTERM, and the exit code."""
        self.signal(signal.SIGTERM)
        return self.exit_code()


class Inspector(Processor):
    """`event-processor inspect`, as soon as it listens."""

    job, namespace = "inspect", "event_inspector"


def command(module: str, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """A module run to its end; a command of ours that is not a job in this process, since a start takes a second."""
    if module == "event_processor" and arguments[0] not in JOBS:
        done = CliRunner().invoke(main, arguments, env=environment)
        return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr + _traceback(done))
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _traceback(done: Result) -> str:
    """What Python would have written of an exception that nobody caught."""
    found = done.exception
    return "" if found is None or isinstance(found, SystemExit) else "".join(traceback.format_exception(found))


class Fleet:
    """`sensor-fleet run` with a manifest, and `sensor-fleet audit` against it."""

    def __init__(self, folder: Path, endpoint: str, seed: int = 1) -> None:
        self._manifest = folder / f"manifest-{seed}.ndjson"
        self._endpoint, self._seed = endpoint, seed

    def send(self, submissions: int, *options: str) -> dict[str, Any]:
        """Send so many, and return what it said of them."""
        done = command(
            *("sensor_fleet", "run", "--submissions", str(submissions), "--rate", "0", "--seed", str(self._seed)),
            *("--manifest", str(self._manifest), "--json", *options),
            AWS_ENDPOINT_URL=self._endpoint,
        )
        assert done.returncode == 0, done.stderr
        summary: dict[str, Any] = json.loads(done.stdout)
        return summary

    def audit(self, *options: str, wait_seconds: int = 30) -> dict[str, Any]:
        """The audit's report, after it passed."""
        done = command(
            *("sensor_fleet", "audit", "--manifest", str(self._manifest), "--wait", str(wait_seconds), "--json"),
            *options,
            AWS_ENDPOINT_URL=self._endpoint,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        report: dict[str, Any] = json.loads(done.stdout)
        return report
