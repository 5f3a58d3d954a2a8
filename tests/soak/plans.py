"""Random fault plans for local_aws."""

import json
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from local_aws.faults.codes import ALL_CODES

Faults: TypeAlias = Mapping[str, Any]

_WORK = ("PutRecords", "ReceiveMessage", "DeleteMessageBatch", "ChangeMessageVisibilityBatch")
"""What processors call. The fleet gives up, rightly, when it is told that it may not send."""

_READING = ("GetRecords", "GetShardIterator", "ListShards", "DescribeStreamSummary")

_CODES = sorted(set(ALL_CODES) - {"InvalidArgumentException", "SerializationException", "ValidationException"})
"""Not those by which a stream blames a record: what is blamed several times, alone, is rejected, and rightly so."""

_PHASES: tuple[Callable[[random.Random], Faults], ...] = (
    lambda dice: {"refuse": dice.uniform(0.02, 0.6)},
    lambda dice: {"refuse_shards": {str(dice.randint(0, 3)): dice.uniform(0.3, 1.0)}},
    lambda _dice: {"throttle": True},
    lambda dice: {"fail_call": dice.uniform(0.02, 0.4)},
    lambda dice: {
        "fail_call": dice.choice((0.5, 1.0)),
        "fail_codes": dice.sample(_CODES, 6),  # most of them look as if they would be for ever
        "fail_operations": dice.sample(_WORK, dice.randint(1, len(_WORK))),
    },
    lambda dice: {"reset": dice.uniform(0.02, 0.3)},
    lambda dice: {"lose_answer": dice.uniform(0.02, 0.3)},
    lambda dice: {"stall": dice.uniform(0.02, 0.2), "stall_seconds": dice.uniform(1, 6)},
    lambda dice: {"latency_ms": dice.randint(5, 200)},
    lambda dice: {"wrong_count": dice.uniform(0.1, 1.0), "refuse": dice.uniform(0.0, 0.3)},
    lambda dice: {"fail_entry": dice.uniform(0.05, 0.6)},
    lambda dice: {"duplicate": dice.uniform(0.05, 0.5)},
    lambda dice: {"undelete": dice.uniform(0.05, 0.3), "undelete_seconds": dice.uniform(0.2, 5)},
    lambda dice: {"clock_offset_seconds": dice.choice((-600.0, -5.0, 5.0, 600.0, 50_000.0))},
)

PIPELINE_PHASES: tuple[Callable[[random.Random], Faults], ...] = (
    *_PHASES[:-1],
    lambda dice: {"clock_offset_seconds": dice.choice((-3600.0, -600.0, -5.0, 5.0, 600.0, 3600.0))},
    lambda _dice: {"throttle_reads": True},
    lambda dice: {"empty_reads": dice.uniform(0.1, 0.7)},
    lambda dice: {"iterator_seconds": dice.uniform(0.3, 2)},
    lambda dice: {
        "fail_call": dice.uniform(0.05, 1.0),
        "fail_operations": dice.sample(_READING, dice.randint(1, len(_READING))),
    },
    lambda dice: {"lose_answer": dice.uniform(0.05, 0.5), "fail_operations": list(_READING)},
)
"""For rounds with readers of streams: what goes wrong when they read, as well."""

_ACTIONS: tuple[Callable[[random.Random], Faults], ...] = (
    lambda _dice: {"do": "split_shard"},
    lambda _dice: {"do": "merge_shards"},
    lambda dice: {"do": "update_shard_count", "shards": dice.randint(2, 4)},
)


def random_plan(
    dice: random.Random,
    seconds: float,
    kinds: Sequence[Callable[[random.Random], Faults]] = _PHASES,
    streams: Sequence[str] = ("events",),
) -> str:
    """Phases that overlap, and reshards, all within so many seconds. A plan as JSON, seeded."""
    phases = [
        {"start": round(start, 2), "duration": round(dice.uniform(1, seconds - start), 2), **dice.choice(kinds)(dice)}
        for start in (dice.uniform(0, seconds - 2) for _ in range(dice.randint(2, 6)))
    ]
    actions = [
        {"at": round(dice.uniform(0, seconds), 2), "stream": dice.choice(streams), **dice.choice(_ACTIONS)(dice)}
        for _ in range(dice.randint(0, 4))
    ]
    return json.dumps({"seed": dice.randrange(2**31), "phase": phases, "action": actions}, indent=1)
