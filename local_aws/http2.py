"""Refuses HTTP/2 in HTTP/2: every request is answered with an error that says what to set.

A client that starts with HTTP/2 without asking (the AWS SDK for JavaScript 3 does with Kinesis) cannot read an answer
in HTTP/1.1, and of a GOAWAY it shows a number. RFC 9113; the header block is all literals, so no HPACK state is kept.
"""

import json
import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_MESSAGE = (
    "local_aws speaks HTTP/1.1, not HTTP/2. In the AWS SDK for JavaScript 3 set the client's requestHandler to a "
    "NodeHttpHandler (of @smithy/node-http-handler)."
)
_BODY = json.dumps({"__type": "UnknownOperationException", "message": _MESSAGE}).encode()
_FRAME_HEAD = 9
_MAX_FRAME = 16_384
_DATA, _HEADERS, _SETTINGS, _PING, _GOAWAY = 0, 1, 4, 6, 7
_ACK, _END_STREAM, _END_HEADERS = 1, 1, 4
_FRAME_SIZE_ERROR = 6


class Http2Refusal:
    """The other end of one HTTP/2 connection, from its preface on."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._greeting = _frame(_SETTINGS, 0, 0, b"")

    def answer(self, data: bytes) -> bytes:
        """What to write for the bytes that came in behind the preface."""
        self._buffer += data
        answers, self._greeting = bytearray(self._greeting), b""
        while len(self._buffer) >= _FRAME_HEAD:
            size = int.from_bytes(self._buffer[:3])
            if size > _MAX_FRAME:
                self._buffer.clear()
                return bytes(answers + _frame(_GOAWAY, 0, 0, struct.pack(">II", 0, _FRAME_SIZE_ERROR)))
            if len(self._buffer) < _FRAME_HEAD + size:
                break
            answers += self._answer_frame(bytes(self._buffer[: _FRAME_HEAD + size]))
            del self._buffer[: _FRAME_HEAD + size]
        return bytes(answers)

    @staticmethod
    def _answer_frame(frame: bytes) -> bytes:
        kind, flags, stream = frame[3], frame[4], int.from_bytes(frame[5:9]) & 0x7FFF_FFFF
        if kind in (_SETTINGS, _PING) and not flags & _ACK:
            return _frame(kind, _ACK, 0, frame[_FRAME_HEAD:] if kind == _PING else b"")
        if kind == _HEADERS and stream:
            return _frame(_HEADERS, _END_HEADERS, stream, _HEAD) + _frame(_DATA, _END_STREAM, stream, _BODY)
        return b""


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3) + bytes([kind, flags]) + stream.to_bytes(4) + payload


def _literal(name: str, value: str) -> bytes:
    """A header field without indexing, name and value as they are (RFC 7541, 6.2.2)."""
    return b"\0" + b"".join(bytes([len(text)]) + text.encode() for text in (name, value))


_HEAD = (
    _literal(":status", "400")
    + _literal("content-type", "application/x-amz-json-1.1")
    + _literal("content-length", str(len(_BODY)))
)
