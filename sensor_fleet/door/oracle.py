"""The oracle of a door: compares its streams with what it answered. Pure, and independent of the door.

Feed it plans, puts and answers; then, stream by stream, shards and records: each shard's records in their order,
parents before children.
"""

from collections import Counter
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from sensor_fleet.door.sender import named
from sensor_fleet.lane import Lane, Place
from sensor_fleet.lineage import Lineage
from sensor_fleet.record import parse
from sensor_fleet.report import KINDS, Findings, Report
from sensor_fleet.tracking.manifest import BROKEN, Answered, Put
from sensor_fleet.tracking.plan import TrackingPlan, digest

UNKNOWN: Final = frozenset({BROKEN, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT})
"""Answers that leave open what became of a record. 502 and 504 are a load balancer's, for a connection that broke."""


class _Sent:
    """A record, how it was answered, and what was seen of it. `number` is its place among those of its lane."""

    __slots__ = ("is_found", "is_in_place", "lane", "number", "plan", "put", "status")

    def __init__(self, plan: TrackingPlan, number: int, lane: Lane) -> None:
        self.plan, self.number, self.lane = plan, number, lane
        self.status: int = BROKEN
        self.put: Put | None = None
        self.is_found = self.is_in_place = False

    def __str__(self) -> str:
        return f"{self.plan.stream}, key {self.plan.key}"


class DoorOracle:
    """Judges the streams of one door. `allow_others`: unknown records are counted, and are not violations."""

    def __init__(self, *, allow_others: bool = False) -> None:
        self._allow_others = allow_others
        self._sent: dict[str, _Sent] = {}
        self._by_digest: dict[str, _Sent] = {}
        self._lanes: dict[tuple[str, str, int], Lane] = {}
        self._lengths: Counter[Lane] = Counter()
        self._findings = Findings()
        self._records = self._repeats = self._others = 0
        self.outstanding = 0
        """How many records must still be seen."""

    @property
    def streams(self) -> list[str]:
        """The streams that records were sent to."""
        return list(dict.fromkeys(stream for stream, _, _ in self._lanes))

    def plan(self, plan: TrackingPlan) -> None:
        """Announce a record; those of one client in the order in which it sends them."""
        lane = self._lanes.setdefault((plan.stream, plan.key, plan.client), Lane())
        self._sent[plan.message_id] = self._by_digest[plan.digest] = _Sent(plan, self._lengths[lane], lane)
        self._lengths[lane] += 1

    def confirm(self, puts: Sequence[Put]) -> None:
        """Records that were answered 200, and where they are said to be. Raises KeyError for one never planned."""
        for put in puts:
            sent = self._sent[put.message_id]
            sent.status, sent.put = HTTPStatus.OK, put
            self.outstanding += 1

    def answered(self, answered: Answered) -> None:
        """Records that were answered otherwise. Raises KeyError for one that was never planned."""
        for message_id in answered.message_ids:
            self._sent[message_id].status = answered.status

    def of(self, stream: str) -> "StreamOracle":
        """The listener to what this stream contains."""
        return StreamOracle(self, stream)

    def read(
        self, stream: str, lineage: Lineage, shard_id: str, partition_key: str, data: bytes, sequence_number: str
    ) -> None:
        """Take the next record of a shard."""
        self._records += 1
        sent = self._by_digest.get(digest(data))
        if sent is None:
            self._read_unknown(data)
            return
        if why := _why_not(sent, stream):
            self._find("unexpected", why, sent)
            return
        if sent.plan.key != partition_key:
            self._find("altered", f"its partition key is {partition_key}", sent)
        if sent.put and (sent.put.shard, sent.put.sequence) == (shard_id, sequence_number):
            sent.is_in_place = True
        if sent.is_found:
            self._repeats += 1
            return
        sent.is_found = True
        if sent.status == HTTPStatus.OK:
            self.outstanding -= 1
            if disorder := sent.lane.take(Place(0, sent.number, sent.plan.message_id), shard_id, lineage):
                self._find("out_of_order", disorder, sent)

    def _read_unknown(self, data: bytes) -> None:
        record = parse(data) or {}
        sent = self._sent.get(str(record.get("messageId") or record.get("request_id")))
        if sent is not None:
            self._find("altered", "its bytes are not those that were sent", sent)
        elif self._allow_others:
            self._others += 1
        else:
            self._findings.add("unexpected", "of no record that was sent", {})

    def _find(self, kind: Any, detail: str, sent: _Sent, findings: Findings | None = None) -> None:
        where = {"submission_id": sent.plan.message_id, "sequence": sent.number}
        (findings or self._findings).add(kind, f"{detail} ({sent})", where)

    def report(self) -> Report:
        """The verdict if nothing more came."""
        findings = self._findings.copy()
        for sent in self._sent.values():
            if sent.status == HTTPStatus.OK and not sent.is_found:
                self._find("missing", "answered 200, and not on the stream", sent, findings)
            elif sent.status == HTTPStatus.OK and not sent.is_in_place:
                self._find("identity", "not where the answer says", sent, findings)
            elif sent.status == HTTPStatus.UNPROCESSABLE_ENTITY and not sent.plan.faults:
                self._find("missing", "valid, and answered 422", sent, findings)
        answers = Counter(sent.status for sent in self._sent.values())
        return Report(
            submissions=len(self._sent),
            unconfirmed=len(self._sent) - answers[HTTPStatus.OK],
            groups=sum(bool(lane.shard_id) for lane in self._lanes.values()),
            expected=answers[HTTPStatus.OK],
            found=answers[HTTPStatus.OK] - self.outstanding,
            permitted=sum(sent.is_found and sent.status != HTTPStatus.OK for sent in self._sent.values()),
            records=self._records,
            repeats=self._repeats,
            others=self._others,
            violations={kind: findings.counts[kind] for kind in KINDS},
            samples=tuple(findings.samples),
            answers={named(status): number for status, number in sorted(answers.items())},
        )


def _why_not(sent: _Sent, stream: str) -> str:
    """Why this record may not be on this stream; empty if it may."""
    if sent.plan.stream != stream:
        return f"on {stream}"
    if sent.status != HTTPStatus.OK and sent.status not in UNKNOWN:
        return f"it was answered {sent.status}"
    if sent.plan.faults:
        return f"it must be rejected: {', '.join(f'{code} at {pointer}' for pointer, code in sent.plan.faults)}"
    return ""


class StreamOracle:
    """One stream of a door."""

    def __init__(self, oracle: DoorOracle, stream: str) -> None:
        self._oracle, self._stream, self._lineage = oracle, stream, Lineage()

    def shard(self, shard_id: str, parents: tuple[str, ...] = ()) -> None:
        """Make a shard known, before its records."""
        self._lineage.add(shard_id, parents)

    def read(self, shard_id: str, partition_key: str, data: bytes, sequence_number: str) -> None:
        """Take the next record of a shard."""
        self._oracle.read(self._stream, self._lineage, shard_id, partition_key, data, sequence_number)
