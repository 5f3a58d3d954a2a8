"""From a kept reject back to records: the same checks, the identity it always had."""

import json
from typing import Any

import pytest

from event_processor.publishing.stream import Record
from event_processor.rejects.reject import KeptReject
from event_processor.submissions.repair import judged_again, repairable_line
from event_processor.submissions.written_event import RecordRules
from event_processor.verdict import Fault
from tests.unit.samples import (
    EVENT_TYPES,
    RECEIVED_AT,
    RULES,
    connection,
    in_base64,
    process,
    records,
    rejects,
    submission,
)

EVENTS = {
    "new_process": [process(), process(cmdl=""), process()],
    "network_connection": [connection(destination_port="x")],
}


def kept(body: Any, number: int = 0) -> KeptReject:
    """One of the rejects of a body, as a store gives it back."""
    return KeptReject.model_validate_json(rejects(body)[number].to_json())


def documents(verdict: list[Record] | tuple[Fault, ...]) -> list[dict[str, Any]]:
    """The documents of records; fails if they are faults."""
    assert isinstance(verdict, list)
    return [json.loads(record.data) for record in verdict]


def faults(verdict: list[Record] | tuple[Fault, ...]) -> list[tuple[str, str]]:
    """Reasons and pointers of faults; fails if they are records."""
    assert isinstance(verdict, tuple)
    return [(fault.reason.value, fault.pointer) for fault in verdict]


@pytest.mark.parametrize(("number", "event_type", "position"), [(0, "new_process", 1), (1, "network_connection", 0)])
def test_a_repaired_event_is_the_one_it_would_have_been(number: int, event_type: str, position: int) -> None:
    """A repaired event has the event_id, sequence and every other field as if it had been sound when received."""
    repaired = process(cmdl="?") if event_type == "new_process" else connection(destination_port=0)
    sound: dict[str, list[Any]] = {name: list(events) for name, events in EVENTS.items()}
    sound[event_type][position] = repaired
    other = "network_connection" if event_type == "new_process" else "new_process"
    sound[other] = [event for event in sound[other] if event != process(cmdl="")]
    rejected = kept(submission(events=EVENTS), number)

    [record] = documents(judged_again(rejected, json.dumps(repaired), RULES, RECEIVED_AT))

    expected = [json.loads(r.data) for r in records(submission(events=EVENTS | {event_type: sound[event_type]}))]
    assert record in expected


def test_what_is_still_wrong_stays_a_reject() -> None:
    """An event that is not repaired, or not enough, is told with its place in the document it came from."""
    rejected = kept(submission(events=EVENTS))

    assert faults(judged_again(rejected, None, RULES, RECEIVED_AT)) == [("empty", "/events/new_process/1/cmdl")]
    assert faults(judged_again(rejected, '{"cmdl": 1}', RULES, RECEIVED_AT)) == [
        ("wrong_type", "/events/new_process/1/cmdl"),
        ("missing_field", "/events/new_process/1/user"),
    ]
    assert faults(judged_again(rejected, '{"cmdl": "a", "cmdl": "b"}', RULES, RECEIVED_AT)) == [
        ("repeated_key", "/events/new_process/1")
    ]
    assert faults(judged_again(rejected, "{", RULES, RECEIVED_AT)) == [("not_json", "/events/new_process/1")]


def test_a_record_too_large_stays_a_reject() -> None:
    """The stream's limit holds for a replay too; with a higher one the event goes out as it was."""
    small = RecordRules("device_id", 400, EVENT_TYPES)
    body = submission(events={"new_process": [process(cmdl="x" * 400)]})
    rejected = KeptReject.model_validate_json(rejects(body, small)[0].to_json())

    assert faults(judged_again(rejected, None, small, RECEIVED_AT)) == [("too_large", "/events/new_process/0")]
    assert documents(judged_again(rejected, None, RULES, RECEIVED_AT)) == [json.loads(records(body)[0].data)]


@pytest.mark.parametrize(
    "change", [{"pointer": "/events/new_process/2/cmdl"}, {"submission_id": "x"}, {"event_type": "network_connection"}]
)
def test_an_altered_reject_is_not_sent(change: dict[str, Any]) -> None:
    """A kept reject whose identity was tampered with would get another event's id: it is not sent."""
    rejected = kept(submission(events=EVENTS)).model_copy(update=change)

    [(reason, _)] = faults(judged_again(rejected, json.dumps(process()), RULES, RECEIVED_AT))
    assert reason == "invalid"


@pytest.mark.parametrize("encode", [json.dumps, lambda document: in_base64(json.dumps(document))])
def test_a_repaired_submission_is_published_whole(encode: Any) -> None:
    """A submission rejected as a whole goes out, once repaired, as it would have: every event, same ids."""
    rejected = kept(encode(submission(device_id="x")))
    line = repairable_line(rejected)
    assert json.loads(line) == submission(device_id="x")

    found = judged_again(rejected, line.replace('"x"', f'"{submission()["device_id"]}"'), RULES, RECEIVED_AT)

    assert found == records(submission())


def test_a_submission_half_repaired_stays_whole() -> None:
    """All or nothing: one bad event keeps a rejected submission where it is, so that nothing of it goes out twice."""
    line = json.dumps(submission(events=EVENTS))

    assert faults(judged_again(kept("nonsense{"), line, RULES, RECEIVED_AT)) == [
        ("empty", "/events/new_process/1/cmdl")
    ]


@pytest.mark.parametrize("body", ["nonsense{", in_base64(b"\xff\xfe"), "", "Zoë 🗑\n\u2028"])
def test_a_body_that_is_no_json_is_given_as_a_string(body: str) -> None:
    """The filter gets one line for everything; given back as it was, it is the body it was."""
    line = repairable_line(kept(body))

    assert json.loads(line) == body
    assert line.isascii()
    assert "\n" not in line
    assert faults(judged_again(kept(body), line, RULES, RECEIVED_AT)) == faults(
        judged_again(kept(body), None, RULES, RECEIVED_AT)
    )


def test_a_string_may_be_a_body_repaired() -> None:
    """A filter may answer with the text of a body, base64 included."""
    line = json.dumps(in_base64(json.dumps(submission())))

    assert judged_again(kept("nonsense{"), line, RULES, RECEIVED_AT) == records(submission())


@pytest.mark.parametrize(
    "event", ["null", "5", "true", '"text"', "[]", '{"cmdl": "a", "cmdl": "b"}', '{"cmdl": 1e400}']
)
def test_the_line_of_an_event_is_its_json(event: str) -> None:
    """Whatever stood for an event is what the filter gets, ambiguous keys included."""
    body = json.dumps(submission(events={"new_process": ["EVENT"]})).replace('"EVENT"', event)
    rejected = kept(body)

    assert repairable_line(rejected) == rejected.original
    assert faults(judged_again(rejected, None, RULES, RECEIVED_AT))[0][0] == rejected.reason


def test_places_in_lists_are_generalised() -> None:
    """Rejects of one cause share a pattern, whichever event of the submission it was."""
    patterns = {kept(submission(events=EVENTS), number).pattern for number in range(2)}

    assert patterns == {"/events/new_process/*/cmdl", "/events/network_connection/*/destination_port"}
    assert kept("nonsense{").pattern == ""
