"""Visibility is extended in time: most urgent first, several calls at once, and the formula that says what is safe."""

import re
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from pathlib import Path

import pytest

from event_processor.submissions.delivery import Delivery, EntryFailure
from event_processor.submissions.extensions import (
    EXTENSION_BATCH,
    PARALLEL_CALLS,
    Extensions,
    answer_seconds,
    look_seconds,
    safe_call_seconds,
)
from event_processor.submissions.holdings import Holdings
from tests.unit.samples import delivery

ROOM = 10**9


def holding(submissions: int, visibility_seconds: int) -> Holdings:
    """So many, all received at 0."""
    hands = Holdings(submissions, ROOM, visibility_seconds)
    for number in range(submissions):
        hands.take(message(number), 0.0)
    return hands


def message(number: int) -> Delivery:
    """The only receipt of it."""
    return delivery("x", f"message-{number}", f"handle-{number}", 1)


def ids(batch: list[tuple[Delivery, int]]) -> list[str]:
    """What a call is about."""
    return [each.message_id for each, _ in batch]


@dataclass
class Run:
    """Holdings and Extensions as the processor drives them, on a clock of its own; a call takes `call_seconds`.

    Every so many calls, one hangs: it fails after `hang_seconds`.
    """

    submissions: int
    visibility_seconds: int
    call_seconds: float
    hang_every: int = 0
    hang_seconds: float = 0.0
    calls: "count[int]" = field(default_factory=lambda: count(1))

    def lost(self) -> int:
        """How many ran out within three timeouts."""
        hands = holding(self.submissions, self.visibility_seconds)
        extensions = Extensions(hands, self.visibility_seconds, PARALLEL_CALLS)
        flying: list[tuple[float, int, float, bool, list[tuple[Delivery, int]]]] = []
        lost, now, look_at = 0, 0.0, 0.0
        while now < 3 * self.visibility_seconds:
            now = min(look_at, flying[0][0]) if flying else look_at
            if flying and flying[0][0] <= now:
                _, _, start, hung, batch = heappop(flying)
                extensions.settle(batch, None if hung else [], start, now)
            else:
                look_at = now + look_seconds(self.visibility_seconds)
                lost += len(hands.run_out(now))
                extensions.look(now)
            while len(flying) < PARALLEL_CALLS and (batch := extensions.next_call(now)):
                number = next(self.calls)
                hangs = bool(self.hang_every) and number % self.hang_every == 0
                seconds = self.hang_seconds if hangs else self.call_seconds
                heappush(flying, (now + seconds, number, now, hangs, batch))
        return lost


SAFE = [(2_000, 60), (2_000, 20), (5_000, 20), (500, 4), (10, 2), (85, 4)]


@pytest.mark.parametrize(("submissions", "visibility_seconds"), SAFE)
def test_what_is_called_safe_is_safe(submissions: int, visibility_seconds: int) -> None:
    """With calls that take as long as the formula allows, nothing is lost, though all was received at once."""
    seconds = safe_call_seconds(submissions, visibility_seconds)

    assert Run(submissions, visibility_seconds, 0.99 * seconds).lost() == 0


@pytest.mark.parametrize(("submissions", "visibility_seconds"), SAFE)
def test_what_is_not_called_safe_is_not(submissions: int, visibility_seconds: int) -> None:
    """The formula is no idle warning: with calls a fifth slower than it allows, something is lost."""
    seconds = safe_call_seconds(submissions, visibility_seconds) + look_seconds(visibility_seconds)

    assert Run(submissions, visibility_seconds, 1.2 * seconds).lost() > 0


@pytest.mark.parametrize(
    ("submissions", "visibility_seconds", "call_seconds"), [(20_000, 60, 0.02), (2_000, 20, 0.08), (2_000, 60, 0.5)]
)
def test_many_on_slow_networks(submissions: int, visibility_seconds: int, call_seconds: float) -> None:
    """Thousands are held at once, though one call after the other would take longer than the timeout."""
    assert call_seconds < safe_call_seconds(submissions, visibility_seconds)
    assert Run(submissions, visibility_seconds, call_seconds).lost() == 0


def test_calls_that_hang_hold_up_no_others() -> None:
    """One call in twenty gets no answer and fails: its messages are extended again in time."""
    assert Run(2_000, 60, 0.02, hang_every=20, hang_seconds=answer_seconds(60)).lost() == 0


def test_the_most_urgent_go_first() -> None:
    """A call is about the ten that run out next."""
    hands = Holdings(100, ROOM, 60)
    for number in range(30):
        hands.take(message(number), float(30 - number))
    extensions = Extensions(hands, 60, PARALLEL_CALLS)

    assert extensions.look(61) == 3
    assert ids(extensions.next_call(61)) == [f"message-{number}" for number in range(29, 19, -1)]


def test_nothing_is_in_two_calls() -> None:
    """What is under way is not sent again by a second thread, nor after a second look; after a failure it is."""
    extensions = Extensions(holding(15, 60), 60, PARALLEL_CALLS)
    extensions.look(31)
    first, second = extensions.next_call(31), extensions.next_call(31)

    assert (len(first), len(second)) == (EXTENSION_BATCH, 5)
    assert extensions.next_call(31) == []
    assert extensions.look(32) == 0
    assert extensions.settle(first, [], 31, 33) == []
    assert extensions.settle(second, None, 31, 33) == []
    assert extensions.look(33) == 1
    assert ids(extensions.next_call(33)) == ids(second)


def test_what_is_gone_meanwhile_is_not_extended() -> None:
    """What was finished or lost between the look and the call is left out."""
    hands = holding(3, 60)
    extensions = Extensions(hands, 60, PARALLEL_CALLS)
    extensions.look(31)
    hands.drop("message-0")
    hands.lose(hands["message-1"].delivery)

    assert ids(extensions.next_call(31)) == ["message-2"]


def test_entries_that_fail() -> None:
    """A stale handle is told once; an entry that only failed is due again; the others are extended."""
    hands = holding(3, 60)
    extensions = Extensions(hands, 60, PARALLEL_CALLS)
    extensions.look(31)
    batch = extensions.next_call(31)
    stale = EntryFailure(hands["message-0"].delivery, "ReceiptHandleIsInvalid", gone=True)
    failed = EntryFailure(hands["message-1"].delivery, "InternalError", gone=False)

    assert extensions.settle(batch, [stale, failed], 31, 32) == [(stale.delivery, "ReceiptHandleIsInvalid")]
    assert [hands[f"message-{number}"].ours for number in range(3)] == [False, True, True]
    assert [hands[f"message-{number}"].hidden_until for number in (1, 2)] == [60, 91]
    extensions.look(33)
    assert ids(extensions.next_call(33)) == ["message-1"]


def test_slow_calls_begin_earlier() -> None:
    """When calls for all would take longer than half of the timeout, they do not wait for half of it."""
    hands = holding(2_000, 60)
    extensions = Extensions(hands, 60, PARALLEL_CALLS)
    assert extensions.look(20) == 0
    for _ in range(50):
        extensions.settle([], [], 0.0, 0.9)

    assert extensions.look(20) == 200


def test_the_table_in_the_documents() -> None:
    """What docs/operations.md calls safe is what the formula says, to the millisecond below."""
    text = (Path(__file__).parents[3] / "docs" / "operations.md").read_text()
    heads = re.findall(r"^\| milliseconds a call.*$", text, re.MULTILINE)[0]
    timeouts = [int(number) for number in re.findall(r"\b\d+\b", heads)]
    rows = re.findall(r"^\| (?:`MAX_IN_FLIGHT` )?(\d+) \|((?: \d+ \|)+)$", text, re.MULTILINE)

    assert len(timeouts) == len(rows) == 3
    for submissions, cells in rows:
        told = [int(cell) for cell in cells.split("|")[:-1]]
        assert told == [int(1000 * safe_call_seconds(int(submissions), timeout)) for timeout in timeouts]
