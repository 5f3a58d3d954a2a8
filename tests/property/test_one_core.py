"""One core, two ways to run it: whatever comes in, `run` and the Lambda function publish and reject the same."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from hypothesis import example, given, settings
from hypothesis import strategies as st

from event_processor.publishing.stream import Record
from event_processor.rejects.reject import Reject
from event_processor.submissions.delivery import Delivery
from event_processor.submissions.event_models import EventModels
from event_processor.submissions.written_event import RecordRules
from event_processor.testing import MemoryRejects, MemoryStream, RecordingObserver
from tests.batches import Bench
from tests.eventually import eventually
from tests.integration.rig import running
from tests.lengths import examples
from tests.property import bodies
from tests.property.hostile import HOSTILE_BODIES, SHAPES
from tests.unit.samples import body, connection, delivery, in_base64, process

BODIES: Final = st.one_of(
    bodies.SUBMISSIONS,
    bodies.repeating(),
    bodies.mutated(),
    bodies.PACKED,
    st.text(),
    st.sampled_from(HOSTILE_BODIES),
    st.sampled_from(sorted(SHAPES)).map(lambda shape: SHAPES[shape](3000)),
)
_STAMP: Final = re.compile(rb'"processed_at":"[^"]*"')
Result = tuple[dict[str, list[Record]], Counter[Record], dict[str, str]]


class OnceOver:
    """A Source that hands out a batch once, and remembers what is deleted."""

    def __init__(self, batch: Sequence[Delivery]) -> None:
        self.left, self.deleted = list(batch), 0

    def receive(self) -> list[Delivery]:
        """See Source."""
        given, self.left = self.left[:10], self.left[10:]
        return given

    def change_visibility(self, timeouts: Sequence[tuple[Delivery, int]]) -> list[Any]:
        """See Source."""
        assert not timeouts, "nothing goes back"
        return []

    def delete(self, deliveries: Sequence[Delivery]) -> list[Any]:
        """See Source."""
        self.deleted += len(deliveries)
        return []


def results(observer: RecordingObserver, stream: MemoryStream, rejects: Sequence[Reject]) -> Result:
    """The records of each message in their order, all that is on the stream, and the rejects; less the time stamps."""
    admitted = {
        delivery.message_id: [_unstamped(record) for record in records]
        for (ready,) in observer.of("validated")
        for delivery, records in ready
    }
    return (
        admitted,
        Counter(_unstamped(stored.record) for stored in stream.stored),
        {f"{reject.origin.id} {reject.reject_id} {reject.sequence}": reject.to_json() for reject in rejects},
    )


def _unstamped(record: Record) -> Record:
    return replace(record, data=_STAMP.sub(b"", record.data))


def by_run(batch: Sequence[Delivery], rules: RecordRules) -> Result:
    """What the daemon makes of them."""
    observer, stream, rejects, source = RecordingObserver(), MemoryStream(), MemoryRejects(), OnceOver(batch)
    with running(source, stream, rejects, observer=observer, rules=rules):
        eventually(lambda: source.deleted == len(batch), "all to be done")
    return results(observer, stream, rejects.stored)


def by_function(batch: Sequence[Delivery], rules: RecordRules) -> Result:
    """What the function's core makes of them."""
    bench = Bench(rules=rules)
    assert bench.work(batch) == []
    return results(bench.observer, bench.stream, bench.rejects.stored)


def distinct(drawn: Sequence[str]) -> list[Delivery]:
    """A message for each body; the submission of one may be that of another."""
    return [delivery(text, f"m{number}") for number, text in enumerate(drawn)]


@examples(40, 400)
def test_the_same_records_and_rejects(examples: int) -> None:
    """Random and hostile bodies in batches: the same ids, records and rejects, byte for byte but `processed_at`."""
    seen: Counter[str] = Counter()

    @settings(max_examples=examples)
    @given(st.lists(BODIES, min_size=1, max_size=12), st.sampled_from(["device_id", "submission_id"]))
    @example([body(), body(events={"new_process": [process(user=""), process()]}), "nonsense"], "submission_id")
    @example([body(device_id="x")], "submission_id")
    @example(
        [in_base64(body(events={"network_connection": [connection(), connection(destination_port=-1)]}))], "device_id"
    )
    def every_batch(drawn: list[str], key: Any) -> None:
        rules = RecordRules(key, 2_000, EventModels())
        batch = distinct(drawn)
        daemon, function = by_run(batch, rules), by_function([replace(each) for each in batch], rules)

        assert function == daemon
        assert sum(map(len, daemon[0].values())) == daemon[1].total(), "all that is admitted is on the stream, once"
        seen.update(records=daemon[1].total(), rejects=len(daemon[2]))
        seen.update(json.loads(reject)["reason"] for reject in daemon[2].values())

    every_batch()

    assert seen["records"] > examples / 2
    assert seen["rejects"] > examples
    assert {"not_json", "not_a_uuid", "empty"} <= seen.keys()
