"""What must become of each record in the lake, by the manifest of whoever sent it. Pure."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Literal, NamedTuple, Protocol, TypeAlias

from sensor_fleet.door.oracle import UNKNOWN
from sensor_fleet.expectation import ExpectedSubmission
from sensor_fleet.lane import Lane
from sensor_fleet.plan import Plan
from sensor_fleet.record import format_faults, parse
from sensor_fleet.tracking.manifest import BROKEN, Answered, Put
from sensor_fleet.tracking.plan import Fault, TrackingPlan, digest

Outcome: TypeAlias = Literal["row", "reject", "either"]


class Place(NamedTuple):
    """Where a record is: on which stream, its shard and its sequence number."""

    stream: str
    shard: str
    sequence: str

    def __str__(self) -> str:
        return "/".join(self)


class Expected(NamedTuple):
    """A record that was sent, found at some place: what must become of it, and what is wrong with it there."""

    name: str
    outcome: Outcome
    faults: tuple[Fault, ...] = ()
    unexpected: str = ""
    altered: str = ""


class Manifest(Protocol):
    """All that was sent."""

    @property
    def streams(self) -> Sequence[str]:
        """The streams that something was sent to."""
        ...

    def required(self) -> Mapping[str, Place | None]:
        """The names of records that must be in the lake, and where, if the sender was told."""
        ...

    def find(self, place: Place, key: str, data: bytes) -> Expected | None:
        """Which of them a record is; None if it is none of them."""
        ...


class TrackingRecords(Manifest):
    """The records of `track`, all on one stream, and of `run --gateway`, which names their streams."""

    def __init__(self, stream: str) -> None:
        self._stream = stream
        self._plans: dict[str, TrackingPlan] = {}
        self._by_digest: dict[str, TrackingPlan] = {}
        self._at: dict[Place, str] = {}
        self._places: dict[str, Place | None] = {}
        self._statuses: dict[str, int] = {}

    def plan(self, plan: TrackingPlan) -> None:
        """Announce a record that may be on the stream."""
        self._plans[plan.message_id] = self._by_digest[plan.digest] = plan

    def answered(self, answered: Answered) -> None:
        """Records that a door did not take. Raises KeyError for one that was never planned."""
        for message_id in answered.message_ids:
            self._statuses[self._plans[message_id].message_id] = answered.status

    def confirm(self, puts: Sequence[Put]) -> None:
        """Records that are on the stream, and where. Raises KeyError for one that was never planned."""
        for put in puts:
            place = Place(self._plans[put.message_id].stream or self._stream, put.shard, put.sequence)
            self._at[place], self._places[put.message_id] = put.message_id, place
            self._statuses[put.message_id] = HTTPStatus.OK

    @property
    def streams(self) -> Sequence[str]:
        """See Manifest."""
        return list(dict.fromkeys(plan.stream or self._stream for plan in self._plans.values()))

    def required(self) -> Mapping[str, Place | None]:
        """See Manifest."""
        return self._places

    def find(self, place: Place, key: str, data: bytes) -> Expected | None:
        """See Manifest."""
        found = digest(data)
        there = self._plans[self._at[place]] if place in self._at else self._by_digest.get(found)
        if there is None:
            return None
        altered = "" if found == there.digest else "its bytes are not those that were sent there"
        if there.key not in ("", key):
            altered = f"its partition key is {key}"
        outcome: Outcome = "reject" if there.faults else "row"
        return Expected(there.message_id, outcome, there.faults, self._why_not(there, place.stream), altered)

    def _why_not(self, plan: TrackingPlan, stream: str) -> str:
        if stream != (plan.stream or self._stream):
            return f"on {stream}"
        status = self._statuses.get(plan.message_id, BROKEN)
        if status != HTTPStatus.OK and status not in UNKNOWN:
            return f"it was answered {status}"
        return "the door must refuse it" if plan.stream and plan.faults else ""


class RunRecords(Manifest):
    """The records of `run`: the events of its submissions."""

    def __init__(self, stream: str) -> None:
        self._stream = stream
        self._submissions: dict[str, ExpectedSubmission] = {}

    def plan(self, plan: Plan) -> None:
        """Announce a submission that may be on the queue."""
        self._submissions[plan.submission_id] = ExpectedSubmission(plan, len(self._submissions), Lane())

    def confirm(self, submission_id: str) -> None:
        """Note that it is on the queue. Raises KeyError for one that was never planned."""
        self._submissions[submission_id].confirmed = True

    @property
    def streams(self) -> Sequence[str]:
        """See Manifest."""
        return [self._stream]

    def required(self) -> Mapping[str, Place | None]:
        """See Manifest."""
        return {
            f"{submission.submission_id}/{sequence}": None
            for submission in self._submissions.values()
            for sequence in submission.missing()
        }

    def find(self, place: Place, key: str, data: bytes) -> Expected | None:  # noqa: ARG002 - see Manifest
        """See Manifest."""
        record = parse(data) or {}
        submission = self._submissions.get(str(record.get("submission_id")))
        if submission is None:
            return None
        name = f"{submission.submission_id}/{record.get('sequence')}"
        sequence = record.get("sequence")
        event = submission.events.get(sequence) if type(sequence) is int else None
        if event is None:
            return Expected(name, "reject", (), submission.why_not(sequence if type(sequence) is int else -1))
        wrong = [*format_faults(record), *submission.differences(event, key, record)]
        return Expected(name, "row" if event.must else "either", (), "", ", ".join(wrong))
