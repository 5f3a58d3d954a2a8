"""The names of a lake's objects (docs/lake.md). Pure.

    raw/<stream>/dt=2026-01-02/hh=03/<shard>-<first>-<last>-<delivery>.ndjson.gz
    typed/<schema>/<table>/dt=…/hh=…/<stream>-<shard>-<first>-<last>-<delivery>.parquet
    rejects/deliver/dt=…/hh=…/<stream>-<shard>-<first>-<last>-<delivery>.ndjson.gz
    log/<stream>/<shard>/<number>.json
    log/<stream>/delivery-<epoch>.json
    contracts/<epoch>.json                    what ranges of that epoch of the registry were judged by
    rejects/replayed/moved-<stream>-<shard>-<number>.json   which rejects that amendment has moved
    swept/dt=…/<name>                         files that no entry named, by the day that they were swept

    …/<owner>-<first>-<last>-c<hash>.…        a compaction's: what lies within its numbers is in it
    …/<owner>-<first>-<last>-a<hash>.parquet  an amendment's

A file's name ends with the epoch of the delivery that wrote it, so that two deliveries never write one file; what
is made of files of the lake has its own hash there, so that two who make it write the same or different files.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import groupby
from typing import Final, NamedTuple

JOB: Final = "deliver"
SWEPT: Final = "swept/"
TYPED: Final = "typed/"
ALL_REJECTS: Final = "rejects/"
REJECTS: Final = f"{ALL_REJECTS}{JOB}/"
MOVED: Final = "rejects/replayed/moved-"
_ENTRY: Final = re.compile(r"log/[^/]+/[^/]+/(\d{12,})\.json")
_DELIVERY: Final = re.compile(r"log/[^/]+/delivery-(\d{12,})\.json")
_REVISION: Final = re.compile(r"(.+)-(\d+)-(\d+)-([ca])[0-9a-f]{12}\.(?:ndjson\.gz|parquet)")
_FILE: Final = re.compile(r"(.+)-(\d+)-(\d+)-(\d+)\.(?:ndjson\.gz|parquet)")


class Span(NamedTuple):
    """Which records a file is of: those of a shard from the one to the other, by the delivery of this epoch."""

    stream: str
    shard: str
    first: str
    last: str
    delivery: int


def hour(time: datetime) -> str:
    """The partition of an hour (UTC)."""
    there = time.astimezone(UTC)
    return f"dt={there:%Y-%m-%d}/hh={there:%H}"


def raw_folder(stream: str) -> str:
    """Where the raw files of a stream are."""
    return f"raw/{stream}/"


def raw_name(span: Span, arrived: datetime) -> str:
    """Of the raw file of records that arrived in that hour."""
    return f"{raw_folder(span.stream)}{hour(arrived)}/{_numbers(span.shard, span)}.ndjson.gz"


def table_folder(table: str) -> str:
    """Where the typed files of `schema.table` are; a table without a schema is in `public`."""
    schema, _, name = table.rpartition(".")
    return f"{TYPED}{schema or 'public'}/{name}/"


def typed_name(table: str, span: Span, arrived: datetime) -> str:
    """Of the typed file of one table."""
    return f"{table_folder(table)}{hour(arrived)}/{_numbers(f'{span.stream}-{span.shard}', span)}.parquet"


def rejects_name(span: Span, arrived: datetime) -> str:
    """Of the file of what delivery itself rejects."""
    return f"{REJECTS}{hour(arrived)}/{_numbers(f'{span.stream}-{span.shard}', span)}.ndjson.gz"


def log_folder(stream: str, shard: str | None = None) -> str:
    """Where the log of a stream, or of one of its shards, is."""
    return f"log/{stream}/" if shard is None else f"log/{stream}/{shard}/"


def entry_name(stream: str, shard: str, number: int) -> str:
    """Of an entry of the log; in the order of the numbers."""
    return f"{log_folder(stream, shard)}{number:012}.json"


def entry_number(name: str) -> int | None:
    """Of an entry by its name, None if that is the name of something else."""
    found = _ENTRY.fullmatch(name)
    return int(found[1]) if found else None


def delivery_name(stream: str, epoch: int) -> str:
    """Of what says that a delivery has begun."""
    return f"{log_folder(stream)}delivery-{epoch:012}.json"


def delivery_epoch(name: str) -> int | None:
    """Of a delivery by the name of its beginning, None if that is the name of something else."""
    found = _DELIVERY.fullmatch(name)
    return int(found[1]) if found else None


def contracts_name(epoch: int) -> str:
    """Of the contracts that counted at an epoch of the registry."""
    return f"contracts/{epoch}.json"


def moved_name(stream: str, shard: str, number: int) -> str:
    """Of the note about rejects that an amendment has moved; it stands among those of rejects that were replayed."""
    return f"{MOVED}{stream}-{shard}-{number:012}.json"


def note_of(ids: Iterable[str]) -> bytes:
    """What stands in such a note, as in those of a replay."""
    return json.dumps({"replayed": sorted(ids)}).encode()


def moved_by(note: bytes) -> list[str]:
    """The reject ids in it."""
    ids: list[str] = json.loads(note)["replayed"]
    return ids


def holds_rejects(name: str) -> bool:
    """Whether a file below `rejects/` has rejects, of whichever job."""
    return name.endswith(".ndjson.gz") and "/dt=" in name


def swept_name(name: str, today: datetime) -> str:
    """Where a file goes that no entry names."""
    return f"{swept_day(today)}{name}"


def swept_day(day: datetime) -> str:
    """Where all of them are that were swept on a day."""
    return f"{SWEPT}dt={day.astimezone(UTC):%Y-%m-%d}/"


def file_numbers(name: str) -> tuple[str, str, str, int] | None:
    """What a file's name says: of whom it is, first and last sequence number, and the epoch; None for another name."""
    found = _FILE.fullmatch(name.rpartition("/")[2])
    return (found[1], found[2], found[3], int(found[4])) if found else None


def compacted_name(name: str, first: str, last: str, sha256: str) -> str:
    """Of a compaction's file, in the folder of one of those that it replaces."""
    return _revision_name(name, first, last, f"c{sha256}")


def amended_name(table: str, span: Span, arrived: datetime, sha256: str) -> str:
    """Of an amendment's file of one table."""
    return _revision_name(typed_name(table, span, arrived), span.first, span.last, f"a{sha256}")


def revision_numbers(name: str) -> tuple[str, str, str, bool] | None:
    """Of whom a compaction's or an amendment's file is, first and last number, whether a compaction's; else None."""
    found = _REVISION.fullmatch(name.rpartition("/")[2])
    return (found[1], found[2], found[3], found[4] == "c") if found else None


def is_compacted(name: str) -> bool:
    """Whether a file is a compaction's: it has the records of several ranges."""
    return (revision_numbers(name) or ("", "", "", False))[3]


def visible(names: Iterable[str]) -> Iterator[str]:
    """Those of a folder that show each record once: a compaction's file, and not those that it replaces.

    They stand side by side for a day. Names come in order.
    """
    for _, of_folder in groupby(names, lambda name: name.rpartition("/")[0]):
        these = list(of_folder)
        compacted: dict[str, dict[tuple[int, int], str]] = {}
        for name in these:
            if (numbers := revision_numbers(name)) and numbers[3]:
                compacted.setdefault(numbers[0], {}).setdefault((int(numbers[1]), int(numbers[2])), name)
        yield from (name for name in these if not _is_replaced(name, compacted)) if compacted else these


def _is_replaced(name: str, compacted: Mapping[str, Mapping[tuple[int, int], str]]) -> bool:
    if numbers := revision_numbers(name):
        owner, first, last, is_compaction = numbers
        spans = compacted.get(owner, {})
        return is_compaction and spans.get((int(first), int(last))) != name  # of a compaction that was killed
    if found := file_numbers(name):
        owner, first, last, _ = found
        return any(int(first) >= since and int(last) <= until for since, until in compacted.get(owner, ()))
    return False


def _revision_name(name: str, first: str, last: str, mark: str) -> str:
    folder, _, file = name.rpartition("/")
    owner = (file_numbers(name) or ("",))[0]
    return f"{folder}/{owner}-{first}-{last}-{mark[:13]}.{file.partition('.')[2]}"


def _numbers(owner: str, span: Span) -> str:
    return f"{owner}-{span.first}-{span.last}-{span.delivery}"
