"""SIGTERM and SIGINT: the first asks for an orderly stop, the second ends the process at once."""

import os
import signal
import time
from collections.abc import Callable
from typing import Final

import structlog

from event_processor.telemetry.log_sink import LogSink
from event_processor.telemetry.threads import Threads

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
_LAST_WORD_SECONDS: Final = 0.3
_ECHO_SECONDS: Final = 0.5  # a signal to the process and to its group arrives twice; that is not "a second signal"
_log = structlog.get_logger("event_processor")


def on_signal(action: Callable[[], None], threads: Threads, sink: LogSink) -> None:
    """Call it at the first signal; end the process at the second. No code runs inside a signal handler."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)  # inherited by all threads; ours alone takes them

    def wait() -> None:
        first = signal.sigwait(_SIGNALS)
        action()  # before it is told, which may fail
        _log.info("signal", name=signal.Signals(first).name)
        echo_until = time.monotonic() + _ECHO_SECONDS
        while (seconds := echo_until - time.monotonic()) > 0:
            signal.sigtimedwait(_SIGNALS, seconds)
        second = signal.sigwait(_SIGNALS)
        _log.error("second signal: ending at once; work in hand comes again", name=signal.Signals(second).name)
        sink.drain(_LAST_WORD_SECONDS)
        os._exit(128 + second)

    threads.start("signals", wait)
