"""The oracle: passes what is right, and calls each planted violation by its name and no other."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from itertools import groupby
from random import Random
from typing import Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor_fleet.generator import Generator, Options
from sensor_fleet.oracle import Oracle
from sensor_fleet.plan import Plan, PlannedEvent
from sensor_fleet.report import SAMPLES_PER_KIND, Findings, Kind, Report
from tests.unit.sensor_fleet.published import Put, Stream, event_id, judge, publish, record

Damage: TypeAlias = Callable[[Stream], None]


def _plans(seed: int = 7, **options: Any) -> list[Plan]:
    generator = Generator(Options(seed=seed, **options))
    return [generator.submission(index).plan for index in range(6)]


PLANS = [*_plans(spoil=0.05), *_plans(seed=8, spoil=0, invalid_share=1.0, invalid_kinds=("bad-port", "truncated"))]
SPOILED = next(plan for plan in PLANS if "bad-port destination_port" in plan.must_not.values())
REJECTED = next(plan for plan in PLANS if plan.rejected == "truncated")
OTHER = "00000000-0000-4000-8000-000000000000"


def _found(report: Report) -> dict[Kind, int]:
    return {kind: number for kind, number in report.violations.items() if number}


def _set(**fields: Any) -> Damage:
    return lambda stream: stream.puts[3].record.update(fields)


def _without(name: str) -> Damage:
    return lambda stream: stream.puts[3].record.pop(name)


def _add(put: Put) -> Damage:
    return lambda stream: stream.puts.append(put)


def _put(plan: Plan, sequence: int) -> Put:
    event = PlannedEvent(sequence, "new_process", {"cmdl": "whoami", "user": "root"})
    return Put(record(plan, event), partition_key=plan.device_id)


def _drop(stream: Stream) -> None:
    del stream.puts[3]


def _swap(stream: Stream) -> None:
    stream.puts[2], stream.puts[3] = stream.puts[3], stream.puts[2]


def _alter_payload(stream: Stream) -> None:
    data = stream.puts[3].record["event_data"]
    data[next(iter(data))] += "."


def _publish_an_ignored_field(stream: Stream) -> None:
    stream.puts[3].record["event_data"]["trace"] = None


def _change_partition_key(stream: Stream) -> None:
    stream.puts[3].partition_key = "new_process"


def _key_all_by_type(stream: Stream) -> None:
    for put in stream.puts:
        put.partition_key = put.record["event_type"]


def _repeat_with_another_id(stream: Stream) -> None:
    repeat = stream.puts[3].copy()
    repeat.record["event_id"] = str(uuid.uuid5(uuid.NAMESPACE_URL, "another"))
    stream.puts.append(repeat)


def _share_an_id(stream: Stream) -> None:
    stream.puts[3].record["event_id"] = stream.puts[2].record["event_id"]


def _move_to_an_unrelated_shard(stream: Stream) -> None:
    stream.parents["shard-1"] = ()
    for put in stream.puts:
        if put.record["submission_id"] == PLANS[0].submission_id and put.record["sequence"] >= 3:
            put.shard_id = "shard-1"


PLANTED: dict[str, tuple[Damage, dict[Kind, int], str]] = {
    "dropped": (_drop, {"missing": 1}, "not on the stream"),
    "swapped": (_swap, {"out_of_order": 1}, "first seen after event 3"),
    "on an unrelated shard": (_move_to_an_unrelated_shard, {"out_of_order": 1}, "unrelated"),
    "payload altered": (_alter_payload, {"altered": 1}, "event_data"),
    "ignored field published": (_publish_an_ignored_field, {"altered": 1}, "event_data"),
    "payload emptied": (_set(event_data={}), {"altered": 1}, "event_data"),
    "device altered": (_set(device_id=OTHER), {"altered": 1}, "device_id"),
    "time altered": (_set(time_created="2021-03-28T15:44:18"), {"altered": 1}, "time_created"),
    "type altered": (_set(event_type="file_opened"), {"altered": 1}, "event_type"),
    "partition key altered": (_change_partition_key, {"altered": 1}, "partition key"),
    "keyed by type": (_key_all_by_type, {"altered": len(publish(PLANS).puts)}, "partition key"),
    "sequence altered": (_set(sequence=99), {"missing": 1, "unexpected": 1}, "no such event"),
    "sequence of another": (_set(sequence=2), {"altered": 1, "identity": 1, "missing": 1}, "seen before"),
    "id random": (_set(event_id="8be01974-0f15-4d4f-809f-257a6de4d3f9"), {"identity": 1}, "version 5"),
    "id not a UUID": (_set(event_id="3"), {"identity": 1}, "version 5"),
    "id differs in a repeat": (_repeat_with_another_id, {"identity": 1}, "seen before"),
    "id shared by two events": (_share_an_id, {"identity": 1}, "another event"),
    "foreign submission": (_add(_put(replace(SPOILED, submission_id=OTHER), 0)), {"unexpected": 1}, "no submission"),
    "spoiled event published": (_add(_put(SPOILED, next(iter(SPOILED.must_not)))), {"unexpected": 1}, "bad-port"),
    "rejected submission published": (_add(_put(REJECTED, 0)), {"unexpected": 1}, "truncated"),
    "extra key": (_set(trace=1), {"unexpected": 1}, "trace"),
    "not an object": (_add(Put([], partition_key="x")), {"unexpected": 1}, "JSON object"),  # type: ignore[arg-type]
    "submission missing": (_without("submission_id"), {"missing": 1, "unexpected": 1}, "no submission"),
    "submission not a string": (_set(submission_id=["x"]), {"missing": 1, "unexpected": 1}, "no submission"),
    "sequence missing": (_without("sequence"), {"missing": 1, "unexpected": 1}, "sequence is missing"),
    "sequence a boolean": (_set(sequence=True), {"missing": 1, "unexpected": 1}, "sequence is not"),
    "id missing": (_without("event_id"), {"unexpected": 1}, "event_id is missing"),
    "device missing": (_without("device_id"), {"unexpected": 1}, "device_id is missing"),
    "type missing": (_without("event_type"), {"unexpected": 1}, "event_type is missing"),
    "time missing": (_without("time_created"), {"unexpected": 1}, "time_created is missing"),
    "payload missing": (_without("event_data"), {"unexpected": 1}, "event_data is missing"),
    "payload not an object": (_set(event_data="whoami"), {"unexpected": 1}, "event_data is not"),
    "processing time missing": (_without("processed_at"), {"unexpected": 1}, "processed_at is missing"),
    "processing time with an offset": (
        _set(processed_at="2026-01-02T03:04:05+00:00"),
        {"unexpected": 1},
        "processed_at",
    ),
    "processing time of no day": (_set(processed_at="2026-02-30T03:04:05Z"), {"unexpected": 1}, "processed_at"),
}


@pytest.mark.parametrize(("damage", "kinds", "detail"), PLANTED.values(), ids=PLANTED)
def test_a_planted_violation_is_named(damage: Damage, kinds: dict[Kind, int], detail: str) -> None:
    """Each way a stream can be wrong fails the audit under its own name, and the sample says what is wrong."""
    stream = publish(PLANS)
    damage(stream)
    report = judge(PLANS, stream)

    assert not report.passed
    assert _found(report) == kinds
    assert detail in " ".join(sample.detail for sample in report.samples)


def test_a_perfect_stream_passes() -> None:
    """A stream with every event once and in order passes, and its figures say so."""
    report = judge(PLANS, publish(PLANS))
    expected = sum(len(plan.must) for plan in PLANS)

    assert report.passed
    assert (report.expected, report.found, report.records, report.repeats) == (expected, expected, expected, 0)


@given(st.integers(), st.data())
def test_order_between_submissions_and_repeats_do_not_matter(seed: int, data: st.DataObject) -> None:
    """Submissions may interleave, and anything already on the stream may come again: at-least-once passes."""
    plans = _plans(seed, spoil=0.1)
    rng = Random(data.draw(st.integers()))
    lanes = [list(lane) for _, lane in groupby(publish(plans).puts, lambda put: put.record["submission_id"])]
    puts: list[Put] = []
    while any(lanes):
        if puts and rng.random() < 0.3:
            puts.append(rng.choice(puts))
        else:
            puts.append(rng.choice([lane for lane in lanes if lane]).pop(0))
    report = judge(plans, Stream(puts))

    assert report.passed
    assert report.repeats == len(puts) - report.expected


@given(st.data())
def test_any_loss_is_counted(data: st.DataObject) -> None:
    """Whatever part of a stream is lost, exactly that is missing."""
    stream = publish(PLANS)
    kept = data.draw(st.lists(st.booleans(), min_size=len(stream.puts), max_size=len(stream.puts)))
    report = judge(PLANS, Stream([put for put, keep in zip(stream.puts, kept, strict=True) if keep]))

    assert _found(report) == ({"missing": kept.count(False)} if False in kept else {})


@given(st.permutations(range(5)))
def test_any_disorder_is_found(order: list[int]) -> None:
    """A submission's first occurrences pass in rising order; each that comes after a later one is counted."""
    plan = _plans(spoil=0, events=(5, 5))[0]
    stream = publish([plan])
    stream.puts = [stream.puts[index] for index in order] + stream.puts[5:]
    late = sum(number < max(order[: place + 1]) for place, number in enumerate(order))

    assert judge([plan], stream).violations["out_of_order"] == late


@pytest.mark.parametrize("middle", ["shard-0", "shard-1", "shard-2", "shard-3"])
def test_order_goes_on_in_a_child_shard(middle: str) -> None:
    """After a split and a merge, records of one submission on a shard and its descendants are in order."""
    plan = _plans(spoil=0, events=(3, 3))[0]
    stream = publish([plan])
    stream.parents = {"shard-1": ("shard-0",), "shard-2": ("shard-0",), "shard-3": ("shard-1", "shard-2")}
    shard_ids = ["shard-0", "shard-0", middle, middle, "shard-3", "shard-3"]
    for put, shard_id in zip(stream.puts, shard_ids, strict=True):
        put.shard_id = shard_id

    assert judge([plan], stream).passed


def test_a_fall_in_a_child_shard_is_out_of_order() -> None:
    """An event that a child shard has for the first time must not come before one its parent has."""
    plan = _plans(spoil=0, events=(3, 3))[0]
    stream = publish([plan])
    stream.parents = {"shard-1": ("shard-0",)}
    late = stream.puts.pop(0)
    late.shard_id = "shard-1"
    stream.puts.append(late)

    assert _found(judge([plan], stream)) == {"out_of_order": 1}


def test_an_unconfirmed_submission_may_stay_away() -> None:
    """What was planned and never acknowledged is neither missed nor unexpected, but judged if it comes."""
    plan = PLANS[0]
    stream = publish(PLANS)
    gone = Stream([put for put in stream.puts if put.record["submission_id"] != plan.submission_id])
    _swap(stream)

    away = judge(PLANS, gone, unconfirmed=(plan.submission_id,))
    there = judge(PLANS, stream, unconfirmed=(plan.submission_id,))

    assert away.passed
    assert _found(there) == {"out_of_order": 1}
    assert away.expected == away.found == there.expected == there.found == len(gone.puts)
    assert (away.unconfirmed, away.permitted, there.permitted) == (1, 0, len(plan.must))


def test_what_is_left_open_may_come_or_not() -> None:
    """Siblings of a hostile event pass when they are there, when they are not, and fail when they are altered."""
    plans = _plans(spoil=0, invalid_share=1.0, invalid_kinds=("lone-surrogate",))
    there = publish([replace(plan, must=plan.may) for plan in plans])
    altered = publish([replace(plan, must=plan.may) for plan in plans])
    altered.puts[0].record["event_data"]["user"] = 1

    assert judge(plans, there).passed
    assert judge(plans, there).permitted == len(there.puts)
    assert judge(plans, Stream([])).passed
    assert _found(judge(plans, altered)) == {"altered": 1}


def test_other_submissions_can_be_allowed() -> None:
    """On a stream with older data the rest is counted apart when asked, but never a record that is not a record."""
    stream = publish(PLANS)
    stream.puts.append(_put(replace(SPOILED, submission_id=OTHER), 0))
    with_rubbish = Stream([*stream.puts, _put(replace(SPOILED, submission_id="not-a-uuid"), 0)])

    assert judge(PLANS, stream, allow_others=True).passed
    assert judge(PLANS, stream, allow_others=True).others == 1
    assert _found(judge(PLANS, with_rubbish, allow_others=True)) == {"unexpected": 1}


def test_the_order_of_keys_does_not_matter() -> None:
    """A payload is equal however its JSON object is written."""
    stream = publish(PLANS)
    for put in stream.puts:
        put.record["event_data"] = dict(reversed(put.record["event_data"].items()))

    assert judge(PLANS, stream).passed


def test_a_report_can_be_had_at_any_time() -> None:
    """The verdict can be asked for while reading, and does not change the one at the end."""
    oracle = Oracle()
    plan = PLANS[0]
    oracle.plan(plan)
    oracle.confirm(plan.submission_id)
    early = oracle.report()
    for put in publish([plan]).puts:
        oracle.read("shard-0", put.partition_key, put.data)

    assert early.violations["missing"] == len(early.samples) == len(plan.must)
    assert early.samples[0].submission_id == plan.submission_id
    assert oracle.outstanding == 0
    assert oracle.report().passed


def test_the_first_of_each_kind_are_samples() -> None:
    """All violations are counted, and ten of a kind are kept."""
    findings = Findings()
    for number in range(SAMPLES_PER_KIND + 1):
        findings.add("missing", f"{number}", {})

    assert (findings.counts["missing"], [sample.detail for sample in findings.samples]) == (
        SAMPLES_PER_KIND + 1,
        [f"{number}" for number in range(SAMPLES_PER_KIND)],
    )


def test_samples_name_the_event() -> None:
    """A sample has all that is needed to find the record: submission, sequence and event id."""
    stream = publish(PLANS)
    _alter_payload(stream)
    (sample,) = judge(PLANS, stream).samples

    assert (sample.kind, sample.submission_id, sample.sequence) == ("altered", PLANS[0].submission_id, 3)
    assert sample.event_id == event_id(PLANS[0], 3)
