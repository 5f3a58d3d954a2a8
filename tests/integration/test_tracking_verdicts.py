"""The judge held against the fleet's oracle: every verdict on its events is the one that was written down by hand."""

from collections import Counter
from datetime import UTC, datetime

import pytest

from event_processor.contracts.contract import Contract
from event_processor.contracts.contract_set import ContractSet
from event_processor.contracts.judge import Accepted, Judge
from event_processor.contracts.streams import Stream, Template
from event_processor.verdict import Sender
from sensor_fleet.tracking.contracts import contract_of
from sensor_fleet.tracking.generator import KINDS, TrackingGenerator, TrackingOptions
from sensor_fleet.tracking.manifest import Put
from sensor_fleet.tracking.oracle import VerdictOracle
from sensor_fleet.tracking.rejects import FoundReject
from sensor_fleet.tracking.releases import parse_break
from sensor_fleet.tracking.streams import STREAMS
from sensor_fleet.tracking.subjects import DRIFTS, SUBJECTS

JUDGE = Judge(Stream("segment", Template.parse("{type}/{event|name}"), id="messageId"))
CONTRACTS = ContractSet(
    1,
    datetime(2026, 1, 1, tzinfo=UTC),
    {subject.name: Contract.compile(contract_of(subject)) for subject in SUBJECTS},
)


@pytest.mark.parametrize("kind", KINDS)
def test_every_fault_is_named_as_the_oracle_names_it(kind: str) -> None:
    """Of each kind of fault: the same pointers and codes, all of them and no others, the subject and the release."""
    generator = TrackingGenerator(TrackingOptions(seed=2, span=200, invalid_share=1.0, invalid_kinds=(kind,)))
    for record in map(generator.record, range(200)):
        verdict = JUDGE.judge(record.data, CONTRACTS)

        assert not isinstance(verdict, Accepted), record
        found = Counter((fault.pointer, fault.reason.value) for fault in verdict.faults)
        assert found == Counter(record.plan.faults), record
        assert (verdict.subject or "") == record.plan.subject


@pytest.mark.parametrize("name", ["user-events", "user-utm"])
def test_records_of_a_website_are_judged_as_the_oracle_says(name: str) -> None:
    """Each kind of fault that these records can have is told as it is, and those without are accepted."""
    [subject] = STREAMS[name]
    contracts = ContractSet(1, datetime(2026, 1, 1, tzinfo=UTC), {name: Contract.compile(contract_of(subject))})
    judge = Judge(Stream(name, Template.parse(name), id="request_id"))
    generator = TrackingGenerator(TrackingOptions(seed=2, invalid_share=0.5), STREAMS[name])
    plans = []
    for record in map(generator.record, range(400)):
        verdict = judge.judge(record.data, contracts)
        faults = [] if isinstance(verdict, Accepted) else verdict.faults
        assert Counter((fault.pointer, fault.reason.value) for fault in faults) == Counter(record.plan.faults), record
        assert (record.plan.subject, record.plan.release) == (name, "")
        plans.append(record.plan)

    assert {bool(plan.faults) for plan in plans} == {True, False}


def test_the_release_is_told_of_whatever_it_breaks() -> None:
    """A reject whose subject is known names the release, unless that itself is what is broken."""
    breaks = (parse_break("2:/context/app/version:missing"), parse_break("1:/anonymousId:missing"))
    options = TrackingOptions(seed=2, span=600, releases=("1", "2"), breaks=breaks, invalid_share=0.5)
    oracle, generator = VerdictOracle(), TrackingGenerator(options)
    for number, record in enumerate(map(generator.record, range(600))):
        oracle.plan(record.plan)
        oracle.confirm([Put(record.plan.message_id, "0", str(number))])
        verdict = JUDGE.judge(record.data, CONTRACTS)
        if not isinstance(verdict, Accepted):
            faults = tuple((fault.pointer, fault.reason.value) for fault in verdict.faults)
            told = verdict.subject or "", verdict.sender.app_version or ""
            oracle.read(FoundReject(str(number), f"0/{number}", *told, faults, record.data))
    report = oracle.report()

    assert report.passed, report.samples
    assert report.found > 400


def test_what_is_valid_is_accepted() -> None:
    """Valid events of every subject pass, also while things drift, and the sender is who sent them."""
    generator = TrackingGenerator(TrackingOptions(seed=2, span=400, drift=DRIFTS))
    for record in map(generator.record, range(400)):
        verdict = JUDGE.judge(record.data, CONTRACTS)

        assert isinstance(verdict, Accepted), record
        assert verdict.subject == record.plan.subject
        assert verdict.sender == Sender(record.partition_key, "analytics.js 3.7.2", record.plan.release)
