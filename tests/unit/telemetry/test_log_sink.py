"""The sink of the log: whole lines in order, nothing that waits or raises, and every missing line counted."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from event_processor.telemetry.log_sink import LogSink
from tests.eventually import eventually

DRAIN_SECONDS = 60


class Pipe:
    """A pipe that is read when the test says so."""

    def __init__(self) -> None:
        self.reader, self.writer = os.pipe()

    def fill(self) -> int:
        """Make it full; returns of how many bytes."""
        os.set_blocking(self.writer, False)
        size_bytes = 0
        try:
            while True:
                size_bytes += os.write(self.writer, b"x" * 4096)
        except BlockingIOError:
            os.set_blocking(self.writer, True)
        return size_bytes

    def read(self, size_bytes: int) -> bytes:
        """Exactly so much."""
        found = b""
        while len(found) < size_bytes:
            found += os.read(self.reader, size_bytes - len(found))
        return found

    def lines(self, count: int) -> list[str]:
        """The next so many lines."""
        found = b""
        while found.count(b"\n") < count:
            found += os.read(self.reader, 1)
        return found.decode().splitlines()

    def close(self) -> None:
        """Both ends."""
        for end in (self.reader, self.writer):
            try:
                os.close(end)
            except OSError:
                continue


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    """A pipe of the test's own."""
    made = Pipe()
    yield made
    made.close()


def dropped(sink: LogSink) -> int:
    """How many lines it says it dropped."""
    counts: list[int] = []
    sink.count_dropped(counts.append)
    return counts[0]


def test_lines_in_order(pipe: Pipe) -> None:
    """What one thread writes comes out complete and in that order, also what no encoding has."""
    sink = LogSink(pipe.writer)
    for number in range(500):
        sink.write(f"line {number} č\n")
    sink.write("half a pair: \ud800\n")

    assert pipe.lines(501) == [*(f"line {number} č" for number in range(500)), r"half a pair: \ud800"]
    sink.drain(DRAIN_SECONDS)
    assert dropped(sink) == 0


def test_lines_of_threads_do_not_mix(pipe: Pipe) -> None:
    """A line that is written in pieces, as `print` does, is one line all the same, whoever writes meanwhile."""
    sink = LogSink(pipe.writer)

    def say(word: str) -> None:
        for _ in range(200):
            print(word, word, word, file=sink)

    threads = [threading.Thread(target=say, args=(word,)) for word in ("one", "two", "three")]
    for thread in threads:
        thread.start()

    assert set(pipe.lines(600)) == {"one one one", "two two two", "three three three"}


def test_a_line_that_is_not_ended(pipe: Pipe) -> None:
    """A flush lets out what has no end yet, as a line of its own."""
    sink = LogSink(pipe.writer)
    sink.write("dots ...")
    sink.flush()
    sink.write("a traceback\nof three\nlines\n")

    assert pipe.lines(4) == ["dots ...", "a traceback", "of three", "lines"]


@pytest.mark.parametrize(("most_lines", "most_bytes"), [(100, 1 << 20), (1 << 20, 1000)])
def test_a_full_queue_drops_and_says_how_many(pipe: Pipe, most_lines: int, most_bytes: int) -> None:
    """While nobody reads, lines beyond the limit are dropped; afterwards the log confesses exactly those."""
    filler = pipe.fill()
    sink = LogSink(pipe.writer, most_lines, most_bytes)
    for number in range(1000):
        sink.write(f"{number:09}\n")
    missing = dropped(sink)

    assert 0 < missing < 1000
    pipe.read(filler)
    found = pipe.lines(1000 - missing + 1)
    assert found[:-1] == sorted(found[:-1])
    assert found[-1] == f"{missing} log lines dropped"


def test_no_reader(pipe: Pipe) -> None:
    """Without a reader every line is dropped, counted and forgotten, and nobody hears of a broken pipe."""
    os.close(pipe.reader)
    sink = LogSink(pipe.writer)
    for _ in range(300):
        sink.write("line\n")
    sink.drain(DRAIN_SECONDS)

    assert dropped(sink) == 300


def test_nowhere_to_write() -> None:
    """Without a standard error every line is dropped and counted."""
    sink = LogSink(None)
    sink.write("two\nlines\n")
    sink.drain(DRAIN_SECONDS)

    assert dropped(sink) == 2
    assert not sink.isatty()


def test_the_end_does_not_wait_for_ever(pipe: Pipe) -> None:
    """What nobody reads keeps nobody waiting for longer than was asked for."""
    pipe.fill()
    sink = LogSink(pipe.writer)
    sink.write("stuck\n")
    waiting = threading.Thread(target=sink.drain, args=(0.05,))
    waiting.start()
    waiting.join(DRAIN_SECONDS)

    assert not waiting.is_alive()


def test_who_counts_hears_of_all(pipe: Pipe) -> None:
    """A counter that comes late is told what was dropped before it came, and then of each line."""
    os.close(pipe.reader)
    sink = LogSink(pipe.writer)
    sink.write("before\n")
    sink.drain(DRAIN_SECONDS)
    counts: list[int] = []
    sink.count_dropped(counts.append)
    sink.write("after\n")
    sink.drain(DRAIN_SECONDS)

    assert sum(counts) == 2


def test_logging_inside_of_logging(pipe: Pipe) -> None:
    """A destructor that logs while its thread is in the middle of a line, as warnings of Python do, blocks nothing."""
    sink = LogSink(pipe.writer)
    counts: list[int] = []

    def count(lines: int) -> None:
        counts.append(lines)
        if len(counts) < 3:
            sink.write("again\n" * 20_000)  # too long, so that it is dropped, within the drop of another one

    sink.count_dropped(count)
    done = threading.Thread(target=sink.write, args=("too long\n" * 20_000,), daemon=True)
    done.start()
    done.join(DRAIN_SECONDS)

    assert not done.is_alive()
    eventually(lambda: len(counts) >= 3)


def test_a_torn_line_ends_before_the_next(tmp_path: Path) -> None:
    """What a full file cut off in the middle is one torn line, and no other line is joined to it."""
    path = tmp_path / "log"
    script = (
        "import os, resource, sys\n"
        "from event_processor.telemetry.log_sink import LogSink\n"
        "sink = LogSink(2)\n"
        "hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1005, hard))\n"
        "[sink.write(f'{number:09}\\n') for number in range(300)]\n"
        "sink.drain(60)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))\n"
        "sink.write('at last\\n')\n"
        "sink.drain(60)\n"
    )
    with path.open("wb") as file:
        subprocess.run([sys.executable, "-c", script], stderr=file, check=True, timeout=60)

    found = path.read_text().splitlines()
    assert found[:100] == [f"{number:09}" for number in range(100)]
    assert found[100:] == ["00000", "at last", "200 log lines dropped"]
