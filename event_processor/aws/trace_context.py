"""The sender's trace context, as SQS carries it: a message attribute (W3C) or a system attribute (X-Ray)."""

import re
from typing import Any, Final

from event_processor.aws.answer_fields import MalformedAnswer, mapping, maybe_text

MESSAGE_ATTRIBUTE: Final = "traceparent"
SYSTEM_ATTRIBUTE: Final = "AWSTraceHeader"
_W3C: Final = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")  # W3C Trace Context, 3.2
_ROOT: Final = re.compile(r"1-([0-9a-f]{8})-([0-9a-f]{24})")  # AWS X-Ray Developer Guide, "Tracing header"
_PARENT: Final = re.compile(r"[0-9a-f]{16}")


def trace_parent(message: Any) -> str | None:
    """The trace context of a received message in the form of W3C, or None: without one, or with one that is no such.

    The message attribute goes first: the sender's own code put it there.
    """
    try:
        attribute = maybe_text(mapping(mapping(message, "MessageAttributes"), MESSAGE_ATTRIBUTE), "StringValue") or ""
        if _W3C.fullmatch(attribute):
            return attribute
        return _from_xray(maybe_text(mapping(message, "Attributes"), SYSTEM_ATTRIBUTE) or "")
    except MalformedAnswer:
        return None


def _from_xray(header: str) -> str | None:
    """`Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`; without a parent, no context."""
    fields = dict(field.strip().split("=", 1) for field in header.split(";") if "=" in field)
    root, parent = _ROOT.fullmatch(fields.get("Root", "")), _PARENT.fullmatch(fields.get("Parent", ""))
    if root is None or parent is None:
        return None
    return f"00-{root[1]}{root[2]}-{parent[0]}-{'01' if fields.get('Sampled') == '1' else '00'}"
