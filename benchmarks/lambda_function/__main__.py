"""What does a Lambda function's cold start cost, and a warm one's event? `python -m benchmarks.lambda_function`."""

import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import boto3
from rich.progress import track

from benchmarks import report
from benchmarks.backend import Backend, Conditions, Load
from benchmarks.report import Row, Spread, Target
from benchmarks.run import BACKEND_CORE, CLIENT_CORE, CREDENTIALS, on_core, ours
from tests.system.lambda_service import Function, Unpacked, failures, sqs_event, unpacked

QUESTION: Final = "What does a cold start of the Lambda function cost, and an event in a warm one?"
COMMAND: Final = "python -m benchmarks.lambda_function"
FOLDER: Final = Path(__file__).parent
MOST_INIT_SECONDS: Final = 1.0
MOST_RATIO: Final = 1.3
BATCH: Final = 500  # messages: the template's default
EVENTS: Final = 5  # a message
CALM: Final = Conditions(latency_seconds=0.005)


@report.asked
def main(quick: bool, record: bool) -> None:
    """The archive under AWS's runtime client; warm beside `run`, both by the Python at hand, in turns."""
    rounds, batches, window_seconds = (1, 2, 0.5) if quick else (2, 20, 2.0)
    with TemporaryDirectory() as name:
        deployed, at_hand = _unpacked(Path(name))
        starts = [_start(deployed, Path(name)) for _ in track(range(rounds), "cold starts", transient=True)]
        functions, runs = [], []
        for _ in track(range(rounds), "warm", transient=True):
            functions.append(_warm(at_hand, Path(name), batches))
            load = Load(submissions=round(20_000 * (window_seconds + 1)), events=EVENTS)
            runs.append(ours(load, CALM, "lean", window_seconds).cpu_us_per_event)
    rows = [
        {"what": "cold start", "cpu_ms": Spread.of(seconds * 1000 for seconds, _ in starts), "mib": _mib(starts)},
        {"what": "warm function", "cpu_us_per_event": Spread.of(cpu for cpu, _ in functions), "mib": _mib(functions)},
        {"what": "run, on as many events", "cpu_us_per_event": Spread.of(runs)},
    ]
    report.present(FOLDER, QUESTION, COMMAND, rows, _targets(rows), record)


def _unpacked(folder: Path) -> tuple[Unpacked, Unpacked]:
    """The archive as it is deployed, and one for the Python that `run` has here."""
    made = []
    for name, python in (("deployed", None), ("at-hand", Path(sys.executable))):
        (folder / name).mkdir()
        made.append(unpacked(folder / name, python))
    return made[0], made[1]


def _function(disk: Unpacked, folder: Path, backend: Backend) -> Function:
    with on_core(CLIENT_CORE):
        return Function(disk, folder, AWS_ENDPOINT_URL=backend.endpoint)


def _start(disk: Unpacked, folder: Path) -> tuple[float, int]:
    """CPU seconds until it waits for its first event, and the most bytes it had until then."""
    with Backend(Load(submissions=1, events=1), CALM, BACKEND_CORE) as backend, _function(disk, folder, backend) as one:
        one.invoke(sqs_event([]))
        return one.init_cpu_seconds, one.peak_bytes


def _warm(disk: Unpacked, folder: Path, batches: int) -> tuple[float, int]:
    """CPU µs an event, and the most bytes it had."""
    load = Load(submissions=4 * BATCH, events=EVENTS)
    with Backend(load, CALM, BACKEND_CORE) as backend, _function(disk, folder, backend) as function:
        bodies = _bodies(backend)
        events = [sqs_event(islice(bodies, BATCH)) for _ in range(4)]
        assert failures(function.invoke(events[0])) == []
        before, stored = function.cpu_seconds, backend.counts().stored
        for number in range(batches):
            assert failures(function.invoke(events[number % 4])) == []
        cpu_seconds = function.cpu_seconds - before
        return cpu_seconds / (backend.counts().stored - stored) * 1e6, function.peak_bytes


def _bodies(backend: Backend) -> Iterator[str]:
    session = boto3.Session(
        CREDENTIALS["AWS_ACCESS_KEY_ID"], CREDENTIALS["AWS_SECRET_ACCESS_KEY"], region_name="us-east-1"
    )
    sqs = session.client("sqs", endpoint_url=backend.endpoint)
    url = sqs.get_queue_url(QueueName=Backend.queue_name)["QueueUrl"]
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        yield from (message["Body"] for message in messages)


def _mib(measured: Sequence[tuple[float, int]]) -> Spread:
    return Spread.of(peak_bytes / 1024**2 for _, peak_bytes in measured)


def _targets(rows: Sequence[Row]) -> list[Target]:
    start: Any = rows[0]["cpu_ms"]
    ratio = rows[1]["cpu_us_per_event"].median / rows[2]["cpu_us_per_event"].median
    return [
        Target("a cold start takes less than 1 s of CPU", f"{start} ms", start.median < MOST_INIT_SECONDS * 1000),
        Target(f"an event costs at most {MOST_RATIO} times what it costs `run`", f"{ratio:.2f}", ratio <= MOST_RATIO),
    ]


if __name__ == "__main__":
    main()
