"""Warnings about properties of queue and stream, and about our own settings."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from event_processor.aws.resources import QueueProperties, StreamProperties
from event_processor.submissions.extensions import safe_call_seconds

_FEW_RECEIVES: Final = 3
_SHORT_VISIBILITY_SECONDS: Final = 20
_SLOW_CALL_SECONDS: Final = 0.1  # for an extension of ten messages: a far region, or a busy one


@dataclass(frozen=True, slots=True)
class Concern:
    """A likely problem; `fatal` if with it the processor cannot work or cannot keep order."""

    text: str
    fatal: bool = False


def concerns(queue: QueueProperties, stream: StreamProperties, visibility_seconds: int) -> Iterator[Concern]:
    """What an operator should know before it hurts; `visibility_seconds` is our own setting."""
    if queue.dead_letter_queue is None:
        yield Concern(
            f"queue {queue.name} has no dead-letter queue: a submission that cannot be finished comes again until it "
            "expires; set a RedrivePolicy"
        )
    elif queue.max_receive_count is not None and queue.max_receive_count < _FEW_RECEIVES:
        yield Concern(
            f"queue {queue.name} moves a message to its dead-letter queue after {queue.max_receive_count} receives: "
            "restarts and outages count as receives; 10 is sensible"
        )
    if visibility_seconds < _SHORT_VISIBILITY_SECONDS:
        yield Concern(
            f"VISIBILITY_TIMEOUT is {visibility_seconds} s: it is extended after {visibility_seconds / 2:g} s, and one "
            f"slow call makes it too late, so submissions are done twice; {_SHORT_VISIBILITY_SECONDS} s or more is safe"
        )
    yield from stream_concerns(stream)


def stream_concerns(stream: StreamProperties) -> Iterator[Concern]:
    """What makes it impossible to put records onto this stream in order."""
    yield from reading_concerns(stream)
    if stream.ignores_partition_keys:
        yield Concern(
            f"stream {stream.name} has RecordDistributionStrategy AUTO, which ignores partition keys: no order is "
            "possible; set USER_PARTITION_KEY",
            fatal=True,
        )


def reading_concerns(stream: StreamProperties) -> Iterator[Concern]:
    """What makes it impossible to read this stream."""
    if not stream.works:
        yield Concern(f"stream {stream.name} is {stream.status}, not ACTIVE", fatal=True)


def size_concerns(queue: QueueProperties, rejects: QueueProperties) -> Iterator[Concern]:
    """Whether the queue of rejects can take what the queue of submissions lets in."""
    if rejects.url == queue.url:
        yield Concern(
            f"REJECTS_QUEUE is {rejects.name}, the queue of submissions itself: rejects go around", fatal=True
        )
    if rejects.largest_body_bytes < queue.largest_body_bytes:
        yield Concern(
            f"queue {rejects.name} takes messages of {rejects.largest_body_bytes} bytes, queue {queue.name} of "
            f"{queue.largest_body_bytes}: a reject that does not fit, compressed, is stored without its original, "
            "whose message comes again until its dead-letter queue has it; set the MaximumMessageSize of the first to "
            "that of the second"
        )


def holding_concerns(max_in_flight: int, visibility_seconds: int) -> Iterator[Concern]:
    """Whether so many submissions can be held at once, by our own settings."""
    seconds = safe_call_seconds(max_in_flight, visibility_seconds)
    if seconds < _SLOW_CALL_SECONDS:
        yield Concern(
            f"MAX_IN_FLIGHT {max_in_flight} with VISIBILITY_TIMEOUT {visibility_seconds} s: goes well "
            f"while ChangeMessageVisibilityBatch takes under {seconds * 1000:.0f} ms; with slower calls some "
            "submissions are done twice; lower the first, or raise the second"
        )
