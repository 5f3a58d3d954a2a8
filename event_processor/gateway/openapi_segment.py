"""Segment's tracking API, as the door has it, in OpenAPI. Pure."""

from collections.abc import Sequence
from typing import Any, Final

from event_processor.gateway.openapi_answers import ANSWERS
from event_processor.gateway.segment import MOST_EVENTS

_TEXT: Final = """\
As Segment's own clients call it, also by its first letter without /v1, as text/plain, and compressed by gzip. The write
key is the user of basic authentication or in the body. 200 says that each event has its verdict: those that a contract
refuses are rejects, of which the client is not told."""
_SUCCESS: Final = {"type": "object", "properties": {"success": {"const": True}}, "required": ["success"]}


def segment_paths(types: Sequence[str], streams: Sequence[str], *, with_keys: bool) -> dict[str, Any]:
    """For each type of event, and for several at once. Without keys the name of a stream is its write key."""
    key = (
        {"description": "A text; it counts where there is no key in the head"} if with_keys else {"enum": list(streams)}
    )
    event: dict[str, Any] = {
        "type": "object",
        "properties": {"writeKey": key},
        "required": [] if with_keys else ["writeKey"],
    }
    events = {"type": "array", "maxItems": MOST_EVENTS, "description": "Objects; what is none is refused, alone"}
    batch = event | {"properties": {"writeKey": key, "batch": events}, "required": ["batch", *event["required"]]}
    bodies = dict.fromkeys(types, event) | {"batch": batch}
    return {f"/v1/{name}": {"post": _operation(name, body, with_keys=with_keys)} for name, body in bodies.items()}


def _operation(name: str, body: dict[str, Any], *, with_keys: bool) -> dict[str, Any]:
    answers = {
        status: {"$ref": f"#/components/responses/{status}"} for status in ANSWERS if status not in {"403", "411"}
    }
    success = {"description": "Each event has its verdict", "content": {"application/json": {"schema": _SUCCESS}}}
    operation = {
        "operationId": f"segment_{name}",
        "summary": "Events of several types" if name == "batch" else f"One {name} event",
        "description": _TEXT,
        "tags": ["segment"],
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": dict(sorted({**answers, "200": success}.items())),
    }
    return operation | ({"security": [{"basic": []}, {}]} if with_keys else {})
