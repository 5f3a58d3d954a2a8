"""Logs as data: one line for each fact, as JSON or for a console, and in the same form what libraries log."""

import logging
import sys
from socket import gethostname
from typing import Literal

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from event_processor.masking import masked
from event_processor.observability.lines import bounded, cleaned

LogFormat = Literal["json", "console"]


def configure(level: str, log_format: LogFormat) -> None:
    """Send all logging of this process to standard error, in that form and from that level on.

    Of libraries (urllib3, botocore and the like, through `logging` and `warnings`) only what is a warning or worse.
    """
    least = logging.getLevelNamesMapping()[level]
    is_json = log_format == "json"
    renderer = bounded(
        structlog.processors.JSONRenderer() if is_json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    facts: list[Processor] = [
        structlog.processors.add_log_level,
        _replica(gethostname()),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _without_passwords,
    ]
    if not is_json:
        facts.append(cleaned)
    structlog.configure(
        processors=[*facts, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *facts],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(least, logging.WARNING), force=True)
    logging.captureWarnings(True)
    logging.getLogger("botocore.credentials").setLevel(logging.ERROR)  # with a traceback; we say it in a line


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
