"""A budget of messages a day: when it is used up there is a digest an hour, which says so, and never silence."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from event_processor.channels import words
from event_processor.channels.slack import payload
from event_processor.notices.grouping import Grouping, Windows
from event_processor.notices.notice import Entry, Kind, Message, Notice, State
from event_processor.notices.pacing import Pace, Pacing

START = datetime(2026, 1, 2, tzinfo=UTC)
HOUR, DAY = 3600.0, 86_400.0


def finding(name: str = "rows") -> Notice:
    """One that lasts."""
    return Notice(Kind.FINDING, "orders", f"orders/{name}", "baseline", f"orders/{name}: 0 rows")


def entry(name: str = "rows", state: State = State.NEW) -> Entry:
    """Of a message."""
    return Entry(finding(name), state, 1, 1, START, START)


def a_week(pace: Pace, every_seconds: float) -> list[tuple[float, int]]:
    """When messages go out in a week with always something to tell, and the budget that each says is used up."""
    pacing, now, sent = Pacing(pace), 0.0, []
    while now < 7 * DAY:
        sent.append((now, pacing.used_up(now)))
        pacing.sent(now)
        now += max(every_seconds, pacing.wait_seconds(now))
    return sent


def test_a_budget_bounds_messages_and_never_ends_them() -> None:
    """However much breaks, a day has the budget and a digest an hour; what is critical is told within that hour."""
    sent = a_week(Pace(budget=20), 60.0)
    moments = [at for at, _ in sent]
    for start in moments:
        assert sum(start <= at < start + DAY for at in moments) <= 20 + 24
    assert max(after - before for before, after in itertools.pairwise(moments)) <= HOUR
    assert [used for _, used in sent[:21]] == [0] * 19 + [20, 20]


def test_a_quiet_day_gives_the_budget_back() -> None:
    """Who has few messages a day never meets the budget, and after a bad day everything is as before."""
    assert all(not used for _, used in a_week(Pace(budget=30), HOUR))
    pacing = Pacing(Pace(budget=3))
    for now in (0.0, 60.0, 120.0):
        pacing.sent(now)
    assert pacing.wait_seconds(120.0) == HOUR
    assert pacing.used_up(120.0 + DAY) == 0
    pacing.sent(121.0 + DAY)
    assert pacing.wait_seconds(121.0 + DAY) <= 1.0


def test_without_a_budget_there_is_none() -> None:
    """Other jobs tell as they did."""
    assert all(not used for _, used in a_week(Pace(), 600.0))


@pytest.mark.parametrize("entries", [(entry(),), (entry(), entry("lag"))])
def test_who_reads_is_told_that_the_budget_is_used_up(entries: tuple[Entry, ...]) -> None:
    """The message says so in every channel, so that nobody takes an hour of silence for health."""
    message = Message(entries, budget=50)
    assert "50 messages of a day are used up" in words.text(message)
    assert "50 messages of a day are used up" in str(payload(message)["blocks"])
    assert words.document(message)["budget_used_up"] == 50
    assert "used up" not in words.text(Message(entries)) + str(payload(Message(entries)))


def test_a_digest_tells_of_what_came_and_went() -> None:
    """A finding that was over before anybody could be told is told as recovered, with since when; none is left out."""
    grouping = Grouping(Windows(gather_seconds=2.0, quiet_seconds=float("inf")))
    grouping.add(finding("a"), 0.0)
    grouping.add(finding("b"), 0.0)
    grouping.recovered(finding("a").key)
    message = grouping.take(3600.0, START + timedelta(hours=1))
    grouping.sent()

    assert message is not None
    assert {(each.notice.pointer, each.state) for each in message.entries} == {
        ("orders/a", State.RECOVERED),
        ("orders/b", State.NEW),
    }
    assert {each.since for each in message.entries} == {START}
    assert grouping.take(7200.0, START) is None


def test_a_list_names_what_it_has_no_room_for() -> None:
    """Of metrics beyond the list a message has the names; of rejects it has numbers, as before."""
    message = Message(tuple(entry(f"n{number}") for number in range(200)), more_keys=3, more_notices=5).listing(20)
    text = words.more(message)
    assert all(f"orders/n{number}" in text for number in range(20, 200))
    assert "And 183 more: " in text
    assert "and 3 others" in text
    assert words.document(message)["more"]["names"][0] == "orders/n20"
    reject = Entry(Notice(Kind.REJECT, "page/Home", "/age", "x", "t"), State.NEW, 1, 1, START, START)
    assert words.more(Message((reject, reject)).listing(1)) == "And 1 more, 1 times; the reject store has them all."


def test_what_an_earlier_process_told_is_not_new() -> None:
    """After a restart an incident goes on: no second message, a reminder when that is due, and its end."""
    windows = Windows(first_seconds=HOUR, quiet_seconds=float("inf"))
    grouping = Grouping(windows)
    grouping.remember(finding(), 0.0, 600.0)
    grouping.add(finding(), 1.0)
    assert grouping.take(60.0, START) is None
    reminder = grouping.take(3000.0, START)
    assert reminder is not None
    assert [each.state for each in reminder.entries] == [State.GOES_ON]
    grouping.sent()
    grouping.recovered(finding().key)
    end = grouping.take(3001.0, START)
    assert end is not None
    assert [each.state for each in end.entries] == [State.RECOVERED]
