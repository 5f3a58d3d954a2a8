"""Which of the records that a stream refused together is to blame. Pure bookkeeping: no I/O, no clock, no threads.

A call that is refused for what is in it names no record. Halves of it are sent apart until the one to blame is alone.
It is guilty only when it was refused alone twice and others passed meanwhile: when nothing passes, no record is to
blame.
"""

from collections import deque
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Final

from event_processor.publishing.lanes import Lane

_FRUITLESS: Final = 3  # records refused alone, one after the other, until it is clear that nothing passes


@dataclass(slots=True)
class Judged:
    """Of lanes whose heads were refused: `unfit` never pass, `cleared` may go again at once, `resting` later.

    All others wait apart, until they are the `next_group`.
    """

    unfit: list[Lane] = field(default_factory=list)
    cleared: list[Lane] = field(default_factory=list)
    resting: list[Lane] = field(default_factory=list)


class Suspects:
    """Groups that must travel apart, and what is known of those that were refused alone."""

    def __init__(self) -> None:
        self._groups: deque[Sequence[Lane]] = deque()
        self.accused: dict[Hashable, int] = {}  # refused alone, so sent alone; and how often others had passed by then
        self._passes = self._fruitless = 0

    def __len__(self) -> int:
        """How many groups wait to be sent apart."""
        return len(self._groups)

    def part(self, group: Sequence[Lane]) -> None:
        """Have those that were refused together sent in two halves; a single one alone."""
        middle = len(group) // 2
        self._groups.extend(half for half in (group[:middle], group[middle:]) if half)

    def next_group(self) -> Sequence[Lane]:
        """The lanes whose heads go into a call of their own."""
        return self._groups.popleft()

    def passed(self, keys: Sequence[Hashable]) -> None:
        """Note that Kinesis took something of a call with these lanes."""
        self._passes += 1
        self._fruitless = 0
        if len(keys) == 1:
            self.accused.pop(keys[0], None)

    def judge(self, lanes: Sequence[Lane], together: bool, limit_bytes: int | None) -> Judged:
        """The heads of these were refused for what they are; `together`: their call was, and names none."""
        judged = Judged([lane for lane in lanes if limit_bytes is not None and lane.head.size_bytes > limit_bytes])
        others = [lane for lane in lanes if lane not in judged.unfit] if judged.unfit else lanes
        if together and judged.unfit:
            judged.cleared += others
        elif together and len(lanes) > 1:
            self.part(lanes)
        else:
            for lane in others:
                is_guilty = self._accuse(lane.key) and limit_bytes is not None
                (judged.unfit if is_guilty else judged.resting).append(lane)
        judged.resting += self._acquitted()
        return judged

    def forget(self, key: Hashable) -> None:
        """Drop the accusation: what was accused is not sent any more."""
        self.accused.pop(key, None)

    def _accuse(self, key: Hashable) -> bool:
        """Note that it was refused alone. True if that proves that it is to blame."""
        self._fruitless += 1
        return self._passes > self.accused.setdefault(key, self._passes)

    def _acquitted(self) -> list[Lane]:
        """All that wait apart, if nothing passes any more, so that no record is to blame; else nothing."""
        if self._fruitless < _FRUITLESS:
            return []
        free = [each for group in self._groups for each in group]
        self._groups.clear()
        self.accused.clear()
        self._fruitless = 0
        return free
