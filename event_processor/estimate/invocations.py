"""The same load on the Lambda function, with the defaults of deploy/lambda. The formulas are in docs/lambda.md."""

from dataclasses import dataclass
from math import ceil
from typing import Final

from event_processor.estimate import prices
from event_processor.estimate.capacity import SHARD_RECORDS_PER_SECOND, capacity_for
from event_processor.estimate.load import MIB, Load
from event_processor.estimate.measured import Measured
from event_processor.publishing.publisher import PUT_RECORDS_MAX

MEMORY_MEGABYTES: Final = 512  # the template's defaults, as are the next three: a test compares them
BATCH_SIZE: Final = 500
BATCHING_WINDOW_SECONDS: Final = 1
MAXIMUM_CONCURRENCY: Final = 2
ONE_CPU_MEGABYTES: Final = 1769  # Lambda developer guide, "Configure Lambda function memory", as is that it is a share
BATCH_BYTES: Final = 6 * MIB  # Lambda quotas: the payload of an invocation
_MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Invocations:
    """What Lambda makes of a load. `instances` are at work on average; `concurrency` leaves the load's headroom."""

    batch: float
    per_second: float
    seconds: float
    instances: float
    concurrency: int
    dollars_per_million_events: float


def invocations_for(load: Load, measured: Measured) -> Invocations:
    """What carries the load. A batch is what comes in the window, shared by as many as collect one."""
    fills = load.submissions_per_second * BATCHING_WINDOW_SECONDS / MAXIMUM_CONCURRENCY
    batch = max(1.0, min(BATCH_SIZE, BATCH_BYTES // load.body_bytes, fills))
    cpu_seconds = measured.cpu_seconds(load) * ONE_CPU_MEGABYTES / MEMORY_MEGABYTES
    calls = ceil(batch / PUT_RECORDS_MAX)  # for one event of each submission
    working = load.events_per_submission * (calls * load.latency_seconds + batch * cpu_seconds)
    paced = batch * load.events_per_submission / (capacity_for(load, measured).shards * SHARD_RECORDS_PER_SECOND)
    seconds = max(working, paced)
    per_second = load.submissions_per_second / batch
    gb_seconds = seconds * MEMORY_MEGABYTES / 1024
    dollars = (prices.INVOCATIONS.dollars + gb_seconds * prices.GB_SECONDS.dollars) / _MILLION
    return Invocations(
        batch=batch,
        per_second=per_second,
        seconds=seconds,
        instances=per_second * seconds,
        concurrency=max(MAXIMUM_CONCURRENCY, ceil(per_second * seconds / (1 - load.headroom))),
        dollars_per_million_events=_MILLION / (batch * load.events_per_submission) * dollars,
    )
