"""The command that says how large records are: event-processor estimate payload (docs/sizing.md)."""

import gzip
import io
import json
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, Final, cast

import click
from rich.console import Console
from rich.table import Table

from event_processor.commands.record_files import name_of, reading, records
from event_processor.commands.terminal import amount, complains, console, show_table
from event_processor.errors import SettingsError
from event_processor.estimate.payload import FORMS, Payload

_GZIP: Final = b"\x1f\x8b"
_SHOWN_FIELDS: Final = 20
_PERCENTILES: Final = (50, 95, 99)


@click.command(short_help="Say how large records are in each form, and how they are billed.")
@click.argument("file", type=click.File("rb"))
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output, with every field.")
@complains
def payload(file: BinaryIO, as_json: bool) -> int:
    """Say how large the records of a file (- is standard input) are, how they are billed, and what they consist of.

    The file is NDJSON, one JSON document, or an array of records; gzip is unpacked. NDJSON is read line by line,
    however long; an array is held in memory. Every record is rounded up by itself, as AWS does.

    Exit codes: 0 done; 2 the file has no records, or cannot be read.
    """
    measured = payload_of(file)
    if as_json:
        click.echo(json.dumps(_as_json(measured), indent=2))
    else:
        _show(measured, console())
    return 0


def payload_of(file: BinaryIO) -> Payload:
    """All records of the file. Raises SettingsError if it has none or is damaged."""
    found = Payload()
    try:
        with reading(file, "measuring records") as (advance, _), _plain(file, advance) as (plain, told):
            for record in records(plain, told):
                found.add(record.data)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise SettingsError(f"{name_of(file)}: damaged gzip after {amount(found.records, 'record')}: {error}") from None
    if not found.records:
        raise SettingsError(f"{name_of(file)}: no records, so nothing can be measured")
    return found


@contextmanager
def _plain(file: BinaryIO, advance: Callable[[int], None]) -> Iterator[tuple[BinaryIO, Callable[[int], None]]]:
    """The file without its gzip, and how to tell what was read of it: the bar counts the bytes of the file itself."""
    buffered = file if hasattr(file, "peek") else io.BufferedReader(cast("io.RawIOBase", file))
    if not buffered.peek(2).startswith(_GZIP):
        yield buffered, advance
        return
    counted = _Counted(buffered, advance)
    with gzip.GzipFile(fileobj=cast("BinaryIO", counted)) as plain:
        yield cast("BinaryIO", plain), lambda _: None


class _Counted:
    """A file that says how much of it was read."""

    def __init__(self, file: BinaryIO, advance: Callable[[int], None]) -> None:
        self._file, self._advance = file, advance

    def read(self, size: int = -1) -> bytes:
        """So many bytes, or all."""
        data = self._file.read(size)
        self._advance(len(data))
        return data


def _as_json(measured: Payload) -> dict[str, Any]:
    forms: dict[str, Any] = {
        form: {
            "bytes": sizes.bytes,
            "mean": sizes.bytes / measured.records,
            **{f"p{percent}": sizes.percentile(percent) for percent in _PERCENTILES},
            "max": sizes.most,
            "billed": sizes.billed._asdict(),
        }
        for form, sizes in measured.sizes.items()
    }
    return {
        "records": measured.records,
        "no_json": measured.no_json,
        "forms": forms,
        "gzip_together_bytes": measured.gzip_together,
        "fields": [{name: getattr(each, name) for name in each.__slots__} for each in measured.fields()],
    }


def _show(measured: Payload, terminal: Console) -> None:
    terminal.print(f"{amount(measured.records, 'record')}, {measured.no_json:,} of them no JSON", highlight=False)
    sizes = _table("bytes", "all", "mean", *(f"p{percent}" for percent in _PERCENTILES), "max")
    for form in FORMS:
        each = measured.sizes[form]
        numbers = (each.bytes, each.bytes / measured.records, *map(each.percentile, _PERCENTILES), each.most)
        sizes.add_row(form, *(f"{number:,.0f}" for number in numbers))
    sizes.add_row(
        "gzip, all together", f"{measured.gzip_together:,}", f"{measured.gzip_together / measured.records:,.0f}"
    )
    terminal.print("", sizes, "", highlight=False)
    billed = _table("billed, by record", *FORMS)
    names = (
        "SQS requests of 64 KiB",
        "Kinesis on-demand, KB",
        "Kinesis PUT units of 25 KB",
        "Firehose, KB in steps of 5",
    )
    columns = [measured.sizes[form].billed for form in FORMS]
    for name, *units in zip(names, *columns, strict=True):
        billed.add_row(name, *(f"{each:,}" for each in units))
    terminal.print(billed, "", highlight=False)
    fields = measured.fields()
    rows = [(each.path, f"{each.records:,}", f"{each.bytes:,}", f"{each.share:.1%}") for each in fields[:_SHOWN_FIELDS]]
    if rows:
        show_table(("field, with what is below it", "records", "bytes, compact", "share"), rows)
    if len(fields) > _SHOWN_FIELDS:
        terminal.print(f"and {len(fields) - _SHOWN_FIELDS:,} more; --json shows them all", highlight=False)


def _table(first: str, *numbers: str) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(first, min_width=30)
    for each in numbers:
        table.add_column(each, justify="right", min_width=12)
    return table
