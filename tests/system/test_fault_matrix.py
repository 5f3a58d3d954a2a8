"""Real processes under every fault that AWS or a machine can have: all arrives, in order, nothing else, each time.

`play` starts the emulator with the plan, processors and a fleet, does to the processors what the scenario says, waits
until the queue is empty, and audits. It fails by itself; a test adds that what it is about did take place. On a FIFO
queue the audit holds each message group to the order of its submissions.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.soak.findings import Findings
from tests.soak.round import play
from tests.soak.scenario import FIFO, STANDARD, Load, Log, Scenario, Stroke, Transport

pytestmark = pytest.mark.prove
PLANS = Path(__file__).parents[1] / "fixtures" / "plans"
LOAD = Load(300, rate=75)
BOTH: tuple[Transport, ...] = ("lean", "boto3")  # one processor with each
DENIALS = ("AccessDeniedException", "ExpiredTokenException", "ResourceNotFoundException", "QueueDoesNotExist")
TookPlace: TypeAlias = Callable[[Findings], bool]

WHAT_TOOK_PLACE: dict[str, TookPlace] = {
    "refused_records": lambda found: found.refused > 0,
    "refusing_shard": lambda found: found.refused > 0,
    "wrong_counts": lambda found: found.refused > 0,
    "failing_calls": lambda found: found.outcomes()["ServiceUnavailable"] > 0 and found.retried > 0,
    "no_permission": lambda found: any(found.outcomes()[code] > 0 for code in DENIALS),
    "broken_network": lambda found: found.outcomes()["answer_lost"] > 0 and found.outcomes()["reset"] > 0,
    "failing_entries": lambda found: found.retried > 0,
    "repeated_messages": lambda found: found.received > found.submissions and found.repeats > 0,
    "reshard": lambda found: found.failed_actions == [] and found.refused > 0,
    "jumping_clock": lambda found: found.received > found.submissions,
}


def plan(name: str) -> str:
    """A plan kept as a file."""
    return (PLANS / f"{name}.toml").read_text()


@pytest.mark.parametrize(
    ("name", "transport"),
    [*((name, "lean") for name in WHAT_TOOK_PLACE), ("refused_records", "boto3"), ("no_permission", "boto3")],
)
def test_faults_of_aws(name: str, transport: Transport, tmp_path: Path) -> None:
    """Whatever the queue and the stream do wrong, each event arrives, in order, and each message is settled."""
    found = play(Scenario(1, plan(name), LOAD, transports=(transport,)), tmp_path)

    assert WHAT_TOOK_PLACE[name](found), found


@pytest.mark.parametrize(
    ("name", "transport"),
    [("reshard", "lean"), ("jumping_clock", "lean"), ("broken_network", "boto3"), ("failing_entries", "boto3")],
)
def test_faults_on_a_fifo_queue(name: str, transport: Transport, tmp_path: Path) -> None:
    """Under the same faults each device's events arrive in the order of its submissions, not only within each."""
    found = play(Scenario(1, plan(name), LOAD, queue=FIFO, transports=(transport,)), tmp_path)

    assert found.groups == LOAD.devices
    assert WHAT_TOOK_PLACE[name](found), found


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
    """A stream or queue emptied or made again under load is worked on at once: all that is sent afterwards arrives."""
    play(Scenario(1, plan("refused_records"), LOAD, upheaval=upheaval), tmp_path)


@pytest.mark.parametrize("queue", [STANDARD, FIFO])
def test_killed_at_any_moment(queue: str, tmp_path: Path) -> None:
    """Three processors on a queue, killed 12 times in the middle of their work, lose nothing and reorder nothing."""
    moments = (0.6, 0.05, 1.1, 0.4)
    strokes = tuple(tuple(Stroke(moment + 0.2 * number, "kill") for moment in moments) for number in range(3))
    load = Load(250, rate=25)

    found = play(Scenario(1, plan("slow_and_refusing"), load, strokes, queue=queue, transports=BOTH), tmp_path)

    assert found.deeds["kill"] == 12
    assert found.repeats > 0


@pytest.mark.parametrize("queue", [STANDARD, FIFO])
def test_frozen_longer_than_the_visibility_timeout(queue: str, tmp_path: Path) -> None:
    """What a frozen processor holds is done by another one; thawed, it finishes its own copies and harms nothing."""
    strokes = ((Stroke(2.0, "freeze", 4.0), Stroke(1.5, "freeze", 4.0)), ())

    found = play(Scenario(1, plan("slow_and_refusing"), LOAD, strokes, queue=queue, transports=BOTH), tmp_path)

    assert found.deeds["freeze"] == 2
    assert found.received > found.submissions


def test_rolling_restarts(tmp_path: Path) -> None:
    """Processors replaced one after the other under load stop cleanly and leave their work to the others."""
    strokes = tuple(tuple(Stroke(0.5 + number, "terminate") for _ in range(2)) for number in range(2))

    found = play(Scenario(1, plan("refused_records"), LOAD, strokes, transports=BOTH), tmp_path)

    assert found.deeds["terminate"] == 4


@pytest.mark.parametrize("transport", BOTH)
def test_bent_answers(transport: Transport, tmp_path: Path) -> None:
    """Answers that are nonsense, and real ones that come after them, cost no event and mix no calls up."""
    found = play(Scenario(1, plan("refused_records"), LOAD, transports=(transport,), bent=True), tmp_path)

    assert found.bent > 10


@pytest.mark.parametrize("transport", BOTH)
def test_credentials_that_fail(transport: Transport, tmp_path: Path) -> None:
    """Credentials that run out all the time, and an agent that has none half of the times, cost time only."""
    scenario = Scenario(1, plan("refused_records"), LOAD, transports=(transport,), credentials_fail=True)

    assert play(scenario, tmp_path).denied > 0


@pytest.mark.parametrize("log", ["gone", "unread"])
def test_logs_that_nobody_reads(log: Log, tmp_path: Path) -> None:
    """With nobody to read its log a processor does all its work under faults, and stops cleanly."""
    strokes = ((Stroke(2.0, "terminate"),), ())

    found = play(Scenario(1, plan("refused_records"), LOAD, strokes, transports=BOTH, log=log), tmp_path)

    assert found.deeds["terminate"] == 1
