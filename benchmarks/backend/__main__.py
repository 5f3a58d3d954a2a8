"""The back end's own ceiling: `python -m benchmarks.backend`."""

import os
from collections.abc import Sequence
from statistics import median

from benchmarks.backend.blast import ROUND, Blast, Ceiling
from benchmarks.backend.process import Backend
from benchmarks.backend.values import Load

SERVER_CORE, CLIENT_CORE = 1, 0
ROUNDS = 40


def main() -> None:
    """Print what a call costs the server, and how many events a second that makes."""
    os.sched_setaffinity(0, {CLIENT_CORE})
    load = Load(submissions=ROUND * ROUNDS)
    with Backend(load, core=SERVER_CORE) as backend, Blast(backend) as blast:
        rounds = [list(blast.round()) for _ in range(ROUNDS)]
        deleted = backend.counts().deleted
    assert deleted == load.submissions
    for measured in zip(*rounds, strict=True):
        _print_operation(measured)
    events = ROUND * load.events
    seconds = [sum(one.seconds for one in measured) for measured in rounds]
    cpu = median(sum(one.cpu_seconds for one in measured) / events for measured in rounds)
    rates = [events / one for one in seconds]
    print(f"{load.events} events a submission, {ROUNDS} rounds of {ROUND} submissions:")
    print(f"  end to end {median(rates):,.0f} events/s ({min(rates):,.0f} to {max(rates):,.0f})")
    print(f"  server CPU {cpu * 1e6:.2f} µs per event: {1 / cpu:,.0f} events/s with a core to itself")


def _print_operation(measured: Sequence[Ceiling]) -> None:
    cpu = median(one.cpu_seconds / one.calls for one in measured)
    seconds = median(one.seconds / one.calls for one in measured)
    print(f"{measured[0].operation:20}", end="")
    print(f"{cpu * 1e6:8.1f} µs of server CPU a call, {seconds * 1e6:8.1f} µs from call to call")


if __name__ == "__main__":
    main()
