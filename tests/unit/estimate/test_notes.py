"""What the figures alone do not say is said in a sentence, and only where it applies."""

from hypothesis import given

from event_processor.estimate.estimate import Estimate
from event_processor.estimate.load import MIB, Load
from tests.unit.estimate.loads import MEASURED, loads


def notes_on(load: Load) -> str:
    """All that is noted of this load."""
    return "\n".join(Estimate.of(load, MEASURED).notes)


def test_ordinary_loads_need_no_warning() -> None:
    """A load far from every limit gets no note but that of the figures themselves."""
    noted = Estimate.of(Load(1000), MEASURED).notes

    assert [note for note in noted if "provisional" not in note] == []


def test_near_the_limit_of_a_queue() -> None:
    """Who comes near 120,000 messages in flight hears what happens there, before it happens."""
    seconds_in_hand = Estimate.of(Load(1), MEASURED).capacity.seconds_in_hand
    near, far = (Load(in_flight / seconds_in_hand * 5) for in_flight in (40_000, 20_000))

    assert "receives would come back empty" in notes_on(near)
    assert "receives would come back empty" not in notes_on(far)


def test_a_stall_of_kinesis() -> None:
    """Who runs enough replicas to fill a queue's quota while Kinesis stalls is told that this loses nothing."""
    estimated = Estimate.of(Load(2_000_000), MEASURED)

    assert estimated.capacity.most_in_flight > estimated.capacity.queues * 120_000
    assert "Nothing is lost" in "\n".join(estimated.notes)


def test_beyond_the_limit_of_a_queue() -> None:
    """Who needs more than one queue is told how many, and what to do otherwise."""
    estimated = Estimate.of(Load(10_000_000), MEASURED)

    assert estimated.capacity.queues > 1
    assert f"over {estimated.capacity.queues} queues" in "\n".join(estimated.notes)


def test_long_round_trips() -> None:
    """Who is bound by the distance, and not by the core, is told so, as well as how far it was measured."""
    noted = notes_on(Load(1000, latency_seconds=1))

    assert "not by its core" in noted
    assert "Latency was measured up to" in noted


def test_large_records() -> None:
    """Records above the default limit of a stream need a stream that takes them."""
    assert "MaxRecordSizeInKiB" in notes_on(Load(1, MIB + 1, 1))
    assert "MaxRecordSizeInKiB" not in notes_on(Load(1, MIB, 1))


def test_long_submissions() -> None:
    """Submissions that are in hand for longer than half the visibility timeout cost calls, which is said."""
    assert "VISIBILITY_TIMEOUT" in notes_on(Load(1000, 400, 1000, 0.05))


@given(loads())
def test_notes_are_sentences(load: Load) -> None:
    """Whatever the load, each note can be read out: no figure is missing or not a number."""
    for note in Estimate.of(load, MEASURED).notes:
        assert note.endswith(".")
        assert "nan" not in note
        assert "inf" not in note.replace("in flight", "")


def test_report_has_every_line() -> None:
    """Everything that somebody has to provision or to set has its line."""
    estimated = Estimate.of(Load(50_000), MEASURED)

    assert [line.what for line in estimated.to_provision()] == [
        "shards",
        "replicas",
        "queues",
        "RECEIVERS",
        "MAX_IN_FLIGHT",
        "MAX_IN_FLIGHT_BYTES",
        "memory",
    ]
