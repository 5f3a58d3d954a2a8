"""Guards: what is wrong whatever the spread, and needs no training. Pure.

Each holds what comes against how the series was: one that is normally zero, constant or empty is left alone.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from math import isnan, log, sinh, sqrt
from typing import Final, NamedTuple

from event_processor.monitoring.deviations import Kind
from event_processor.monitoring.features import Sight
from event_processor.monitoring.finding import Severity, number_words
from event_processor.monitoring.history import KEPT, History
from event_processor.monitoring.views import SHORT

_FEWEST: Final = SHORT
_SURPRISE: Final = 16.0  # records that were to be expected: once in nine million times there are none by chance
_ONCE_IN_WEEKS: Final = 1e-4
_WEEK: Final = 7 * 86_400
_OF_OTHER_N: Final = 0.05  # the same share of another number of records
_FEWEST_REPEATS: Final = 3
_NEVER_NEGATIVE: Final = ("ratio", "_seconds", "bytes", "records", "rejects", "rows", "_total")


class Alarm(NamedTuple):
    """What a detector says of a bucket."""

    detector: str
    severity: Severity
    score: float
    why: str
    """The rest of a sentence that begins with the value and what was expected."""
    expected: float | None = None


def guard(history: History, place: int, sight: Sight, value: float, name: str) -> Alarm | None:
    """The first guard that objects to a bucket, of which nothing is in the history yet. NaN: it has no value."""
    if isnan(value):
        return _missing(history, place, sight.kind)
    if name.endswith("ratio") and value > 1:
        return Alarm("guard:impossible", "critical", 2.0, "a share is at most 1")
    if value < 0:
        never = name.endswith(_NEVER_NEGATIVE) or (history.counts and place >= _FEWEST)
        return Alarm("guard:negative", "critical", 2.0, "it is never below zero") if never else None
    if value == 0:
        return None if name.endswith("ratio") else _zero(history, place, sight)
    return _frozen(history, place, value, sight.kind)


def _zero(history: History, place: int, sight: Sight) -> Alarm | None:
    """Nothing, for longer than chance and the series' own pauses account for."""
    run = _run(history, place, lambda index: history.values[index] == 0)
    expected = min([_mean(history.values, run.since), *_seasonal_middles(sight)])
    records = min(expected, _mean(history.ns, run.since) or expected)
    if not history.counts:
        far = place >= 2 * _FEWEST and all(each < -3 for each in sight.deviations.values())
        never = far and run.since == place and not run.longest()
        return Alarm("guard:zero", "critical", 2.0, "it was never zero before", expected) if never else None
    if run.since < _FEWEST or records * _counted(run, sight) < _SURPRISE or run.length <= 2 * run.longest():
        return None
    score = records * run.length / _SURPRISE
    return Alarm("guard:zero", "critical", 1 + score, _since("nothing came", run.length), expected)


def _missing(history: History, place: int, kind: Kind) -> Alarm | None:
    """No value where there was one; if it is of no records, for longer than chance accounts for."""
    run = _run(history, place, lambda index: isnan(history.values[index]))
    if run.since < _FEWEST or run.length <= 2 * run.longest():
        return None
    if not kind.n and _mean(history.ns, run.since) * min(run.length, SHORT // 2) < _SURPRISE:
        return None
    return Alarm("guard:missing", "critical", 2.0, _since("there was no value", run.length))


def _frozen(history: History, place: int, value: float, kind: Kind) -> Alarm | None:
    """The same value again and again, where values differ."""
    if not place or history.values[place - 1] != value:
        return None
    run = _run(history, place, lambda index: history.values[index] == value)
    repeats = run.length - 1
    if repeats < _FEWEST_REPEATS or run.since < _FEWEST:
        return None
    runs = _repeats_before(history, run.since)
    of_history = (sum(runs) + 1) / (run.since + 1)
    chance = max(of_history, _chance_of_same(value, kind, ns_differ=len(set(history.ns[run.since : place])) > 1))
    unlikely = log(_ONCE_IN_WEEKS * history.bucket_seconds / _WEEK)
    if repeats * log(chance) > unlikely or repeats <= 2 * max(runs, default=0):
        return None
    score = repeats * log(chance) / unlikely
    why = f"the same value {run.length} times in a row, which never happened before"
    return Alarm("guard:frozen", "warning", score, why)


def _repeats_before(history: History, until: int) -> list[int]:
    """How often values were repeated, run by run, but for those that were a finding."""
    runs: list[int] = []
    repeats, was_finding = 0, False
    for index in range(1, until):
        if history.values[index] == history.values[index - 1]:
            repeats, was_finding = repeats + 1, was_finding or history.flagged[index] > 0
        elif repeats:
            runs += [] if was_finding else [repeats]
            repeats, was_finding = 0, False
    return runs


def _chance_of_same(value: float, kind: Kind, *, ns_differ: bool) -> float:
    """Of two counts, or shares, that are as likely to be high as low. Those at the end of a scale say nothing."""
    if kind.share and ns_differ:
        return _OF_OTHER_N if 0 < value < 1 else 1.0
    if kind.share:
        part = min(value, 1 - value) * kind.n
    elif kind.counts:
        part = value
    else:
        return 0.0
    return min(1.0, 0.4 / sqrt(part)) if part > 0 else 1.0


class _Run(NamedTuple):
    since: int
    """The first place of the run."""
    length: int
    """With the bucket that is judged."""
    longest: Callable[[], int]
    """Of all runs before it that were not findings."""


def _run(history: History, place: int, is_in: Callable[[int], bool]) -> _Run:
    since = place
    while since and is_in(since - 1):
        since -= 1
    return _Run(
        since,
        place - since + 1,
        lambda: _longest(not history.flagged[index] and is_in(index) for index in range(since)),
    )


def _mean(column: Sequence[float], until: int) -> float:
    """Of what was just before, or of all, whichever is less."""
    just_before, all_ = (
        [each for each in column[max(0, until - most) : until] if not isnan(each)] for most in (SHORT, KEPT)
    )
    return min(sum(just_before) / len(just_before), sum(all_) / len(all_)) if just_before else 0.0


def _counted(run: _Run, sight: Sight) -> int:
    """What is expected now may not be what is to be expected for long, unless other days are known."""
    return run.length if any(view.name == "day" for view in sight.views) else min(run.length, SHORT // 2)


def _longest(each_is: Iterable[bool]) -> int:
    longest = length = 0
    for each in each_is:
        length = length + 1 if each else 0
        longest = max(longest, length)
    return longest


def _seasonal_middles(sight: Sight) -> Iterator[float]:
    for view in sight.views:
        if view.name in {"day", "week"}:
            yield max(0.0, sinh(min(view.low, 20.0)))


def _since(what: str, length: int) -> str:
    return what if length == 1 else f"{what} in {number_words(length)} buckets in a row"
