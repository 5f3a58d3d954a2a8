"""The oracle: compares what a stream contains with what was sent. Pure, and independent of the processor.

Feed it plans, confirmations, shards and records: each shard's records in their order, parents before children.
"""

from collections.abc import Mapping
from typing import Any

from sensor_fleet.expectation import ExpectedEvent, ExpectedSubmission
from sensor_fleet.lane import Lane, Place
from sensor_fleet.lineage import Lineage
from sensor_fleet.plan import Plan
from sensor_fleet.record import format_faults, is_uuid, is_uuid5, parse
from sensor_fleet.report import KINDS, Findings, Report


class Oracle:
    """Judges one stream. `allow_others`: records of unknown submissions are counted, and are not violations."""

    def __init__(self, *, allow_others: bool = False) -> None:
        self._allow_others = allow_others
        self._submissions: dict[str, ExpectedSubmission] = {}
        self._groups: dict[str, Lane] = {}
        self._owners: dict[str, ExpectedEvent] = {}
        self._lineage = Lineage()
        self._findings = Findings()
        self._records = self._repeats = self._others = 0
        self.outstanding = 0
        """How many events must still be seen."""

    def plan(self, plan: Plan) -> None:
        """Announce a submission that may be on the queue; until it is confirmed, its events may be missing.

        Those of a message group are announced in the group's order.
        """
        lane = self._groups.setdefault(plan.group, Lane()) if plan.group else Lane()
        self._submissions[plan.submission_id] = ExpectedSubmission(plan, len(self._submissions), lane)

    def confirm(self, submission_id: str) -> None:
        """Note that a planned submission is certainly on the queue. Raises KeyError for one that was never planned."""
        submission = self._submissions[submission_id]
        if not submission.confirmed:
            submission.confirmed = True
            self.outstanding += sum(1 for _ in submission.missing())

    def shard(self, shard_id: str, parents: tuple[str, ...] = ()) -> None:
        """Make a shard known, before its records."""
        self._lineage.add(shard_id, parents)

    def read(self, shard_id: str, partition_key: str, data: bytes, _sequence_number: str = "") -> None:
        """Take the next record of a shard."""
        self._records += 1
        record = parse(data)
        if record is None:
            self._findings.add("unexpected", "not a JSON object", {})
        elif submission := self._submissions.get(str(record.get("submission_id"))):
            self._read_planned(submission, shard_id, partition_key, record)
        elif self._allow_others and is_uuid(record.get("submission_id")):
            self._others += 1
        else:
            self._findings.add("unexpected", "of no submission that was planned", record)

    def _read_planned(
        self, submission: ExpectedSubmission, shard_id: str, partition_key: str, record: Mapping[str, Any]
    ) -> None:
        if faults := format_faults(record):
            self._findings.add("unexpected", ", ".join(faults), record)
        sequence = record.get("sequence")
        if type(sequence) is not int:
            return
        event = submission.events.get(sequence)
        if event is None:
            self._findings.add("unexpected", submission.why_not(sequence), record)
            return
        if differences := submission.differences(event, partition_key, record):
            self._findings.add("altered", ", ".join(differences), record)
        self._check_identity(event, record)
        if event.event_id is None:
            submission.keyed(partition_key)
            place = Place(submission.rank, sequence, submission.submission_id)
            if disorder := submission.lane.take(place, shard_id, self._lineage):
                self._findings.add("out_of_order", disorder, record)
            event.event_id = str(record.get("event_id", ""))
            self.outstanding -= event.must and submission.confirmed
        else:
            self._repeats += 1

    def _check_identity(self, event: ExpectedEvent, record: Mapping[str, Any]) -> None:
        event_id = record.get("event_id")
        if not isinstance(event_id, str):
            return
        if not is_uuid5(event_id):
            self._findings.add("identity", "event_id is not a UUID of version 5", record)
        elif event.event_id not in (None, event_id):
            self._findings.add("identity", f"seen before with event_id {event.event_id}", record)
        elif self._owners.setdefault(event_id, event) is not event:
            self._findings.add("identity", "event_id is that of another event too", record)

    def report(self) -> Report:
        """The verdict if nothing more came."""
        findings = self._findings.copy()
        expected = permitted = 0
        for submission_id, submission in self._submissions.items():
            for event in submission.events.values():
                counts = event.must and submission.confirmed
                expected += counts
                permitted += not counts and event.event_id is not None
            for sequence in submission.missing():
                findings.add("missing", "not on the stream", {"submission_id": submission_id, "sequence": sequence})
        return Report(
            submissions=len(self._submissions),
            unconfirmed=sum(not submission.confirmed for submission in self._submissions.values()),
            groups=sum(bool(lane.shard_id) for lane in self._groups.values()),
            expected=expected,
            found=expected - self.outstanding,
            permitted=permitted,
            records=self._records,
            repeats=self._repeats,
            others=self._others,
            violations={kind: findings.counts[kind] for kind in KINDS},
            samples=tuple(findings.samples),
        )
