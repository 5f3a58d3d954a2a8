"""A reject as an SQS message that fits its queue."""

import gzip
import json
from hashlib import sha256
from typing import Any, Final, NamedTuple

from event_processor.rejects.reject import Reject

ORIGINAL_ATTRIBUTE: Final = "original_gzip"
_LEAST: Final = ("reject_id", "reason", "pointer", "submission_id", "message_id", "received_at")
_CUT: Final = 60  # characters; all of `_LEAST` together then fits 1,024 bytes, the smallest MaximumMessageSize

Entry = dict[str, Any]


class Packed(NamedTuple):
    """An entry for SendMessageBatch, without its Id; `has_original` says whether the original is in it."""

    entry: Entry
    size_bytes: int
    has_original: bool


def packed(reject: Reject, limit_bytes: int) -> Packed:
    """The most of a reject that fits a message of so many bytes.

    Its JSON, as in the file store; else the same with the original compressed, in the binary attribute `original_gzip`,
    and `original` null; else without its original, identified by size and digest.
    """
    body = reject.to_json()
    if len(body) <= limit_bytes:
        return Packed({"MessageBody": body}, len(body), True)
    raw = reject.original.encode("utf-8", "surrogatepass")
    explanation = json.loads(body) | {"original": None}
    compressed = _compressed(explanation, raw)
    return compressed if compressed.size_bytes <= limit_bytes else without_original(reject, limit_bytes)


def without_original(reject: Reject, limit_bytes: int) -> Packed:
    """What explains a reject, cut to fit, with size and SHA-256 of the original in UTF-8."""
    raw = reject.original.encode("utf-8", "surrogatepass")
    explanation = json.loads(reject.to_json()) | {
        "original": None,
        "original_bytes": len(raw),
        "original_sha256": sha256(raw).hexdigest(),
    }
    body = json.dumps(explanation)
    if len(body) > limit_bytes:
        body = json.dumps(explanation | {"faults": explanation["faults"][:1]})
    if len(body) > limit_bytes:
        least = {name: explanation[name] and str(explanation[name])[:_CUT] for name in _LEAST}
        sizes = {name: explanation[name] for name in ("original", "original_bytes", "original_sha256")}
        body = json.dumps(least | sizes)
    return Packed({"MessageBody": body}, len(body), False)


def _compressed(explanation: dict[str, Any], raw: bytes) -> Packed:
    body, original = json.dumps(explanation), gzip.compress(raw)
    attribute = {"DataType": "Binary", "BinaryValue": original}
    size_bytes = len(body) + len(ORIGINAL_ATTRIBUTE) + len("Binary") + len(original)  # the body is ASCII
    return Packed({"MessageBody": body, "MessageAttributes": {ORIGINAL_ATTRIBUTE: attribute}}, size_bytes, True)
