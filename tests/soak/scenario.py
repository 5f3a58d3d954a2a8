"""What one round does, all of it decided before the round begins."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from tests.soak.plans import random_plan

Deed: TypeAlias = Literal["kill", "freeze", "terminate"]
Transport: TypeAlias = Literal["lean", "boto3"]
Log: TypeAlias = Literal["file", "gone", "unread"]
STANDARD, FIFO = "submissions", "submissions.fifo"
_TRANSPORTS: tuple[Transport, ...] = ("lean", "boto3")
_DEEDS: tuple[Deed, ...] = ("kill", "kill", "freeze", "terminate")


@dataclass(frozen=True)
class Load:
    """What the fleet sends: `rate` is submissions per second, 0 as fast as possible."""

    submissions: int
    rate: float = 0
    invalid_share: float = 0.1
    devices: int = 30


@dataclass(frozen=True)
class Stroke:
    """Something done to a processor `after_seconds` of its running. Frozen, it stays so for `freeze_seconds`."""

    after_seconds: float
    deed: Deed
    freeze_seconds: float = 0


@dataclass(frozen=True)
class Scenario:
    """A round: the faults around the processors, what they are given to do, and what is done to each of them.

    An `upheaval` destroys data by order: it happens to a first load, and the verdict is on a second one. Processors
    take the `transports` in turn. `bent`: a network between makes nonsense of answers. `credentials_fail`: an agent
    hands out short ones, or none. The `log` is a file, or a pipe whose reader is gone or does not read.
    """

    seed: int
    plan: str
    load: Load
    strokes: tuple[tuple[Stroke, ...], ...] = ((),)
    visibility_seconds: int = 3
    upheaval: Mapping[str, object] | None = None
    queue: str = STANDARD
    transports: tuple[Transport, ...] = ("lean",)
    bent: bool = False
    credentials_fail: bool = False
    log: Log = "file"

    @property
    def is_fifo(self) -> bool:
        """Whether the queue is one, and message groups are to be in order."""
        return self.queue.endswith(".fifo")

    @classmethod
    def of_seed(cls, seed: int) -> "Scenario":
        """The same round for the same seed, as far as it can be decided: not what the machine makes of it."""
        dice = random.Random(seed)
        seconds = dice.uniform(8, 25)
        visibility_seconds = dice.randint(3, 5)
        rate = dice.uniform(20, 70)
        queue = dice.choice((STANDARD, FIFO))
        return cls(
            seed,
            random_plan(dice, seconds),
            Load(int(seconds * rate), rate, invalid_share=dice.choice((0.0, 0.1, 0.3))),
            tuple(strokes(dice, seconds, visibility_seconds) for _ in range(dice.randint(1, 3))),
            visibility_seconds,
            dice.choice(_upheavals(queue)) if dice.random() < 0.2 else None,
            queue,
            dice.choice((*((transport,) for transport in _TRANSPORTS), _TRANSPORTS)),
            bent=dice.random() < 0.3,
            credentials_fail=dice.random() < 0.3,
            log=dice.choice(("file", "file", "file", "gone", "unread")),
        )


def _upheavals(queue: str) -> tuple[Mapping[str, object], ...]:
    return (
        {"do": "recreate_stream", "stream": "events"},
        {"do": "recreate_queue", "queue": queue},
        {"do": "purge_queue", "queue": queue},
    )


def strokes(dice: random.Random, seconds: float, least_freeze_seconds: int) -> tuple[Stroke, ...]:
    """Up to one in three seconds, and for some processors none."""
    number = dice.choice((0, 1, 2, 3)) * int(seconds / 8)
    return tuple(
        Stroke(
            dice.uniform(0.1, 1.5 * seconds / number), dice.choice(_DEEDS), least_freeze_seconds + dice.uniform(0.5, 2)
        )
        for _ in range(number)
    )
