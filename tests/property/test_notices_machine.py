"""Whatever happens to a channel: every notice is told, counted, or still to be told, and none twice."""

from datetime import UTC, datetime

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from event_processor.notices.grouping import Grouping, Windows
from event_processor.notices.notice import Kind, Message, Notice, State

_WINDOWS = Windows(most_keys=4, most_listed=2)
_TIME = datetime(2026, 1, 1, tzinfo=UTC)
_SUBJECTS = st.sampled_from("abcdefgh")


def _notice(subject: str) -> Notice:
    return Notice(Kind.REJECT, subject, "/x", "wrong", "x is wrong")


class NoticesMachine(RuleBasedStateMachine):
    """One channel, whose messages are accepted, given back or refused for good."""

    def __init__(self) -> None:
        super().__init__()
        self.grouping = Grouping(_WINDOWS)
        self.now = 0.0
        self.told = self.said = 0
        self.in_hand: Message | None = None

    @rule(subject=_SUBJECTS, times=st.integers(1, 3))
    def tell(self, subject: str, times: int) -> None:
        """The job tells something."""
        for _ in range(times):
            self.grouping.add(_notice(subject), self.now)
            self.told += 1

    @rule(subject=_SUBJECTS)
    def recovered(self, subject: str) -> None:
        """The job says that it is over."""
        self.grouping.recovered(_notice(subject).key)

    @rule(seconds=st.sampled_from([0.1, 0.5, 30.0, 60.0, 700.0, 4000.0, 20000.0]))
    def wait(self, seconds: float) -> None:
        """Time goes by."""
        self.now += seconds

    @precondition(lambda self: self.in_hand is None)
    @rule(hurry=st.booleans())
    def take(self, hurry: bool) -> None:
        """The channel has time for a message."""
        was_due = self.grouping.wait_seconds(self.now) == 0
        self.in_hand = self.grouping.take(self.now, _TIME, hurry=hurry)
        if was_due:
            assert self.in_hand is not None
        if self.in_hand is not None:
            assert len(self.in_hand.entries) <= _WINDOWS.most_listed
            keys = [entry.notice.key for entry in self.in_hand.entries]
            assert len(keys) == len(set(keys))
            assert all(entry.count <= entry.total for entry in self.in_hand.entries)

    @precondition(lambda self: self.in_hand is not None)
    @rule()
    def sent(self) -> None:
        """The channel accepts it."""
        assert self.in_hand is not None
        for entry in self.in_hand.entries:
            assert entry.count or entry.state in {State.QUIET, State.RECOVERED}, "a message that says nothing"
        self.said += self.in_hand.notices
        self.grouping.sent()
        self.in_hand = None

    @precondition(lambda self: self.in_hand is not None)
    @rule()
    def back(self) -> None:
        """The channel fails."""
        self.grouping.back(self.now)
        self.in_hand = None

    @invariant()
    def nothing_is_lost_or_told_twice(self) -> None:
        """All that was told has been said, or waits."""
        assert self.said + self.grouping.untold == self.told

    @invariant()
    def memory_is_bounded(self) -> None:
        """Keys beyond the bound are forgotten."""
        assert len(self.grouping._known) <= _WINDOWS.most_keys

    @invariant()
    def what_waits_is_not_forgotten(self) -> None:
        """Whatever is untold will be told by itself, in an hour at the latest."""
        in_hand = self.in_hand.notices if self.in_hand else 0
        if self.grouping.untold > in_hand:
            assert self.grouping.wait_seconds(self.now) <= _WINDOWS.longest_seconds


TestNotices = NoticesMachine.TestCase
TestNotices.settings = settings(max_examples=40)
