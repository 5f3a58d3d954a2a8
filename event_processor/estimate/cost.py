"""What a million events cost, by component, at the prices of prices.py."""

from dataclasses import dataclass
from math import ceil
from typing import Final

from event_processor.estimate import prices
from event_processor.estimate.capacity import Capacity
from event_processor.estimate.load import KIB, MIB, Load

PUT_UNIT_BYTES: Final = 25 * KIB  # Kinesis pricing, as is the next
ON_DEMAND_STEP_BYTES: Final = KIB
_GIB: Final = 1024 * MIB
_FARGATE_LEAST_GIB: Final = 2  # with one vCPU; the most is 8 (ECS task sizes)
_MILLION: Final = 1_000_000
_HOUR: Final = 3600


@dataclass(frozen=True, slots=True)
class Costs:
    """US dollars per million events. On-demand is instead of shards and PUT units."""

    sqs_requests: float
    kinesis_shard_hours: float
    kinesis_put_units: float
    kinesis_on_demand: float
    compute: float

    @property
    def provisioned(self) -> float:
        """All of it, with provisioned shards."""
        return self.sqs_requests + self.kinesis_shard_hours + self.kinesis_put_units + self.compute

    @property
    def on_demand(self) -> float:
        """All of it, with an on-demand stream."""
        return self.sqs_requests + self.kinesis_on_demand + self.compute


def costs(load: Load, capacity: Capacity) -> Costs:
    """Of this capacity when the load is as stated: what runs is paid for, used or not."""
    hours = _MILLION / load.events_per_second / _HOUR
    requests = capacity.billed_requests_per_second / load.events_per_second * _MILLION
    put_units = ceil(load.record_bytes / PUT_UNIT_BYTES) * _MILLION
    gb_in = ceil(load.record_bytes / ON_DEMAND_STEP_BYTES) * ON_DEMAND_STEP_BYTES * _MILLION / _GIB
    return Costs(
        sqs_requests=requests / _MILLION * prices.SQS_REQUESTS.dollars,
        kinesis_shard_hours=capacity.shards * hours * prices.SHARD_HOUR.dollars,
        kinesis_put_units=put_units / _MILLION * prices.PUT_UNITS.dollars,
        kinesis_on_demand=hours * prices.STREAM_HOUR.dollars + gb_in * prices.DATA_IN.dollars,
        compute=capacity.replicas * hours * _replica_hour(capacity),
    )


def _replica_hour(capacity: Capacity) -> float:
    memory_gib = max(_FARGATE_LEAST_GIB, ceil(capacity.memory_bytes / _GIB))
    return prices.VCPU_HOUR.dollars + memory_gib * prices.MEMORY_HOUR.dollars
