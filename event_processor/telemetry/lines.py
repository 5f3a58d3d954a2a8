"""Keeps log lines short: Docker and journald split long ones, which are then no longer JSON."""

from collections.abc import Mapping
from typing import Any, Final

from structlog.typing import EventDict, Processor, WrappedLogger

from event_processor.text import cut, printable

MOST_BYTES: Final = 8 * 1024
_STEPS: Final = ((2_000, 20), (500, 10), (100, 5), (30, 2), (10, 1))  # characters of a text, entries of a list or table

_TRACES: Final = ("exception", "stack")  # made by structlog, of several lines


def bounded(render: Processor) -> Processor:
    """The renderer, its line at most MOST_BYTES long: of what is longer, texts and lists are cut, and say so."""

    def render_bounded(logger: WrappedLogger, method: str, event: EventDict) -> str:
        whole = dict(event)  # a renderer may take things out of what it is given
        line = _rendered(render, logger, method, event)
        for characters, entries in _STEPS:
            if _fits(line):
                break
            shorter = {cut(str(key), 100): _cut(value, characters, entries) for key, value in whole.items()}
            line = _rendered(render, logger, method, shorter)
        if _fits(line):
            return line
        few = {key: whole[key] for key in ("event", "level", "timestamp") if key in whole}
        return _rendered(render, logger, method, _cut(few, 100, 5))

    return render_bounded


def cleaned(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """For a terminal: nothing in a text steers it. JSON needs no such care, it escapes all that is not ASCII."""
    return {printable(str(key)): (_lines if key in _TRACES else _clean)(value) for key, value in event.items()}


def _rendered(render: Processor, logger: WrappedLogger, method: str, event: EventDict) -> str:
    line = render(logger, method, event)
    return line.decode() if isinstance(line, (bytes, bytearray)) else str(line)


def _fits(line: str) -> bool:
    return len(line) < MOST_BYTES and (line.isascii() or len(line.encode(errors="replace")) < MOST_BYTES)


def _cut(value: Any, characters: int, entries: int) -> Any:
    if isinstance(value, Mapping):
        return {cut(str(key), 100): _cut(each, characters, entries) for key, each in list(value.items())[: 4 * entries]}
    if isinstance(value, (list, tuple, set, frozenset)):
        kept = [_cut(each, characters, entries) for each in list(value)[:entries]]
        return kept if len(value) <= entries else [*kept, f"... ({len(value):,} in all)"]
    if value is None or isinstance(value, (bool, float)) or (isinstance(value, int) and abs(value) < 2**64):
        return value
    return cut(value if isinstance(value, str) else repr(value), characters)


def _lines(value: Any) -> Any:
    return "\n".join(map(printable, value.split("\n"))) if isinstance(value, str) else _clean(value)


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {printable(str(key)): _clean(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(each) for each in value]
    return value if value is None or isinstance(value, (bool, int, float)) else printable(repr(value))
