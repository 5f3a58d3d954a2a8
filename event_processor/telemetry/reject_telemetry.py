"""Log lines and metrics of rejects."""

from collections import Counter, deque
from collections.abc import Sequence
from typing import Any, Final

import structlog

from event_processor.rejects.ports import RejectObserver
from event_processor.rejects.reject import Reject
from event_processor.telemetry.metrics import CounterSpec, Metrics
from event_processor.verdict import Reason

LATEST_REJECTS: Final = 10
_MOST_GROUPS: Final = 1000

REJECTS: Final = CounterSpec("rejects_total", "Rejects, by the reason of their first fault", ("reason",))


class RejectTelemetry(RejectObserver):
    """See RejectObserver."""

    def __init__(self, metrics: Metrics) -> None:
        self._log = structlog.get_logger("event_processor")
        self._metrics = metrics
        self._latest: deque[dict[str, Any]] = deque(maxlen=LATEST_REJECTS)
        self._groups: Counter[tuple[str, str, str]] = Counter()
        for reason in Reason:
            metrics.counter(REJECTS).labels(reason.value)

    @property
    def latest(self) -> list[dict[str, Any]]:
        """The summaries of the last few rejects, the newest first; no payload."""
        return list(reversed(list(self._latest)))

    def groups(self, most: int) -> list[tuple[str, str, str, str]]:
        """The most frequent faults since the start: subject, pointer, code, and how often."""
        return [(*group, f"{number:,}") for group, number in self._groups.copy().most_common(most)]

    def rejected(self, rejects: Sequence[Reject]) -> None:
        """The payload stays out of the log."""
        for reject in rejects:
            self._group(reject)
            self._metrics.counter(REJECTS).labels(reject.reason.value).inc()
            self._log.warning("rejected", **reject.summary())
        self._latest.extend(reject.summary() for reject in rejects[-LATEST_REJECTS:])

    def _group(self, reject: Reject) -> None:
        """Of what has come so far; a group more than is kept takes the place of the least frequent half."""
        for fault in reject.faults:
            self._groups[reject.subject or "", fault.pointer, fault.reason.value] += 1
        if len(self._groups) > _MOST_GROUPS:
            self._groups = Counter(dict(self._groups.most_common(_MOST_GROUPS // 2)))
