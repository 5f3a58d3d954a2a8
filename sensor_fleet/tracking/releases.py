"""Releases of the sender: which one a visitor has at what time, and what one of them breaks."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from sensor_fleet.tracking.subjects import WAYS

_ROLLOUT: float = 0.5  # the part of a release's time in which it replaces the one before


@dataclass(frozen=True, slots=True)
class Break:
    """A field that all events of one release have wrong, in one way."""

    release: str
    pointer: str
    way: str


def parse_break(text: str) -> Break:
    """Read RELEASE:POINTER:HOW. Raises ValueError with what there is instead."""
    release, _, rest = text.partition(":")
    pointer, _, way = rest.rpartition(":")
    if not (release and pointer and way):
        raise ValueError(f"{text!r} is not RELEASE:POINTER:HOW, such as 5.1.0:/properties/gender:not-in-enum")
    if pointer not in WAYS:
        raise ValueError(f"{pointer!r} is not a field of these events. Fields: {', '.join(WAYS)}.")
    if way not in WAYS[pointer]:
        raise ValueError(f"{way!r} is no way to break {pointer}. Ways: {', '.join(WAYS[pointer])}.")
    return Break(release, pointer, way)


class Releases:
    """Releases that follow each other in equal times. Visitors change one after the other, and never back."""

    def __init__(self, names: Sequence[str], visitors: Sequence[str], seed: int) -> None:
        self._names = names
        self._lags = {visitor: Random(f"{seed}/{visitor}").random() * _ROLLOUT for visitor in visitors}

    def of(self, visitor: str, progress: float) -> str:
        """A visitor's release, when this part of the whole time (0..1) is over."""
        number = int(max(0.0, progress * len(self._names) - self._lags[visitor]))
        return self._names[min(number, len(self._names) - 1)]
