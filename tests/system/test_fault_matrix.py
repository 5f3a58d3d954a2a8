"""Real processes under every fault that AWS or a machine can have: all arrives, in order, nothing else, each time.

`play` starts the emulator with the plan, processors and a fleet, does to the processors what the scenario says, waits
until the queue is empty, and audits. It fails by itself; a test adds that what it is about did take place.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from local_aws.faults.codes import ALL_CODES
from tests.soak.round import Findings, play
from tests.soak.scenario import Load, Scenario, Stroke

PLANS = Path(__file__).parents[1] / "fixtures" / "plans"
LOAD = Load(300, rate=75)


def plan(name: str) -> str:
    """A plan kept as a file."""
    return (PLANS / f"{name}.toml").read_text()


@pytest.mark.parametrize(
    ("name", "took_place"),
    [
        ("refused_records", lambda found: found.refused > 300),
        ("refusing_shard", lambda found: found.refused > 20),
        ("wrong_counts", lambda found: found.refused > 100),
        ("failing_calls", lambda found: found.outcomes()["ServiceUnavailable"] > 0 and found.retried > 10),
        ("no_permission", lambda found: found.outcomes()["ExpiredTokenException"] > 0),
        ("broken_network", lambda found: found.outcomes()["answer_lost"] > 0 and found.outcomes()["reset"] > 0),
        ("failing_entries", lambda found: found.retried > 10),
        ("repeated_messages", lambda found: found.received > found.submissions and found.repeats > 0),
        ("reshard", lambda found: found.failed_actions == [] and found.refused > 0),
        ("jumping_clock", lambda found: found.received > found.submissions),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_faults_of_aws(name: str, took_place: Callable[[Findings], bool], tmp_path: Path) -> None:
    """Whatever the queue and the stream do wrong, each event arrives, in order, and each message is settled."""
    found = play(Scenario(1, plan(name), LOAD), tmp_path)

    assert took_place(found), found


def test_every_documented_error_code(tmp_path: Path) -> None:
    """Calls that fail with any error AWS documents are made again until they work."""
    work = ["PutRecords", "ReceiveMessage", "DeleteMessageBatch", "ChangeMessageVisibilityBatch"]
    phases = [
        {"start": 0.0, "duration": 6.0, "fail_call": 0.5, "fail_codes": codes, "fail_operations": work}
        for codes in (sorted(ALL_CODES)[::2], sorted(ALL_CODES)[1::2])
    ]
    found = play(Scenario(1, json.dumps({"seed": 12, "phase": phases}), LOAD), tmp_path)

    assert len(ALL_CODES & found.outcomes().keys()) > 10, found


@pytest.mark.parametrize(
    "upheaval",
    [
        {"do": "recreate_stream", "stream": "events", "shards": 3},
        {"do": "recreate_queue", "queue": "submissions"},
        {"do": "purge_queue", "queue": "submissions"},
    ],
    ids=lambda upheaval: str(upheaval["do"]),
)
def test_data_destroyed_by_order(upheaval: dict[str, object], tmp_path: Path) -> None:
    """A stream or queue emptied or made anew under load is worked on at once: all that is sent afterwards arrives."""
    play(Scenario(1, plan("refused_records"), LOAD, upheaval=upheaval), tmp_path)


def test_killed_at_any_moment(tmp_path: Path) -> None:
    """Three processors on a queue, killed 21 times in the middle of their work, lose nothing and reorder nothing."""
    moments = (0.6, 0.2, 1.1, 0.4, 0.9, 0.05, 0.7)
    strokes = tuple(tuple(Stroke(moment + 0.1 * number, "kill") for moment in moments) for number in range(3))

    found = play(Scenario(1, plan("slow_and_refusing"), Load(500, rate=35), strokes), tmp_path)

    assert found.deeds["kill"] == 21
    assert found.repeats > 0


def test_frozen_longer_than_the_visibility_timeout(tmp_path: Path) -> None:
    """What a frozen processor holds is done by another one; thawed, it finishes its own copies and harms nothing."""
    strokes = ((Stroke(1.0, "freeze", 5.0), Stroke(0.5, "freeze", 4.0)), ())

    found = play(Scenario(1, plan("slow_and_refusing"), LOAD, strokes, visibility_seconds=3), tmp_path)

    assert found.deeds["freeze"] == 2
    assert found.received > found.submissions


def test_rolling_restarts(tmp_path: Path) -> None:
    """Processors replaced one after the other under load stop cleanly and leave their work to the others."""
    strokes = tuple(tuple(Stroke(0.5 + number, "terminate") for _ in range(2)) for number in range(2))

    found = play(Scenario(1, plan("refused_records"), LOAD, strokes), tmp_path)

    assert found.deeds["terminate"] == 4
