"""How often a channel is bothered."""

from itertools import pairwise

from event_processor.notices.pacing import Pace, Pacing


def _moments(seconds: float, pacing: Pacing) -> list[float]:
    """When messages go out if there is always one to be sent."""
    now, moments = 0.0, []
    while now < seconds:
        pacing.sent(now)
        moments.append(now)
        now += max(pacing.wait_seconds(now), 0.001)
    return moments


def test_never_more_than_a_message_a_second() -> None:
    """Slack does not refuse us for sending too much."""
    moments = _moments(120, Pacing(Pace()))
    assert min(after - before for before, after in pairwise(moments)) >= 1.0


def test_whoever_is_told_something_new_all_the_time_hears_of_it_once_a_minute() -> None:
    """A flood of ever new faults does not fill the channel, and the first ten are told at once."""
    moments = _moments(3600, Pacing(Pace()))
    assert moments[9] == 9.0
    assert len(moments) < 90


def test_after_some_calm_messages_come_at_once_again() -> None:
    """Today's fault is not told late because of last night's flood."""
    pacing = Pacing(Pace())
    last = _moments(3600, pacing)[-1]
    pacing.sent(last + 3600)
    assert pacing.wait_seconds(last + 3600) == 1.0


def test_pauses_after_failures_grow_up_to_some_minutes_and_end_with_success() -> None:
    """A channel that is down is asked now and then, not all the time."""
    pacing, pauses = Pacing(Pace()), []
    for _ in range(100):
        pacing.failed(0.0, 0.0)
        pauses.append(pacing.wait_seconds(0.0))
    assert pauses[:4] == [1, 2, 4, 8]
    assert pauses[-1] == 300
    pacing.sent(300.0)
    pacing.failed(301.0, 0.0)
    assert pacing.wait_seconds(301.0) == 1.0


def test_a_channel_is_left_alone_for_as_long_as_it_asks_but_no_longer_than_an_hour() -> None:
    """Retry-After is obeyed, a hostile one included, and also by a process that ends."""
    pacing = Pacing(Pace())
    pacing.failed(0.0, 30.0)
    assert pacing.wait_seconds(0.0, hurry=True) == 30.0
    pacing.failed(0.0, 1e12)
    assert pacing.wait_seconds(0.0) == 3600.0


def test_a_process_that_ends_spares_the_channel_but_not_the_people() -> None:
    """What is untold at the end is told in the little time there is."""
    pacing = Pacing(Pace())
    last = _moments(3600, pacing)[-1]
    assert pacing.wait_seconds(last) > 1.0
    assert pacing.wait_seconds(last, hurry=True) == 1.0
