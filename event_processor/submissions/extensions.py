"""Whose visibility is extended next, ten messages a call, several calls at once. Pure bookkeeping."""

from collections.abc import Sequence
from math import ceil
from typing import Final

from event_processor.submissions.delivery import Delivery, EntryFailure
from event_processor.submissions.holdings import Held, Holdings

EXTENSION_BATCH: Final = 10  # the most that SQS takes in one call
PARALLEL_CALLS: Final = 8
_LEAST_ANSWER_SECONDS: Final = 2.0
_SHARE_OF_LATEST: Final = 0.2  # in the moving average
_LONGEST_LEAD: Final = 0.8  # of the timeout; with more, what was just extended would be due again at once


def look_seconds(visibility_seconds: float) -> float:
    """How long to wait between two looks at what is due."""
    return min(1.0, visibility_seconds / 10)


def answer_seconds(visibility_seconds: float) -> float:
    """How long to wait for the answer to an extension: a call that hangs can be made again while there is time."""
    return max(_LEAST_ANSWER_SECONDS, visibility_seconds / 6)


def safe_call_seconds(submissions: int, visibility_seconds: float) -> float:
    """How long an extension of ten messages may take, at most, so that none of so many is lost.

    The worst case: all were received at the same time. Then all are due at half of the timeout, which is noticed at the
    next look, and the last call must be answered before the timeout is over.
    """
    rounds = ceil(ceil(submissions / EXTENSION_BATCH) / PARALLEL_CALLS)
    in_time = (visibility_seconds / 2 - look_seconds(visibility_seconds)) / rounds
    return min(in_time, answer_seconds(visibility_seconds))


class Extensions:
    """What is due, the most urgent first. Nothing is in two calls at the same time."""

    def __init__(self, holdings: Holdings, visibility_seconds: int, parallel: int) -> None:
        self._holdings = holdings
        self._visibility_seconds = visibility_seconds
        self._parallel = parallel
        self._due: list[Held] = []  # the most urgent last
        self._under_way: set[str] = set()  # message ids
        self._call_seconds = 0.0  # moving average

    def look(self, now: float) -> int:
        """See what is due now, failed calls included. Returns how many calls that takes."""
        due = self._holdings.due(now, self._lead_seconds())
        self._due = sorted(
            (held for held in due if held.delivery.message_id not in self._under_way),
            key=lambda held: held.hidden_until,
            reverse=True,
        )
        return ceil(len(self._due) / EXTENSION_BATCH)

    def next_call(self, now: float) -> list[tuple[Delivery, int]]:
        """The most urgent messages, and for how many seconds from now each is to be hidden; none if none is due."""
        batch: list[tuple[Delivery, int]] = []
        while self._due and len(batch) < EXTENSION_BATCH:
            held = self._due.pop()
            seconds = self._holdings.extension_seconds(held, now)
            if seconds > 0 and held.ours and held in self._holdings:
                batch.append((held.delivery, seconds))
                self._under_way.add(held.delivery.message_id)
        return batch

    def settle(
        self, batch: Sequence[tuple[Delivery, int]], failures: Sequence[EntryFailure] | None, start: float, now: float
    ) -> list[tuple[Delivery, str]]:
        """Take the failures of a call, None if it failed as a whole. Returns what the queue says is newly lost."""
        self._call_seconds += _SHARE_OF_LATEST * (now - start - self._call_seconds)
        self._under_way.difference_update(delivery.message_id for delivery, _ in batch)
        if failures is None:
            return []
        failed = {failure.delivery.message_id for failure in failures}
        for delivery, seconds in batch:
            if delivery.message_id not in failed:
                self._holdings.extended(delivery, start, seconds, now)
        return [
            (failure.delivery, failure.error_code)
            for failure in failures
            if failure.gone and self._holdings.lose(failure.delivery)
        ]

    def _lead_seconds(self) -> float:
        """How long before its end an extension is due: half of the timeout, more if so many take longer than that."""
        rounds = len(self._holdings) / EXTENSION_BATCH / self._parallel
        wanted = max(self._visibility_seconds / 2, 2 * rounds * self._call_seconds)
        return min(wanted, _LONGEST_LEAD * self._visibility_seconds)
