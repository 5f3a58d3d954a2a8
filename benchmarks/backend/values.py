"""What a benchmark tells the back end, and what the back end reports."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Load:
    """What lies on the queue: so many submissions of so many events, from so many devices in turn.

    ``rate_per_second``: how many are sent a second, evenly, from the first receive on; 0: all lie there from the start.
    ``record_bytes``: how long the JSON document of a record should be, about; 0: as it comes, some 350 bytes.
    """

    submissions: int
    events: int = 5
    record_bytes: int = 0
    devices: int = 10_000
    rate_per_second: float = 0.0


@dataclass(frozen=True, slots=True)
class Supply:
    """What can be read off the stream: these payloads in turns, endlessly, on each shard.

    ``rate_per_second``: how many arrive a second on all shards together, from the first iterator on; 0: as many as are
    asked for, each as it is read. ``number_at``: where 18 bytes of each record become digits that no other record has;
    a multiple of 3, and 0 for nowhere.
    """

    payloads: tuple[bytes, ...] = ()
    rate_per_second: float = 0.0
    number_at: int = 0


@dataclass(frozen=True, slots=True)
class Conditions:
    """How the two services behave: see the README for what each models."""

    latency_seconds: float = 0.0
    refused_share: float = 0.0
    shards: int = 64
    shard_limits: bool = False
    visibility_seconds: int = 600
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Counts:
    """What happened so far. ``refused`` are injected refusals, ``throttled`` those of a full shard, both per record."""

    calls: dict[str, int]
    stored: int
    refused: int
    throttled: int
    received: int
    deleted: int
    read: int
    cpu_seconds: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the stream holds against what was deleted from the queue, in events."""

    lost: int
    repeated: int
    out_of_order: int
