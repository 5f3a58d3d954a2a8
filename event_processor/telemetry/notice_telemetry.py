"""Log lines and metrics of telling people."""

from collections.abc import Iterable
from typing import Final

import structlog

from event_processor.errors import NotSent
from event_processor.notices.notice import Message
from event_processor.notices.ports import NoticeObserver
from event_processor.telemetry.metrics import CounterSpec, Metrics

SENT: Final = CounterSpec("notices_sent_total", "Messages that a channel accepted", ("channel",))
SUPPRESSED: Final = CounterSpec("notices_suppressed_total", "Notices reported only as a number", ("channel",))
NOT_SENT: Final = CounterSpec("notices_failed_total", "Messages that a channel did not accept", ("channel",))


class NoticeTelemetry(NoticeObserver):
    """See NoticeObserver."""

    def __init__(self, metrics: Metrics) -> None:
        self._log = structlog.get_logger("event_processor")
        self._metrics = metrics
        self._failing: set[str] = set()
        self.channels: list[str] = []

    def expect(self, channels: Iterable[str]) -> None:
        """Their series exist before their first message."""
        for channel in channels:
            self.channels.append(channel)
            for spec in (SENT, SUPPRESSED, NOT_SENT):
                self._metrics.counter(spec).labels(channel)

    @property
    def not_accepting(self) -> list[str]:
        """The channels whose latest message was not accepted."""
        return sorted(self._failing)

    def notified(self, channel: str, message: Message) -> None:
        self._metrics.counter(SENT).labels(channel).inc()
        self._metrics.counter(SUPPRESSED).labels(channel).inc(message.suppressed)
        if channel in self._failing:
            self._failing.discard(channel)
            self._log.info("notices are accepted again", channel=channel)

    def not_notified(self, channel: str, message: Message, error: NotSent) -> None:
        """One line when it starts, not one for every try."""
        self._metrics.counter(NOT_SENT).labels(channel).inc()
        if channel not in self._failing:
            self._failing.add(channel)
            self._log.error("notices not accepted", channel=channel, error_code=error.code, notices=message.notices)

    def notices_left(self, channel: str, notices: int) -> None:
        self._log.warning("notices were not sent; the reject store has their rejects", channel=channel, notices=notices)
