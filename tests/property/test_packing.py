"""Every reject has a form that its queue takes."""

import base64
import gzip
import json
from datetime import UTC, datetime
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from event_processor.rejects.reject import KeptReject, Origin, Reject
from event_processor.stores.reject_packing import packed, without_original
from event_processor.verdict import Fault, Reason
from local_aws.sqs.message import size_bytes

NOW = datetime(2026, 1, 2, tzinfo=UTC)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
FAULTS = st.lists(st.builds(Fault, st.sampled_from(Reason), TEXT, TEXT), min_size=1, max_size=20).map(tuple)
REJECTS = st.builds(
    lambda faults, original, times, ids: Reject(
        "9a2fb6f8-b726-55f3-97ee-386d9099232b",
        faults,
        original * times,
        Origin("queue", "submissions", "f0e5d3a6-6d1c-4a8e-9d0c-5f1f7b1c2d3e", 3, NOW, NOW),
        *ids,
    ),
    FAULTS,
    st.one_of(TEXT, st.binary(max_size=900).map(lambda raw: base64.b64encode(raw).decode())),
    st.sampled_from([1, 2, 50]),
    st.sampled_from([(None, None), ("8be01974-0f15-4d4f-809f-257a6de4d3f9", "31980191-fa99-4768-8a7b-0e81397ca6ef")]),
)


@given(REJECTS, st.integers(1024, 20_000))
def test_packed_fits_and_tells_what_it_left_out(reject: Reject, limit_bytes: int) -> None:
    """In any queue a reject fits, as SQS counts; it has its original, or says how large that is and its SHA-256."""
    found = packed(reject, limit_bytes)

    assert size_bytes(found.entry["MessageBody"], _on_the_wire(found.entry)) == found.size_bytes <= limit_bytes
    kept = json.loads(found.entry["MessageBody"])
    assert KeptReject.model_validate_json(found.entry["MessageBody"]).reject_id == reject.reject_id
    raw = reject.original.encode()
    if kept["original"] is not None:
        assert kept["original"] == reject.original
    elif found.has_original:
        assert gzip.decompress(found.entry["MessageAttributes"]["original_gzip"]["BinaryValue"]) == raw
    else:
        assert (kept["original_bytes"], kept["original_sha256"]) == (len(raw), sha256(raw).hexdigest())


@given(REJECTS, st.integers(1024, 20_000))
def test_the_original_is_left_out_only_if_it_does_not_fit(reject: Reject, limit_bytes: int) -> None:
    """A reject goes without its original only into a queue that takes it neither plain nor compressed."""
    plain, compressed = len(reject.to_json()), len(gzip.compress(reject.original.encode()))
    if not packed(reject, limit_bytes).has_original:
        assert min(plain, compressed + 1) > limit_bytes - len(reject.to_json())
        assert plain > limit_bytes
    assert without_original(reject, limit_bytes).size_bytes <= limit_bytes


def _on_the_wire(entry: dict[str, object]) -> dict[str, dict[str, str]]:
    attributes = entry.get("MessageAttributes", {})
    assert isinstance(attributes, dict)
    return {
        name: value | {"BinaryValue": base64.b64encode(value["BinaryValue"]).decode()}
        for name, value in attributes.items()
    }
