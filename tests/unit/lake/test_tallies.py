"""What is counted of a range: by the minute of arrival, of each column, and by the values of a dimension."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from event_processor.consuming.records import Batch, StreamRecord
from event_processor.contracts.judge import Judge
from event_processor.errors import CallFailed
from event_processor.lake.gathering import Gathering, Range
from event_processor.lake.tallies import Counts, Tallying
from event_processor.lake.typed import StreamTyping
from event_processor.stores.parquet_duckdb import ParquetWriter
from event_processor.telling import FanOut
from event_processor.testing import RecordingObserver
from tests.unit.lake.tabling import contract, stream
from tests.warehouses import contract_set

TEXT, NUMBER = {"type": ["string", "null"]}, {"type": "integer"}
VISITS = replace(stream("visit", "web.visits", "visits", id="id"), dimension="site")
VISIT = contract("visit", {"id": TEXT, "site": TEXT, "n": NUMBER, "more": {"type": "object"}}, ("id",))
NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
ZERO = int(NOON.timestamp())


def a_range(*values: tuple[float, Any]) -> tuple[Range, dict[str, bytes]]:
    """Records that arrived so many seconds after noon, and the typed files of them."""
    writer, contracts = ParquetWriter(), contract_set(VISIT)
    typing = StreamTyping(VISITS, writer, FanOut())
    gathering = Gathering("visits", Judge(VISITS), typing, FanOut())
    records = [
        StreamRecord(str(number), "k", NOON + timedelta(seconds=at), json.dumps(value).encode())
        for number, (at, value) in enumerate(values, 1)
    ]
    gathering.take(Batch("s", records, 0, 1), records, NOON)
    assert (
        list(gathering.gather(contracts._replace(read_at=NOON + timedelta(hours=1)), NOON + timedelta(hours=2), 0.0))
        == []
    )
    range_ = gathering.close("s")
    return range_, {name: typing.parquet(name, rows, contracts) for name, rows in range_.rows.items()}


def test_counts_of_a_range() -> None:
    """Records and rejects of each minute; values and distinct values of each column but JSON; rows by site."""
    range_, typed = a_range(
        (1.0, {"id": "a", "site": "north", "n": 1}),
        (59.999999, {"id": "b", "site": "north"}),
        (2.0, {"n": "no number"}),
        (60.0, {"id": "c", "site": None, "n": 1, "more": {"x": 1}}),
        (61.0, {"id": "d", "site": "south", "n": 1}),
    )
    first, second = Tallying(VISITS, ParquetWriter(), 60, FanOut())(range_, typed)

    assert (first.start, first.records, first.rejects, first.groups) == (ZERO, 3, {"missing_field": 1}, {"north": 2})
    assert (first.oldest, first.newest) == (ZERO + 1.0, ZERO + 59.999999)
    assert first.columns == {"web.visits": {"id": (2, 2, 2), "site": (2, 2, 1), "n": (2, 1, 1)}}
    assert (second.start, second.records, second.rejects) == (ZERO + 60, 2, {})
    assert second.groups == {"(none)": 1, "south": 1}
    assert second.columns == {"web.visits": {"id": (2, 2, 2), "site": (2, 1, 1), "n": (2, 2, 1)}}


class _Broken:
    """Counts nothing, as a bug or a full disk has it."""

    def __init__(self, failure: Exception) -> None:
        self._failure = failure

    def counts(self, *_: object) -> Mapping[int, Counts]:
        """See Counting."""
        raise self._failure


def test_a_range_that_cannot_be_counted() -> None:
    """It goes on without counts, and that is told: metrics are no reason to deliver nothing."""

    range_, typed = a_range((1.0, {"id": "a"}))
    for failure in (CallFailed("count", "ENOSPC", "full"), KeyError("x")):
        observer = RecordingObserver()
        assert Tallying(VISITS, _Broken(failure), 60, observer)(range_, typed) == ()
        assert [step for step, _ in observer.of("failing")] == ["count"]
