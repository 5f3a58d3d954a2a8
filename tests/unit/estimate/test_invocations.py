"""A load on the Lambda function."""

import math

import pytest
from hypothesis import given

from event_processor.estimate.invocations import BATCH_BYTES, BATCH_SIZE, invocations_for
from event_processor.estimate.load import Load
from tests.unit.estimate.loads import MEASURED, loads


def test_by_hand() -> None:
    """Two hundred events a second: two instances get a batch of twenty each second, at 512 MB."""
    load = Load(200)
    found = invocations_for(load, MEASURED)

    seconds = 0.1  # the one shard takes a thousand events a second
    assert seconds > 5 * (0.005 + 20 * MEASURED.cpu_seconds(load) * 1769 / 512)
    assert found.batch == 20
    assert found.per_second == pytest.approx(2)
    assert found.seconds == pytest.approx(seconds)
    assert found.instances == pytest.approx(2 * seconds)
    assert found.concurrency == 2
    assert found.dollars_per_million_events == pytest.approx(10_000 * (0.2 + seconds * 0.5 * 13.3334) / 1e6)


def test_a_load_that_fills_batches_needs_more_instances() -> None:
    """Ten thousand submissions a second are twenty full batches, and the headroom is kept free."""
    found = invocations_for(Load(50_000, headroom=0.5), MEASURED)

    assert found.batch == BATCH_SIZE
    assert found.seconds == pytest.approx(5 * (0.005 + 500 * MEASURED.cpu_seconds(Load(50_000)) * 1769 / 512))
    assert found.per_second == pytest.approx(20)
    assert found.concurrency == math.ceil(2 * found.instances)


@given(loads())
def test_bounds(load: Load) -> None:
    """A batch holds at least a message and at most what Lambda takes; all that comes is carried and costs something."""
    found = invocations_for(load, MEASURED)

    assert 1 <= found.batch <= BATCH_SIZE
    assert found.batch == 1 or found.batch * load.body_bytes <= BATCH_BYTES
    assert found.batch * found.per_second == pytest.approx(load.submissions_per_second)
    assert found.concurrency >= max(2, found.instances)
    assert 0 < found.dollars_per_million_events < math.inf
