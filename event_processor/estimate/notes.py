"""Remarks that the figures alone do not tell: one sentence each, only where it applies."""

from collections.abc import Iterator
from typing import Final

from event_processor.estimate.capacity import LEAST_IN_FLIGHT, SQS_IN_FLIGHT, VISIBILITY_SECONDS, Capacity
from event_processor.estimate.load import MIB, Load
from event_processor.estimate.measured import Measured

_NEAR: Final = 0.25
_DEFAULT_RECORD_BYTES: Final = MIB  # MaxRecordSizeInKiB of a stream made without it


def notes(load: Load, capacity: Capacity, measured: Measured) -> list[str]:
    """In the order of their weight."""
    return [*_of_figures(load, measured), *_of_limits(load, capacity), *_of_in_flight(capacity)]


def _of_figures(load: Load, measured: Measured) -> Iterator[str]:
    if measured.provisional:
        yield "The capacity figures are provisional: they are not from a recorded run of the benchmarks."
    longest = max(at.latency_seconds for at in measured.latencies)
    if load.latency_seconds > longest:
        yield (
            f"Latency was measured up to {longest * 1000:g} ms; beyond that the CPU is taken to cost the same, and the "
            "calls under way at once set the bound."
        )


def _of_limits(load: Load, capacity: Capacity) -> Iterator[str]:
    if load.record_bytes > _DEFAULT_RECORD_BYTES:
        yield "Records above 1 MiB need a stream with a larger MaxRecordSizeInKiB; others are rejected as too_large."
    if capacity.bound_by != "CPU":
        yield (
            f"A replica is bound by {capacity.bound_by}, not by its core: {capacity.bounds[capacity.bound_by]:,.0f} "
            f"events/s, where the CPU could do {capacity.bounds['CPU']:,.0f}. A shorter round trip saves more "
            "than a faster core."
        )
    if capacity.max_in_flight == LEAST_IN_FLIGHT:
        yield "Submissions are so large that few fit into one replica at a time; split them at the source."


def _of_in_flight(capacity: Capacity) -> Iterator[str]:
    if capacity.queues > 1:
        yield (
            f"Up to {capacity.in_flight:,.0f} messages are in flight, and one queue holds about {SQS_IN_FLIGHT:,}: "
            f"spread the load over {capacity.queues} queues, or have the quota raised, or send smaller submissions, "
            "which are in hand for less time."
        )
    elif capacity.in_flight >= _NEAR * SQS_IN_FLIGHT:
        yield (
            f"Up to {capacity.in_flight:,.0f} messages are in flight, {capacity.in_flight / SQS_IN_FLIGHT:.0%} of what "
            f"a queue allows: at {SQS_IN_FLIGHT / capacity.in_flight:.1f} times the load receives would come back "
            "empty, without an error."
        )
    if capacity.most_in_flight > capacity.queues * SQS_IN_FLIGHT:
        yield (
            f"If Kinesis stalls, the replicas would take {capacity.most_in_flight:,} messages together. SQS stops at "
            f"about {SQS_IN_FLIGHT:,} a queue: receives then come back empty, without an error, until something is "
            "deleted. Nothing is lost; the queue grows."
        )
    if capacity.extensions_per_second:
        yield (
            f"A submission is in hand for {capacity.seconds_in_hand:,.0f} s, more than half of VISIBILITY_TIMEOUT "
            f"({VISIBILITY_SECONDS} s), so each is extended: a larger VISIBILITY_TIMEOUT saves those calls."
        )
