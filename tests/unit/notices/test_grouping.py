"""What people are told, and when."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from event_processor.notices.grouping import Grouping, Windows
from event_processor.notices.notice import Key, Kind, Message, Notice, Severity, State

WINDOWS = Windows()
START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def notice(subject: str = "page/Order", pointer: str = "/gender", code: str = "not_in_enum") -> Notice:
    """One that is like any other."""
    return Notice(Kind.REJECT, subject, pointer, code, f"{subject}: {pointer} is wrong")


def told(grouping: Grouping, now: float) -> Message | None:
    """The message of this moment, accepted by its channel."""
    message = grouping.take(now, START + timedelta(seconds=now))
    grouping.sent()
    return message


def test_ten_thousand_equal_faults_in_a_minute_are_one_message_and_one_count() -> None:
    """The channel is readable while a release breaks every event."""
    grouping, messages = Grouping(WINDOWS), []
    for number in range(10_000):
        now = number * 0.006
        grouping.add(notice(), now)
        messages += [message] if (message := told(grouping, now)) else []
    messages += [message] if (message := told(grouping, 61.0)) else []
    first, digest = messages
    assert first.entries[0].state is State.NEW
    assert digest.entries[0].state is State.GOES_ON
    assert first.notices + digest.notices == digest.entries[0].total == 10_000
    assert digest.entries[0].since == START
    assert digest.suppressed == digest.notices - 1


def test_the_first_of_its_kind_is_told_at_once() -> None:
    """Whoever broke an event hears of it within a second, not at the end of a window."""
    grouping = Grouping(WINDOWS)
    grouping.add(notice(), 100.0)
    assert grouping.wait_seconds(100.0) <= 1.0


def test_what_goes_on_is_told_less_and_less_often() -> None:
    """A fault that lasts all day is a message an hour, not one a minute."""
    grouping, moments = Grouping(WINDOWS), []
    for second in range(4 * 3600):
        grouping.add(notice(), second)
        if told(grouping, second):
            moments.append(second)
    gaps = [after - before for before, after in pairwise(moments)]
    assert gaps == [60, 300, 1500, 3600, 3600, 3600]


def test_keys_that_come_together_are_one_message_with_a_list() -> None:
    """A release that breaks five fields is one message."""
    grouping = Grouping(WINDOWS)
    for number in range(5):
        grouping.add(notice(pointer=f"/field{number}"), number * 0.05)
    message = told(grouping, 0.5)
    assert message is not None
    assert [entry.notice.pointer for entry in message.entries] == [f"/field{number}" for number in range(5)]


def test_a_long_list_is_cut_and_its_rest_counted() -> None:
    """A flood of different names is one message of bounded length with the right numbers."""
    grouping = Grouping(WINDOWS)
    for number in range(100):
        grouping.add(notice(subject=f"page/{number}"), 0.0)
    message = told(grouping, 1.0)
    assert message is not None
    assert (len(message.entries), message.more_keys, message.more_notices, message.notices) == (20, 80, 80, 100)


def test_memory_is_bounded_and_what_is_forgotten_is_counted() -> None:
    """A hostile sender with a new event name each time fills no memory, and none of its events goes uncounted."""
    grouping = Grouping(Windows(most_keys=50))
    for number in range(10_000):
        grouping.add(notice(subject=f"page/{number}"), 0.0)
    assert len(grouping._known) == 50
    message = told(grouping, 1.0)
    assert message is not None
    assert (message.notices, message.more_keys) == (10_000, 9_980)


def test_quiet_is_told_once_with_what_was_not_told_before() -> None:
    """People hear that a fault is gone, and the last count is right."""
    grouping = Grouping(WINDOWS)
    grouping.add(notice(), 0.0)
    told(grouping, 1.0)
    grouping.add(notice(), 10.0)
    told(grouping, 61.0)
    assert told(grouping, 609.0) is None
    message = told(grouping, 611.0)
    assert message is not None
    assert (message.entries[0].state, message.entries[0].total) == (State.QUIET, 2)
    assert told(grouping, 100_000.0) is None


def test_what_comes_and_goes_has_to_be_quiet_for_longer_each_time() -> None:
    """An event that breaks every quarter of an hour does not say "new" and "quiet" for ever."""
    grouping, states = Grouping(WINDOWS), []
    for second in range(0, 24 * 3600, 60):
        if second % 900 == 0:
            grouping.add(notice(), second)
        if message := told(grouping, second + 1):
            states.append(message.entries[0].state)
    assert states.count(State.QUIET) <= 2
    assert states.count(State.NEW) <= 3


def test_recovery_is_told_to_those_who_had_heard_of_the_trouble_and_to_nobody_else() -> None:
    """A job that is well again says so, and does not mention what it never told."""
    grouping = Grouping(WINDOWS)
    grouping.recovered(notice().key)
    assert told(grouping, 0.0) is None
    grouping.add(notice(), 1.0)
    told(grouping, 2.0)
    grouping.recovered(notice().key)
    assert grouping.wait_seconds(3.0) == 0.0
    message = told(grouping, 3.0)
    assert message is not None
    assert message.entries[0].state is State.RECOVERED
    assert told(grouping, 5_000.0) is None


def test_trouble_that_is_back_before_its_recovery_was_told_goes_on() -> None:
    """No message says that all is well while it is not."""
    grouping = Grouping(WINDOWS)
    grouping.add(notice(), 0.0)
    told(grouping, 1.0)
    grouping.recovered(notice().key)
    grouping.add(notice(), 2.0)
    message = told(grouping, 62.0)
    assert message is not None
    assert message.entries[0].state is State.GOES_ON


def test_a_message_that_did_not_get_through_is_told_again_with_what_came_meanwhile() -> None:
    """A channel that is down for an hour has the right numbers when it is back."""
    grouping = Grouping(WINDOWS)
    grouping.add(notice(), 0.0)
    assert grouping.take(1.0, START) is not None
    grouping.add(notice(), 2.0)
    grouping.back(3.0)
    message = told(grouping, 3.0)
    assert message is not None
    assert (message.entries[0].state, message.entries[0].count, message.entries[0].total) == (State.NEW, 2, 2)


def test_keys_differ_by_what_where_and_why() -> None:
    """Two faults of one event are two things to know."""
    assert notice().key == Key(Kind.REJECT, "page/Order", "/gender", "not_in_enum")
    assert len({notice().key, notice(pointer="/x").key, notice(code="missing").key, notice(subject="a").key}) == 4


def test_what_gets_worse_is_told_at_once() -> None:
    """Who knows of a warning is not left with it until the next reminder when it becomes critical."""
    grouping = Grouping(WINDOWS)
    grouping.add(replace(notice(), severity=Severity.WARNING), 0.0)
    assert told(grouping, 1.0)
    grouping.add(replace(notice(), severity=Severity.WARNING), 2.0)
    assert grouping.wait_seconds(2.0) > 50
    assert grouping.add(replace(notice(), severity=Severity.CRITICAL), 3.0)
    message = told(grouping, 4.0)
    assert message is not None
    assert [(entry.state, entry.notice.severity) for entry in message.entries] == [(State.GOES_ON, Severity.CRITICAL)]
    grouping.add(replace(notice(), severity=Severity.CRITICAL), 5.0)
    assert grouping.wait_seconds(5.0) > 50
