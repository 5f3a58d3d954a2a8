"""The oracle of a door: streams as it promised pass, and each broken promise is found and counted as what it is."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from sensor_fleet.audit import AuditSettings, audit
from sensor_fleet.aws import Aws
from sensor_fleet.door.oracle import DoorOracle
from sensor_fleet.errors import SettingsError
from sensor_fleet.report import Report
from sensor_fleet.tracking.audit import load_tracking
from sensor_fleet.tracking.generator import TrackingGenerator, TrackingOptions
from sensor_fleet.tracking.manifest import BROKEN, Answered, Put, TrackingManifest, read_tracking_manifest
from sensor_fleet.tracking.plan import TrackingRecord
from sensor_fleet.tracking.streams import STREAMS

OPTIONS = TrackingOptions(seed=5, visitors=1, invalid_share=0, invalid_kinds=("wrong-type",))
STREAM = "user-events"


class Stored(NamedTuple):
    """A record on the stream."""

    key: str
    data: bytes
    number: str
    shard: str = "shard-0"
    stream: str = STREAM


def _made(options: TrackingOptions, client: int, indices: range) -> list[TrackingRecord]:
    generator = TrackingGenerator(options, STREAMS[STREAM])
    made = [generator.record(index) for index in indices]
    return [
        each._replace(plan=each.plan._replace(stream=STREAM, key=each.partition_key, client=client)) for each in made
    ]


RECORDS = _made(OPTIONS, 1, range(4))
[OTHER] = _made(OPTIONS, 2, range(4, 5))
[FAULTY] = _made(TrackingOptions(seed=5, visitors=1, invalid_share=1, invalid_kinds=("wrong-type",)), 1, range(9, 10))


def _put(record: TrackingRecord, number: int) -> Put:
    return Put(record.plan.message_id, "shard-0", str(number))


def _stored(record: TrackingRecord, number: int) -> Stored:
    return Stored(record.partition_key, record.data, str(number))


GOOD = [_stored(record, number) for number, record in enumerate(RECORDS)]


def _oracle(*others: Answered, allow_others: bool = False) -> DoorOracle:
    oracle = DoorOracle(allow_others=allow_others)
    for record in (*RECORDS, OTHER, FAULTY):
        oracle.plan(record.plan)
    oracle.confirm([_put(record, number) for number, record in enumerate(RECORDS)])
    for other in others:
        oracle.answered(other)
    return oracle


def _judged(oracle: DoorOracle, stored: list[Stored]) -> Report:
    for stream in dict.fromkeys(each.stream for each in stored):
        listener = oracle.of(stream)
        for shard in dict.fromkeys(each.shard for each in stored):
            listener.shard(shard)
        for each in stored:
            if each.stream == stream:
                listener.read(each.shard, each.key, each.data, each.number)
    return oracle.report()


def test_a_kept_promise_passes() -> None:
    """Each 200 is there, in order; repeats are counted, and what was not answered may be there or not."""
    report = _judged(_oracle(), [GOOD[0], *GOOD, _stored(OTHER, 7)])

    assert report.passed, report.samples
    assert (report.expected, report.found, report.repeats, report.permitted) == (4, 4, 1, 1)
    assert report.answers == {"broken connection": 2, "200": 4}


@pytest.mark.parametrize(
    ("kind", "stored"),
    [
        ("missing", GOOD[:3]),
        ("out_of_order", [GOOD[1], GOOD[0], *GOOD[2:]]),
        ("out_of_order", [*GOOD[:3], GOOD[3]._replace(shard="shard-1")]),
        ("altered", [GOOD[0]._replace(key="another"), *GOOD[1:]]),
        ("altered", [*GOOD, Stored(GOOD[0].key, GOOD[0].data.replace(b'":', b'" :', 1), "9")]),
        ("unexpected", [*GOOD, Stored("k", b"{}", "9")]),
        ("unexpected", [*GOOD, _stored(FAULTY, 9)]),
        ("unexpected", [*GOOD, GOOD[0]._replace(stream="user-utm")]),
        ("identity", [GOOD[0]._replace(number="77"), *GOOD[1:]]),
    ],
)
def test_a_broken_promise_is_found(kind: str, stored: list[Stored]) -> None:
    """What is missing, late, altered, of nobody, refused or elsewhere than was answered is told as such."""
    report = _judged(_oracle(), stored)

    found = {name for name, number in report.violations.items() if number}
    assert kind in found
    assert found <= {kind, "identity"}
    assert not report.passed


@pytest.mark.parametrize(
    ("status", "is_allowed"),
    [(503, True), (502, True), (504, True), (BROKEN, True), (429, False), (422, False), (400, False), (500, False)],
)
def test_what_was_answered_otherwise(status: int, is_allowed: bool) -> None:
    """On the stream it may only be if the answer left that open."""
    report = _judged(_oracle(Answered(status, [OTHER.plan.message_id])), [*GOOD, _stored(OTHER, 8)])

    assert bool(report.violations["unexpected"]) is not is_allowed
    assert report.permitted == is_allowed


def test_a_valid_record_that_was_refused_is_missing() -> None:
    """The door may refuse only what the contracts forbid."""
    refused = Answered(422, [FAULTY.plan.message_id])

    assert _judged(_oracle(refused), GOOD).passed
    assert _judged(_oracle(refused, Answered(422, [OTHER.plan.message_id])), GOOD).violations["missing"] == 1


def test_a_faulty_record_that_was_taken_is_unexpected() -> None:
    """200 for what the contracts forbid is a broken promise, too."""
    oracle = _oracle()
    oracle.confirm([_put(FAULTY, 5)])

    assert _judged(oracle, [*GOOD, _stored(FAULTY, 5)]).violations["unexpected"] == 1


def test_clients_are_judged_apart() -> None:
    """Between two clients of one key there is no order."""
    oracle = _oracle()
    oracle.confirm([_put(OTHER, 5)])

    assert _judged(oracle, [*GOOD[:1], _stored(OTHER, 5), *GOOD[1:]]).passed


def test_records_of_others_are_counted_on_request() -> None:
    """A stream that others use, too, can be audited."""
    report = _judged(_oracle(allow_others=True), [*GOOD, Stored("k", b"{}", "9")])

    assert (report.passed, report.others) == (True, 1)


def _written(path: Path, write: Callable[[TrackingManifest], None]) -> Path:
    with TrackingManifest(path, OPTIONS) as manifest:
        write(manifest)
    return path


def test_answers_survive_the_manifest(tmp_path: Path) -> None:
    """The audit sees who sent what under which key, and how each record was answered."""

    def write(manifest: TrackingManifest) -> None:
        manifest.planned(record.plan for record in RECORDS)
        manifest.sent([_put(RECORDS[0], 0)])
        manifest.answered(Answered(503, [RECORDS[1].plan.message_id]))

    entries = list(read_tracking_manifest(_written(tmp_path / "sent", write)))

    assert entries[:4] == [record.plan for record in RECORDS]
    assert entries[4:] == [[_put(RECORDS[0], 0)], Answered(503, [RECORDS[1].plan.message_id])]


def test_an_answer_to_what_was_never_planned_is_no_evidence(tmp_path: Path) -> None:
    """A manifest that contradicts itself is refused."""
    path = _written(tmp_path / "sent", lambda manifest: manifest.answered(Answered(503, ["nobody"])))

    with pytest.raises(SettingsError, match="event 'nobody' was sent but never planned"):
        load_tracking(path, read_tracking_manifest(path), DoorOracle())


def test_what_track_sent_is_held_against_rejects(tmp_path: Path) -> None:
    """Its manifest names no stream, so that there is nothing to read without --rejects."""
    plans = [record.plan._replace(stream="", key="", client=0) for record in RECORDS]
    path = _written(tmp_path / "sent", lambda manifest: manifest.planned(plans))

    with pytest.raises(SettingsError, match="is of `track`: name the rejects"):
        audit(AuditSettings(aws=Aws(), stream="s", manifest=path, wait=0, allow_others=False))
