"""The contract of metrics: it comes with the program, and takes what the monitor can read."""

import json
from pathlib import Path
from typing import Any

import pytest

from event_processor.contracts.contract import Contract
from event_processor.contracts.contract_set import ContractSet
from event_processor.contracts.judge import Accepted, Judge
from event_processor.contracts.registry import Document
from event_processor.contracts.streams import Stream, Template
from event_processor.contracts.version import Version
from event_processor.contracts.watcher import UNREAD
from event_processor.metrics.metric import Metric, SeriesId, read_metric
from event_processor.metrics.shipped import SUBJECT, document, publish_where_it_is_missing
from event_processor.stores.contract_directory import DirectoryContracts

METRICS = Stream("quality-metrics", Template.parse(SUBJECT))
SOUND = json.loads(Metric(SeriesId.of("orders", "rows", country="de"), 1_767_355_200, 60, 12.5, 3).to_json())


def judged(record: Any) -> bool:
    """Whether a door takes it."""
    contracts = ContractSet(1, UNREAD.read_at, {SUBJECT: Contract.read(document().text.encode())})
    return isinstance(Judge(METRICS).judge(json.dumps(record).encode(), contracts), Accepted)


@pytest.mark.parametrize(
    "change",
    [
        {}, {"value": None}, {"value": -1}, {"dimensions": {}}, {"bucket_start": "2026-01-02T13:00:00+01:00"},
        {"bucket_start": "2026-01-02T12:00:00.000Z"}, {"revision": 4711, "complete": False}, {"producer": "me"},
    ],
)  # fmt: skip
def test_metrics_that_are_taken(change: dict[str, Any]) -> None:
    """What the contract takes, the monitor reads."""
    record = SOUND | change
    assert judged(record)
    assert isinstance(read_metric(json.dumps(record).encode()), Metric)


@pytest.mark.parametrize(
    "change",
    [
        {"value": "12"}, {"value": True}, {"n": -1}, {"n": 1.5}, {"bucket_seconds": 0}, {"dataset": ""},
        {"name": 7}, {"dimensions": {"country": 49}}, {"dimensions": {str(number): "" for number in range(21)}},
        {"bucket_start": "2026-01-02 12:00"}, {"bucket_start": "2026-01-02T12:00:00.5Z"},
        {"bucket_start": "1969-12-31T23:59:00Z"}, {"bucket_start": "2026-13-02T12:00:00Z"},
        {"bucket_start": 1767355200}, {"revision": -1},
    ],
)  # fmt: skip
def test_metrics_that_are_refused(change: dict[str, Any]) -> None:
    """A number as text, half a second, a bucket without a zone: a 422 at the door."""
    assert not judged(SOUND | change)


@pytest.mark.parametrize("field", ["dataset", "name", "bucket_start", "bucket_seconds", "value", "n"])
def test_fields_that_must_be_there(field: str) -> None:
    """A metric without one of these says nothing."""
    assert not judged({name: value for name, value in SOUND.items() if name != field})


def test_published_where_it_is_missing(tmp_path: Path) -> None:
    """Provisioning publishes it once, for a stream of metrics only, and never over somebody's own."""
    registry = DirectoryContracts(tmp_path, settling_seconds=0)
    assert not publish_where_it_is_missing(registry, [Stream("orders", Template.parse("orders"))])
    assert publish_where_it_is_missing(registry, [METRICS])
    assert not publish_where_it_is_missing(registry, [METRICS])

    own = json.loads(document().text) | {"x-version": "1-0-1", "title": "ours"}
    registry.publish(Document(SUBJECT, Version.parse("1-0-1"), json.dumps(own)), Version.parse("1-0-0"), "me")
    assert not publish_where_it_is_missing(registry, [METRICS])
    assert json.loads(registry.read().documents[SUBJECT].text)["title"] == "ours"
