"""Fault plans: what a file may say, what is on when, and what is done at which moment."""

from pathlib import Path

import pytest

from local_aws import Faults, Plan
from local_aws.clock import ManualClock
from local_aws.errors import Json
from local_aws.faults.control import FaultControl
from local_aws.faults.operations import KINESIS
from local_aws.server import Server
from tests.unit.local_aws.conftest import Aws

EXAMPLE = Path(__file__).parents[2] / "fixtures" / "plans" / "rough_day.toml"


def aws_with(plan: str, clock: ManualClock) -> Aws:
    """A server on which this plan waits."""
    aws = Aws(clock)
    aws.server = Server(Faults(), clock, Plan.from_text(plan))
    return aws


def on(control: FaultControl) -> list[Json]:
    """The faults that are on now."""
    control.advance()
    layers: list[Json] = control.as_json()["on"]
    return layers


def test_example_is_a_plan() -> None:
    """The example in the repository is a valid plan."""
    plan = Plan.load(EXAMPLE)

    assert [phase.end_seconds for phase in plan.phases] == [10.0, 6.0, 15.0, 13.0]
    assert plan.phases[0].faults == Faults(refuse=0.1, refuse_shards={"1": 0.5}, seed=7)
    assert [(moment.at_seconds, moment.action.do) for moment in plan.moments] == [
        (3.0, "split_shard"),
        (8.0, "recreate_stream"),
    ]


def test_json_says_the_same() -> None:
    """A plan may be written in JSON as well."""
    toml = Plan.from_text("seed = 3\n[[phase]]\nstart = 1\nduration = 2\nreset = 0.5\n")
    json = Plan.from_text('{"seed": 3, "phase": [{"start": 1, "duration": 2, "reset": 0.5}]}')

    assert toml == json


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("sed = 1", "unknown key 'sed', allowed are seed, phase, action"),
        ("seed = 1.5", "seed: 1.5 is not a whole number"),
        ("phase = 1", r"phase: must be a list of tables, written \[\[phase\]\]"),
        ("[[phase]]\nstart = 0", "phase 1: the key 'duration' is missing"),
        ("[[phase]]\nduration = 0", "phase 1: the key 'start' is missing"),
        ("[[phase]]\nstart = -1\nduration = 1", "phase 1: start: -1 is not a number of seconds"),
        ("[[phase]]\nstart = nan\nduration = 1", "phase 1: start: nan is not a number of seconds"),
        ("[[phase]]\nstart = 0\nduration = 1\nrefuze = 1", "phase 1: unknown key 'refuze', allowed are refuse, "),
        ("[[phase]]\nstart = 0\nduration = 1\nseed = 1", "phase 1: unknown key 'seed'"),
        ("[[phase]]\nstart = 0\nduration = 1\nrefuse = 2", "phase 1: refuse: 2 is not a share from 0 to 1"),
        ("[[phase]]\nstart = 0\nduration = 1\nrefuse = true", "phase 1: refuse: True is not a share"),
        ("[[phase]]\nstart = 0\nduration = 1\nthrottle = 1", "phase 1: throttle: 1 is not true or false"),
        ("[[phase]]\nstart = 0\nduration = 1\nfail_codes = ['Oops']", "fail_codes: .*Oops.* from .*InternalFailure"),
        ("[[phase]]\nstart = 0\nduration = 1\nfail_codes = 'Oops'", "fail_codes: 'Oops' is not a list of error codes"),
        ("[[phase]]\nstart = 0\nduration = 1\nfail_operations = ['Put']", "fail_operations: .*Put.* from .*PutRecords"),
        ("[[phase]]\nstart = 0\nduration = 1\nrefuse_shards = {1 = 2}", "refuse_shards: .* is not shares"),
        ("[[action]]\ndo = 'purge_queue'\nqueue = 'q'", "action 1: the key 'at' is missing"),
        ("[[action]]\nat = 0\ndo = 'explode'", "action 1: do: 'explode' is not an action, allowed are create_stream"),
        ("[[action]]\nat = 0\ndo = 'purge_queue'", "action 1: purge_queue needs the key 'queue'"),
        (
            "[[action]]\nat = 0\ndo = 'purge_queue'\nqueue = 'q'\nstream = 's'",
            "unknown key 'stream', purge_queue has queue",
        ),
        ("[[action]]\nat = 0\ndo = 'purge_queue'\nqueue = 1", "queue: 1 is not a name"),
        ("[[action]]\nat = 0\ndo = 'create_stream'\nstream = 's'\nshards = 0", "shards: 0 is not a whole number"),
        ("[[phase", "Expected ']]'"),
        ("{", "line 1"),
    ],
)
def test_mistakes_in_a_plan(tmp_path: Path, text: str, problem: str) -> None:
    """A mistake in a plan is told with the file, the place, the key and what is allowed."""
    path = tmp_path / "plan.toml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ValueError, match=f"plan.toml: .*{problem}"):
        Plan.load(path)


def test_phases_come_and_go(clock: ManualClock) -> None:
    """A phase is on from its start to its end, overlapping ones are on together, and after the last nothing is."""
    control = FaultControl(Faults(), clock)
    control.start(
        Plan.from_text(
            "[[phase]]\nstart = 1\nduration = 2\nrefuse = 0.5\n[[phase]]\nstart = 2\nduration = 2\nreset = 1.0"
        )
    )
    seen = []
    for _ in range(6):
        seen.append(on(control))
        clock.advance(1)

    refuse, reset = {"refuse": 0.5}, {"reset": 1.0}
    assert seen == [[], [refuse], [refuse, reset], [reset], [], []]
    assert control.as_json()["plan"]["state"] == "over"


def test_faults_by_hand_stay_on_beside_a_plan(clock: ManualClock) -> None:
    """A plan adds to the faults set by hand; setting those again ends the plan."""
    control = FaultControl(Faults(throttle=True), clock)
    control.start(Plan.from_text("[[phase]]\nstart = 0\nduration = 9\nrefuse = 0.5"))
    assert on(control) == [{"throttle": True}, {"refuse": 0.5}]
    control.set_faults(Faults())

    assert on(control) == []
    assert control.as_json()["plan"] is None


def test_overlapping_phases_decide_for_themselves(clock: ManualClock) -> None:
    """Two phases that each reset half of the calls reset three quarters together, with the same seed too."""
    phase = "[[phase]]\nstart = 0\nduration = 9\nreset = 0.5\n"
    control = FaultControl(Faults(), clock)
    control.start(Plan.from_text(phase * 2))
    control.advance()
    resets = sum(control.dice.fate(KINESIS, "PutRecords").reset for _ in range(1000))

    assert 700 < resets < 800


@pytest.mark.parametrize("seed", [1, 2])
def test_seed_of_a_plan(seed: int) -> None:
    """One seed makes one run: the same decisions each time, others with another seed."""

    def decisions(seed: int) -> list[str | None]:
        control = FaultControl(Faults(), ManualClock())
        control.start(Plan.from_text(f"seed = {seed}\n[[phase]]\nstart = 0\nduration = 9\nrefuse = 0.5"))
        control.advance()
        return [control.dice.refused_record_code("shardId-000000000000") for _ in range(50)]

    assert decisions(seed) == decisions(seed)
    assert decisions(seed) != decisions(3)


def test_plan_waits_for_the_first_message(clock: ManualClock) -> None:
    """A plan given at the start begins with the first send, receive or put, not while things are set up."""
    aws = aws_with("[[phase]]\nstart = 0\nduration = 5\nreset = 1.0\nfail_operations = ['ListQueues']", clock)
    url = aws.sqs("CreateQueue", QueueName="q")["QueueUrl"]
    clock.advance(100)
    aws.sqs("ListQueues")
    assert aws.server.control.as_json()["plan"] == {"state": "waiting"}
    aws.sqs("SendMessage", QueueUrl=url, MessageBody="x")

    assert aws.server.control.as_json()["plan"]["state"] == "running"
    assert aws.request("AmazonSQS.ListQueues", b"")[0] == 0
    clock.advance(5)
    assert aws.request("AmazonSQS.ListQueues", b"")[0] == 200


def test_first_call_meets_the_first_phase(clock: ManualClock) -> None:
    """A phase that starts at 0 acts on the very call that starts the plan."""
    aws = aws_with("[[phase]]\nstart = 0\nduration = 5\nreset = 1.0", clock)
    aws.sqs("CreateQueue", QueueName="q")

    assert aws.request("AmazonSQS.ReceiveMessage", b'{"QueueUrl": "q"}')[0] == 0


def test_actions_are_done_in_time_and_order(clock: ManualClock) -> None:
    """Actions are done when they are due, in order, once; one that fails is told and stops no other."""
    aws = aws_with(
        """
        action = [
            {at = 2, do = "delete_queue", queue = "nobody"},
            {at = 3, do = "purge_queue", queue = "q"},
            {at = 1, do = "create_stream", stream = "late", shards = 3},
        ]
        """,
        clock,
    )
    url = aws.sqs("CreateQueue", QueueName="q")["QueueUrl"]
    aws.sqs("SendMessage", QueueUrl=url, MessageBody="x")
    assert aws.kinesis("ListStreams")["StreamNames"] == []
    clock.advance(1)
    assert aws.kinesis("ListStreams")["StreamNames"] == ["late"]
    clock.advance(5)
    assert aws.sqs("ReceiveMessage", QueueUrl=url) == {}

    done = aws.server.control.as_json()["plan"]["actions_done"]
    assert [(action["do"], action["error"] is None) for action in done] == [
        ("create_stream", True),
        ("delete_queue", False),
        ("purge_queue", True),
    ]
    assert done[1]["error"].startswith("QueueDoesNotExist")
