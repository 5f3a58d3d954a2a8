"""An estimate as lines to read: what, how much, and how it was calculated."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from event_processor.estimate.capacity import MESSAGES_A_CALL, SQS_IN_FLIGHT, Capacity, capacity_for
from event_processor.estimate.cost import Costs, costs
from event_processor.estimate.lake import FLUSH_BYTES, FLUSH_SECONDS, MONTH_SECONDS, Stored, stored_by
from event_processor.estimate.load import MIB, Load
from event_processor.estimate.measured import Measured, OneCore
from event_processor.estimate.notes import notes
from event_processor.estimate.prices import PRICES, SHIPPED, PriceList


class Line(NamedTuple):
    """One figure, as text."""

    what: str
    value: str
    why: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """A load, what it needs, what that costs, and remarks."""

    load: Load
    capacity: Capacity
    costs: Costs
    notes: list[str]
    measured: Measured
    stored: Stored
    prices: PriceList = SHIPPED

    @classmethod
    def of(cls, load: Load, measured: Measured, prices: PriceList = SHIPPED) -> "Estimate":
        """The estimate for this load."""
        capacity = capacity_for(load, measured)
        paid, stored = costs(load, capacity, prices), stored_by(load, capacity, prices)
        return cls(load, capacity, paid, notes(load, capacity, measured), measured, stored, prices)

    def to_provision(self) -> Iterator[Line]:
        """What to set up and set."""
        load, capacity = self.load, self.capacity
        by = "records" if capacity.shards_for_records >= capacity.shards_for_bytes else "bytes"
        yield Line(
            "shards",
            f"{capacity.shards:,}",
            f"by {by}: 1,000 records/s and 1 MiB/s each, {load.headroom:.0%} kept free",
        )
        a_replica = f"{capacity.events_per_second_a_replica:,.0f} events/s each, bound by {capacity.bound_by}"
        yield Line("replicas", f"{capacity.replicas:,}", f"of one core, {a_replica}, {load.headroom:.0%} kept free")
        yield Line(
            "queues", f"{capacity.queues:,}", f"so that no more than half of {SQS_IN_FLIGHT:,} are in flight in one"
        )
        yield Line("RECEIVERS", f"{capacity.receivers}", "a replica; twice those busy on average")
        yield Line("MAX_IN_FLIGHT", f"{capacity.max_in_flight:,}", "a replica, in submissions")
        in_bytes = f"{capacity.max_in_flight_bytes:,}"
        yield Line("MAX_IN_FLIGHT_BYTES", in_bytes, "a replica; reserves 10 messages of 1 MiB for each receiver")
        yield Line("memory", f"{capacity.memory_bytes // MIB:,} MiB", "a replica, as the container's limit")

    def to_expect(self) -> Iterator[Line]:
        """What will be seen."""
        load, capacity = self.load, self.capacity
        yield Line("CPU", f"{capacity.cpu_us_per_event:,.1f} µs/event", f"measured, {load.transport}")
        in_hand = f"{capacity.seconds_in_hand * 1000:,.0f} ms"
        yield Line("time in hand", in_hand, "at most, of a submission: its events go one after the other")
        share = capacity.in_flight / (capacity.queues * SQS_IN_FLIGHT)
        yield Line(
            "messages in flight",
            f"{capacity.in_flight:,.0f}",
            f"at most, {share:.1%} of what SQS allows; {capacity.most_in_flight:,} if Kinesis stalls",
        )
        yield Line("receives", f"{capacity.receives_per_second:,.1f} /s", f"{MESSAGES_A_CALL} messages each")
        yield Line("deletes", f"{capacity.deletes_per_second:,.1f} /s", f"{MESSAGES_A_CALL} messages each")
        yield Line(
            "heartbeat", f"{capacity.extensions_per_second:,.1f} /s", "extensions of visibility, 10 messages each"
        )
        yield Line("billed SQS requests", f"{capacity.billed_requests_per_second:,.1f} /s", "64 KiB of payload are one")

    def to_pay(self) -> Iterator[Line]:
        """US dollars per million events."""
        paid = self.costs
        yield Line("SQS requests", dollars(paid.sqs_requests), "receive, delete, heartbeat; sending is the senders'")
        yield Line("Kinesis shard hours", dollars(paid.kinesis_shard_hours), "provisioned")
        yield Line("Kinesis PUT units", dollars(paid.kinesis_put_units), "provisioned")
        yield Line("compute", dollars(paid.compute), "Fargate: for each replica a vCPU and its memory")
        yield Line("all, provisioned", dollars(paid.provisioned), "")
        yield Line(
            "all, on-demand", dollars(paid.on_demand), f"{dollars(paid.kinesis_on_demand)} for the stream instead"
        )

    def to_store(self) -> Iterator[Line]:
        """A month of this load in the lake, what Firehose would be instead, and all but the lake in dollars."""
        stored, sampled, measured = self.stored, self.load.sampled, self.measured
        yield self._cores("inspector", measured.inspector, "a record of 1.6 KB", "beyond one, as a Lambda function")
        yield self._cores("gateway", measured.gateway, "a request of one record", "if that is how records come")
        yield self._cores("delivery", measured.delivery, "a record of 1 KB", "with a DuckDB file; one process")
        millions = self.load.events_per_second * MONTH_SECONDS / 1e6
        each = f"{FLUSH_SECONDS:g} s, or {FLUSH_BYTES // MIB} MiB"
        puts = f"raw, typed and log for each shard every {each}{_priced(stored.s3_puts_dollars)}"
        yield Line("lake: S3 PUTs", f"{stored.s3_puts:,.0f}", puts)
        how = f"gzip, as {sampled.records:,} records of the sample" if sampled else "before gzip: no sample"
        yield Line("lake: raw files", f"{stored.s3_raw_gb:,.1f} GB", f"{how}{_priced(stored.s3_raw_dollars)}")
        firehose = f"each record in steps of 5 KB{_priced(stored.firehose_dollars)}"
        yield Line("Firehose instead", f"{stored.firehose_gb:,.1f} GB", firehose)
        yield Line("all above, provisioned", dollars(self.costs.provisioned * millions), "without lake or Firehose")
        yield Line("all above, on-demand", dollars(self.costs.on_demand * millions), "without lake or Firehose")

    def _cores(self, job: str, cost: OneCore, each: str, more: str) -> Line:
        cores = self.load.events_per_second * cost.cpu_us_per_record / 1e6 / (1 - self.load.headroom)
        how = f"{cost.cpu_us_per_record:.1f} µs {each}, {self.load.headroom:.0%} kept free; {more}"
        return Line(f"{job}: cores", f"{cores:,.2f}", how)

    def as_json(self) -> dict[str, Any]:
        """All of it, for programs."""
        return {
            "load": _fields(self.load) | {"sampled": _fields(self.load.sampled) if self.load.sampled else None},
            "plan": _fields(self.capacity) | {"most_in_flight": self.capacity.most_in_flight},
            "cost_per_million_events": _fields(self.costs)
            | {"provisioned": self.costs.provisioned, "on_demand": self.costs.on_demand},
            "month": _fields(self.stored),
            "notes": self.notes,
            "prices": {
                "currency": "USD",
                "region": self.prices.region,
                "read_on": str(self.prices.read_on),
                "source": self.prices.source,
                "dollars": dict(self.prices.dollars),
                "prices": [] if self.prices.is_own else [_fields(price) for price in PRICES],
            },
            "measured": self.measured.model_dump(include={"provisional", "sources"}),
        }


def price_note(prices: PriceList) -> str:
    """What to know of the prices, in a line."""
    if prices.is_own:
        return f"Prices of {prices.region} as read on {prices.read_on}, from {prices.source}."
    return (
        f"Prices of {prices.region} as read on {prices.read_on}, mostly not from AWS's own pages: check before you buy."
    )


def _priced(value: float | None) -> str:
    return "; no price: --prices" if value is None else f"; {dollars(value)}"


def dollars(value: float) -> str:
    """As it is shown: small sums to a hundredth of a cent."""
    return f"${value:,.4f}" if value < 1 else f"${value:,.2f}"


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__slots__}
