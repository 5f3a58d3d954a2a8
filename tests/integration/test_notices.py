"""From a job that tells to the server of a channel, with all that lies between."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from typing import Any

from event_processor.channels.slack import Slack
from event_processor.channels.webhook import Webhook
from event_processor.clock import SystemClock
from event_processor.errors import NotSent
from event_processor.notices.grouping import Windows
from event_processor.notices.notice import Kind, Message, Notice
from event_processor.notices.notifier import Notifier
from event_processor.notices.pacing import Pace
from event_processor.notices.ports import Channel, NoticeObserver
from tests.eventually import eventually
from tests.unit.channels.servers import HANG, Reply, Server, serving

_WINDOWS = Windows(gather_seconds=0.05, first_seconds=0.5, quiet_seconds=60.0)
_PACE = Pace(spacing_seconds=0.2, longest_seconds=1.0)


class _Remembers(NoticeObserver):
    def __init__(self) -> None:
        self.sent: list[tuple[str, int]] = []
        self.failed: list[tuple[str, NotSent]] = []
        self.left: dict[str, int] = {}

    def notified(self, channel: str, message: Message) -> None:
        self.sent.append((channel, message.notices))

    def not_notified(self, channel: str, message: Message, error: NotSent) -> None:
        assert message.notices
        self.failed.append((channel, error))

    def notices_left(self, channel: str, notices: int) -> None:
        self.left[channel] = notices


class _Job:
    """What tells notices, and the threads that are started for it."""

    def __init__(self, *channels: Channel, pace: Pace = _PACE, windows: Windows = _WINDOWS) -> None:
        self.heard = _Remembers()
        self.threads: list[threading.Thread] = []
        self.notifier = Notifier(channels, SystemClock(), self.heard, self._start, windows, pace)

    def tell(self, times: int, subject: str = "page/Order", channel: str = "") -> None:
        for _ in range(times):
            self.notifier.tell(Notice(Kind.REJECT, subject, "/x", "wrong", f"{subject}: /x is wrong", channel=channel))

    def _start(self, name: str, task: Callable[[], None]) -> None:
        thread = threading.Thread(target=task, name=name, daemon=True)
        self.threads.append(thread)
        thread.start()


@contextmanager
def _job(*channels: Channel, pace: Pace = _PACE, windows: Windows = _WINDOWS) -> Iterator[_Job]:
    job = _Job(*channels, pace=pace, windows=windows)
    yield job
    job.notifier.close(0.0)


def _notices(server: Server) -> int:
    """How many the webhook's accepted documents tell of."""
    return sum(document["notices"] for document in server.documents)


def test_ten_thousand_equal_notices_are_one_message_at_once_and_one_with_the_count() -> None:
    """A release that breaks every event is heard of at once, and does not fill the channel."""
    windows = replace(_WINDOWS, first_seconds=2.0)
    with serving(Reply()) as server, _job(Webhook("w", "", server.url), windows=windows) as job:
        job.tell(1)
        eventually(lambda: server.documents, "the first at once")
        job.tell(9_999)
        eventually(lambda: _notices(server) == 10_000, "the rest by its count")
        assert len(server.documents) == 2
        first, digest = (document["entries"][0] for document in server.documents)
        assert (first["state"], first["count"]) == ("new", 1)
        assert (digest["state"], digest["count"], digest["total"]) == ("goes_on", 9_999, 10_000)


def test_a_channel_that_hangs_slows_neither_the_job_nor_the_other_channels() -> None:
    """Slack is down, mail still comes, and the job does not notice."""
    with serving(HANG) as hanging, serving(Reply()) as well:
        channels = Slack("slack", "", hanging.url), Webhook("webhook", "", well.url)
        with _job(*channels) as job:
            job.tell(1)
            eventually(lambda: hanging.documents, "the one that hangs has a message in hand")
            start = time.monotonic()
            job.tell(20_000)
            took = time.monotonic() - start
            eventually(lambda: _notices(well) == 20_001, "all told to the channel that is well")
            assert took < 10.0, f"20,000 notices took {took:.1f} s to tell"
            assert not hanging.closing.is_set()


def test_a_pause_that_slack_asks_for_is_made_and_nothing_is_lost_in_it() -> None:
    """After a 429 nothing is sent for Retry-After seconds, and then all of it."""
    with serving(Reply(429, b"", Retry_After="2"), Reply()) as server, _job(Webhook("w", "", server.url)) as job:
        job.tell(3)
        eventually(lambda: server.documents)
        job.tell(4)
        eventually(lambda: len(server.documents) == 2)
        assert server.moments[1] - server.moments[0] >= 2.0
        assert server.documents[1]["notices"] == 7


def test_failures_are_tried_again_with_the_numbers_of_that_moment() -> None:
    """A channel that was down for a while has the right numbers when it is back."""
    replies = Reply(500), Reply(503), Reply(raw=b"nonsense"), Reply()
    with serving(*replies) as server, _job(Webhook("w", "", server.url)) as job:
        job.tell(5)
        eventually(lambda: job.heard.sent)
        assert job.heard.sent == [("w", 5)]
        assert len(job.heard.failed) == 3


def test_a_message_that_is_refused_for_good_does_not_keep_the_next_from_being_told() -> None:
    """One bad message is not tried for ever."""
    with serving(Reply(400, b"invalid_blocks"), Reply()) as server, _job(Webhook("w", "", server.url)) as job:
        job.tell(1)
        eventually(lambda: job.heard.failed)
        job.tell(2, subject="page/Other")
        eventually(lambda: job.heard.sent)
        assert job.heard.sent == [("w", 2)]


def test_a_bug_in_a_channel_does_not_end_its_thread() -> None:
    """Whatever a channel raises, the next message is tried."""

    class Broken:
        name, audience, calls = "broken", "", 0

        def send(self, message: Message, seconds: float) -> None:
            self.calls += 1
            if self.calls == 1:
                raise KeyError(message, seconds)

    with _job(Broken()) as job:
        job.tell(1)
        eventually(lambda: job.heard.failed)
        job.tell(1, subject="another")
        eventually(lambda: job.heard.sent)


def test_no_channel_gets_more_than_a_message_a_second() -> None:
    """With the default pace, however many different things there are to tell."""
    with serving(Reply()) as server, _job(Webhook("w", "", server.url), pace=Pace()) as job:
        for number in range(40):
            job.tell(50, subject=f"page/{number}")
            time.sleep(0.1)  # new things to tell all the time
        eventually(lambda: _notices(server) >= 20, "told meanwhile")
        assert min((after - before for before, after in pairwise(server.moments)), default=1.0) >= 0.99


def test_a_contract_that_names_a_channel_is_told_there_and_any_other_to_the_rest() -> None:
    """The team whose event broke hears of it, not everybody."""
    with serving(Reply()) as team, serving(Reply()) as everybody:
        channels = Webhook("team", "checkout", team.url), Webhook("all", "", everybody.url)
        with _job(*channels) as job:
            job.tell(1, "a", channel="#checkout")
            job.tell(1, "b", channel="nobody-configured-this")
            job.tell(1, "c")
            eventually(lambda: _notices(team) == 1 and _notices(everybody) == 2)
    assert _subjects(team) == ["a"]
    assert sorted(_subjects(everybody)) == ["b", "c"]


def _subjects(server: Server) -> list[Any]:
    return [entry["subject"] for document in server.documents for entry in document["entries"]]


def test_what_is_untold_at_the_end_is_told_within_the_time_there_is() -> None:
    """A process that is stopped says what it knows, and its threads end."""
    windows = Windows(gather_seconds=30.0)
    with serving(Reply()) as server, _job(Webhook("w", "", server.url), windows=windows) as job:
        job.tell(12)
        job.notifier.close(20.0)
        assert _notices(server) == 12
        assert job.heard.left == {}
        eventually(lambda: not any(thread.is_alive() for thread in job.threads))


def test_a_process_ends_in_time_though_a_channel_hangs_and_says_what_was_not_told() -> None:
    """Nothing keeps a job from ending, and what people did not hear is counted."""

    class Hanging:
        name, audience = "hanging", ""

        def __init__(self) -> None:
            self.has_begun, self.is_over = threading.Event(), threading.Event()

        def send(self, message: Message, seconds: float) -> None:
            assert message.notices
            assert seconds
            self.has_begun.set()
            self.is_over.wait()

    channel = Hanging()
    job = _Job(channel)
    job.tell(7)
    eventually(channel.has_begun.is_set)
    job.tell(3)
    job.notifier.close(0.5)
    assert job.heard.left == {"hanging": 10}
    channel.is_over.set()
