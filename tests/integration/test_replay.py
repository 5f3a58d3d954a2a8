"""A plan of rejects goes out under refusals and lost calls: complete, in order, and marked only when acknowledged."""

import json
import random
from collections.abc import Sequence
from functools import partial

import pytest

from event_processor.clock import SystemClock
from event_processor.commands.filter_program import run_filter
from event_processor.errors import CallFailed
from event_processor.publishing.publisher import Backoff, Publisher
from event_processor.rejects.reject import KeptReject
from event_processor.rejects.replay import ReplayPlan, Sender, plan_replay
from event_processor.submissions.repair import SubmissionsAgain
from event_processor.testing import Fate, ManualClock, MemoryStream
from tests.integration.rig import RULES
from tests.unit.rejects.test_records_again import PAGE, again
from tests.unit.rejects.test_records_again import kept as record_kept
from tests.unit.samples import connection, process, rejects, submission

FILL = """python3 -c '
import json, sys
for line in sys.stdin:
    event = json.loads(line)
    event["cmdl"] = event.get("cmdl") or "?"
    print(json.dumps(event))'"""


AGAIN = SubmissionsAgain(RULES, SystemClock().now)


def kept(submissions: int) -> list[KeptReject]:
    """Three rejected events of each of so many submissions, the later ones first."""
    found = []
    for number in range(submissions):
        events = {
            "new_process": [process(cmdl=""), process(), {"user": "u"}, {"user": "v"}],
            "network_connection": [connection()],
        }
        body = submission(submission_id=f"8be01974-0f15-4d4f-809f-{number:012x}", events=events)
        found += [KeptReject.model_validate_json(reject.to_json()) for reject in reversed(rejects(body))]
    return found


def planned(submissions: int) -> ReplayPlan:
    """All of them repaired."""
    return plan_replay(kept(submissions), partial(run_filter, FILL), AGAIN)


def sender(stream: MemoryStream) -> Sender:
    """That takes no real time."""
    return Sender(stream, Publisher(random.Random(1).random, Backoff(0.002, 0.02)), ManualClock())


def test_complete_and_in_order_under_faults() -> None:
    """With a third of all records refused every repaired event is stored once, in the order of its submission."""
    dice = random.Random(5)
    stream = MemoryStream(refuse=lambda _: "Throttled" if dice.random() < 0.3 else None)
    marked, done = list[str](), list[int]()
    made = planned(40)

    sender(stream).send(made, marked.extend, done.append)

    events = stream.events()
    assert len(events) == len({event["event_id"] for event in events}) == made.records == sum(done) == 120
    assert len(set(marked)) == len(marked) == made.rejects == 120
    for submission_id in {event["submission_id"] for event in events}:
        of_one = [event["sequence"] for event in events if event["submission_id"] == submission_id]
        assert of_one == [0, 2, 3]


def test_marked_only_when_acknowledged() -> None:
    """When the stream goes away in the middle, what was marked is stored, and the rest is left for the next replay."""
    calls = []

    def fate(records: Sequence[object]) -> Fate:
        calls.append(records)
        return Fate.ANSWERED if len(calls) < 3 else Fate.ANSWER_LOST

    stream, marked = MemoryStream(fate=fate), list[str]()
    made = planned(2)
    # one of three events in a lane of its own: so lanes of one, two and three records
    made.units["short"] = [made.units[next(iter(made.units))].pop()]

    with pytest.raises(CallFailed):
        sender(stream).send(made, marked.extend)

    assert len(marked) == 3
    assert len(stream.events()) == 6


def test_a_submission_without_events_is_done_at_once() -> None:
    """A repaired submission that has nothing to publish needs no record to be done; others wait for theirs."""
    [whole] = [KeptReject.model_validate_json(reject.to_json()) for reject in rejects(submission(device_id="x"))]
    repaired = json.dumps(submission(events={"new_process": []}))
    stream, marked = MemoryStream(fate=lambda _: Fate.REQUEST_LOST), list[str]()
    made = plan_replay([whole], lambda _: [repaired], AGAIN)
    made.units.update(planned(1).units)

    with pytest.raises(CallFailed):
        sender(stream).send(made, marked.extend)

    assert marked == [whole.reject_id]


def test_what_the_filter_leaves_out_stays_a_reject() -> None:
    """An event for which the filter answers null is counted, neither sent nor marked; its siblings go out."""
    rejected = kept(1)
    stream, marked = MemoryStream(), list[str]()
    made = plan_replay(rejected, lambda lines: [None, *run_filter(FILL, lines[1:])], AGAIN)

    sender(stream).send(made, marked.extend)

    assert made.dropped == 1
    assert sorted(marked) == sorted(each.reject_id for each in rejected[1:])
    assert len(stream.events()) == 2


def test_records_of_a_key_keep_their_order_under_faults() -> None:
    """With a third of all refused, records of streams go out once, each key's in the order they had on the stream."""
    dice = random.Random(7)
    stream = MemoryStream(refuse=lambda _: "Throttled" if dice.random() < 0.3 else None)
    marked = list[str]()
    rejected = [
        record_kept(PAGE | {"messageId": f"m-{number}"}, number, f"key-{number % 3}") for number in range(60, 0, -1)
    ]

    sender(stream).send(plan_replay(rejected, None, again()), marked.extend)

    for key in range(3):
        numbers = [int(event["messageId"][2:]) for event in stream.events() if int(event["messageId"][2:]) % 3 == key]
        assert numbers == list(range(key or 3, 61, 3))
    assert sorted(marked) == sorted(each.reject_id for each in rejected)
