"""What a channel is told, and when: each thing at once, then by its count. Pure: whoever asks brings the time.

Nothing waits in a queue: what is not told yet is a number beside its key, so a channel that hangs for a day costs
memory for `most_keys` keys, and tells the right numbers when it is back.
"""

from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import inf
from typing import Final, NamedTuple

from event_processor.notices.notice import Entry, Key, Message, Notice, State

_ORDER: Final = {State.NEW: 0, State.GOES_ON: 1, State.RECOVERED: 2, State.QUIET: 3}


@dataclass(frozen=True, slots=True)
class Windows:
    """How often people hear of the same thing.

    What is new waits for `gather_seconds`, so that all that one release broke is one message. What goes on is told
    after `first_seconds`, then after a time that grows by `growth` up to `longest_seconds`. What was not seen for
    `quiet_seconds` is told as quiet; if it comes back, it has to be quiet for twice as long the next time, up to
    `longest_quiet_seconds`. Of at most `most_keys` keys anything is known, and a message lists at most `most_listed`.
    """

    gather_seconds: float = 0.5
    first_seconds: float = 60.0
    growth: float = 5.0
    longest_seconds: float = 3600.0
    quiet_seconds: float = 600.0
    longest_quiet_seconds: float = 4 * 3600.0
    most_keys: int = 1000
    most_listed: int = 20


@dataclass(slots=True)
class _Known:
    """One key. `due_at` counts while some are untold; `is_told`: people know of it as something that is wrong."""

    notice: Notice
    since: float
    last: float
    due_at: float
    window_seconds: float = 0.0
    quiet_seconds: float = 0.0
    untold: int = 0
    total: int = 0
    is_told: bool = False
    has_recovered: bool = False

    def moment(self) -> float:
        """When there is something to say about this key; `inf` for never."""
        if self.is_told and self.has_recovered:
            return -inf
        quiet_at = self.last + self.quiet_seconds if self.is_told else inf
        return min(quiet_at, self.due_at if self.untold else inf)

    def is_due(self, now: float, *, hurry: bool) -> bool:
        """Whether it belongs into a message that is made now; what is new does not wait for one of its own."""
        return self.moment() <= now or (self.untold > 0 and (hurry or not self.is_told))


class _Taken(NamedTuple):
    """What one key was like before a message about it was made."""

    key: Key
    before: _Known


class Grouping:
    """The keys of one channel. A message that was made is in hand until it is `sent` or given `back`."""

    def __init__(self, windows: Windows) -> None:
        self._windows = windows
        self._known: OrderedDict[Key, _Known] = OrderedDict()  # the least recently seen first
        self._other_keys = self._other_notices = 0  # that were forgotten untold
        self._taken: list[_Taken] = []
        self._taken_others = (0, 0)

    @property
    def untold(self) -> int:
        """How many notices nobody was told of yet, those of the message in hand included."""
        in_hand = sum(taken.before.untold for taken in self._taken) + self._taken_others[1]
        return sum(known.untold for known in self._known.values()) + self._other_notices + in_hand

    @property
    def is_taken(self) -> bool:
        """Whether a message is in hand."""
        return bool(self._taken) or self._taken_others != (0, 0)

    def add(self, notice: Notice, now: float) -> bool:
        """One more came; True if it is the first of its key that waits to be told, or worse than what people know."""
        windows, key = self._windows, notice.key
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = _Known(notice, now, -inf, now)
            if len(self._known) > windows.most_keys:
                self._forget()
        else:
            self._known.move_to_end(key)
        is_first = not known.untold
        is_worse = known.is_told and notice.severity.rank > known.notice.severity.rank
        if is_first and not known.is_told:
            self._begin(known, now)
        elif is_worse:
            known.due_at = min(known.due_at, now + windows.gather_seconds)
        known.notice, known.last, known.has_recovered = notice, now, False
        known.untold += 1
        known.total += 1
        return is_first or is_worse

    def recovered(self, key: Key) -> bool:
        """Note that it is over; False if nothing is known of it, or nobody was told."""
        if (known := self._known.get(key)) is None:
            return False
        known.has_recovered = True
        return known.is_told

    def remember(self, notice: Notice, now: float, ago_seconds: float) -> None:
        """People heard so long ago, from an earlier process, that this is wrong; nothing if it is known already."""
        if notice.key in self._known:
            return
        first_seconds = self._windows.first_seconds
        then = now - ago_seconds
        self._known[notice.key] = _Known(
            notice=notice,
            since=then,
            last=then,
            due_at=then + first_seconds,
            window_seconds=first_seconds,
            quiet_seconds=self._windows.quiet_seconds,
            total=1,
            is_told=True,
        )

    def wait_seconds(self, now: float) -> float:
        """How long until there is something to tell; infinite if there is nothing."""
        moments = (known.moment() for known in self._known.values())
        return max(0.0, min(moments, default=inf) - now)

    def take(self, now: float, time: datetime, *, hurry: bool = False) -> Message | None:
        """The message of all that is to be told now, or None; in a `hurry` all that is untold. `time` is now, UTC."""
        if self.wait_seconds(now) > 0 and not hurry:
            return None
        due = [(key, known) for key, known in self._known.items() if known.is_due(now, hurry=hurry)]
        if not due:  # nor are there others: each was forgotten for a key that is new
            return None
        self._taken = [_Taken(key, replace(known)) for key, known in due]
        self._taken_others = self._other_keys, self._other_notices
        self._other_keys = self._other_notices = 0
        entries = [self._tell(known, now, time) for _, known in due]
        entries.sort(key=lambda entry: (_ORDER[entry.state], -entry.count))
        return Message(tuple(entries), *self._taken_others).listing(self._windows.most_listed)

    def sent(self) -> None:
        """Let go of the message in hand: it was told, or never will be."""
        self._taken, self._taken_others = [], (0, 0)

    def back(self, now: float) -> None:
        """The message in hand was not told: everything in it is to be told with the next one."""
        self._other_keys += self._taken_others[0]
        self._other_notices += self._taken_others[1]
        for taken in self._taken:
            if (known := self._known.get(taken.key)) is not None:
                _undo(known, taken.before, now)
            elif taken.before.untold:
                self._add_others(taken.before.untold)
        self.sent()

    def _begin(self, known: _Known, now: float) -> None:
        """Begin with what is new, or comes back after people heard that it was over."""
        windows = self._windows
        if now - known.last > windows.longest_quiet_seconds:
            known.window_seconds, known.quiet_seconds = windows.first_seconds, windows.quiet_seconds
        known.since, known.total, known.due_at = now, 0, now + windows.gather_seconds

    def _tell(self, known: _Known, now: float, time: datetime) -> Entry:
        """Make its entry in a message; from then on it is told."""
        windows, state = self._windows, _state(known, now)
        entry = Entry(
            notice=known.notice,
            state=state,
            count=known.untold,
            total=known.total,
            since=time - timedelta(seconds=now - known.since),
            last=time - timedelta(seconds=now - known.last),
        )
        known.untold = 0
        known.is_told = state in {State.NEW, State.GOES_ON}
        if state is State.GOES_ON:
            known.window_seconds = min(known.window_seconds * windows.growth, windows.longest_seconds)
        elif state is State.QUIET:
            known.quiet_seconds = min(known.quiet_seconds * 2, windows.longest_quiet_seconds)
        known.due_at = now + known.window_seconds
        return entry

    def _forget(self) -> None:
        _, known = self._known.popitem(last=False)
        if known.untold:
            self._add_others(known.untold)

    def _add_others(self, notices: int) -> None:
        self._other_keys += 1
        self._other_notices += notices


def _state(known: _Known, now: float) -> State:
    if known.has_recovered:  # perhaps before anybody was told
        return State.RECOVERED
    if not known.is_told:
        return State.NEW
    return State.QUIET if known.last + known.quiet_seconds <= now else State.GOES_ON


def _undo(known: _Known, before: _Known, now: float) -> None:
    """Undo that it was told; what came since then counts, too."""
    came = known.untold
    known.since, known.total, known.untold = before.since, before.total + came, before.untold + came
    known.window_seconds, known.quiet_seconds = before.window_seconds, before.quiet_seconds
    known.is_told, known.due_at = before.is_told, now
    known.has_recovered = known.has_recovered or (before.has_recovered and not came)
