"""Standard error that never blocks: lines are written by a thread, and dropped and counted when it cannot keep up.

Whoever reads the log may be slow, hang or be gone, and the disk under it may be full. A write then blocks for ever
or fails. Here a thread of its own writes; what does not fit into its queue, or cannot be written, is dropped and
counted.
"""

import atexit
import contextlib
import io
import os
import select
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final

MOST_LINES: Final = 10_000
MOST_BYTES: Final = 4 * 1024 * 1024
_WRITE_BYTES: Final = 64 * 1024  # of one write, as much as a pipe holds by default
_PAUSE_SECONDS: Final = 0.02  # before a write, for the lines that follow closely
_TELL_SECONDS: Final = 1.0  # between two lines about what was dropped, while there is more to write
_EXIT_SECONDS: Final = 1.0  # for the last lines, when the process ends


class LogSink(io.TextIOBase):
    """A text file that takes whole lines from any thread. `write` returns at once and does not raise.

    It stands in for `sys.stderr`, so that tracebacks and what libraries print go the same way. Lines are written in
    the order in which they came. Without a descriptor there is nowhere to write, and every line is dropped.
    """

    encoding = "utf-8"
    errors = "backslashreplace"

    def __init__(self, descriptor: int | None, most_lines: int = MOST_LINES, most_bytes: int = MOST_BYTES) -> None:
        self.say_dropped: Callable[[int], str] = "{} log lines dropped\n".format
        self._descriptor = None if descriptor is None else os.dup(descriptor)  # stays ours whoever closes the other
        self._most_lines, self._most_bytes = most_lines, most_bytes
        # An RLock: a destructor may log in the middle of anything, in the thread that has the lock.
        self._changed = threading.Condition(threading.RLock())
        self._pieces: deque[bytes] = deque()  # each of whole lines
        self._lines = self._bytes = 0
        self._is_writing = False
        self._hurry = threading.Event()
        self._beginnings = threading.local()  # of lines that their thread has not ended yet
        self._dropped = self._told = 0
        self._told_at = float("-inf")
        self._is_torn = False  # the last write ended in the middle of a line
        self._count: Callable[[int], None] = lambda _: None
        threading.Thread(target=self._run, name="log", daemon=True).start()

    def count_dropped(self, count: Callable[[int], None]) -> None:
        """Call this with the number of lines dropped, those dropped so far included."""
        with self._changed:
            self._count = count
            count(self._dropped)

    def write(self, text: str) -> int:
        """Take the text. It is written when its line is complete, or when its thread flushes."""
        beginning = getattr(self._beginnings, "text", "")
        if not beginning and text.endswith("\n"):  # as nearly always
            self._put(text)
            return len(text)
        whole, newline, self._beginnings.text = f"{beginning}{text}".rpartition("\n")
        if newline:
            self._put(f"{whole}\n")
        return len(text)

    def flush(self) -> None:
        """End the line that this thread began. Does not wait."""
        beginning = getattr(self._beginnings, "text", "")
        if beginning:
            self._beginnings.text = ""
            self._put(f"{beginning}\n")

    def drain(self, seconds: float) -> None:
        """Wait until everything is written, for so long at most."""
        self._hurry.set()
        with self._changed:
            self._changed.wait_for(lambda: not self._pieces and not self._is_writing, seconds)

    def writable(self) -> bool:
        """It is."""
        return True

    def isatty(self) -> bool:
        """Whether a terminal shows it."""
        return self._descriptor is not None and os.isatty(self._descriptor)

    def _put(self, text: str) -> None:
        piece = text.encode(self.encoding, self.errors)
        lines = piece.count(b"\n")
        with self._changed:
            if self._lines + lines > self._most_lines or self._bytes + len(piece) > self._most_bytes:
                self._drop(lines)
                return
            self._pieces.append(piece)
            self._lines += lines
            self._bytes += len(piece)
            if len(self._pieces) == 1:
                self._changed.notify_all()

    def _drop(self, lines: int) -> None:
        with self._changed:
            self._dropped += lines
            self._count(lines)

    def _run(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())  # they are for threads that know what to do
        while True:
            with contextlib.suppress(Exception):  # nobody is left to tell
                self._write(self._next())
                self._tell()
            with self._changed:
                self._is_writing = False
                self._changed.notify_all()

    def _next(self) -> bytes:
        """The next lines, as soon as there are any."""
        with self._changed:
            self._changed.wait_for(lambda: self._pieces)
        self._hurry.wait(_PAUSE_SECONDS)
        with self._changed:
            self._is_writing = True
            taken = [self._pieces.popleft()]
            size_bytes = len(taken[0])
            while self._pieces and size_bytes + len(self._pieces[0]) <= _WRITE_BYTES:
                taken.append(self._pieces.popleft())
                size_bytes += len(taken[-1])
            lines = b"".join(taken)
            self._lines -= lines.count(b"\n")
            self._bytes -= size_bytes
        return lines

    def _write(self, lines: bytes) -> None:
        rest = self._try(lines)
        if rest:
            self._drop(rest.count(b"\n"))

    def _tell(self) -> None:
        """Say how many lines are missing, once some can be written again."""
        missing = self._dropped - self._told
        due = not self._pieces or time.monotonic() - self._told_at >= _TELL_SECONDS
        if missing and due and not self._is_torn and not self._try(self.say_dropped(missing).encode()):
            self._told += missing
            self._told_at = time.monotonic()

    def _try(self, lines: bytes) -> bytes:
        """Write; returns what could not be written. What follows a torn line begins a new one."""
        if self._descriptor is None:
            return lines
        data = b"\n" + lines if self._is_torn else lines
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[_write_some(self._descriptor, rest) :]
        except OSError:  # a full disk, no reader, a file that is too large, a terminal that is gone
            pass
        written = len(data) - len(rest)
        if written:
            self._is_torn = data[written - 1 : written] != b"\n"
        return bytes(rest[-len(lines) :] if rest else b"")


def _write_some(descriptor: int, data: memoryview) -> int:
    """How much was written. Blocks, even if somebody who shares the descriptor made it non-blocking."""
    while True:
        try:
            return os.write(descriptor, data)
        except BlockingIOError:
            poll = select.poll()
            poll.register(descriptor, select.POLLOUT)
            poll.poll()


def install() -> LogSink:
    """Let `sys.stderr` be a sink from now on. What is in it when the process ends has a second to get out."""
    had_one = sys.stderr is not None
    _occupy_standard_descriptors()
    sink = LogSink(sys.stderr.fileno() if had_one else None)
    sys.stderr = sink
    atexit.register(sink.drain, _EXIT_SECONDS)
    return sink


def _occupy_standard_descriptors() -> None:
    """Where one was closed before the start, the next socket would get its number, and what is written to it."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != descriptor:
                os.dup2(opened, descriptor)
                os.close(opened)
