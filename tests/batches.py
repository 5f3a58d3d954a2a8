"""Batches of messages for the core of the Lambda function, and the world in memory that it works on them with."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from event_processor.publishing.publisher import Backoff, Publisher
from event_processor.publishing.stream import Sink
from event_processor.rejects.ports import RejectStore
from event_processor.submissions.delivery import Delivery
from event_processor.submissions.invocation import Invocation, Means
from event_processor.submissions.record_limit import RecordLimit
from event_processor.submissions.written_event import RecordRules
from event_processor.testing import ManualClock, MemoryRejects, MemoryStream, RecordingObserver
from tests.unit.samples import RULES, delivery, process, submission

FOR_EVER: Final = 1e9


def submission_id(number: int) -> str:
    """Of the submission of that number."""
    return str(UUID(int=number + 1))


def message(
    number: int, events: int = 3, group: str | None = None, bad: Sequence[int] = (), body: str | None = None
) -> Delivery:
    """Message `m<number>`: a submission with so many events, those at the places in `bad` without a user."""
    made = [process(cmdl=str(place)) | ({"user": ""} if place in bad else {}) for place in range(events)]
    document = submission(
        submission_id=submission_id(number), device_id=submission_id(number), events={"new_process": made}
    )
    return replace(delivery(json.dumps(document) if body is None else body, f"m{number}"), group=group)


class Bench:
    """A stream, a reject store and a clock, all in memory unless given, and what the observer heard."""

    def __init__(
        self,
        stream: Sink | None = None,
        rejects: RejectStore | None = None,
        clock: ManualClock | None = None,
        rules: RecordRules = RULES,
        record_limit: Callable[[], int] | None = None,
        **bounds: int,
    ) -> None:
        self.clock = clock or ManualClock()
        self.stream, self.rejects = MemoryStream(), MemoryRejects()
        self.observer: Any = RecordingObserver()
        self.means = Means(
            sink=stream or self.stream,
            rejects=rejects or self.rejects,
            record_limit=RecordLimit(rules, record_limit, self.clock, self.observer),
            new_publisher=lambda: Publisher(lambda: 1.0, Backoff(0.1, 1.0)),
            clock=self.clock,
            observer=self.observer,
            **({"max_submissions": 2000, "max_bytes": 64 * 1024 * 1024} | bounds),
        )

    def work(self, batch: Sequence[Delivery], seconds: float = FOR_EVER) -> list[str]:
        """Work on a batch for so long; the ids of what is unfinished then."""
        invocation = Invocation(self.means, batch, self.clock.monotonic() + seconds)
        invocation.work()
        return invocation.unfinished


def stored(stream: MemoryStream) -> dict[str, list[int]]:
    """The sequences of each submission, by its id, in the order of the stream."""
    found: dict[str, list[int]] = {}
    for event in stream.events():
        found.setdefault(event["submission_id"], []).append(event["sequence"])
    return found
