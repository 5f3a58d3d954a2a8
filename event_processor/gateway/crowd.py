"""The connections of a door: how many there may be, and who has to go when there are too many, or takes too long."""

from collections.abc import Callable
from typing import Final, Protocol

_PATIENCE_SECONDS: Final = 10.0


class Member(Protocol):
    """A connection."""

    waiting_bytes: int
    """Of a head that is not whole."""

    def abort(self) -> None:
        """End it now."""


class Crowd:
    """Told by connections what they wait for. A good client does not let us wait for long, so whoever has done so for
    longest goes first, and then whoever has been idle for longest.
    """

    def __init__(self, most: int, most_bytes: int, clock: Callable[[], float]) -> None:
        self._most, self._most_bytes, self._clock = most, most_bytes, clock
        self._members: set[Member] = set()
        self._late: dict[Member, float] = {}  # since when, the longest first
        self._idle: dict[Member, None] = {}
        self._bytes = 0

    def join(self, member: Member) -> None:
        """One more, for whom somebody has to go if there are too many: if need be itself."""
        self._members.add(member)
        if len(self._members) > self._most:
            self._end(next(iter(self._late), next(iter(self._idle), member)))

    def leave(self, member: Member) -> None:
        """It is gone."""
        self._members.discard(member)
        self.done(member)

    def late(self, member: Member, waiting_bytes: int = 0) -> None:
        """From now on we wait for it, unless we do already; so many bytes of it wait with us."""
        self._late.setdefault(member, self._clock())
        self._bytes += waiting_bytes - member.waiting_bytes
        member.waiting_bytes = waiting_bytes
        if self._bytes > self._most_bytes:
            self._end(next(iter(self._late)))

    def idle(self, member: Member) -> None:
        """It has its answer, and has not sent more."""
        self._idle[member] = None

    def done(self, member: Member) -> None:
        """We do not wait for it."""
        self._idle.pop(member, None)
        if self._late.pop(member, None) is not None:
            self._bytes -= member.waiting_bytes
            member.waiting_bytes = 0

    def sweep(self) -> None:
        """End those for whom we have waited for too long. To be called every second."""
        latest = self._clock() - _PATIENCE_SECONDS
        for member in [member for member, since in self._late.items() if since <= latest]:
            self._end(member)

    def _end(self, member: Member) -> None:
        """It is not counted from now on, though it may take a moment until it is gone."""
        self.leave(member)
        member.abort()
