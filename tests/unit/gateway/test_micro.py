"""What micro mode remembers, for how long, and what of it a page may show."""

import json
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from event_processor.consuming.records import StreamRecord
from event_processor.contracts.contract import Contract
from event_processor.contracts.contract_set import ContractSet
from event_processor.contracts.judge import Judge, Refused
from event_processor.contracts.masked import MASK, masked
from event_processor.contracts.streams import Stream, Template
from event_processor.gateway.micro.entries import entry, shown
from event_processor.gateway.micro.memory import Bad, Good, Memory, Unread
from event_processor.publishing.stream import Acknowledged, Record
from event_processor.rejects.of_records import reject_of

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PEOPLE = Stream("people", Template.parse("{type}"), at="/data")
STREAMS = {"people": PEOPLE}
PERSON = Contract.compile(
    {
        "x-subject": "person",
        "x-version": "1-0-0",
        "properties": {
            "age": {"type": "integer"},
            "email": {"x-pii": True},
            "phones": {"items": {"properties": {"number": {"x-pii": True}}}},
            "notes": {"type": "object", "additionalProperties": {"x-pii": True}},
        },
    }
)
CANARY = "ann-canary"
PERSONAL = {
    "age": 7,
    "email": {CANARY: CANARY},
    "phones": [{"number": CANARY, "kind": "home"}],
    "notes": {CANARY: CANARY},
}


def good(data: bytes = b"{}", contract: Contract | None = PERSON) -> Good:
    """A record that was accepted."""
    return Good(Record("k", data, "person", 0), contract, Acknowledged("shardId-0", 7), NOW)


def bad(data: bytes, *contracts: Contract) -> Bad:
    """A record that is refused by these contracts."""
    known = {each.subject: each for each in contracts}
    refused = Judge(PEOPLE).judge(data, ContractSet(1, NOW, known))
    assert isinstance(refused, Refused)
    reject = reject_of(refused, "people", "door-1", StreamRecord("1", "k", NOW, data), NOW, "door")
    return Bad(reject, known.get(reject.subject or ""))


def in_memory(what: Good | Bad | Unread) -> tuple[dict[str, Any], dict[str, Any]]:
    """As tests get it, and as the page does."""
    memory = Memory()
    memory.add("people", "person", what)
    [event] = memory.latest()
    return json.loads(orjson.dumps(entry(event))), shown(event, STREAMS)


def test_the_oldest_are_forgotten() -> None:
    """What is remembered is bounded by number and by bytes; how many are gone is told, and numbers go on."""
    memory = Memory(most_events=3, most_bytes=10_000)
    for _ in range(5):
        memory.add("people", "person", good())
    assert [event.number for event in memory.latest()] == [5, 4, 3]
    assert memory.counts() == {"total": 3, "good": 3, "bad": 0, "forgotten": 2}

    memory.add("people", "person", good(b'"%s"' % (b"x" * 8000)))
    assert [event.number for event in memory.latest()] == [6]
    memory.add("people", "person", good(b'"%s"' % (b"x" * 20_000)))
    assert list(memory.latest()) == []


def test_a_reset_forgets_all() -> None:
    """After it nothing is there, and whoever looks by number can tell."""
    memory = Memory()
    memory.add("people", "person", good())
    before = memory.epoch
    memory.reset()

    assert (list(memory.latest()), memory.counts()["total"], memory.epoch != before) == ([], 0, True)
    memory.add("people", "person", good())
    assert [event.number for event in memory.latest()] == [2]


def test_filters() -> None:
    """By kind, stream, subject, and what is new; all of them together."""
    memory = Memory()
    for stream, subject in (("people", "person"), ("people", "pet"), ("others", "person")):
        memory.add(stream, subject, good())
    memory.add("people", "person", bad(b"{", PERSON))

    assert [event.number for event in memory.latest("good", "people")] == [2, 1]
    assert [event.number for event in memory.latest(None, "people", "person")] == [4, 1]
    assert [event.number for event in memory.latest(after=2)] == [4, 3]
    assert memory.counts("people", "person") == {"total": 2, "good": 1, "bad": 1, "forgotten": 0}


def test_personal_data_is_for_tests_only() -> None:
    """The JSON has the record as it came; the page has neither values nor names that a contract calls personal."""
    record = {"type": "person", "data": PERSONAL}
    for what in (
        good(json.dumps(record).encode()),
        bad(json.dumps(record | {"data": PERSONAL | {"age": "x"}}).encode(), PERSON),
    ):
        full, page = in_memory(what)

        assert CANARY in json.dumps(full)
        assert CANARY not in json.dumps(page)
        assert json.loads(page["text"])["data"]["phones"] == [{"number": MASK, "kind": "home"}]
        assert json.loads(page["text"])["data"]["email"] == MASK


@pytest.mark.parametrize(
    "what",
    [
        good(json.dumps({"type": "person", "email": CANARY}).encode(), None),
        bad(b'{"type": "person", "data": {"email": "%s"' % CANARY.encode(), PERSON),
        bad(b'{"type": "person", "data": {"email": "%s", "email": 1}}' % CANARY.encode(), PERSON),
        bad(b'\xff{"type": "person", "email": "%s"}' % CANARY.encode(), PERSON),
        Bad(bad(b'{"type": "person", "data": {"age": "%s"}}' % CANARY.encode(), PERSON).reject, None),
    ],
)
def test_what_cannot_be_masked_is_not_shown(what: Good | Bad) -> None:
    """Without its contract, or as long as it is no JSON, nobody can say what is personal: the page says where it is."""
    full, page = in_memory(what)

    assert CANARY in json.dumps(full) or full["original_encoding"] == "base64"
    assert CANARY not in json.dumps(page)
    assert "/micro/" in page["text"]


def test_what_has_no_contract_is_shown() -> None:
    """A misspelt subject is seen at once: no contract calls anything of it personal."""
    full, page = in_memory(bad(b'{"type": "persom", "data": {"age": 1}}', PERSON))

    assert full["reason"] == page["faults"][0]["reason"] == "no_contract"
    assert json.loads(page["text"])["data"] == {"age": 1}


def test_long_records_are_cut_on_the_page() -> None:
    """A megabyte of text does not hang a browser; tests get all of it."""
    data = json.dumps({"type": "person", "data": {"kind": "x" * 100_000}}).encode()
    full, page = in_memory(good(data))

    assert len(page["text"]) < 5000
    assert len(full["data"]["data"]["kind"]) == 100_000


def test_a_mask_leaves_what_nobody_calls_personal() -> None:
    """The rest of a record is as it was."""
    assert masked({"age": 1, "more": [None, {"x": 1.5}]}, PERSON, []) == {"age": 1, "more": [None, {"x": 1.5}]}
    assert masked({"other": CANARY}, PERSON, ["data"]) == {"other": CANARY}
