"""What a stop reports: messages that are hidden from everybody though nobody works on them. Pure bookkeeping."""

from collections import deque
from typing import Final

_REMEMBERED: Final = 10_000  # receives


class Tally:
    """Messages released and not released while stopping, and receives that may have taken some without our hearing."""

    def __init__(self, receive_batch: int, visibility_seconds: float) -> None:
        self._receive_batch, self._visibility_seconds = receive_batch, visibility_seconds
        self.released = self.unreleased = 0
        self._asking = 0  # receives that have no answer yet
        self._unheard: deque[float] = deque(maxlen=_REMEMBERED)  # when receives ended whose answer may be lost

    def asked(self) -> None:
        """Count a receive that begins."""
        self._asking += 1

    def answered(self, lost_at: float | None) -> None:
        """Count a receive that is over. `lost_at`: it failed then, and may have taken messages unknown to us."""
        self._asking -= 1
        if lost_at is not None:
            self._unheard.append(lost_at)

    def leaving(self, messages: int) -> None:
        """Count so many that are to be given back: unreleased until we know better, whatever becomes of the calls."""
        self.unreleased += messages

    def left(self, messages: int) -> None:
        """Count so many of them as back on the queue."""
        self.released += messages
        self.unreleased -= messages

    def perhaps_hidden(self, now: float) -> int:
        """The most messages that receives may have taken without our hearing of it, and that are still hidden."""
        unheard = sum(at > now - self._visibility_seconds for at in self._unheard)
        return (unheard + self._asking) * self._receive_batch
