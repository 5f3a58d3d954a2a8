"""The names of a lake's objects (docs/lake.md). Pure.

    raw/<stream>/dt=2026-01-02/hh=03/<shard>-<first>-<last>-<delivery>.ndjson.gz
    typed/<schema>/<table>/dt=…/hh=…/<stream>-<shard>-<first>-<last>-<delivery>.parquet
    rejects/deliver/dt=…/hh=…/<stream>-<shard>-<first>-<last>-<delivery>.ndjson.gz
    log/<stream>/<shard>/<number>.json
    log/<stream>/delivery-<epoch>.json
    contracts/<epoch>.json                    what ranges of that epoch of the registry were judged by
    swept/dt=…/<name>                         files that no entry named, by the day that they were swept

A file's name ends with the epoch of the delivery that wrote it, so that two deliveries never write one file.
"""

import re
from datetime import UTC, datetime
from typing import Final, NamedTuple

JOB: Final = "deliver"
SWEPT: Final = "swept/"
TYPED: Final = "typed/"
REJECTS: Final = f"rejects/{JOB}/"
_ENTRY: Final = re.compile(r"log/[^/]+/[^/]+/(\d{12,})\.json")
_DELIVERY: Final = re.compile(r"log/[^/]+/delivery-(\d{12,})\.json")
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


def _numbers(owner: str, span: Span) -> str:
    return f"{owner}-{span.first}-{span.last}-{span.delivery}"
