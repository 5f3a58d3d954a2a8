"""What a million events cost, by component, at the prices of prices.py."""

from dataclasses import dataclass
from math import ceil
from typing import Final

from event_processor.estimate.billing import KIB
from event_processor.estimate.capacity import Capacity
from event_processor.estimate.load import MIB, Load
from event_processor.estimate.prices import SHIPPED, PriceList

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


def costs(load: Load, capacity: Capacity, prices: PriceList = SHIPPED) -> Costs:
    """Of this capacity when the load is as stated: what runs is paid for, used or not."""
    hours = _MILLION / load.events_per_second / _HOUR
    gb_in = load.billed.on_demand_kb * KIB * _MILLION / _GIB
    memory_gib = max(_FARGATE_LEAST_GIB, ceil(capacity.memory_bytes / _GIB))
    dollars = prices.dollars
    return Costs(
        sqs_requests=capacity.billed_requests_per_second / load.events_per_second * dollars["sqs_requests"],
        kinesis_shard_hours=capacity.shards * hours * dollars["shard_hour"],
        kinesis_put_units=load.billed.put_units * dollars["put_units"],
        kinesis_on_demand=hours * dollars["stream_hour"] + gb_in * dollars["data_in_gb"],
        compute=capacity.replicas * hours * (dollars["vcpu_hour"] + memory_gib * dollars["memory_gb_hour"]),
    )
