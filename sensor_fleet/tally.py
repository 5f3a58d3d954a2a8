"""What a fleet has sent so far, and how many events and rejects that must become."""

import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from sensor_fleet.plan import Plan


@dataclass(slots=True)
class Counts:
    """The figures of the summary. Events of submissions that are rejected as a whole are not counted."""

    planned: int = 0
    sent: int = 0
    submissions_to_reject: int = 0
    events_expected: int = 0
    events_open: int = 0
    events_to_reject: int = 0
    entries_refused: int = 0
    calls_failed: int = 0


class Tally:
    """Counts under a lock, for threads to share."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.counts = Counts()

    def planned(self, submissions: int) -> None:
        """Submissions that are about to be sent."""
        with self._lock:
            self.counts.planned += submissions

    def sent(self, plans: Iterable[Plan]) -> None:
        """Submissions that SQS has acknowledged."""
        with self._lock:
            for plan in plans:
                self.counts.sent += 1
                self.counts.submissions_to_reject += bool(plan.rejected)
                self.counts.events_expected += len(plan.must)
                self.counts.events_open += len(plan.may)
                self.counts.events_to_reject += len(plan.must_not)

    def refused(self, entries: int) -> None:
        """Entries refused inside an answer, to be sent again."""
        with self._lock:
            self.counts.entries_refused += entries

    def call_failed(self) -> None:
        """A call that failed as a whole, to be made again."""
        with self._lock:
            self.counts.calls_failed += 1

    def as_json(self) -> dict[str, Any]:
        """The figures for machines."""
        return asdict(self.counts) | {"unconfirmed": self.counts.planned - self.counts.sent}

    def as_line(self) -> str:
        """The figures for people."""
        counts = self.counts
        parts = [
            f"sent {counts.sent:,} submissions, {counts.events_expected:,} events expected",
            f"{counts.submissions_to_reject:,} submissions and {counts.events_to_reject:,} events to be rejected",
        ]
        if counts.events_open:
            parts.append(f"{counts.events_open:,} events may appear or not")
        if counts.entries_refused or counts.calls_failed:
            parts.append(
                f"{counts.entries_refused:,} refused entries and {counts.calls_failed:,} failed calls sent again"
            )
        if counts.planned > counts.sent:
            parts.append(f"{counts.planned - counts.sent:,} submissions without an answer")
        return "; ".join(parts)
