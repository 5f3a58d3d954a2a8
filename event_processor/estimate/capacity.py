"""From a load to the shards, replicas and settings it needs. The formulas are those of docs/sizing.md."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Final

from event_processor.estimate.billing import SQS_REQUEST_BYTES
from event_processor.estimate.load import LARGEST_MESSAGE_BYTES, MIB, Load
from event_processor.estimate.measured import Measured
from event_processor.publishing.publisher import PUT_RECORDS_MAX, PUT_RECORDS_MAX_BYTES

SHARD_RECORDS_PER_SECOND: Final = 1000  # Kinesis quotas, as is the next
SHARD_BYTES_PER_SECOND: Final = MIB
SQS_IN_FLIGHT: Final = 120_000  # a queue, about (SQS quotas); a support request may raise it
MESSAGES_A_CALL: Final = 10

WAVES: Final = 2  # what a replica has, from here on: tests hold it to the settings and to bootstrap
MOST_RECEIVERS: Final = 64  # and as many threads that delete
LEAST_IN_FLIGHT: Final = 10
MOST_IN_FLIGHT: Final = 100_000
LEAST_BYTES: Final = 64 * MIB
VISIBILITY_SECONDS: Final = 60
WAIT_SECONDS: Final = 20

_MARGIN: Final = 2  # receivers and in flight: half of them in use on average, the rest for bursts
_BYTES_IN_HAND: Final = 256 * MIB  # more than this in one process of one core is a backlog, not work
_LEAST_SECONDS: Final = 1e-4  # no round trip takes less


@dataclass(frozen=True, slots=True)
class Capacity:
    """What to provision. Rates are per second and of the whole fleet unless the name says otherwise."""

    shards: int
    shards_for_records: float
    shards_for_bytes: float
    replicas: int
    events_per_second_a_replica: float
    bound_by: str
    bounds: Mapping[str, float]
    cpu_us_per_event: float
    receivers: int
    max_in_flight: int
    max_in_flight_bytes: int
    memory_bytes: int
    seconds_in_hand: float
    in_flight: float
    queues: int
    receives_per_second: float
    deletes_per_second: float
    extensions_per_second: float
    billed_requests_per_second: float

    @property
    def most_in_flight(self) -> int:
        """When Kinesis stalls and every replica is full."""
        return self.replicas * self.max_in_flight


def capacity_for(load: Load, measured: Measured) -> Capacity:
    """What carries the load with its headroom kept."""
    times = _Times.of(load, measured)
    bounds = _bounds(load, measured, times)
    bound_by = min(bounds, key=lambda name: bounds[name])
    a_replica = bounds[bound_by] * (1 - load.headroom)
    replicas = _up(load.events_per_second / a_replica)
    receives_full = load.submissions_per_second / MESSAGES_A_CALL
    in_flight = load.submissions_per_second * times.in_hand_seconds
    receivers = max(2, _up(_MARGIN * receives_full / replicas * times.receive_seconds))
    max_in_flight = _max_in_flight(load, in_flight / replicas)
    receives = max(receives_full, replicas * receivers / WAIT_SECONDS)
    extensions = _extensions_per_second(in_flight, times.in_hand_seconds)
    by_records, by_bytes = _shards(load)
    return Capacity(
        shards=_up(max(by_records, by_bytes)),
        shards_for_records=by_records,
        shards_for_bytes=by_bytes,
        replicas=replicas,
        events_per_second_a_replica=a_replica,
        bound_by=bound_by,
        bounds=bounds,
        cpu_us_per_event=measured.cpu_seconds(load) * 1e6,
        receivers=receivers,
        max_in_flight=max_in_flight,
        max_in_flight_bytes=_max_in_flight_bytes(load, receivers, max_in_flight),
        memory_bytes=_memory_bytes(load, measured, receivers, max_in_flight),
        seconds_in_hand=times.in_hand_seconds,
        in_flight=in_flight,
        queues=_up(_MARGIN * in_flight / SQS_IN_FLIGHT),
        receives_per_second=receives,
        deletes_per_second=receives_full,
        extensions_per_second=extensions,
        billed_requests_per_second=receives
        + receives_full * (_up(MESSAGES_A_CALL * load.body_bytes / SQS_REQUEST_BYTES) - 1)
        + receives_full
        + extensions,
    )


@dataclass(frozen=True, slots=True)
class _Times:
    """How long things take in one replica."""

    call_seconds: float
    receive_seconds: float  # a receiver: the call, and making records of what it brought
    in_hand_seconds: float  # a submission: from its receive to its delete, at most, since waves are not always full

    @classmethod
    def of(cls, load: Load, measured: Measured) -> "_Times":
        call = max(load.latency_seconds, _LEAST_SECONDS)
        cpu = measured.cpu_seconds(load)
        an_event = call + _wave_records(load) * cpu  # its own round trip, and the other wave's turn on the core
        return cls(
            call_seconds=call,
            receive_seconds=call + MESSAGES_A_CALL * load.events_per_submission * cpu,
            in_hand_seconds=load.events_per_submission * an_event + call,
        )


def _bounds(load: Load, measured: Measured, times: _Times) -> dict[str, float]:
    """The events a second at which each part of a replica is full."""
    events_a_call = MESSAGES_A_CALL * load.events_per_submission
    lanes = _lanes_that_fit(load) / _MARGIN
    return {
        "CPU": measured.events_per_second(load),
        "puts": WAVES * _wave_records(load) / times.call_seconds,
        "receives and deletes": MOST_RECEIVERS / _MARGIN * events_a_call / times.receive_seconds,
        "in flight": lanes * load.events_per_submission / times.in_hand_seconds,
    }


def _shards(load: Load) -> tuple[float, float]:
    """By records and by bytes, before rounding; the larger counts."""
    used = 1 - load.headroom
    return (
        load.events_per_second / (SHARD_RECORDS_PER_SECOND * used),
        load.events_per_second * load.record_bytes / (SHARD_BYTES_PER_SECOND * used),
    )


def _wave_records(load: Load) -> int:
    return min(PUT_RECORDS_MAX, PUT_RECORDS_MAX_BYTES // load.record_bytes)


def _lanes_that_fit(load: Load) -> int:
    return max(LEAST_IN_FLIGHT, min(MOST_IN_FLIGHT, _BYTES_IN_HAND // load.submission_bytes))


def _max_in_flight(load: Load, in_flight_a_replica: float) -> int:
    """Twice what is in hand on average, and enough to fill the waves twice over, as far as the bytes allow."""
    wanted = max(_MARGIN * WAVES * PUT_RECORDS_MAX, _MARGIN * in_flight_a_replica)
    return min(_up(wanted / 100) * 100, _lanes_that_fit(load))


def _max_in_flight_bytes(load: Load, receivers: int, max_in_flight: int) -> int:
    """What is held, and the worst case that each receive reserves before it starts: ten of the largest messages."""
    reserved = receivers * MESSAGES_A_CALL * LARGEST_MESSAGE_BYTES
    return max(LEAST_BYTES, _up((reserved + max_in_flight * load.submission_bytes) / MIB) * MIB)


def _memory_bytes(load: Load, measured: Measured, receivers: int, max_in_flight: int) -> int:
    """At the peak, with headroom, in steps of 64 MiB. A call in the making holds its bytes about three times."""
    calls = WAVES * _wave_records(load) * load.record_bytes + receivers * MESSAGES_A_CALL * load.body_bytes
    peak = measured.memory_bytes(load, max_in_flight) + 3 * calls
    return _up(peak * (1 + load.headroom) / (64 * MIB)) * 64 * MIB


def _extensions_per_second(in_flight: float, in_hand_seconds: float) -> float:
    """Visibility is extended at half the timeout, ten messages a call; most submissions are gone long before."""
    half = VISIBILITY_SECONDS / 2
    return in_flight / half / MESSAGES_A_CALL if in_hand_seconds > half else 0.0


def _up(value: float) -> int:
    """Rounded up, but not for the last bit of a float; at least 1."""
    return max(1, ceil(value - 1e-9))
