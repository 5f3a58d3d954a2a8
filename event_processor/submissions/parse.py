"""Body to document: base64 or plain, UTF-8, JSON without ambiguity."""

import binascii
from typing import Any, Final

from event_processor.json_document import Unreadable, read_json, read_sound_json
from event_processor.verdict import Reason

_COMPRESSED: Final = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "Zstandard",
    b"\x78\x9c": "zlib",
    b"\x78\xda": "zlib",
}
_JSON_STARTS: Final = ("{", "[", '"')


def parse(body: str) -> Any:
    """The JSON document that a body holds. Raises Unreadable.

    An object with a repeated key comes back as `Repeated`: whether that spoils an event or the submission is for
    `validate` to say.
    """
    try:
        return read_sound_json(body.encode() if body.startswith("{") else _unpacked(body))
    except (ValueError, TypeError):
        pass  # odd at least: read it with care, and find out what is wrong
    return read_json(_text(body))


def _text(body: str) -> str:
    stripped = body.strip()
    if stripped.startswith(_JSON_STARTS):
        return stripped
    try:
        return _unpacked("".join(stripped.split())).decode()
    except UnicodeDecodeError as error:
        raise Unreadable(Reason.NOT_UTF8, f"the base64 of the body holds {_kind_of(error.object)}") from None
    except (binascii.Error, ValueError):
        raise Unreadable(Reason.NOT_JSON, "the body is neither base64 nor a JSON document") from None


def _kind_of(content: bytes) -> str:
    for magic, name in _COMPRESSED.items():
        if content.startswith(magic):
            return f"{name}, no UTF-8: send it uncompressed (data of CloudWatch Logs: send them to another queue)"
    return "no UTF-8"


def _unpacked(text: str) -> bytes:
    """What is in strict base64. Raises ValueError, also for padding too much, which Python 3.11 would let pass."""
    if text.endswith("=") and len(text.rstrip("=")) % 4 == 0:
        raise binascii.Error("excess padding")
    return binascii.a2b_base64(text, strict_mode=True)
