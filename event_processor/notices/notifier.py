"""Tells people through channels, each with a thread of its own: one that hangs or fails slows nobody."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import isinf
from typing import Final

from event_processor.clock import Clock
from event_processor.errors import NotSent
from event_processor.notices.grouping import Grouping, Windows
from event_processor.notices.notice import Key, Message, Notice
from event_processor.notices.pacing import Pace, Pacing
from event_processor.notices.ports import Channel, NoticeObserver

_SEND_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 0.02
_WINDOWS: Final = Windows()
_PACE: Final = Pace()


class Notifier:
    """Tells people, as `Notices` says. The observer must not raise; `start` runs a task in a thread of that name.

    A notice goes to the channels whose audience is what the contract says (`x-channel`, with or without its #); if
    there is none, to those without an audience.
    """

    def __init__(
        self,
        channels: Sequence[Channel],
        clock: Clock,
        observer: NoticeObserver,
        start: Callable[[str, Callable[[], None]], None],
        windows: Windows = _WINDOWS,
        pace: Pace = _PACE,
    ) -> None:
        self._clock, self._observer = clock, observer
        self._lines = [_Line(channel, clock, observer, windows, pace) for channel in channels]
        self._by_audience: dict[str, list[_Line]] = {}
        for number, line in enumerate(self._lines, 1):
            self._by_audience.setdefault(line.channel.audience, []).append(line)
            start(f"notices-{number}", line.run)

    def tell(self, notice: Notice) -> None:
        """See Notices."""
        everyone = self._by_audience.get("", ())
        for line in self._by_audience.get(notice.channel.removeprefix("#"), everyone):
            line.tell(notice)

    def recovered(self, key: Key) -> None:
        """See Notices."""
        for line in self._lines:
            line.recovered(key)

    def remember(self, notice: Notice, ago_seconds: Mapping[str, float]) -> None:
        """Take over what an earlier process has told, by channel so long ago: it goes on until it has recovered."""
        for line in self._lines:
            if (ago := ago_seconds.get(line.channel.name)) is not None:
                line.remember(notice, ago)

    def pause_until_told(self, seconds: float) -> None:
        """Wait until what is due was told, at most so long: for a process that is frozen between its calls."""
        deadline = self._clock.monotonic() + seconds
        while self._clock.monotonic() < deadline and any(line.is_due for line in self._lines):
            self._clock.sleep(_LOOK_SECONDS)

    def close(self, seconds: float) -> None:
        """Tell what is not told yet, if that can be done within so many seconds. To be called once, as the last."""
        deadline = self._clock.monotonic() + seconds
        for line in self._lines:
            line.close(deadline)
        for line in self._lines:
            line.ended.wait(max(0.0, deadline - self._clock.monotonic()))
            if left := line.untold:
                self._observer.notices_left(line.channel.name, left)


class _Line:
    """One channel, what it is to be told, and its thread."""

    def __init__(self, channel: Channel, clock: Clock, observer: NoticeObserver, windows: Windows, pace: Pace) -> None:
        self.channel = channel
        self.ended = threading.Event()
        self._clock, self._observer = clock, observer
        self._grouping, self._pacing = Grouping(windows), Pacing(pace)
        self._gather_seconds = windows.gather_seconds
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._closing = threading.Event()
        self._deadline = 0.0  # once it closes

    @property
    def untold(self) -> int:
        with self._lock:
            return self._grouping.untold

    @property
    def is_due(self) -> bool:
        """Whether something is to be told before long, or is being told."""
        with self._lock:
            return (
                self._grouping.is_taken or self._grouping.wait_seconds(self._clock.monotonic()) <= self._gather_seconds
            )

    def tell(self, notice: Notice) -> None:
        with self._lock:
            is_news = self._grouping.add(notice, self._clock.monotonic())
        if is_news:
            self._news.set()

    def recovered(self, key: Key) -> None:
        with self._lock:
            is_news = self._grouping.recovered(key)
        if is_news:
            self._news.set()

    def remember(self, notice: Notice, ago_seconds: float) -> None:
        with self._lock:
            self._grouping.remember(notice, self._clock.monotonic(), ago_seconds)
        self._news.set()

    def close(self, deadline: float) -> None:
        self._deadline = deadline
        self._closing.set()
        self._news.set()

    def run(self) -> None:
        """Tell people what there is to tell, until the line is closed."""
        try:
            while not self._closing.is_set():
                self._await_news()
                self._closing.wait(self._pacing.wait_seconds(self._clock.monotonic()))
                if not self._closing.is_set():
                    self._tell_people(_SEND_SECONDS)
            self._finish()
        finally:
            self.ended.set()

    def _await_news(self) -> None:
        """Wait for something to tell. What is gathered already is not looked at again for every new key."""
        while not self._closing.is_set():
            self._news.clear()
            with self._lock:
                wait_seconds = self._grouping.wait_seconds(self._clock.monotonic())
            if wait_seconds <= self._gather_seconds:
                self._closing.wait(wait_seconds)
                return
            self._news.wait(None if isinf(wait_seconds) else wait_seconds)

    def _finish(self) -> None:
        is_done = False
        while not is_done:
            now = self._clock.monotonic()
            wait_seconds, left_seconds = self._pacing.wait_seconds(now, hurry=True), self._deadline - now
            if wait_seconds >= left_seconds:
                return
            self._clock.sleep(wait_seconds)
            is_done = not self._tell_people(min(_SEND_SECONDS, left_seconds - wait_seconds))

    def _tell_people(self, seconds: float) -> bool:
        """Send one message. Returns whether there was anything to tell."""
        with self._lock:
            now, time = self._clock.monotonic(), self._clock.now()
            message = self._grouping.take(now, time, hurry=self._closing.is_set())
        if message is None:
            return False
        message = replace(message, budget=self._pacing.used_up(now))
        try:
            self.channel.send(message, seconds)
        except NotSent as error:
            self._failed(message, error)
        except Exception as error:  # noqa: BLE001 - a bug met by one message must not silence the channel
            self._failed(message, NotSent(self.channel.name, "bug", type(error).__name__, is_final=True))
        else:
            with self._lock:
                self._grouping.sent()
            self._pacing.sent(self._clock.monotonic())
            self._observer.notified(self.channel.name, message)
        return True

    def _failed(self, message: Message, error: NotSent) -> None:
        now = self._clock.monotonic()
        with self._lock:
            if error.is_final:
                self._grouping.sent()
            else:
                self._grouping.back(now)
        self._pacing.failed(now, error.pause_seconds)
        self._observer.not_notified(self.channel.name, message, error)
