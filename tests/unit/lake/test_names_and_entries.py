"""The names of the lake's objects, and what an entry of the log says."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from event_processor.lake import layout
from event_processor.lake.layout import Span
from event_processor.lake.ranges import LakeFile, LogEntry, Opening

ARRIVED = datetime(2026, 1, 2, 3, 59, 59, 999000, tzinfo=UTC)
SPAN = Span("user-events", "shardId-000000000007", "49", "51", 3)
ENTRY = LogEntry(
    stream="user-events",
    shard="shardId-000000000007",
    number=2,
    delivery=3,
    written=ARRIVED,
    predecessor="0" * 64,
    last="51",
    first="49",
    arrived_first=ARRIVED,
    arrived_last=ARRIVED,
    until=ARRIVED,
    contracts=1,
    records=3,
    rows=2,
    rejects=1,
    files=(LakeFile("raw/a", "raw", "1" * 64, 10, 3), LakeFile("typed/a", "typed", "2" * 64, 20, 2, "tracking.events")),
)


def test_names() -> None:
    """Files are below stream or table, day and hour of arrival (UTC), and are named by shard, range and delivery."""
    elsewhere = ARRIVED.astimezone(timezone(timedelta(hours=5, minutes=30)))

    assert layout.raw_name(SPAN, elsewhere) == (
        "raw/user-events/dt=2026-01-02/hh=03/shardId-000000000007-49-51-3.ndjson.gz"
    )
    assert layout.typed_name("tracking.events", SPAN, elsewhere) == (
        "typed/tracking/events/dt=2026-01-02/hh=03/user-events-shardId-000000000007-49-51-3.parquet"
    )
    assert layout.table_folder("events") == "typed/public/events/"
    assert layout.rejects_name(SPAN, elsewhere) == (
        "rejects/deliver/dt=2026-01-02/hh=03/user-events-shardId-000000000007-49-51-3.ndjson.gz"
    )


def test_what_names_say() -> None:
    """Number, epoch and range are read back from a name; other objects beside them are told apart."""
    assert layout.entry_number(layout.entry_name("s", "shard", 12)) == 12
    assert layout.delivery_epoch(layout.delivery_name("s", 7)) == 7
    assert layout.file_numbers(layout.raw_name(SPAN, ARRIVED)) == ("shardId-000000000007", "49", "51", 3)
    for name in ("log/s/shard/12.json", "log/s/delivery-000000000007.json", "log/s/x/000000000007.txt"):
        assert layout.entry_number(name) is None
    assert layout.delivery_epoch(layout.entry_name("s", "shard", 12)) is None
    assert layout.file_numbers("raw/s/dt=2026-01-02/hh=03/notes.txt") is None


@pytest.mark.parametrize("entry", [ENTRY, replace(ENTRY, first=None, last=None, files=(), opening=Opening(None))])
def test_an_entry_comes_back(entry: LogEntry) -> None:
    """An entry is one line of JSON, the same every time, and comes back as it was."""
    assert LogEntry.read(entry.written_out()) == entry
    assert entry.written_out().count(b"\n") == 1
    assert LogEntry.read(entry.written_out()).written_out() == entry.written_out()


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", ENTRY.written_out().replace(b'"number":2', b'"number":"x"')]
)
def test_what_is_no_entry(content: bytes) -> None:
    """What is not an entry is refused in words, without a word of what is in it."""
    with pytest.raises(ValueError, match="no entry of the log"):
        LogEntry.read(content)


def test_typed_files_of_an_entry() -> None:
    """A load asks for the typed files only."""
    assert [file.name for file in ENTRY.typed()] == ["typed/a"]
