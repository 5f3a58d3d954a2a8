"""What notices need from the world: channels to people, and somebody who counts. What jobs need of notices."""

from typing import Protocol

from event_processor.errors import NotSent
from event_processor.notices.notice import Key, Message, Notice


class Notices(Protocol):
    """What a job tells its notices to."""

    def tell(self, notice: Notice) -> None:
        """People should know this. Returns at once, whatever the channels do, and never raises."""

    def recovered(self, key: Key) -> None:
        """Tell that it is over, if people had heard of it. What is only quiet for long is told as that by itself."""


class Channel(Protocol):
    """One way to people."""

    @property
    def name(self) -> str:
        """The name that logs, metrics and settings show: without secrets."""
        ...

    @property
    def audience(self) -> str:
        """The channel that contracts call by this name; empty: for whatever no other channel is named for."""
        ...

    def send(self, message: Message, seconds: float) -> None:
        """Returns when the message is accepted. Raises NotSent, after so many seconds at the latest."""
        ...


class NoticeObserver(Protocol):
    """Hears how the channels get on. Inherit from it to hear of some."""

    def notified(self, channel: str, message: Message) -> None:
        """The channel accepted the message."""

    def not_notified(self, channel: str, message: Message, error: NotSent) -> None:
        """The channel did not accept it. It goes on with the next message, which tells these notices again if the error
        is not final.
        """

    def notices_left(self, channel: str, notices: int) -> None:
        """The process ends before so many were told to the channel; the reject store has them."""
