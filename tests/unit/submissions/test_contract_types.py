"""Event types that have a contract and no model."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from event_processor.clock import SystemClock
from event_processor.contracts.contract import Contract
from event_processor.contracts.contract_set import ContractSet
from event_processor.submissions.contract_types import ContractTypes
from event_processor.submissions.event_models import EventModels
from event_processor.testing import ManualClock, MemoryQueue, MemoryStream
from event_processor.verdict import Reason
from tests.batches import Bench, message
from tests.eventually import eventually
from tests.integration.rig import MIB, Fleet, counted, running
from tests.unit.samples import RECEIVED_AT, RULES, faults, process, records, rejects, submission

SCHEMA = {
    "x-version": "1-0-0",
    "type": "object",
    "required": ["path", "size"],
    "properties": {"path": {"type": "string"}, "size": {"type": "integer", "minimum": 0}},
}


def contract_of(event_type: str, **schema: Any) -> Contract:
    """The contract of an event type: a path and a size, if not told otherwise."""
    return Contract.compile({"x-subject": f"event/{event_type}"} | SCHEMA | schema)


class Registry:
    """What counts now, last read when the tests' submissions were received; `publish` is seen when it is read again."""

    def __init__(self, *contracts: Contract) -> None:
        self.live = {contract.subject: contract for contract in contracts}
        self.current = ContractSet(1, RECEIVED_AT, dict(self.live))
        self.renewing: Callable[[], object] = lambda: None
        self.types = ContractTypes(EventModels(), lambda: self.current, self._renew)
        self.rules = replace(RULES, event_types=self.types)

    def read(self, seconds: float = 0.0) -> None:
        """So long after the tests' submissions were received."""
        self.current = ContractSet(2, RECEIVED_AT + timedelta(seconds=seconds), dict(self.live))

    def _renew(self) -> None:
        self.renewing()


FILES = Registry(contract_of("file_written"))
UNKNOWN = json.dumps(submission(events={"file_written": [{"path": "a", "size": 1}]}))


def test_published_as_it_came() -> None:
    """An event of a type with a contract is published with all its fields, in its place among the others."""
    written = {"path": "/etc/hosts", "size": 3, "unplanned": [1, {"a": None}]}
    found = records(submission(events={"file_written": [written], "new_process": [process()]}), FILES.rules)

    assert [(record.event_type, json.loads(record.data)["event_data"]) for record in found] == [
        ("file_written", written),
        ("new_process", process()),
    ]


def test_every_fault_in_its_place() -> None:
    """A faulty event is rejected with all its faults, its siblings published."""
    body = submission(events={"file_written": [{"path": "a", "size": 1}, {"path": 7, "size": -1}, []]})

    assert [faults(reject) for reject in rejects(body, FILES.rules)] == [
        [("wrong_type", "/events/file_written/1/path"), ("out_of_range", "/events/file_written/1/size")],
        [("not_an_object", "/events/file_written/2")],
    ]
    assert [record.sequence for record in records(body, FILES.rules)] == [0]


def test_a_key_twice() -> None:
    """A key that appears twice, however deep, is a fault: nobody can say what the event means."""
    body = json.dumps(submission(events={"file_written": "?"})).replace(
        '"?"', '[{"path": "a", "size": 1, "deep": [{"key": 1, "key": 2}]}]'
    )

    assert [faults(reject) for reject in rejects(body, FILES.rules)] == [
        [("repeated_key", "/events/file_written/0/deep/0")]
    ]


@pytest.mark.parametrize("number", [2**64, 10**300, 0.1, -(2**80)])
def test_any_number(number: float) -> None:
    """A number that a contract allows is published as it is, also beyond 64 bits."""
    [record] = records(submission(events={"n": [{"n": number}]}), Registry(contract_of("n", required=[])).rules)

    assert json.loads(record.data)["event_data"] == {"n": number}


def test_built_in_types_stay() -> None:
    """A contract changes nothing about a type that is built in."""
    strict = Registry(contract_of("new_process", required=["never"]))

    assert records(submission(), strict.rules) == records(submission(), RULES)
    assert rejects(submission(events={"new_process": [{}]}), strict.rules) == rejects(
        submission(events={"new_process": [{}]}), RULES
    )


def test_new_and_changed_contracts_count() -> None:
    """A type is accepted from the moment its contract counts, and by the version that counts then."""
    registry, body = Registry(), submission(events={"file_written": [{"path": "a"}]})
    assert [reject.reason for reject in rejects(body, registry.rules)] == [Reason.UNKNOWN_EVENT_TYPE]

    registry.live["event/file_written"] = contract_of("file_written")
    registry.read()
    assert [reject.reason for reject in rejects(body, registry.rules)] == [Reason.MISSING_FIELD]

    registry.live["event/file_written"] = contract_of("file_written", required=["path"])
    registry.read()
    assert len(records(body, registry.rules)) == 1


def test_sound_submissions_pass_while_the_registry_is_down() -> None:
    """A processor holds what a newer contract may accept, goes on with the rest, and publishes it when it is read."""
    registry, stream, queue = Registry(), MemoryStream(), MemoryQueue(SystemClock())
    fleet = Fleet(20)
    queue.send(UNKNOWN)
    for body in fleet.bodies:
        queue.send(body)
    with running(queue, stream, rules=replace(registry.rules, limit_bytes=MIB)) as run:
        eventually(lambda: len(queue) == 1, "the others to be done")
        assert fleet.judge(stream).passed
        assert counted(["rejected"], run.observer) == {"rejected": 0}

        registry.live["event/file_written"] = contract_of("file_written")
        registry.current = ContractSet(2, SystemClock().now(), dict(registry.live))
        eventually(lambda: len(queue) == 0, "it to be published")

    assert stream.events()[-1]["event_type"] == "file_written"


def test_not_final_while_the_registry_is_down() -> None:
    """A message that a newer contract may accept is left unfinished; sound ones, and other rejects, are done."""
    registry = Registry()
    registry.read(seconds=-1)
    bench = Bench(rules=registry.rules, clock=ManualClock())

    assert bench.work([message(0), message(1, bad=[0]), message(2, body=UNKNOWN)], seconds=5) == ["m2"]
    assert [reject.origin.id for reject in bench.rejects.stored] == ["m1"]


def test_the_registry_is_read_before_a_reject_is_final() -> None:
    """What was published since the registry was read last is read before a message is rejected for want of it."""
    registry = Registry()
    registry.read(seconds=-1)

    def published_meanwhile() -> None:
        registry.live["event/file_written"] = contract_of("file_written")
        registry.read()

    registry.renewing = published_meanwhile
    bench = Bench(rules=registry.rules, clock=ManualClock())

    assert bench.work([message(0, body=UNKNOWN)], seconds=5) == []
    assert [event["event_type"] for event in bench.stream.events()] == ["file_written"]
    assert bench.rejects.stored == []
