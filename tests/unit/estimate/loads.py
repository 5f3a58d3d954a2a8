"""Loads of all sizes that can be, and the figures that the package ships with."""

from hypothesis import strategies as st

from event_processor.commands.estimate import measured
from event_processor.estimate.load import AROUND_EVENT_BYTES, SUBMISSION_BYTES, Load

MEASURED = measured()
MIB = 1024 * 1024


@st.composite
def loads(draw: st.DrawFn) -> Load:
    """From one event an hour to ten million a second, over any latency; always one that SQS can hold."""
    record_bytes = draw(st.integers(AROUND_EVENT_BYTES, MIB))
    event_bytes = max(record_bytes - AROUND_EVENT_BYTES, 20)
    most = min(20_000, (MIB - SUBMISSION_BYTES) // event_bytes)
    return Load(
        events_per_second=draw(st.floats(1 / 3600, 10_000_000)),
        record_bytes=record_bytes,
        events_per_submission=draw(st.integers(1, most)),
        latency_seconds=draw(st.floats(0, 2)),
        transport=draw(st.sampled_from(["lean", "boto3"])),
        headroom=draw(st.floats(0, 0.9)),
    )
