"""Who is compared: how each is started, and how many calls each is allowed at once."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks import run
from benchmarks.backend import Backend
from benchmarks.end_to_end import installs
from event_processor.settings.loading import clean_environment
from event_processor.settings.submissions import SubmissionsSettings

LOOP, BOTO3, LEAN, SQS_CONSUMER, ASYNC_KINESIS = "sequential loop", "boto3", "lean", "sqs-consumer", "async-kinesis"
PEERS: Final = (SQS_CONSUMER, ASYNC_KINESIS)
_LONG_SECONDS: Final = 0.01  # a round trip from here on is long


@dataclass(frozen=True, slots=True)
class Contender:
    """Its command, its environment on a back end, and its `receivers`: calls at once with short and with long trips."""

    name: str
    command: tuple[str, ...]  # none for ours, which `python` runs
    environment: Callable[[Backend, int], dict[str, str]]
    receivers: tuple[int, int]
    python: run.Interpreter = run.AT_HAND
    windows: int = 1  # measured for as long as so many windows of the others: what comes in bursts takes longer to tell

    def child(self, environment: dict[str, str], log: Path) -> run.Child:
        """Its process."""
        if self.command:
            return run.Child(self.command, environment, log, run.CLIENT_CORE)
        return run.processor(self.python, environment, log)

    def receivers_at(self, latency_seconds: float) -> int:
        """How many receives at once, as its users would set it for such a round trip."""
        return self.receivers[latency_seconds >= _LONG_SECONDS]


def contenders() -> tuple[list[Contender], Mapping[str, str]]:
    """Those that can run here, and the others with the reason. Ours on every interpreter, the one to quote by name."""
    quoted, *others = run.interpreters()
    found, missing = [_sequential_loop(), _ours(BOTO3, quoted), _ours(LEAN, quoted)], {}
    found += [_ours(transport, python, f" ({python})") for python in others for transport in (BOTO3, LEAN)]
    for name, make in {SQS_CONSUMER: _sqs_consumer, ASYNC_KINESIS: _async_kinesis}.items():
        try:
            found.append(make())
        except installs.NotInstalled as reason:
            missing[name] = str(reason)
    return found, missing


def _ours(transport: str, python: run.Interpreter, suffix: str = "") -> Contender:
    def environment(backend: Backend, receivers: int) -> dict[str, str]:
        room_bytes = max(64, 16 * receivers) * 1024 * 1024  # each receiver reserves 10 MiB (docs/sizing.md)
        return run.settings(backend, transport, RECEIVERS=str(receivers), MAX_IN_FLIGHT_BYTES=str(room_bytes))

    return Contender(transport + suffix, (), environment, (4, 16), python)


def _sequential_loop() -> Contender:
    return Contender(LOOP, (sys.executable, "-m", f"{__package__}.peers.sequential_loop"), _plain, (1, 1))


def _sqs_consumer() -> Contender:
    return Contender(SQS_CONSUMER, ("node", installs.script()), _plain, (16, 32))


def _async_kinesis() -> Contender:
    command = (installs.python(), "-m", f"{__package__}.peers.async_kinesis")
    return Contender(ASYNC_KINESIS, command, _plain, (18, 36), windows=3)


def _plain(backend: Backend, receivers: int) -> dict[str, str]:
    return clean_environment(
        SubmissionsSettings,
        AWS_ENDPOINT_URL=backend.endpoint,
        AWS_REGION="us-east-1",
        AWS_DEFAULT_REGION="us-east-1",
        QUEUE_NAME=backend.queue_name,
        STREAM_NAME=backend.stream_name,
        CONSUMERS=str(receivers),
        NODE_ENV="production",
        PYTHONPATH=str(installs.ROOT),
        **run.CREDENTIALS,
    )
