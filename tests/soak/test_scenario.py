"""What a seed decides."""

import json

import pytest

from local_aws import Plan
from tests.soak.__main__ import is_of_pipeline
from tests.soak.pipeline_scenario import JOBS, RECREATED, STREAMS, PipelineScenario
from tests.soak.scenario import Scenario


def test_a_seed_decides_a_round() -> None:
    """The seed of a failure plays the same faults, load and chaos again; another seed plays others."""
    assert Scenario.of_seed(7) == Scenario.of_seed(7)
    assert Scenario.of_seed(7) != Scenario.of_seed(8)


@pytest.mark.parametrize("block", range(4))
def test_every_round_can_be_played(block: int) -> None:
    """No seed makes a plan that the emulator refuses, or one that a round has no time for."""
    for seed in range(block * 100, block * 100 + 100):
        scenario = Scenario.of_seed(seed)
        plan = Plan.from_text(scenario.plan)

        assert plan.phases
        assert max(phase.end_seconds for phase in plan.phases) <= 26
        assert all(
            stroke.freeze_seconds > scenario.visibility_seconds for place in scenario.strokes for stroke in place
        )


def test_rounds_are_on_both_kinds_of_queue_and_over_both_transports() -> None:
    """A soak of some length plays standard and FIFO queues, each over lean, over boto3 and over both side by side."""
    scenarios = [Scenario.of_seed(seed) for seed in range(100)]
    drawn = {(scenario.is_fifo, scenario.transports) for scenario in scenarios}
    queues = {
        str(each.upheaval["queue"]) == each.queue for each in scenarios if each.upheaval and "queue" in each.upheaval
    }

    assert len(drawn) == 2 * 3
    assert queues == {True}


def test_rounds_have_troubles_around_the_processors() -> None:
    """A soak of some length draws bent answers, failing credentials and logs that nobody reads, alone and together."""
    scenarios = [Scenario.of_seed(seed) for seed in range(100)]

    assert len({(each.bent, each.credentials_fail) for each in scenarios}) == 4
    assert {each.log for each in scenarios} == {"file", "gone", "unread"}


def test_a_seed_decides_a_round_of_the_whole_pipeline() -> None:
    """The same for rounds of all jobs: same seed, same round."""
    assert PipelineScenario.of_seed(7) == PipelineScenario.of_seed(7)
    assert PipelineScenario.of_seed(7) != PipelineScenario.of_seed(8)


def test_rounds_of_the_whole_pipeline_can_be_played() -> None:
    """No seed makes a plan that the emulator refuses; every job is killed, every stream resharded or made anew."""
    scenarios = [PipelineScenario.of_seed(seed) for seed in range(100)]
    plans = [Plan.from_text(scenario.plan) for scenario in scenarios]
    deeds = {(job, stroke.deed) for each in scenarios for job, strokes in each.strokes.items() for stroke in strokes}

    assert all(max(phase.end_seconds for phase in plan.phases) <= 36 for plan in plans)
    assert deeds == {(job, deed) for job in JOBS for deed in ("kill", "freeze", "terminate")}
    actions = [action for scenario in scenarios for action in json.loads(scenario.plan)["action"]]
    assert {action["stream"] for action in actions} == set(STREAMS)
    assert {scenario.recreated for scenario in scenarios} == {(), *RECREATED}


def test_both_kinds_of_rounds_are_drawn() -> None:
    """About every second round is one of all jobs."""
    assert 30 < sum(is_of_pipeline(seed) for seed in range(100)) < 70
