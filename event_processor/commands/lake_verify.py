"""The command `event-processor lake verify` (docs/lake.md)."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import partial
from typing import NamedTuple

import click
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress

from event_processor.bootstrap.verifying import LakeParts
from event_processor.commands.terminal import DELIVER_ENVIRONMENT, amount, complains, quiet_settings, say, show_table
from event_processor.lake.findings import Finding
from event_processor.lake.retained import compare_with_stream
from event_processor.lake.verifying import Found, Verifier
from event_processor.settings.lake import DeliverySettings
from event_processor.stores.file_names import FileNames

_MOST_SHOWN = 100
_ALSO = {
    "removed": "removed by a lifecycle rule, with all that was as old",
    "replaced": "that a compaction has replaced, and that a later one removes",
    "rejects_of_others": "with rejects of other jobs",
    "under_way": "of ranges or compactions that are not logged yet",
}


class _Line(NamedTuple):
    """What is told of one stream."""

    stream: str
    shards: int
    ranges: int
    files: int
    records: int
    rows: int
    rejects: int
    new_rows: int | None = None
    repeats: int | None = None
    conflicts: int | None = None
    to_load: int | None = None
    on_stream: int | None = None


@click.command(epilog=DELIVER_ENVIRONMENT, short_help="Check log, files, tables and rejects against each other.")
@click.option("--stream", "with_stream", is_flag=True, help="Also read what the streams still have, record by record.")
@click.option("--repeats", is_flag=True, help="Also look for ids that a table has more than once, of whatever age.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
@complains
def verify(with_stream: bool, repeats: bool, as_json: bool) -> int:
    """Prove that everything that was accepted is in the lake and in its table once.

    The log of each shard has no gap, and its files are there with their hashes, sizes and counts; each record is a row
    or a reject; the table has these rows and no others. Files that a lifecycle rule removed are history, not damage.

    Exit codes: 0 all of it holds; 1 it does not, or not all could be read; 2 a setting is wrong.
    """
    parts = LakeParts(quiet_settings(DeliverySettings))
    findings: list[Finding] = []
    with closing(FileNames()) as names:
        lines, also = _verified(parts, names, findings, with_stream, repeats)
    if as_json:
        told = {
            "sound": not findings, **also,
            "streams": [line._asdict() for line in lines], "findings": [each._asdict() for each in findings],
        }  # fmt: skip
        click.echo(json.dumps(told))
        return 1 if findings else 0
    _show(lines, findings, also)
    return 1 if findings else 0


def _verified(
    parts: LakeParts, names: FileNames, findings: list[Finding], with_stream: bool, repeats: bool
) -> tuple[list[_Line], dict[str, int]]:
    tables = parts.tables()
    with parts.row_check(tables) as rows, progress_of() as bar:
        verifier = Verifier(parts.files, names, rows, findings.append)
        verifier.list_files(list(parts.streams))
        shards = {stream: verifier.shards(stream) for stream in parts.streams}
        step = bar("entries", sum(sum(each.values()) for each in shards.values()))
        found = [
            verifier.stream(name, bool(stream.table), shards[name], step) for name, stream in parts.streams.items()
        ]
        others = verifier.rejects_of_others(bar("files of rejects", None))
        removed, under_way = verifier.leftovers(found)
        warehouse = parts.warehouse(tables)
        if warehouse is not None:
            findings += rows.against(warehouse, repeats)
        lines = [_line(each) for each in found]
        if warehouse is not None:
            lines = [
                line._replace(new_rows=each.rows, repeats=each.repeats, conflicts=each.conflicts, to_load=each.waiting)
                for line in lines
                for each in [rows.loaded(line.stream)]
            ]
        if with_stream:
            step = bar("records of streams", None)
            counts = [
                compare_with_stream(parts.files, parts.reader(each.stream), each, findings.append, step)
                for each in found
            ]
            lines = [line._replace(on_stream=count) for line, count in zip(lines, counts, strict=True)]
        replaced = sum(each.replaced for each in found)
        return lines, {"removed": removed, "under_way": under_way, "replaced": replaced, "rejects_of_others": others}


def _line(found: Found) -> _Line:
    return _Line(found.stream, len(found.shards), found.ranges, found.files, found.records, found.rows, found.rejects)


def _show(lines: Sequence[_Line], findings: Sequence[Finding], also: Mapping[str, int]) -> None:
    headers = [name.replace("_", " ") for name in _Line._fields]
    show_table(headers, ([_cell(value) for value in line] for line in lines))
    for kind, text in _ALSO.items():
        if also[kind]:
            say(f"{amount(also[kind], 'file')} {text}")
    if not findings:
        say("everything holds")
        return
    show_table(["finding", "where", "what"], findings[:_MOST_SHOWN])
    if len(findings) > _MOST_SHOWN:
        say(f"… and {amount(len(findings) - _MOST_SHOWN, 'finding')} more: --json has all of them")
    say(f"{amount(len(findings), 'finding')}", err=True)


def _cell(value: str | int | None) -> str:
    return "-" if value is None else f"{value:,}" if isinstance(value, int) else value


@contextmanager
def progress_of() -> Iterator[Callable[[str, int | None], Callable[[], None]]]:
    """On a terminal."""
    columns = (*Progress.get_default_columns(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True) as progress:
        yield lambda what, total: partial(progress.advance, progress.add_task(what, total=total))
