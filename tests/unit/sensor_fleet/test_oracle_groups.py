"""The oracle on FIFO queues: submissions of a message group follow each other; where they do not, it says so."""

from collections.abc import Callable
from dataclasses import replace
from itertools import groupby
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor_fleet.generator import Generator, Options
from sensor_fleet.plan import Plan
from tests.unit.sensor_fleet.published import Put, Stream, judge, publish

_GENERATOR = Generator(Options(seed=7, devices=2, events=(2, 2), spoil=0), grouped=True)
PLANS = [_GENERATOR.submission(index).plan for index in range(8)]
FIRST, SECOND, *_ = [plan for plan in PLANS if plan.group == PLANS[0].group]
EVENTS = len(FIRST.must)

Damage: TypeAlias = Callable[[Stream], None]


def _of(plan: Plan, stream: Stream) -> list[Put]:
    return [put for put in stream.puts if put.record["submission_id"] == plan.submission_id]


def _at_the_end(stream: Stream, puts: list[Put]) -> None:
    stream.puts = [put for put in stream.puts if put not in puts] + puts


def _first_submission_last(stream: Stream) -> None:
    _at_the_end(stream, _of(FIRST, stream))


def _last_event_overtaken(stream: Stream) -> None:
    _at_the_end(stream, _of(FIRST, stream)[-1:])


def _second_submission_on_an_unrelated_shard(stream: Stream) -> None:
    stream.parents["shard-1"] = ()
    for put in _of(SECOND, stream):
        put.shard_id = "shard-1"


def _first_submission_in_a_child_shard(stream: Stream) -> None:
    stream.parents["shard-1"] = ("shard-0",)
    _first_submission_last(stream)
    for put in _of(FIRST, stream):
        put.shard_id = "shard-1"


PLANTED: dict[str, tuple[Damage, int, str]] = {
    "submission overtaken": (_first_submission_last, EVENTS, "behind it in its group"),
    "event overtaken": (_last_event_overtaken, 1, "behind it in its group"),
    "overtaken in a reshard": (_first_submission_in_a_child_shard, EVENTS, "behind it in its group"),
    "on an unrelated shard": (_second_submission_on_an_unrelated_shard, 2, "unrelated"),
}


@pytest.mark.parametrize(("damage", "late", "detail"), PLANTED.values(), ids=PLANTED)
def test_a_planted_violation_of_a_group_is_named(damage: Damage, late: int, detail: str) -> None:
    """Each event that a later submission of its group overtook is out of order, and nothing else is found."""
    stream = publish(PLANS)
    damage(stream)
    report = judge(PLANS, stream)

    assert {kind: number for kind, number in report.violations.items() if number} == {"out_of_order": late}
    assert all(detail in sample.detail for sample in report.samples)


def test_the_submission_that_came_too_early_is_named() -> None:
    """The sample has both: the event that is late, and the submission that should have waited for it."""
    stream = publish([FIRST, SECOND])
    _first_submission_last(stream)
    late = judge([FIRST, SECOND], stream).samples[0]

    assert (late.submission_id, late.sequence) == (FIRST.submission_id, 0)
    assert late.detail == f"first seen after event 3 of submission {SECOND.submission_id} (behind it in its group)"


def test_the_same_stream_is_good_on_a_standard_queue() -> None:
    """Between submissions of a standard queue there is no order to break."""
    plans = [replace(plan, group="") for plan in PLANS]
    stream = publish(plans)
    stream.puts = [put for plan in reversed(plans) for put in _of(plan, stream)]

    assert judge(plans, stream).passed
    assert judge(plans, stream).groups == 0


def test_groups_do_not_wait_for_each_other() -> None:
    """Each group is in order by itself; how they interleave, and what is repeated, does not matter."""
    stream = publish(sorted(PLANS, key=lambda plan: plan.group))
    stream.puts += stream.puts[:EVENTS]
    report = judge(PLANS, stream)

    assert report.passed
    assert (report.groups, report.repeats) == (2, EVENTS)


def test_submissions_under_their_own_keys_have_no_order_to_see() -> None:
    """With PARTITION_KEY=submission_id a group is spread over shards: only each submission is held to its order."""
    stream = publish(PLANS)
    for number, (submission_id, puts) in enumerate(groupby(stream.puts, lambda put: str(put.record["submission_id"]))):
        for put in puts:
            put.partition_key, put.shard_id = submission_id, f"shard-{number % 3}"
    stream.parents = {"shard-1": (), "shard-2": ()}
    spread = judge(PLANS, stream)
    stream.puts.reverse()

    assert spread.passed
    assert spread.groups == 0
    assert judge(PLANS, stream).violations["out_of_order"] == len(PLANS) * (EVENTS - 1)


@given(st.permutations([plan for plan in PLANS if plan.group == FIRST.group]))
def test_any_disorder_of_a_group_is_found(order: list[Plan]) -> None:
    """Whatever the order of a group's submissions on the stream, the events of each late one are counted."""
    ranks = [PLANS.index(plan) for plan in order]
    late = sum(rank < max(ranks[: place + 1]) for place, rank in enumerate(ranks))

    assert judge(PLANS, publish(order)).violations["out_of_order"] == late * EVENTS
