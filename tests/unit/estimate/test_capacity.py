"""A capacity carries its load within every limit, whatever the load."""

import math
from dataclasses import replace

import pytest
from annotated_types import Ge, Le
from hypothesis import assume, given
from hypothesis import strategies as st

from event_processor.bootstrap import submissions
from event_processor.errors import SettingsError
from event_processor.estimate import capacity as planning
from event_processor.estimate.capacity import Capacity, capacity_for
from event_processor.estimate.load import AROUND_EVENT_BYTES, MIB, SUBMISSION_BYTES, Load
from event_processor.settings.submissions import SubmissionsSettings
from tests.unit import samples
from tests.unit.estimate.loads import MEASURED, loads

ALMOST = 1 + 1e-6
MEASURED_ALMOST = 1.001


def plan_of(events_per_second: float, **more: float) -> Capacity:
    """The capacity for a load that is otherwise an ordinary one."""
    return capacity_for(replace(Load(events_per_second), **more), MEASURED)  # type: ignore[arg-type]


@given(loads())
def test_shards_hold_the_load(load: Load) -> None:
    """With the headroom kept, no shard gets more than 1,000 records/s or 1 MiB/s, and one shard fewer would."""
    capacity = capacity_for(load, MEASURED)
    free = 1 - load.headroom
    need = max(load.events_per_second / 1000, load.events_per_second * load.record_bytes / (1024 * 1024)) / free

    assert need <= capacity.shards * ALMOST
    assert capacity.shards == 1 or need > (capacity.shards - 1) / ALMOST


@given(loads())
def test_replicas_carry_the_load(load: Load) -> None:
    """Each replica stays below its core, its calls and its room, by the headroom."""
    capacity = capacity_for(load, MEASURED)
    each = load.events_per_second / capacity.replicas
    free = 1 - load.headroom
    calls_a_second = 1 / max(load.latency_seconds, 1e-4)

    assert each <= MEASURED.events_per_second(load) * free * ALMOST
    assert each <= 2 * 500 * calls_a_second * free * ALMOST
    assert each / load.events_per_submission <= 32 * 10 * calls_a_second * free * ALMOST


@given(loads())
def test_settings_are_allowed(load: Load) -> None:
    """What it says to set can be set, and leaves room for every receiver to receive at all."""
    capacity = capacity_for(load, MEASURED)
    settings = SubmissionsSettings(
        receivers=capacity.receivers,
        max_in_flight=capacity.max_in_flight,
        max_in_flight_bytes=capacity.max_in_flight_bytes,
    )

    held = capacity.max_in_flight * load.submission_bytes
    assert settings.max_in_flight_bytes >= held + capacity.receivers * 10 * MIB


@given(loads())
def test_in_flight_fits_the_queues(load: Load) -> None:
    """A queue has no more than half of 120,000 in flight, and a replica has room for what it needs."""
    capacity = capacity_for(load, MEASURED)
    in_hand = load.events_per_second / load.events_per_submission * capacity.seconds_in_hand

    assert capacity.in_flight == pytest.approx(in_hand)
    assert in_hand / capacity.queues <= 60_000 * ALMOST
    assert in_hand / capacity.replicas <= capacity.max_in_flight * ALMOST


@given(loads())
def test_max_in_flight_leaves_room_for_bursts(load: Load) -> None:
    """A replica may hold twice what it holds on average, but never more than 256 MiB of it."""
    capacity = capacity_for(load, MEASURED)
    most = 256 * MIB // load.submission_bytes

    assert capacity.max_in_flight * ALMOST >= min(2 * capacity.in_flight / capacity.replicas, most, 100_000)
    assert capacity.max_in_flight <= max(10, most)


@given(loads())
def test_memory_holds_what_is_in_hand_and_on_the_wire(load: Load) -> None:
    """The limit of the container is above the measured peak, with the bodies and records of the calls under way."""
    capacity = capacity_for(load, MEASURED)
    waves = 2 * min(500 * load.record_bytes, 10 * MIB - load.record_bytes)
    receives = capacity.receivers * 10 * load.body_bytes

    assert capacity.memory_bytes >= MEASURED.memory_bytes(load, capacity.max_in_flight) + waves + receives


@given(loads())
def test_receivers_bring_enough(load: Load) -> None:
    """The receivers of all replicas bring at least what comes, one call after the other."""
    capacity = capacity_for(load, MEASURED)
    messages_a_second = capacity.replicas * capacity.receivers * 10 / max(load.latency_seconds, 1e-4)

    assert messages_a_second * ALMOST >= load.events_per_second / load.events_per_submission


@given(loads(), st.floats(1, 100))
def test_more_load_needs_no_less(load: Load, times: float) -> None:
    """More events a second never need fewer shards, replicas or requests."""
    less, more = (
        capacity_for(load, MEASURED),
        capacity_for(replace(load, events_per_second=load.events_per_second * times), MEASURED),
    )

    assert more.shards >= less.shards
    assert more.replicas >= less.replicas
    assert more.billed_requests_per_second * ALMOST >= less.billed_requests_per_second


@given(loads(), st.floats(1, 10))
def test_distance_costs_replicas_not_shards(load: Load, times: float) -> None:
    """Longer round trips never make a submission quicker, beyond what is measured; and change nothing about shards."""
    near = capacity_for(load, MEASURED)
    far = capacity_for(replace(load, latency_seconds=load.latency_seconds * times), MEASURED)

    assert far.shards == near.shards
    assert far.bounds["puts"] <= near.bounds["puts"] * MEASURED_ALMOST
    assert far.bounds["receives and deletes"] <= near.bounds["receives and deletes"] * MEASURED_ALMOST


@given(st.integers(2_000, 200_000), st.floats(1_000, 1_000_000))
def test_twice_the_bytes_twice_the_shards(record_bytes: int, events_per_second: float) -> None:
    """Where bytes are the limit, records of twice the size need twice the shards."""
    load = Load(events_per_second, record_bytes, events_per_submission=1)
    once = capacity_for(load, MEASURED)
    twice = capacity_for(replace(load, record_bytes=2 * record_bytes), MEASURED)

    assert twice.shards in {2 * once.shards - 1, 2 * once.shards}


@given(loads(), st.floats(0, 0.9))
def test_headroom_is_room(load: Load, headroom: float) -> None:
    """Who keeps more free gets more."""
    assume(headroom >= load.headroom)

    less, more = capacity_for(load, MEASURED), capacity_for(replace(load, headroom=headroom), MEASURED)
    assert more.shards >= less.shards
    assert more.replicas >= less.replicas
    assert more.memory_bytes >= less.memory_bytes or more.max_in_flight < less.max_in_flight


def test_one_event_a_second() -> None:
    """The smallest load needs one of everything, and mostly waits in long polls."""
    capacity = plan_of(1)

    assert (capacity.shards, capacity.replicas, capacity.queues) == (1, 1, 1)
    assert capacity.receives_per_second == pytest.approx(capacity.receivers / 20)


def test_ten_million_events_a_second() -> None:
    """The largest load is sized too: one queue cannot have so much in flight."""
    capacity = plan_of(10_000_000)

    assert capacity.shards == math.ceil(10_000 / 0.7)
    assert capacity.queues > 1


def test_a_thousand_events_a_submission() -> None:
    """A long submission is in hand for as many round trips as it has events, and its visibility is extended."""
    capacity = plan_of(1000, events_per_submission=1000, latency_seconds=0.05)

    assert capacity.seconds_in_hand > 1000 * 0.05
    assert capacity.extensions_per_second == pytest.approx(capacity.in_flight / 30 / 10)


@pytest.mark.parametrize(("record_bytes", "events"), [(10 * MIB, 1), (4_000, 1_000), (AROUND_EVENT_BYTES, 60_000)])
def test_loads_that_cannot_be(record_bytes: int, events: int) -> None:
    """A submission that no SQS message holds is refused with the reason, rather than sized."""
    with pytest.raises(SettingsError, match="an SQS message holds 1,048,576"):
        Load(1, record_bytes, events)


def test_sizes_are_those_of_real_records() -> None:
    """The envelope that sizes are calculated with is that of the records and submissions that there are."""
    event = samples.process(cmdl="x" * 100)
    (record,) = samples.records(samples.submission(events={"new_process": [event]}))

    assert record.size_bytes == AROUND_EVENT_BYTES + len('{"cmdl":"","user":"admin"}') + 100
    assert len(samples.body(events={"new_process": [], "network_connection": []})) == SUBMISSION_BYTES


def test_limits_are_those_of_the_processor() -> None:
    """What a replica is taken to have is what it has: threads, defaults, and what may be set."""

    def bound(name: str, kind: type[Ge] | type[Le]) -> object:
        rule = next(rule for rule in SubmissionsSettings.model_fields[name].metadata if isinstance(rule, kind))
        return rule.ge if isinstance(rule, Ge) else rule.le

    assert submissions.WAVES_IN_FLIGHT == planning.WAVES
    assert bound("receivers", Le) == planning.MOST_RECEIVERS
    assert bound("max_in_flight", Ge) == planning.LEAST_IN_FLIGHT
    assert bound("max_in_flight", Le) == planning.MOST_IN_FLIGHT
    assert SubmissionsSettings.model_fields["max_in_flight_bytes"].default == planning.LEAST_BYTES
    assert SubmissionsSettings.model_fields["visibility_timeout"].default == planning.VISIBILITY_SECONDS
    assert SubmissionsSettings.model_fields["wait_time"].default == planning.WAIT_SECONDS
