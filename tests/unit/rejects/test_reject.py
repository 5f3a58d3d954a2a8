"""A reject can be counted, explained and replayed."""

import json

import pytest

from event_processor import __version__
from event_processor.ids import event_id, uuid5
from event_processor.rejects.reject import Reject
from event_processor.submissions.verdicts import verdicts
from event_processor.submissions.written_event import RecordRules
from tests.unit.samples import (
    DEVICE_ID,
    EVENT_TYPES,
    RECEIVED_AT,
    RULES,
    SUBMISSION_ID,
    TIME_CREATED,
    delivery,
    process,
    rejects,
    submission,
)

FAULTY = submission(events={"new_process": [process(), {"cmdl": ""}]})


def test_explains_an_event() -> None:
    """The reject of an event says what, where, in which submission and message, when, and by which version."""
    [reject] = rejects(FAULTY)

    assert json.loads(reject.to_json()) == {
        "reject_id": uuid5(f"reject/{event_id(SUBMISSION_ID, 'new_process', 1)}"),
        "reason": "empty",
        "pointer": "/events/new_process/1/cmdl",
        "detail": "String should have at least 1 character",
        "faults": [
            {
                "reason": "empty",
                "pointer": "/events/new_process/1/cmdl",
                "detail": "String should have at least 1 character",
            },
            {"reason": "missing_field", "pointer": "/events/new_process/1/user", "detail": "Field required"},
        ],
        "submission_id": SUBMISSION_ID,
        "device_id": DEVICE_ID,
        "time_created": TIME_CREATED,
        "event_type": "new_process",
        "sequence": 1,
        "message_id": "message-1",
        "receive_count": 1,
        "received_at": RECEIVED_AT.isoformat(),
        "processor_version": __version__,
        "original": '{"cmdl": ""}',
        "stage": "contract",
        "subject": None,
        "version": None,
        "source_kind": "queue",
        "source": "submissions",
        "source_id": "message-1",
        "sent_at": RECEIVED_AT.isoformat(),
        "library": None,
        "app_version": None,
        "original_encoding": "text",
        "partition_key": None,
    }


def test_explains_a_submission() -> None:
    """The reject of a submission has the body as it came, and no event."""
    [reject] = rejects("čaj")

    found = json.loads(reject.to_json())
    assert (found["reason"], found["original"]) == ("not_json", "čaj")
    assert (found["event_type"], found["sequence"], found["submission_id"]) == (None, None, None)


@pytest.mark.parametrize(
    ("body", "stage"),
    [
        ("nonsense", "parse"),
        (submission(device_id="x"), "envelope"),
        (submission(events={"no_such_type": []}), "resolve"),
        (FAULTY, "contract"),
        (submission(events={"new_process": [process(cmdl="x" * 1000)]}), "size"),
    ],
)
def test_how_far_it_came(body: object, stage: str) -> None:
    """The stage tells a broken encoding from a wrong envelope, an unknown type, a wrong event and one too large."""
    [reject] = rejects(body, RecordRules("device_id", 900, EVENT_TYPES))

    assert reject.stage.value == stage


def test_same_id_again() -> None:
    """A redelivery rejects under the same ids, whatever handle, message id and count it comes with."""

    def reject_ids(body: object, count: int) -> list[str]:
        again = delivery(body, message_id=f"m-{count}", handle=f"h-{count}", receive_count=count)
        found = verdicts(again.body, again.origin, RULES, RECEIVED_AT)
        return [verdict.reject_id for verdict in found if isinstance(verdict, Reject)]

    assert reject_ids(FAULTY, 1) == reject_ids(FAULTY, 2) != []
    assert reject_ids("not a submission", 1) == reject_ids("not a submission", 2) != reject_ids("another", 1)


def test_different_ids() -> None:
    """Two rejects of one submission, and a submission and its event, are never filed as one."""
    several = rejects(submission(events={"new_process": [{}, {}], "network_connection": [{}]}))

    assert len({reject.reject_id for reject in several}) == 3


def test_one_line_of_ascii() -> None:
    """Whatever came in, the reject is one line of ASCII that any store can take, and reads back exactly."""
    body = 'line\nbreak\u2028\u0085\x00\ud800"čaj\\'

    [reject] = rejects(body)

    assert reject.to_json().isascii()
    assert len(reject.to_json().splitlines()) == 1
    assert json.loads(reject.to_json())["original"] == body


def test_summary_has_no_payload() -> None:
    """What may be logged of a reject has nothing of what was sent but the ids, were they sound."""
    [reject] = rejects(submission(events={"new_process": [process(cmdl=["CANARY"], user="CANARY", other="CANARY")]}))

    assert "CANARY" in reject.original
    assert "CANARY" not in json.dumps(reject.summary())
