"""What the real process exports while it works."""

from pathlib import Path

from tests.eventually import eventually
from tests.promql import Samples, dashboard_queries
from tests.system.processes import Emulator, Fleet, Processor

PROVOKED_BY_FAILURES = ("calls_failed_total", "retries_total")


def test_oldest_in_hand_and_limits(tmp_path: Path) -> None:
    """While nothing can be published, the age of the oldest in hand rises beside its limit; afterwards it is 0."""
    with Emulator(tmp_path, "--refuse", "1") as emulator:
        emulator.provision()
        limits = {"MAX_IN_FLIGHT": "123", "MAX_IN_FLIGHT_BYTES": "20000000", "UNFINISHED_LIMIT": "77"}
        with Processor(tmp_path, emulator.endpoint, **limits).wait_until_ready() as processor:
            assert processor.metric("oldest_unfinished_seconds") == 0

            Fleet(tmp_path, emulator.endpoint).send(5)

            processor.wait_for("oldest_unfinished_seconds", 0.5)
            assert processor.metric("submissions_in_flight_limit") == 123
            assert processor.metric("bytes_in_flight_limit") == 20_000_000
            assert processor.metric("oldest_unfinished_limit_seconds") == 77


def test_the_dashboard_finds_its_metrics(tmp_path: Path) -> None:
    """After some work the scrape has all that the dashboard asks for, what only failures bring left out."""
    with Emulator(tmp_path, "--refuse", "0.2") as emulator:
        emulator.provision()
        with Processor(tmp_path, emulator.endpoint).wait_until_ready() as processor:
            Fleet(tmp_path, emulator.endpoint).send(50)
            processor.wait_for("submissions_deleted_total", 50)
            eventually(lambda: "event_processor_queue_messages{" in processor.get("/metrics")[1], "the depth")
            samples = Samples(processor.get("/metrics")[1])

    asked = [query for query in dashboard_queries() if not any(name in query.text for name in PROVOKED_BY_FAILURES)]
    assert asked
    assert [unknown for query in asked for unknown in samples.unknown(query)] == []
