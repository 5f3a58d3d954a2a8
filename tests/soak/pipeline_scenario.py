"""What one round of the whole pipeline does, all of it decided before the round begins."""

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from tests.soak.plans import PIPELINE_PHASES, random_plan
from tests.soak.scenario import Stroke, Transport, strokes

Job: TypeAlias = str
JOBS: Final[tuple[Job, ...]] = ("run", "gateway", "inspect", "deliver", "monitor")
STREAMS: Final = ("events", "tracking", "user-events", "user-utm", "segment", "quality-metrics")
RECREATED: Final = (("tracking",), ("tracking", "quality-metrics"))
_LEAST_FREEZE_SECONDS: Final = 3


@dataclass(frozen=True)
class PipelineScenario:
    """A round: the faults, how much is sent each way a second, and what is done to each job.

    Streams may be `recreated` before, when there were records on them, and readers go on as they say.
    """

    seed: int
    plan: str
    seconds: float
    submissions: float
    door: float
    events: float
    batch: str
    invalid_share: float
    flush_seconds: float
    transport: Transport
    strokes: Mapping[Job, tuple[Stroke, ...]]
    recreated: tuple[str, ...] = ()

    @property
    def seconds_ahead(self) -> float:
        """How far the clock of AWS gets at most; what was received then is hidden until it is there again."""
        return sum(max(0.0, float(each.get("clock_offset_seconds", 0))) for each in json.loads(self.plan)["phase"])

    @classmethod
    def of_seed(cls, seed: int) -> "PipelineScenario":
        """The same round for the same seed, as far as it can be decided: not what the machine makes of it."""
        dice = random.Random(f"{seed}/pipeline")
        seconds = dice.uniform(15, 35)
        return cls(
            seed=seed,
            plan=random_plan(dice, seconds, PIPELINE_PHASES, STREAMS),
            seconds=seconds,
            submissions=dice.uniform(5, 40),
            door=dice.uniform(10, 60),
            events=dice.uniform(10, 100),
            batch=dice.choice(("1", "1-20", "20-100")),
            invalid_share=dice.choice((0.0, 0.1, 0.3)),
            flush_seconds=dice.choice((0.5, 1.0, 3.0)),
            transport=dice.choice(("lean", "boto3")),
            strokes={job: strokes(dice, seconds, _LEAST_FREEZE_SECONDS) for job in JOBS},
            recreated=dice.choice(RECREATED) if dice.random() < 0.2 else (),
        )
