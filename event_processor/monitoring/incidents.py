"""An incident: what is wrong with one series for a while, from its first finding until it is over. Pure.

    open      people hear of it once, and that it goes on
    known     somebody acknowledged it, or labelled it as expected: people hear no more than that it is over
    over      recovered, corrected by a revision, or expected: people who heard of it hear that

A series has one open incident at most, whatever layers find in it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from event_processor.monitoring.finding import Finding

CALM_BUCKETS: Final = 2
"""As expected, one after the other, before an incident is over: a value on the edge of its band is one message."""
_MOST_KEPT: Final = 10
SILENCE: Final = "silence"
OPEN, RECOVERED, CORRECTED = "open", "recovered", "corrected"


@dataclass(slots=True)
class Incident:
    """`first` gives it its id. `told` has the channels that have heard of it, and when, until they hear that it is
    over. `state` is `open`, the label that says that it need not be told, or why it is over.
    """

    first: Finding
    latest: Finding
    opened_at: int
    findings: int = 1
    closed_at: int | None = None
    state: str = OPEN
    calm: int = 0
    told: dict[str, int] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """As it is shown, and labelled by."""
        return self.first.id

    @property
    def is_open(self) -> bool:
        """Whether it is not over."""
        return self.closed_at is None

    @property
    def is_new(self) -> bool:
        """Whether people are to hear of it: nobody said that they need not."""
        return self.is_open and self.state == OPEN

    @property
    def start(self) -> int:
        """Of its first bucket."""
        return self.first.bucket_start

    @property
    def end(self) -> int:
        """Of its last bucket."""
        return self.latest.bucket_start + self.latest.bucket_seconds

    def state_of(self) -> dict[str, Any]:
        """As it is stored."""
        return {
            "first": self.first.as_record(),
            "latest": self.latest.as_record(),
            "opened_at": self.opened_at,
            "findings": self.findings,
            "closed_at": self.closed_at,
            "state": self.state,
            "calm": self.calm,
            "told": self.told,
        }

    @classmethod
    def restore(cls, state: dict[str, Any]) -> "Incident":
        """What `state_of` was of. Raises ValueError, TypeError or KeyError for what is none."""
        findings = {name: Finding.of_record(state[name]) for name in ("first", "latest")}
        return cls(**(state | findings | {"told": dict(state["told"])}))


class Incidents:
    """Those of one series, the newest last."""

    def __init__(self, incidents: Iterable[Incident] = ()) -> None:
        self.all = list(incidents)

    @property
    def open(self) -> Incident | None:
        """The one that is not over."""
        newest = self.all[-1] if self.all else None
        return newest if newest is not None and newest.is_open else None

    def found(self, finding: Finding, now: int) -> Incident:
        """The incident that the finding belongs to, which it may begin."""
        incident = self.open
        if incident is None:
            incident = Incident(finding, finding, now)
            self.all = [*self.all[1 - _MOST_KEPT :], incident]
        elif finding.bucket_start > incident.latest.bucket_start:
            incident.latest, incident.calm = finding, 0
            incident.findings += 1
        elif finding.bucket_start == incident.latest.bucket_start:
            incident.latest = finding
        return incident

    def calm(self, bucket_start: int, now: int) -> Incident | None:
        """A bucket is as expected. Returns the incident that is over by that, if there is one."""
        incident = self.open
        if incident is None:
            return None
        was_silent = incident.latest.detector == SILENCE
        if bucket_start < (incident.latest.bucket_start if was_silent else incident.end):
            return None
        incident.calm += 1
        if incident.calm < CALM_BUCKETS and not was_silent:
            return None
        return self._close(incident, RECOVERED if incident.state == OPEN else incident.state, now)

    def corrected(self, bucket_start: int, now: int) -> Incident | None:
        """A revision of this bucket is as expected. Returns the incident that never was, if there is one."""
        incident = self.open
        if incident is None or not incident.first.bucket_start == incident.latest.bucket_start == bucket_start:
            return None
        return self._close(incident, CORRECTED, now)

    def labelled(self, state: str) -> Incident | None:
        """Somebody says that the open incident need not be told. Returns it, if that is new."""
        incident = self.open
        if incident is None or incident.state != OPEN:
            return None
        incident.state = state
        return incident

    def _close(self, incident: Incident, state: str, now: int) -> Incident:
        incident.closed_at, incident.state = now, state
        return incident
