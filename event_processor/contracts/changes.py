"""One difference between two versions of a contract, and what it does to those who send and those who read."""

import json
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any, Final

from event_processor.text import one_line

_MOST_CHARACTERS: Final = 200


class Step(IntEnum):
    """The part of a version that a change raises, the gravest last; `compatibility` has the rule."""

    ADDITION = 1
    REVISION = 2
    MODEL = 3


class Effect(StrEnum):
    """What a change does, in words for the one who made it."""

    NONE = "changes no verdict"
    NEW_FIELD = "a new optional field"
    LOOSER = "accepts what was rejected"
    MOVED = "readers find it in another place"
    NAMED = "a field that could be anything gets rules"
    TIGHTER = "rejects what was accepted"
    UNKNOWN = "cannot be compared, so it counts as breaking"

    @property
    def step(self) -> Step:
        """The least step of the version that announces it."""
        return _STEPS[self]


_STEPS: Final = {
    Effect.NONE: Step.ADDITION,
    Effect.NEW_FIELD: Step.ADDITION,
    Effect.LOOSER: Step.REVISION,
    Effect.MOVED: Step.REVISION,
    Effect.NAMED: Step.REVISION,
    Effect.TIGHTER: Step.MODEL,
    Effect.UNKNOWN: Step.MODEL,
}


@dataclass(frozen=True, slots=True)
class Change:
    """What changed: the keyword, the JSON pointer to it (in the new version, or in the old one if it is gone there).

    `was` and `now` are JSON, cut to a readable length; None means that there was, or is, nothing.
    """

    effect: Effect
    pointer: str
    keyword: str
    was: str | None
    now: str | None
    detail: str = ""

    @property
    def step(self) -> Step:
        """The least step of the version that announces it."""
        return self.effect.step

    def __str__(self) -> str:
        what = self.detail or f"was {self.was or 'absent'}, is {self.now or 'absent'}"
        return f"{self.step.name} {self.pointer}: {what} ({self.effect})"


def json_text(value: Any) -> str:
    """A value as JSON on one line, for people."""
    return one_line(json.dumps(value, ensure_ascii=False), _MOST_CHARACTERS)
