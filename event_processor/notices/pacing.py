"""When a channel may send its next message. Pure: whoever asks brings the time, in seconds that only rise."""

from collections import deque
from dataclasses import dataclass
from math import inf
from typing import Final

_LONGEST_PAUSE_SECONDS: Final = 3600.0  # whatever a server asks for
_MOST_DOUBLINGS: Final = 40
_DAY_SECONDS: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Pace:
    """At most a message each `spacing_seconds` (Slack: "1 message per second" a webhook), while there were few of late.

    People do not read one a second for long: after `burst` messages the spacing doubles with each, up to
    `longest_seconds`, and every `calm_seconds` without one take one back. After failures the pauses double, too.

    After `budget` messages in 24 hours (0: no matter how many) there is one every `digest_seconds` at most, until there
    were fewer again: never silence, since what is critical may be among what waits.
    """

    spacing_seconds: float = 1.0
    burst: int = 10
    calm_seconds: float = 60.0
    longest_seconds: float = 60.0
    longest_failing_seconds: float = 300.0
    budget: int = 0
    digest_seconds: float = 3600.0


class Pacing:
    """The pace of one channel."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._level = 0.0  # messages of late
        self._failures = 0
        self._tried_at = self._held_until = -inf
        self._rest_seconds = 0.0
        self._sent_at: deque[float] = deque(maxlen=pace.budget)

    def used_up(self, now: float) -> int:
        """The budget, if a message that is sent now is the last within it, or beyond it; else 0."""
        budget = self._pace.budget
        if not budget:
            return 0
        lately = sum(at > now - _DAY_SECONDS for at in self._sent_at)
        return budget if lately >= budget - 1 else 0

    def wait_seconds(self, now: float, *, hurry: bool = False) -> float:
        """How long until the next message may be sent. A `hurry` spares only the people, not the channel."""
        rest_seconds = min(self._rest_seconds, self._pace.spacing_seconds) if hurry else self._rest_seconds
        return max(0.0, self._tried_at + rest_seconds - now, self._held_until - now)

    def sent(self, now: float) -> None:
        """Note that the channel accepted a message."""
        calm = max(0.0, now - self._tried_at) / self._pace.calm_seconds
        self._level = max(0.0, self._level - calm) + 1
        excess = min(max(0.0, self._level - self._pace.burst), _MOST_DOUBLINGS)
        self._failures, self._tried_at = 0, now
        self._rest_seconds = min(self._pace.spacing_seconds * 2.0**excess, self._pace.longest_seconds)
        if self._pace.budget:
            self._sent_at.append(now)
            if len(self._sent_at) == self._pace.budget and self._sent_at[0] > now - _DAY_SECONDS:
                self._rest_seconds = self._pace.digest_seconds

    def failed(self, now: float, asked_seconds: float) -> None:
        """Note that a message was not accepted, and the pause that the channel asks for (`Retry-After`), or 0."""
        pause_seconds = self._pace.spacing_seconds * 2.0 ** min(self._failures, _MOST_DOUBLINGS)
        asked_seconds = min(asked_seconds, _LONGEST_PAUSE_SECONDS)
        self._failures += 1
        self._held_until = now + max(asked_seconds, min(pause_seconds, self._pace.longest_failing_seconds))
