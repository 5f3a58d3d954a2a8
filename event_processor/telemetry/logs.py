"""Logs as data: one line for each fact, as JSON or for a console, and in the same form what libraries log."""

import contextlib
import logging
import os
import sys
import threading
import traceback
from pathlib import Path
from socket import gethostname
from types import TracebackType
from typing import Any, Literal

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from event_processor.telemetry import log_sink
from event_processor.telemetry.lines import bounded, cleaned
from event_processor.telemetry.log_sink import LogSink
from event_processor.text import masked

LogFormat = Literal["json", "console"]


def configure(level: str, log_format: LogFormat, *more: Processor) -> None:
    """Send all logging of this process to standard error, in that form and from that level on.

    `more` add to each line. Of libraries (urllib3, botocore and the like, through `logging` and `warnings`), only
    warnings and worse.
    """
    least = logging.getLevelNamesMapping()[level]
    stream = sys.stderr or Path(os.devnull).open("w")  # noqa: SIM115 - None: it was closed before the start
    is_json = log_format == "json"
    renderer = bounded(
        structlog.processors.JSONRenderer() if is_json else structlog.dev.ConsoleRenderer(colors=stream.isatty())
    )
    facts: list[Processor] = [
        structlog.processors.add_log_level,
        _replica(gethostname()),
        *more,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _without_passwords,
    ]
    if not is_json:
        facts.append(cleaned)
    structlog.configure(
        processors=[*facts, renderer],
        wrapper_class=_never_raising(least),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *facts],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(least, logging.WARNING), force=True)
    logging.captureWarnings(True)
    logging.getLogger("botocore.credentials").setLevel(logging.ERROR)  # with a traceback; we say it in a line
    if isinstance(stream, LogSink):
        line = structlog.wrap_logger(structlog.ReturnLogger(), processors=[*facts, renderer])
        stream.say_dropped = lambda lines: f"{line.warning('log lines dropped', lines=lines)}\n"


def detach() -> LogSink:
    """Let standard error be a sink that drops and counts, so that a log that nobody takes does not hurt this process.

    Uncaught exceptions, of any thread, are log lines like all others.
    """
    sink = log_sink.install()
    log = structlog.get_logger("event_processor")

    def uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
        """The text may hold payload, so only the places are logged."""
        name = threading.current_thread().name
        log.critical("bug: uncaught", error=kind.__name__, thread=name, places=places(error, trace))

    sys.excepthook = uncaught
    threading.excepthook = lambda ended: uncaught(ended.exc_type, ended.exc_value, ended.exc_traceback)
    sys.unraisablehook = lambda ignored: uncaught(ignored.exc_type, ignored.exc_value, ignored.exc_traceback)
    return sink


def places(error: BaseException | None, trace: TracebackType | None = None) -> list[str]:
    """Where an exception came from, without its text, which may hold payload."""
    trace = trace or (error.__traceback__ if error is not None else None)
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)]


def _never_raising(least: int) -> Any:
    """Structlog's logger, but a line that cannot be made is left out: whoever logs has other work to do."""
    base: type = structlog.make_filtering_bound_logger(least)

    class NeverRaising(base):  # type: ignore[misc]
        def _proxy_to_logger(self, method_name: str, event: str | None = None, *args: Any, **facts: Any) -> Any:
            with contextlib.suppress(Exception):
                return super()._proxy_to_logger(method_name, event, *args, **facts)

    return NeverRaising


def _replica(name: str) -> Processor:
    """Which of several processes said it: in a container the host's name is the container's."""

    def add(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["replica"] = name
        return event

    return add


def _without_passwords(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Libraries quote URLs as they were given them."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = masked(value)
    return event
