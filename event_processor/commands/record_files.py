"""Records in a file, as people have them: NDJSON, one JSON document, or an array of records."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from rich.console import Console
from rich.progress import Progress

from event_processor.commands.terminal import say
from event_processor.text import printable

_BOM: Final = b"\xef\xbb\xbf"
_BLANK: Final = " \t\r\n"


class Record(NamedTuple):
    """Its bytes, and the line that it begins on."""

    line: int
    data: bytes


def name_of(file: BinaryIO) -> str:
    """As the user knows it; standard input need not have one."""
    return str(getattr(file, "name", "<stdin>"))


def records(file: BinaryIO, advance: Callable[[int], None]) -> Iterator[Record]:
    """Every record of a file; what is not JSON is one, too, to be judged. `advance` is told how many bytes were read.

    NDJSON is read line by line, however long, whatever its first line is; anything else as a whole.
    """
    lines = _lines(file, advance)
    blank, first = _first(lines)
    if not first.startswith(b"[") and not _goes_on(first):
        yield from _of_lines(chain([first], lines), blank + 1)
        return
    rest = [first, *lines]
    whole = b"".join(rest)
    if not _is_json(whole):
        yield from _of_lines(iter(rest), blank + 1)
    elif first.startswith(b"["):
        yield from _elements(whole.decode(), blank + 1)
    else:
        yield Record(blank + 1, whole)


def _lines(file: BinaryIO, advance: Callable[[int], None]) -> Iterator[bytes]:
    for number, line in enumerate(file):
        advance(len(line))
        yield line.removeprefix(_BOM) if number == 0 else line


def _first(lines: Iterator[bytes]) -> tuple[int, bytes]:
    """How many blank lines there are first, and what comes then, without the blanks before it."""
    blank = 0
    for line in lines:
        if line.strip():
            return blank, line.lstrip()
        blank += 1
    return blank, b""


def _of_lines(lines: Iterator[bytes], number: int) -> Iterator[Record]:
    for place, line in enumerate(lines, number):
        if line.strip():
            yield Record(place, line.strip())


def _goes_on(line: bytes) -> bool:
    """Whether this is not JSON yet, but may become it with the lines after it."""
    try:
        text = line.decode().rstrip()
        json.loads(text)
    except json.JSONDecodeError as error:
        return error.pos >= len(text)
    except (ValueError, RecursionError):
        return False
    return False


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return False
    return True


def _elements(text: str, line: int) -> Iterator[Record]:
    """Of an array that is known to be JSON, each as it is written."""
    decoder = json.JSONDecoder()
    at, counted = 0, 0
    while True:
        at = _after(text, at + 1)  # the bracket, or a comma
        if text[at] == "]":
            return
        line += text.count("\n", counted, at)
        counted = at
        _, end = decoder.raw_decode(text, at)
        yield Record(line, text[at:end].encode("utf-8", "surrogatepass"))
        at = _after(text, end)
        if text[at] == "]":
            return


def _after(text: str, at: int) -> int:
    while text[at] in _BLANK:
        at += 1
    return at


@contextmanager
def reading(file: BinaryIO, what: str) -> Iterator[tuple[Callable[[int], None], Callable[[str], None]]]:
    """How to advance a bar by so many bytes, and how to print a line beside it; a bar only on a terminal."""
    path = Path(name_of(file))
    is_long = sys.stderr.isatty() and path.is_file()
    console = Console(stderr=not sys.stdout.isatty())
    with Progress(console=console, disable=not is_long, transient=True) as progress:
        bar = progress.add_task(what, total=path.stat().st_size if is_long else None)
        beside = is_long and sys.stdout.isatty()

        def tell(text: str) -> None:
            if beside:
                console.out(printable(text), highlight=False)
            else:
                say(text)

        yield partial(progress.advance, bar), tell
