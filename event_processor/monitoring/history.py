"""What is remembered of a series: its newest buckets as they came, and weeks of it by time of day. Pure.

Bounded: about 40 KB for 512 buckets, and 11 KB for four weeks in quarters of an hour.
"""

import base64
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from itertools import compress
from math import asinh, isnan, nan
from typing import Any, Final, NamedTuple

KEPT: Final = 512
DAY: Final = 86_400
_SLOT: Final = 900
_WEEKS: Final = 4 * 7 * DAY
_COLUMNS: Final = (
    "starts",
    "values",
    "ns",
    "revisions",
    "scaled",
    "residuals",
    "deviations",
    "oddities",
    "usable",
    "flagged",
    "peaks",
    "lows",
    "highs",
)


class Seen(NamedTuple):
    """What was seen of a bucket when it came; NaN where there was nothing to see."""

    residual: float
    """What was scaled, less what was usual at that time of day."""
    deviation: float
    """From what was usual, as the rule saw it."""
    oddity: float
    """How far it was from the values before it, as log1p of standard deviations."""


class Point(NamedTuple):
    """A bucket as it is drawn: NaN where there is no value, or no band."""

    start: int
    value: float
    low: float
    high: float
    is_finding: bool


def nothing(_start: int) -> bool:
    """No bucket is left out of what is usual."""
    return False


class History:
    """Buckets by their start. What is looked at for a bucket is only what was before it."""

    def __init__(self, bucket_seconds: int) -> None:
        self.bucket_seconds = bucket_seconds
        self.slot_seconds = -(-_SLOT // bucket_seconds) * bucket_seconds
        self.starts = array("q")
        self.values = array("d")
        """As they came; NaN where there is no value."""
        self.ns = array("q")
        self.revisions = array("q")
        self.scaled = array("d")
        """asinh of the value: like a logarithm for large ones, and defined for zero and below."""
        self.residuals, self.deviations, self.oddities = array("d"), array("d"), array("f")
        """As they were seen."""
        self.usable = bytearray()
        """0: no value, or left out by a label."""
        self.flagged = bytearray()
        """1: a finding, and so not what is usual, for some time (see `forgive`); then 2."""
        self.peaks = array("d")
        """The greatest oddity up to and with each bucket, which fades to half in four weeks."""
        self.lows = array("f")
        """The band that each bucket was judged by, as far as a picture needs it; NaN where there was none."""
        self.highs = array("f")
        self.slots = array("f", [nan]) * max(_WEEKS // self.slot_seconds, 400)
        """The median of each slot of time, scaled; a ring."""
        self.newest_slot: int | None = None
        self.has_n = False
        """There was one that says of how many records it is."""
        self.counts = True
        """Nothing came yet that is not a whole number, or below zero."""
        self._left_out: Callable[[int], bool] = nothing

    def __len__(self) -> int:
        return len(self.starts)

    def place(self, start: int) -> int:
        """Where a bucket stands, or would stand: all before it came before."""
        if not self.starts or start > self.starts[-1]:
            return len(self.starts)
        return bisect_left(self.starts, start)

    def known(self, start: int, place: int) -> bool:
        """Whether the bucket is in."""
        return place < len(self.starts) and self.starts[place] == start

    def put(self, place: int, start: int, value: float, n: int, revision: int, seen: Seen) -> None:
        """A bucket into its place, or a revision of it there."""
        usable = not (isnan(value) or self._left_out(start))
        row = (start, value, n, revision, asinh(value), *seen, usable, 0, 0.0, nan, nan)
        if self.known(start, place):
            for name, each in zip(_COLUMNS, row, strict=True):
                getattr(self, name)[place] = each
        else:
            for name, each in zip(_COLUMNS, row, strict=True):
                getattr(self, name).insert(place, each)
        self.has_n = self.has_n or n > 0
        if value < 0 or not (value.is_integer() or isnan(value)):
            self.counts = False
        self._fold(start)
        self._raise_peaks(place)
        if len(self.starts) > KEPT:
            for name in _COLUMNS:
                del getattr(self, name)[0]

    def note(self, start: int, low: float, high: float, *, is_finding: bool) -> None:
        """The verdict on a bucket that is in."""
        place = self.place(start)
        if self.known(start, place):
            self.lows[place], self.highs[place], self.flagged[place] = low, high, is_finding

    def points(self) -> list[Point]:
        """All buckets, for any thread; none in the moment in which one comes in."""
        starts, *rest = (each[:] for each in (self.starts, self.values, self.lows, self.highs, self.flagged))
        if any(len(getattr(self, name)) != len(starts) for name in _COLUMNS) or starts != self.starts:
            return []
        rows = zip(starts, *rest, strict=True)
        return [Point(start, value, low, high, bool(flag)) for start, value, low, high, flag in rows]

    def leave_out(self, left_out: Callable[[int], bool]) -> None:
        """From now on: which buckets labels keep out of what is usual. The same function again costs nothing."""
        if left_out is self._left_out or left_out == self._left_out:
            return
        self._left_out = left_out
        self.usable = bytearray(
            not (isnan(value) or left_out(start)) for start, value in zip(self.starts, self.values, strict=True)
        )
        self._raise_peaks(1)

    def deviations_before(self, place: int, start: int, count: int) -> list[float]:
        """Those of the buckets right before, the nearest first; where one is missing it ends."""
        found: list[float] = []
        for index in range(place - 1, max(-1, place - 1 - count), -1):
            if start - self.starts[index] != self.bucket_seconds * (len(found) + 1):
                break
            found.append(self.deviations[index])
        return found

    def forgive(self, until: int) -> None:
        """What was a finding before that time is how things are now."""
        place = self.place(until)
        if 1 in self.flagged[:place]:
            self.flagged[:place] = self.flagged[:place].replace(b"\x01", b"\x02")

    def before(self, place: int, most: int, column: Sequence[float], left_out: bytearray | None = None) -> list[float]:
        """The newest usable entries of a column before a place, at most so many."""
        first = max(0, place - most)
        usable = self.usable
        if 0 not in usable[first:place] and (left_out is None or 1 not in left_out[first:place]):
            return list(column[first:place])
        if left_out is not None:
            usable = bytearray(each and out != 1 for each, out in zip(usable[:place], left_out, strict=False))
        return list(compress(column[:place], usable[:place]))[-most:]

    def slots_at(self, times: Sequence[int]) -> list[float]:
        """What was usual in the slots of these times, as far as it is known."""
        newest = self.newest_slot
        if newest is None:
            return []
        size, width, slots, left_out = len(self.slots), self.slot_seconds, self.slots, self._left_out
        found = [
            slots[time // width % size]
            for time in times
            if newest - size < time // width <= newest and (left_out is nothing or not left_out(time))
        ]
        return [each for each in found if not isnan(each)]

    def _raise_peaks(self, first: int) -> None:
        """From a place on: what came late, or was labelled, changes what was the greatest from then on."""
        for place in range(first, len(self.starts)):
            before = place and self.peaks[place - 1] * 0.5 ** ((self.starts[place] - self.starts[place - 1]) / _WEEKS)
            counts = self.usable[place] and not isnan(self.oddities[place])
            self.peaks[place] = max(before, self.oddities[place]) if counts else before

    def _fold(self, start: int) -> None:
        """The slot of a bucket, made again from what is known of it."""
        number, size = start // self.slot_seconds, len(self.slots)
        newest = self.newest_slot
        if newest is None or number - newest >= size:
            self.slots = array("f", [nan]) * size
            self.newest_slot = number
        elif number > newest:
            for passed in range(newest + 1, number + 1):
                self.slots[passed % size] = nan
            self.newest_slot = number
        elif number <= newest - size:
            return
        since = number * self.slot_seconds
        first = self.place(since)
        if first == 0 and len(self.starts) >= KEPT and self.starts[0] > since:
            return  # part of what it was made of is forgotten
        last = self.place(since + self.slot_seconds)
        inside = sorted(compress(self.scaled[first:last], self.usable[first:last]))
        self.slots[number % size] = inside[len(inside) // 2] if inside else nan

    def state(self) -> dict[str, Any]:
        """All of it, as JSON."""
        columns = {name: _packed(getattr(self, name)) for name in (*_COLUMNS, "slots")}
        return {
            "bucket_seconds": self.bucket_seconds,
            "newest_slot": self.newest_slot,
            "counts": self.counts,
            "has_n": self.has_n,
            **columns,
        }

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> "History":
        """What `state` was of. What labels leave out must be said again."""
        history = cls(state["bucket_seconds"])
        history.newest_slot = state["newest_slot"]
        history.counts = state["counts"]
        history.has_n = state["has_n"]
        for name in (*_COLUMNS, "slots"):
            content = zlib.decompress(base64.b64decode(state[name]))
            empty = getattr(history, name)
            setattr(
                history, name, type(empty)(empty.typecode, content) if isinstance(empty, array) else bytearray(content)
            )
        return history


def _packed(column: "array[int] | array[float] | bytearray") -> str:
    return base64.b64encode(zlib.compress(bytes(column), 1)).decode()
