"""A process that is frozen between its calls waits until people were told, but not for ever."""

import threading
import time

from event_processor.clock import SystemClock
from event_processor.notices.grouping import Windows
from event_processor.notices.notice import Kind, Message, Notice
from event_processor.notices.notifier import Notifier
from event_processor.telemetry.threads import Threads
from event_processor.testing import RecordingObserver

NOTICE = Notice(Kind.REJECT, "page/Home", "/age", "wrong_type", "wrong")


class Channel:
    """See Channel. Takes messages once it may."""

    name, audience = "slack", ""

    def __init__(self) -> None:
        self.may_go_on = threading.Event()
        self.messages: list[Message] = []

    def send(self, message: Message, seconds: float) -> None:
        """See Channel."""
        self.may_go_on.wait(seconds)
        self.messages.append(message)


def test_it_waits_until_people_are_told() -> None:
    """What was told just now is out when the pause ends; a channel that hangs ends it at its time."""
    channel, clock = Channel(), SystemClock()
    notifier = Notifier([channel], clock, RecordingObserver(), Threads(clock).start, Windows(gather_seconds=0.05))
    notifier.tell(NOTICE)
    began = time.monotonic()
    notifier.pause_until_told(0.3)
    assert time.monotonic() - began >= 0.3
    assert channel.messages == []

    channel.may_go_on.set()
    notifier.pause_until_told(60)
    assert [message.notices for message in channel.messages] == [1]
    notifier.close(1)
