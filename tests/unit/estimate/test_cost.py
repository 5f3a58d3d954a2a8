"""What a million events cost."""

import math
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given

from event_processor.estimate.capacity import capacity_for
from event_processor.estimate.cost import costs
from event_processor.estimate.load import Load
from event_processor.estimate.prices import PRICES, READ_ON
from tests.unit.estimate.loads import MEASURED, loads


def test_by_hand() -> None:
    """Three shards full but for nothing, 400 bytes a record: what the price pages say, calculated by hand."""
    load = Load(3_000, headroom=0, transport="lean")
    paid = costs(load, capacity_for(load, MEASURED))

    hours = 1_000_000 / 3_000 / 3600
    assert paid.kinesis_shard_hours == pytest.approx(3 * hours * 0.015)
    assert paid.kinesis_put_units == pytest.approx(0.014)
    assert paid.kinesis_on_demand == pytest.approx(hours * 0.04 + 1024e6 / 2**30 * 0.08)
    assert paid.sqs_requests == pytest.approx(2 * 1_000_000 / 50 * 0.4 / 1e6)  # ten messages of five events a request
    assert paid.compute == pytest.approx(hours * (0.04048 + 2 * 0.004445))


@given(loads())
def test_costs_add_up(load: Load) -> None:
    """No component is free or without end, and the two sums hold all that is paid in their mode."""
    paid = costs(load, capacity_for(load, MEASURED))
    parts = [getattr(paid, name) for name in paid.__slots__]

    assert all(0 < part < math.inf for part in parts)
    assert paid.provisioned + paid.kinesis_on_demand == pytest.approx(sum(parts))
    assert paid.on_demand - paid.kinesis_on_demand == pytest.approx(paid.sqs_requests + paid.compute)


@pytest.mark.parametrize(("record_bytes", "units"), [(400, 1), (25 * 1024, 1), (25 * 1024 + 1, 2), (100 * 1024, 4)])
def test_put_units(record_bytes: int, units: int) -> None:
    """A record is paid for in units of 25 KB, begun ones included."""
    load = Load(1000, record_bytes)

    assert costs(load, capacity_for(load, MEASURED)).kinesis_put_units == pytest.approx(units * 0.014)


def test_large_messages_cost_more_to_receive() -> None:
    """Every 64 KiB that a receive brings are billed as a request of their own."""
    load = Load(1000, events_per_submission=1_000, headroom=0.3)
    capacity = capacity_for(load, MEASURED)
    units = math.ceil(10 * load.body_bytes / 65_536)

    assert units > 10
    assert capacity.billed_requests_per_second >= (units + 1) * load.submissions_per_second / 10


def test_idle_fleet_costs_most_per_event() -> None:
    """What runs is paid for, used or not: a tenth of the load makes an event dearer."""
    busy = Load(1000)
    idle = replace(busy, events_per_second=1)

    assert (
        costs(idle, capacity_for(idle, MEASURED)).provisioned
        > 10 * costs(busy, capacity_for(busy, MEASURED)).provisioned
    )


def test_prices_say_where_they_are_from() -> None:
    """Each price names the page it was read on and how old that was."""
    for price in PRICES:
        assert price.dollars > 0
        assert price.source.startswith("https://")
        assert date.fromisoformat(price.written) <= date.fromisoformat(READ_ON)
