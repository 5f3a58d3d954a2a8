"""The client of the door's benchmark, against the back end."""

import os

import pytest

from benchmarks.backend import Backend, Conditions, Load
from benchmarks.backend.blast import PUT, request
from benchmarks.backend.compiler import compiler_is_there
from benchmarks.backend.sender import Sender
from tests.eventually import eventually

if not compiler_is_there() and "CI" not in os.environ:
    pytest.skip("there is no C compiler (cc)", allow_module_level=True)

_RECORDS = 500  # of PUT


@pytest.mark.parametrize("rate_per_second", [0.0, 200.0])
def test_what_it_counts_as_answered_was_stored(rate_per_second: float) -> None:
    """Requests go out over all connections, and each answer is counted once, by its status."""
    load = [PUT, request("Kinesis_20131202.Nothing", b"{}")]
    with (
        Backend(Load(1), Conditions(latency_seconds=0.005), core=None) as backend,
        Sender(int(backend.endpoint.rpartition(":")[2]), load, 4, rate_per_second, core=None) as sender,
    ):
        eventually(lambda: backend.counts().stored >= 5 * _RECORDS)
        found = sender.look()

        assert found.good * _RECORDS <= backend.counts().stored
        assert found.answers.keys() == {"200", "400"}
        assert abs(found.good - found.answers["400"]) <= 4
        assert found.broken == 0
        assert found.p99_ms >= found.median_ms >= 5
