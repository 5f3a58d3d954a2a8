"""Which event types exist is asked of a port: the built-in models are one answer to it, and any other works as well."""

import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import pytest

from event_processor.submissions.event_models import EVENT_TYPES, Event, EventModels
from event_processor.submissions.fields import Text
from event_processor.submissions.ports import EventData, EventTypes
from event_processor.verdict import Fault, Reason
from tests.unit.samples import RULES, connection, faults, process, records, rejects, submission

BUILT_IN: EventTypes = EventModels()


class Odd(EventTypes):
    """Event types of another kind: numbers, of which the odd ones are valid; `names` may change at any time."""

    names: Collection[str] = ()

    def __init__(self) -> None:
        self.names = {"number"}

    def read_all(self, event_type: str, events: Sequence[Any]) -> list[EventData] | None:
        """See EventTypes."""
        found = [each for event in events if isinstance(each := self.read(event_type, event, ""), dict)]
        return found if len(found) == len(events) else None

    def read(self, _event_type: str, event: Any, pointer: str) -> EventData | tuple[Fault, ...]:
        """See EventTypes."""
        return {"number": event} if event % 2 else (Fault(Reason.OUT_OF_RANGE, pointer, "even"),)


def test_any_event_types() -> None:
    """Events are judged by the types that are asked: valid ones are published, the others rejected in their places."""
    rules = replace(RULES, event_types=Odd())
    body = submission(events={"number": [1, 2, 3]})

    assert [json.loads(record.data)["event_data"] for record in records(body, rules)] == [{"number": 1}, {"number": 3}]
    assert [faults(reject) for reject in rejects(body, rules)] == [[("out_of_range", "/events/number/1")]]
    assert [faults(reject) for reject in rejects(submission(), rules)] == [
        [("unknown_event_type", "/events/new_process"), ("unknown_event_type", "/events/network_connection")]
    ]


def test_event_types_may_change() -> None:
    """A type that appears while we run is accepted from the next submission on, and one that goes is not."""
    odd = Odd()
    rules = replace(RULES, event_types=odd)
    body = submission(events={"digit": [1]})
    assert [reject.reason for reject in rejects(body, rules)] == [Reason.UNKNOWN_EVENT_TYPE]

    odd.names = {"digit"}

    assert [record.event_type for record in records(body, rules)] == ["digit"]
    assert rejects(submission(events={"number": [1]}), rules)


def test_one_model_one_line() -> None:
    """An event type more is a model in the table of types, as the documentation says."""

    class FileWritten(Event):
        """A file was written."""

        path: Text

    rules = replace(RULES, event_types=EventModels({**EVENT_TYPES, "file_written": FileWritten}))
    body = submission(events={"file_written": [{"path": "C:/x", "more": 1}, {}], "new_process": [process()]})

    assert [json.loads(record.data)["event_data"] for record in records(body, rules)] == [{"path": "C:/x"}, process()]
    assert [faults(reject) for reject in rejects(body, rules)] == [[("missing_field", "/events/file_written/1/path")]]


@pytest.mark.parametrize("events", [[], [process()], [process(user="a"), process(user="b", more=1)]])
def test_a_list_is_read_as_its_events_are(events: list[Any]) -> None:
    """A list of valid events reads the same in one go as one by one."""
    assert BUILT_IN.read_all("new_process", events) == [BUILT_IN.read("new_process", each, "") for each in events]


@pytest.mark.parametrize("events", [[{}], [process(), None], [process(), connection(), process()]])
def test_a_list_with_a_fault_is_not_read(events: list[Any]) -> None:
    """One event that is not valid, and a list is not read in one go."""
    assert BUILT_IN.read_all("new_process", events) is None
