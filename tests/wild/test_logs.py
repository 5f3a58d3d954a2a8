"""Standard error as it breaks in the wild: not read, not there, full, gone. The work goes on and signals are obeyed."""

import fcntl
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from sensor_fleet.generator import Generator, Options
from tests.eventually import eventually
from tests.system.log_readers import Mute, Pipe
from tests.system.processes import Child, Emulator

SOUND: Final = 50
WITH_REJECT: Final = 40
_GENERATOR: Final = Generator(Options(seed=3))
BODIES: Final = [_GENERATOR.submission(index).body for index in range(SOUND)] + ["no JSON"] * WITH_REJECT
DEBUG: Final = {"LOG_LEVEL": "DEBUG"}


def drain(processor: Mute, aws: Emulator) -> None:
    """All of the submissions are sent, and are done and deleted."""
    before = processor.metric("submissions_deleted_total")
    aws.send(*BODIES)
    processor.wait_for("submissions_deleted_total", before + len(BODIES))
    assert aws.depth() == (0, 0)
    assert not processor.reasons()


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    """A pipe for standard error."""
    with Pipe() as made:
        yield made


@pytest.mark.parametrize("at", ["start", "run"])
def test_the_reader_of_the_log_goes_away(tmp_path: Path, aws: Emulator, pipe: Pipe, at: str) -> None:
    """Without a reader of its log the processor does all its work and obeys SIGTERM.

    hynek/structlog#132, systemd/systemd#6620, coreos/go-systemd#233.
    """
    fcntl.fcntl(pipe.writer, fcntl.F_SETPIPE_SZ, 1 << 20)
    if at == "start":
        pipe.close_reader()
    with Mute(tmp_path, aws.endpoint, pipe.writer) as processor:
        pipe.close_reader()
        drain(processor, aws)
        assert processor.metric("log_lines_dropped_total") >= WITH_REJECT
        assert processor.terminate() == 0


@pytest.mark.parametrize(
    "before",
    ["ulimit -f 3", "exec 2>/dev/full", "exec 2>&-", "exec <&- >&- 2>&-"],
    ids=["file too large", "disk full", "stderr closed", "all three closed"],
)
def test_a_log_that_cannot_be_written(tmp_path: Path, aws: Emulator, before: str) -> None:
    """A full disk under the log, or no standard error at all, costs log lines and nothing else.

    telefonicaid/perseo-fe#27, log4js-node/log4js-node#1424.
    """
    with Mute(tmp_path, aws.endpoint, before=before) as processor:
        drain(processor, aws)
        assert processor.metric("log_lines_dropped_total") >= WITH_REJECT / 2
        assert processor.terminate() == 0


@pytest.mark.parametrize("blocking", [True, False], ids=["blocks", "would block"])
def test_a_log_that_nobody_reads(tmp_path: Path, aws: Emulator, pipe: Pipe, blocking: bool) -> None:
    """A reader that hangs for a while holds up neither the work nor the end, and misses no line: a queue kept them."""
    os.set_blocking(pipe.writer, blocking)
    with Mute(tmp_path, aws.endpoint, pipe.writer, **DEBUG) as processor:
        drain(processor, aws)
        published = processor.metric("events_published_total")
        assert processor.metric("log_lines_dropped_total") == 0
        pipe.close_writer()
        pipe.read()
        assert processor.terminate() == 0
        eventually(lambda: any('"stopped"' in line for line in pipe.lines))
    told = [json.loads(line) for line in pipe.lines]
    assert sum(line["event"] == "published event" for line in told) == published > 0


def test_a_log_that_is_never_read(tmp_path: Path, aws: Emulator, pipe: Pipe) -> None:
    """With its last lines stuck in a pipe the process still ends in time, with the right exit code."""
    with Mute(tmp_path, aws.endpoint, pipe.writer, **DEBUG) as processor:
        drain(processor, aws)
        assert processor.terminate() == 0


def test_the_second_signal_with_a_log_that_is_never_read(tmp_path: Path, aws: Emulator, pipe: Pipe) -> None:
    """A second SIGTERM ends the process at once, whether or not it can be told."""
    with Mute(tmp_path, aws.endpoint, pipe.writer, WAIT_TIME="20", SHUTDOWN_GRACE="60", **DEBUG) as processor:
        drain(processor, aws)
        processor.signal(signal.SIGTERM)
        eventually(lambda: "stopping" in processor.reasons(), "the first signal to be obeyed")

        def again() -> bool:
            processor.signal(signal.SIGTERM)  # one that follows too soon is taken for an echo of the first
            return not processor.is_running

        eventually(again, "the second signal to be obeyed", 15)
        assert processor.exit_code() == 128 + signal.SIGTERM


def test_the_disk_has_room_again(tmp_path: Path, aws: Emulator) -> None:
    """When there is room for the log again it goes on, and says how many lines are missing; at most one is torn."""
    with Mute(tmp_path, aws.endpoint, before="ulimit -S -f 8") as processor:
        drain(processor, aws)
        dropped = processor.metric("log_lines_dropped_total")
        assert dropped > 0
        resource.prlimit(processor.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        assert processor.terminate() == 0
        lines = processor.errors.splitlines()
    torn = [line for line in lines if not line.endswith("}")]
    told = [json.loads(line) for line in lines if line not in torn]
    assert len(torn) <= 1
    assert [line["event"] for line in told][-1] == "stopped"
    assert sum(line["lines"] for line in told if line["event"] == "log lines dropped") == dropped


@pytest.mark.parametrize("signals", [1, 2])
def test_signals_before_there_is_aws(tmp_path: Path, pipe: Pipe, signals: int) -> None:
    """At start-up, too, a log that nobody reads keeps nobody from ending the process."""
    pipe.close_reader()
    with Mute(tmp_path, "http://127.0.0.1:9", pipe.writer) as processor:
        for _ in range(signals):
            processor.signal(signal.SIGTERM)
        assert processor.exit_code() == 0


@pytest.mark.parametrize("before", ["exec 2>&-", "exec 2>/dev/full"])
def test_a_wrong_setting_that_cannot_be_told(tmp_path: Path, before: str) -> None:
    """The exit code says that a setting is wrong even where the words cannot."""
    with Child(tmp_path, ["event_processor", "run"], {"BATCH_SIZE": "11"}, before=before) as child:
        assert child.exit_code(60) == 2


@pytest.mark.parametrize("arguments", [["config"], ["--help"], ["estimate", "capacity", "--help"]], ids=" ".join)
def test_the_reader_of_a_table_has_seen_enough(arguments: list[str]) -> None:
    """`event-processor config | head -1` prints its line and no traceback."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as pipe:
        done = subprocess.run(
            [sys.executable, "-m", "event_processor", *arguments],
            stdout=pipe,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    assert done.stderr == b""
    assert done.returncode == 1
