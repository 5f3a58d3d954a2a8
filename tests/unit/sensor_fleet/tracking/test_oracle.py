"""The oracle of verdicts: rejects as they must be pass, and each kind of mistake is found and counted as what it is."""

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from sensor_fleet.errors import SettingsError
from sensor_fleet.tracking.audit import audit_verdicts
from sensor_fleet.tracking.generator import TrackingGenerator, TrackingOptions
from sensor_fleet.tracking.manifest import Put, TrackingManifest, read_tracking_manifest
from sensor_fleet.tracking.oracle import VerdictReport
from sensor_fleet.tracking.plan import digest
from sensor_fleet.tracking.releases import parse_break
from tests.unit.sensor_fleet.tracking.stored import lines_of, puts_of, stored

Rejects: TypeAlias = list[dict[str, Any]]

OPTIONS = TrackingOptions(
    seed=7, span=200, invalid_share=0.4, breaks=(parse_break("5.1.0:/properties/gender:not-in-enum"),)
)
_GENERATOR = TrackingGenerator(OPTIONS)
RECORDS = [_GENERATOR.record(index) for index in range(200)]
PUTS = puts_of(RECORDS)
BAD = [(record, put) for record, put in zip(RECORDS, PUTS, strict=True) if record.plan.faults]
VALID = [(record, put) for record, put in zip(RECORDS, PUTS, strict=True) if not record.plan.faults]


def _right() -> Rejects:
    return [stored(record, put) for record, put in BAD]


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """What the fleet noted of all records, each acknowledged."""
    with TrackingManifest(tmp_path / "sent.ndjson", OPTIONS) as written:
        written.planned(record.plan for record in RECORDS)
        written.sent(PUTS)
    return tmp_path / "sent.ndjson"


def _audited(manifest: Path, rejects: Rejects, wait_seconds: float = 0) -> VerdictReport:
    path = manifest.parent / "rejects.ndjson"
    path.write_bytes(lines_of(rejects))
    return audit_verdicts(manifest, path, wait_seconds)


def test_a_plan_survives_the_manifest(manifest: Path) -> None:
    """The audit sees exactly what was planned, and where Kinesis put it."""
    *plans, puts = read_tracking_manifest(manifest)

    assert plans == [record.plan for record in RECORDS]
    assert puts == PUTS


def test_right_verdicts_pass(manifest: Path) -> None:
    """Every record that must be rejected is, with its faults and none else; rejects told twice are repeats."""
    report = _audited(manifest, _right() + _right()[:3])

    assert report.passed, report.samples
    assert (report.expected, report.found, report.repeats) == (len(BAD), len(BAD), 3)


def test_the_release_that_broke_most_is_told(manifest: Path) -> None:
    """The report names release, subject, pointer and code, most frequent first."""
    first = _audited(manifest, _right()).breakages[0]

    assert first[:4] == ("5.1.0", "page/Policy Type", "/properties/gender", "not_in_enum")
    assert first.records > 10


def _without_first(rejects: Rejects) -> None:
    del rejects[0]


def _with_valid(rejects: Rejects) -> None:
    rejects.append(stored(*VALID[0], faults=[{"pointer": "", "reason": "not_json"}]))


def _with_foreign(rejects: Rejects) -> None:
    foreign = {"original": "{}", "original_encoding": "text", "reject_id": "x", "source_id": "shard-0/999999"}
    rejects.append(rejects[0] | foreign)


def _with_fault_less(rejects: Rejects) -> None:
    two = next(reject for reject in rejects if len(reject["faults"]) > 1)
    del two["faults"][0]


def _with_fault_more(rejects: Rejects) -> None:
    rejects[0]["faults"].append(rejects[0]["faults"][0])


def _with_other_code(rejects: Rejects) -> None:
    rejects[0]["faults"][0]["reason"] = "invalid"


def _with_other_pointer(rejects: Rejects) -> None:
    rejects[0]["faults"][0]["pointer"] += "/x"


def _with_other_subject(rejects: Rejects) -> None:
    next(reject for reject in rejects if reject["subject"])["subject"] = "page/Other"


def _with_other_release(rejects: Rejects) -> None:
    next(reject for reject in rejects if reject["app_version"] == "5.1.0")["app_version"] = "5.0.0"


def _with_swapped_places(rejects: Rejects) -> None:
    rejects[0]["source_id"], rejects[1]["source_id"] = rejects[1]["source_id"], rejects[0]["source_id"]


def _with_one_id(rejects: Rejects) -> None:
    rejects[1]["reject_id"] = rejects[0]["reject_id"]


@pytest.mark.parametrize(
    ("spoil", "kind", "times"),
    [
        (_without_first, "missing", 1),
        (_with_valid, "unexpected", 1),
        (_with_foreign, "unexpected", 1),
        (_with_fault_less, "wrong_faults", 1),
        (_with_fault_more, "wrong_faults", 1),
        (_with_other_code, "wrong_faults", 1),
        (_with_other_pointer, "wrong_faults", 1),
        (_with_other_subject, "wrong_subject", 1),
        (_with_other_release, "wrong_release", 1),
        (_with_swapped_places, "identity", 2),
        (_with_one_id, "identity", 1),
    ],
)
def test_each_mistake_is_found(manifest: Path, spoil: Callable[[Rejects], None], kind: str, times: int) -> None:
    """A verdict that is not the oracle's fails the audit, as exactly that kind of mistake and no other."""
    rejects = _right()
    spoil(rejects)
    report = _audited(manifest, rejects)

    assert not report.passed
    assert {name: count for name, count in report.violations.items() if count} == {kind: times}
    assert {sample.kind for sample in report.samples} == {kind}


def test_a_record_nobody_acknowledged_may_be_rejected_or_not(tmp_path: Path) -> None:
    """A fleet that was killed leaves records that may be on the stream: their rejects are allowed, and not missed."""
    manifest = tmp_path / "sent.ndjson"
    with TrackingManifest(manifest, OPTIONS) as written:
        written.planned(record.plan for record in RECORDS)
    without, with_them = _audited(manifest, []), _audited(manifest, _right())

    assert without.passed
    assert with_them.passed
    assert (without.permitted, with_them.permitted, with_them.unconfirmed) == (0, len(BAD), 200)


def test_a_second_copy_on_the_stream_is_a_repeat(manifest: Path) -> None:
    """A record sent again after a lost answer is rejected at two places, of which the fleet knows one."""
    again = stored(BAD[0][0], replace_place(BAD[0][1]))
    report = _audited(manifest, [*_right(), again])

    assert report.passed, report.samples
    assert report.repeats == 1


def replace_place(put: Put) -> Put:
    """The same record elsewhere."""
    return put._replace(sequence="999999")


def test_a_second_copy_does_not_stand_in_for_the_first(manifest: Path) -> None:
    """Where only the copy was rejected, the reject of the record whose place is known is missing."""
    rejects = _right()
    rejects[0] = stored(BAD[0][0], replace_place(BAD[0][1]))

    assert _audited(manifest, rejects).violations["missing"] == 1


def test_equal_records_are_told_apart_by_their_places(tmp_path: Path) -> None:
    """Records without a byte, of which there may be many, are each rejected where they are."""
    records = [RECORDS[0], RECORDS[1]]
    empty = [
        record._replace(data=b"", plan=record.plan._replace(digest=digest(b""), subject="", faults=(("", "not_json"),)))
        for record in records
    ]
    puts = puts_of(empty)
    with TrackingManifest(tmp_path / "sent.ndjson", OPTIONS) as written:
        written.planned(record.plan for record in empty)
        written.sent(puts)
    rejects = [stored(record, put) for record, put in zip(empty, puts, strict=True)]
    both, one = _audited(tmp_path / "sent.ndjson", rejects), _audited(tmp_path / "sent.ndjson", rejects[:1])

    assert both.passed, both.samples
    assert (both.found, both.repeats) == (2, 0)
    assert one.violations["missing"] == 1


def test_a_folder_of_gzipped_files_is_read(manifest: Path) -> None:
    """The rejects of a lake are all files below it, whatever their hour."""
    rejects = _right()
    folder = manifest.parent / "lake" / "rejects" / "inspect"
    for number in range(3):
        (folder / f"hh={number}").mkdir(parents=True)
        (folder / f"hh={number}" / "part.ndjson.gz").write_bytes(gzip.compress(lines_of(rejects[number::3])))

    assert audit_verdicts(manifest, manifest.parent / "lake", 0).passed


def test_a_line_that_is_still_written_is_left_for_later(manifest: Path) -> None:
    """A torn last line is no error: the file is read again while something is missing."""
    path = manifest.parent / "rejects.ndjson"
    path.write_bytes(lines_of(_right())[:-10])

    assert audit_verdicts(manifest, path, 0).violations["missing"] == 1


def test_what_a_killed_process_left_is_passed_over(manifest: Path) -> None:
    """A torn line in the middle is not a reject; the one that it began is there again, whole."""
    path = manifest.parent / "rejects.ndjson"
    lines = lines_of(_right())
    path.write_bytes(lines[:100] + b"\n" + lines)
    report = audit_verdicts(manifest, path, 0)

    assert report.passed, report.samples
    assert report.repeats == 0


@pytest.mark.parametrize("line", [b"{}\n", b"[]\n", json.dumps({"source_kind": "queue"}).encode() + b"\n"])
def test_what_is_no_reject_of_a_record_is_refused(manifest: Path, line: bytes) -> None:
    """A file of something else is named with its line, instead of being judged."""
    path = manifest.parent / "rejects.ndjson"
    path.write_bytes(lines_of(_right()[:1]) + line)

    with pytest.raises(SettingsError, match=r"rejects\.ndjson, line 2: not the reject of a record of a stream"):
        audit_verdicts(manifest, path, 0)


def test_seeds_do_not_mix(manifest: Path) -> None:
    """Rejects of another run are unexpected, each of them."""
    other = TrackingGenerator(replace(OPTIONS, seed=8, invalid_share=1.0))
    records = [other.record(index) for index in range(5)]
    foreign = [stored(record, put) for record, put in zip(records, puts_of(records), strict=True)]

    assert _audited(manifest, foreign).violations["unexpected"] == 5
