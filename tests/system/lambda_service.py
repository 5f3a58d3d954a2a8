"""What the Lambda service does, on loopback: unpacks an archive, starts AWS's own runtime client there, and invokes.

The Runtime API is four calls (next invocation, response, error, initialization error), as in "Using the Lambda runtime
API for custom runtimes" of the Lambda developer guide.
"""

import fcntl
import json
import os
import queue
import re
import subprocess
import sys
import threading
import time
import uuid
import zipfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from platform import machine
from signal import SIGCONT, SIGSTOP
from typing import Any, Final, Self

from tools.lambda_archive import ROOT, CannotBuild, build, install, interpreter, version_of

HANDLER: Final = "event_processor.entrypoints.aws_lambda.submissions"
ARN: Final = "arn:aws:sqs:us-east-1:000000000000:submissions"
_RUNTIME_LOCK: Final = ROOT / "requirements-lambda-runtime.lock"
_START_SECONDS: Final = 120  # of a machine four times slower, under load
_TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A sandbox's disk: the archive, the runtime's own packages beside it, and an interpreter that brings none."""

    python: Path
    task: Path
    runtime: Path


def unpacked(folder: Path, python: Path | None = None) -> Unpacked:
    """The archive for this machine, built and unpacked once for all who name the same folder.

    It is the very archive where there is a Python 3.13, else one for the Python that runs the tests.
    """
    try:
        python = python or interpreter()
    except CannotBuild:
        python = Path(sys.executable)
    disk = Unpacked(python, folder / "task", folder / "runtime")
    with (folder / "lambda.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not disk.runtime.exists():
            architecture = "arm64" if machine() in {"aarch64", "arm64"} else "x86_64"
            build(architecture, python, folder / "function.zip")
            with zipfile.ZipFile(folder / "function.zip") as archive:
                archive.extractall(disk.task)
            install(_RUNTIME_LOCK, architecture, version_of(python) or "", disk.runtime)
    return disk


def sqs_event(bodies: Iterable[str], arn: str = ARN, **attributes: str) -> dict[str, Any]:
    """What an event source mapping passes on: a record for each body, with an id of its own."""
    known = {"ApproximateReceiveCount": "1", "SentTimestamp": str(int(time.time() * 1000)), "SenderId": "AIDAEXAMPLE"}
    known |= {"ApproximateFirstReceiveTimestamp": known["SentTimestamp"], **attributes}
    messages = (
        {
            "MessageId": str(uuid.UUID(int=number)),
            "ReceiptHandle": f"handle-{number}",
            "Body": body,
            "Attributes": dict(known),
            "MD5OfBody": "",
        }
        for number, body in enumerate(bodies)
    )
    return {"Records": [sqs_record(message, arn) for message in messages]}


def sqs_record(message: Mapping[str, Any], arn: str) -> dict[str, Any]:
    """A message as SQS gives it, in the form in which an event source mapping passes it on."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message["Attributes"],
        "messageAttributes": {},
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": "us-east-1",
    }


def ids(event: Mapping[str, Any]) -> list[str]:
    """The ids of all messages of an event."""
    return [record["messageId"] for record in event["Records"]]


def failures(answer: Any) -> list[str]:
    """The ids that the function gives back; the answer has this one form."""
    assert answer.keys() == {"batchItemFailures"}
    assert all(failure.keys() == {"itemIdentifier"} for failure in answer["batchItemFailures"])
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


class InvocationError(Exception):
    """The function raised: what an invoker gets to see of it."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(f"{error['errorType']}: {error['errorMessage']}")
        self.kind, self.message = error["errorType"], error["errorMessage"]


@dataclass(frozen=True, slots=True)
class _Invocation:
    request_id: str
    event: bytes
    deadline_ms: int
    trace: str


class _RuntimeApi(BaseHTTPRequestHandler):
    """One function's four calls."""

    protocol_version = "HTTP/1.1"

    def __init__(self, function: "Function", *arguments: Any) -> None:
        self._function = function
        super().__init__(*arguments)

    def do_GET(self) -> None:
        """The next invocation, when there is one."""
        assert self.path == "/2018-06-01/runtime/invocation/next"
        invocation = self._function.next_invocation()
        headers = {
            "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
            "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:000000000000:function:submissions",
            "Lambda-Runtime-Trace-Id": invocation.trace,
            "Content-Type": "application/json",
        }
        self._answer(200, invocation.event, headers)

    def do_POST(self) -> None:
        """A response, an error, or an error of the initialization."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        what = re.fullmatch(r"/2018-06-01/runtime/(?:invocation/(\S+)/(response|error)|init/error)", self.path)
        assert what, self.path
        self._answer(202, b'{"status":"OK"}', {})
        self._function.answers.put((what[1] or "", what[2] or "init", body))

    def log_message(self, *_arguments: Any) -> None:
        """Nobody reads it."""

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sandbox that is ended leaves its call; nobody reads of it."""


class Function:
    """A sandbox with the function in it, from its cold start to its end.

    Its environment is what Lambda sets, `settings`, and nothing of ours.
    """

    def __init__(self, disk: Unpacked, folder: Path, handler: str = HANDLER, **settings: str) -> None:
        self.answers: queue.Queue[tuple[str, str, Any]] = queue.Queue()
        self.init_cpu_seconds = 0.0
        self._invocations: queue.Queue[_Invocation] = queue.Queue()
        self._server = _Server(("127.0.0.1", 0), partial(_RuntimeApi, self))
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self._output = folder / f"function-{self._server.server_port}.log"
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                [disk.python, "-S", "-m", "awslambdaric", handler],
                cwd=disk.task,
                env={**self._environment(disk), **settings},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._server.shutdown()
        self._server.server_close()

    def invoke(self, event: Any, timeout_seconds: float = 60, trace: str = "") -> Any:
        """The response. Raises InvocationError, also if the sandbox ends, and TimeoutError if time runs out."""
        if not self.init_cpu_seconds:  # Lambda counts from the start of the handler
            self.wait_until_initialized()
        deadline = time.time() + timeout_seconds
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        invocation = _Invocation(str(uuid.uuid4()), body, int(deadline * 1000), trace)
        self._invocations.put(invocation)
        request_id, what, answer = self._answer(deadline, timeout_seconds)
        assert request_id == invocation.request_id
        if what == "error":
            raise InvocationError(answer)
        return answer

    def init_error(self) -> InvocationError:
        """Why it did not start."""
        _, what, error = self.answers.get(timeout=_START_SECONDS)
        assert what == "init"
        self._process.wait(_START_SECONDS)
        return InvocationError(error)

    def next_invocation(self) -> _Invocation:
        """What the function waits for; the first time its initialization has ended."""
        if not self.init_cpu_seconds:
            self.init_cpu_seconds = self.cpu_seconds
        return self._invocations.get()

    def freeze(self) -> None:
        """Between invocations a sandbox does not run."""
        self._process.send_signal(SIGSTOP)

    def thaw(self) -> None:
        """It goes on where it was."""
        self._process.send_signal(SIGCONT)

    def kill(self) -> None:
        """End it without a word."""
        self._process.kill()
        self._process.wait()

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    @property
    def output(self) -> str:
        """What goes to its log group."""
        return self._output.read_text()

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Of its output what is JSON."""
        found = []
        for line in self.output.splitlines():
            with suppress(ValueError):
                found.append(json.loads(line))
        return found

    @property
    def cpu_seconds(self) -> float:
        """What it has used up so far."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    @property
    def peak_bytes(self) -> int:
        """The most memory that it had so far."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 1024

    def _answer(self, deadline: float, timeout_seconds: float) -> tuple[str, str, Any]:
        while time.time() < deadline:
            was_running = self.is_running
            with suppress(queue.Empty):
                return self.answers.get(timeout=0.05)
            if not was_running:
                raise InvocationError({"errorType": "Runtime.ExitError", "errorMessage": "it ended without an answer"})
        self.kill()
        raise TimeoutError(f"Task timed out after {timeout_seconds} seconds:\n{self.output[-3000:]}")

    def wait_until_initialized(self) -> None:
        """Until it waits for its first invocation."""
        deadline = time.monotonic() + _START_SECONDS
        while not self.init_cpu_seconds:
            assert self.is_running, f"ended instead of starting:\n{self.output[-3000:]}"
            assert time.monotonic() < deadline, f"did not start:\n{self.output[-3000:]}"
            time.sleep(0.01)

    def _environment(self, disk: Unpacked) -> dict[str, str]:
        return {
            "PYTHONPATH": os.pathsep.join(map(str, (disk.task, disk.runtime))),
            "PYTHONDONTWRITEBYTECODE": "1",  # its disk is read-only
            "PATH": "/usr/bin:/bin",
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "LAMBDA_TASK_ROOT": str(disk.task),
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._server.server_port}",
            "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_FUNCTION_NAME": "submissions",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/submissions",
            "AWS_LAMBDA_LOG_STREAM_NAME": "2026/01/02/[$LATEST]0",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_SESSION_TOKEN": "test",
        }
