"""A page event of one KB that its contract takes, each with an id of its own."""

import json
from typing import Any, Final

from benchmarks.backend import Supply
from benchmarks.verdicts.__main__ import VALID

RECORD_BYTES: Final = 1024
_PREFIX: Final = '{"messageId":"m'  # 15 bytes, so that the number begins with a group of base64
_SHORTER: Final = {
    "url": "https://a.b",
    "referrer": "",
    "path": "/",
    "previousPage": "/",
    "policy_face_value": "1",
    "title": "",
}


def supply(records_per_second: float = 0.0) -> Supply:
    """As many as are asked for, or so many."""
    return Supply((record(),), records_per_second, len(_PREFIX))


def record() -> bytes:
    """Segment's page event with all its fields, some of them shorter; `messageId` is first, with eighteen digits."""
    page: dict[str, Any] = json.loads(VALID)
    ordered = {"messageId": "m" + "0" * 18} | {name: value for name, value in page.items() if name != "messageId"}
    ordered["_metadata"]["bundled"] = []
    ordered["context"] |= {"userAgent": "-", "amp": {"id": "amp-0"}}
    for part in (ordered["properties"], ordered["context"]["page"]):
        part.update((name, value) for name, value in _SHORTER.items() if name in part)
    ordered["properties"]["email"] = "x" * max(0, RECORD_BYTES - len(_compact(ordered)))
    return _compact(ordered)


def _compact(document: Any) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
