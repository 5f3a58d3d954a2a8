"""What `check` says of the latest rejects."""

import json

from event_processor.rejects.reject import KeptReject
from event_processor.stores.latest_rejects import envelopes_among
from tests.unit.samples import rejects

SEGMENT = {"type": "track", "messageId": "m-1", "anonymousId": "a-1", "event": "Order Completed"}


def test_an_envelope_is_told_of_submissions_only() -> None:
    """A Segment event on the queue of submissions came by the wrong way; on a stream it is what ought to be there."""
    [reject] = rejects(json.dumps(SEGMENT))
    submission = KeptReject.model_validate_json(reject.to_json())
    record = submission.model_copy(update={"source_kind": "stream"})

    assert len(list(envelopes_among([submission, record]))) == 1
    assert list(envelopes_among([record])) == []
