"""Tracking events: the same for the same seed, broken where the plan says so, and judged alike by another validator."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from sensor_fleet.tracking.bodies import BODY_SPOILS
from sensor_fleet.tracking.contracts import contract_of
from sensor_fleet.tracking.generator import GROUPS, KINDS, TrackingGenerator, TrackingOptions
from sensor_fleet.tracking.plan import TrackingRecord
from sensor_fleet.tracking.releases import parse_break
from sensor_fleet.tracking.subjects import DRIFTS, SUBJECTS, WAYS

OPTIONS = TrackingOptions(seed=3, span=300)
VALIDATORS = {
    subject.name: Draft202012Validator(contract_of(subject), format_checker=Draft202012Validator.FORMAT_CHECKER)
    for subject in SUBJECTS
}
CODES = {
    "type": "wrong_type",
    "required": "missing_field",
    "enum": "not_in_enum",
    "pattern": "pattern",
    "maxLength": "length",
    "minItems": "length",
    "minimum": "out_of_range",
    "maximum": "out_of_range",
    "additionalProperties": "unplanned_field",
    "uuid": "not_a_uuid",
    "date-time": "not_a_time",
    "ipv4": "not_ipv4",
    "email": "format",
}
LENIENT = ("/traits/email", "format"), ("/properties/age", "pattern"), ("/properties/policy_face_value", "pattern")
"""Where `jsonschema` is too lenient: an e-mail address is any text with an @, and $ matches before a newline, too."""


def _records(options: TrackingOptions, number: int = 300) -> list[TrackingRecord]:
    generator = TrackingGenerator(options)
    return [generator.record(index) for index in range(number)]


def _second_opinion(record: TrackingRecord) -> list[tuple[str, str]]:
    return sorted(_faults(VALIDATORS[record.plan.subject], json.loads(record.data)))


def _faults(validator: Draft202012Validator, document: Any) -> Iterator[tuple[str, str]]:
    for error in validator.iter_errors(document):
        steps = [str(step).replace("~", "~0").replace("/", "~1") for step in error.absolute_path]
        keyword = error.validator_value if error.validator == "format" else error.validator
        yield "".join(f"/{step}" for step in steps), CODES[str(keyword)]


def test_the_same_seed_makes_the_same_records() -> None:
    """A run can be had again, byte for byte, and another seed makes another."""
    options = replace(OPTIONS, invalid_share=0.5, drift=DRIFTS)

    assert _records(options, 50) == _records(options, 50)
    assert _records(options, 50) != _records(replace(options, seed=4), 50)


def test_a_fleet_that_breaks_nothing_sends_valid_events() -> None:
    """Without faults every event keeps to its contract, of every kind there is, also while things drift."""
    records = _records(replace(OPTIONS, drift=DRIFTS))

    assert {record.plan.subject for record in records} == set(VALIDATORS)
    assert [record.plan.faults for record in records] == [()] * 300
    assert [_second_opinion(record) for record in records] == [[]] * 300


@pytest.mark.parametrize("kind", GROUPS["field"])
def test_what_a_fault_must_be_called_is_what_another_validator_finds(kind: str) -> None:
    """The expectations beside each way to break a field are those of `jsonschema`, where that is not too lenient."""
    for record in _records(replace(OPTIONS, invalid_share=1.0, invalid_kinds=(kind,)), 150):
        expected = list(record.plan.faults)
        lenient = Counter(expected) - Counter(_second_opinion(record))

        assert expected
        assert set(lenient) <= set(LENIENT)
        assert not Counter(_second_opinion(record)) - Counter(expected)


def test_one_release_breaks_one_field_and_the_next_has_mended_it() -> None:
    """Events of that release with that field have that fault, all others none; releases follow each other."""
    broken = parse_break("5.1.0:/properties/gender:not-in-enum")
    records = _records(replace(OPTIONS, breaks=(broken,)))
    releases = [record.plan.release for record in records]
    fault = (("/properties/gender", "not_in_enum"),)

    assert (releases[0], releases[-1], set(releases)) == ("5.0.0", "5.2.0", {"5.0.0", "5.1.0", "5.2.0"})
    for record in records:
        is_broken = record.plan.release == "5.1.0" and record.plan.subject == "page/Policy Type"
        assert record.plan.faults == (fault if is_broken else ())
    assert sum(bool(record.plan.faults) for record in records) > 10


def test_a_field_that_a_release_breaks_is_not_broken_once_more() -> None:
    """What is broken by plan keeps the fault of the plan; faults by chance strike other fields of the event."""
    broken = parse_break("1:/properties/gender:missing")
    options = replace(OPTIONS, releases=("1",), breaks=(broken,), invalid_share=1.0, invalid_kinds=("missing",))
    records = [record for record in _records(options) if record.plan.subject == "page/Policy Type"]

    assert len(records) > 50
    assert [_second_opinion(record) for record in records] == [list(record.plan.faults) for record in records]


def test_no_visitor_goes_back_to_an_older_release() -> None:
    """Each visitor has the releases one after the other."""
    seen: dict[str, list[str]] = {}
    for record in _records(OPTIONS):
        seen.setdefault(record.partition_key, []).append(record.plan.release)

    assert len(seen) == 10
    assert all(releases == sorted(releases) for releases in seen.values())


@pytest.mark.parametrize("pointer", WAYS)
def test_every_field_can_be_broken_by_a_release(pointer: str) -> None:
    """Whatever field and way a plan names, the release has that fault and the verdict names that place."""
    for way in WAYS[pointer]:
        options = replace(OPTIONS, releases=("1",), breaks=(parse_break(f"1:{pointer}:{way}"),))
        found = [fault for record in _records(options, 150) for fault in record.plan.faults]

        assert found
        assert all(place.startswith(pointer.rpartition("/")[0]) for place, _ in found)


def test_what_drifts_is_seen_over_time() -> None:
    """Amounts rise, an answer is given less often and other kinds of events come, as was asked for; else not."""

    def means(options: TrackingOptions) -> list[tuple[float, float, float]]:
        records = [(each.plan.subject, json.loads(each.data)) for each in _records(options, 1500)]
        return [_figures(part) for part in (records[:300], records[-300:])]

    steady, drifting = means(replace(OPTIONS, span=1500)), means(replace(OPTIONS, span=1500, drift=DRIFTS))

    assert all(0.5 < after / before < 2 for before, after in zip(*steady, strict=True))
    assert all(not 0.5 < after / before < 2 for before, after in zip(*drifting, strict=True))


def _figures(records: list[tuple[str, Any]]) -> tuple[float, float, float]:
    """Mean revenue, share of genders left open, and share of screens."""
    revenues = [event["properties"]["revenue"] for subject, event in records if subject == "track/Order Completed"]
    genders = [event["properties"]["gender"] for subject, event in records if subject == "page/Policy Type"]
    screens = sum(subject == "screen/Home" for subject, _ in records)
    return sum(revenues) / len(revenues), genders.count("") / len(genders), screens / len(records)


def test_every_kind_of_fault_is_made() -> None:
    """Of all kinds there is one in a run that is long enough, each with at least one fault."""
    for kind in KINDS:
        records = _records(replace(OPTIONS, invalid_share=1.0, invalid_kinds=(kind,)), 5)

        assert all(record.plan.faults for record in records)


def test_what_is_cut_is_utf8_still() -> None:
    """An event that is to be rejected as no JSON is not rejected for a character that was cut in two."""
    for seed in range(100):
        BODY_SPOILS["not-json"](Random(seed), {"name": "ü" * 100}, SUBJECTS[0]).data.decode()
