"""Bodies made to break a parser, or to keep it busy: one catalogue for tests, fuzzing and the benchmark of growth."""

import json
from collections.abc import Callable
from typing import Any, Final

from tests.unit.samples import connection, in_base64, process, submission

_SOUND: Final = json.dumps(submission())


def _filled(piece: str, size_bytes: int, start: str = "", end: str = "", separator: str = "") -> str:
    """The piece again and again between start and end."""
    room = max(1, (size_bytes - len(start) - len(end)) // len((piece + separator).encode()))
    return start + separator.join([piece] * room) + end


def _numbered(piece: str, size_bytes: int, start: str, end: str) -> str:
    """As `_filled`, each piece with a number of its own in place of ``%d``."""
    room = max(1, (size_bytes - len(start) - len(end)) // (len(piece) + 6))
    return start + ",".join(piece % number for number in range(room)) + end


def _around(field: str, document: dict[str, Any]) -> tuple[str, str]:
    """The JSON of a document before and after the value of the field that is null in it."""
    before, _, after = json.dumps(document).partition(f'"{field}": null')
    return f'{before}"{field}": ', after


def _in_events(piece: str, kind: str = "new_process") -> Callable[[int], str]:
    start, end = _around(kind, submission(events={kind: None}))
    return lambda size: _filled(piece, size, f"{start}[", f"]{end}", ",")


def _in_port(start: str, piece: str) -> Callable[[int], str]:
    event = connection(destination_port=None)
    before, after = _around("destination_port", submission(events={"network_connection": [event]}))
    return lambda size: _filled(piece, size, before + start, after)


def _in_text(field: str, piece: str, head: str = "") -> Callable[[int], str]:
    """In a string: of the event if that is the kind of field, of the submission if not."""
    event = process() | connection()
    document = submission(
        events={"new_process": [event | {field: None}], "network_connection": [event | {field: None}]}
    )
    if field not in event:
        document = submission(**{field: None})
    before, after = _around(field, document)
    rest = after.replace(": null", ': ""')
    return lambda size: _filled(piece, size, f'{before}"{head}', f'"{rest}')


def _ignored(opening: str, piece: str, closing: str, separator: str = ",") -> Callable[[int], str]:
    start, end = _around("x", submission(x=None))
    return lambda size: _filled(piece, size, start + opening, closing + end, separator)


def _nested(opening: str, closing: str, levels: int) -> str:
    return opening * levels + "1" + closing * levels


SHAPES: Final[dict[str, Callable[[int], str]]] = {
    "sound events": _in_events(json.dumps(process())),
    "sound events in base64": lambda size: in_base64(_in_events(json.dumps(process()))(size * 3 // 4)),
    "faulty events": _in_events("0"),
    "empty events": _in_events("{}"),
    "events of the other kind": _in_events(json.dumps(process()), "network_connection"),
    "events with a key twice": _in_events('{"cmdl":":","user":"b","cmdl":"c"}'),
    "unknown event types": lambda size: _numbered(
        '"t%d":[]', size, *_brackets(_around("events", submission(events=None)))
    ),
    "known and unknown fields": lambda size: _numbered('"t%d":1', size, _SOUND[:-1] + ",", "}"),
    "one key again and again": lambda size: _filled('"x":1', size, _SOUND[:-1] + ",", "}", ","),
    "one key again and again, ignored": _ignored("{", '"x":":"', "}"),
    "objects with a key twice, ignored": _ignored("[", '{"a":1,"a":":"}', "]"),
    "nested objects with a key twice": _ignored("[", _nested('{"a":1,"a":', "}", 150), "]"),
    "nested to the limit": _ignored("[", _nested("[", "]", 190), "]"),
    "nested without end": lambda size: "[" * size,
    "nested objects without end": lambda size: _filled('{"a":', size),
    "nested too deep, ignored": lambda size: _ignored("", "", "")(0).replace('"x": ', '"x": ' + "[" * size),
    "a long text": _in_text("cmdl", "x"),
    "colons": _in_text("cmdl", ":"),
    "escaped colons": _in_text("cmdl", "\\u003a"),
    "quotes and colons": _in_text("cmdl", '\\":'),
    "backslashes": _in_text("cmdl", "\\\\"),
    "escaped pairs": _in_text("cmdl", "\\ud83d\\ude00"),
    "lone surrogates": _in_text("cmdl", "\\ud83d"),
    "four bytes a character": _in_text("cmdl", "😀"),
    "a string without end": lambda size: '{"' + "x" * size,
    "a long address": _in_text("source_ip", "1."),
    "nearly an address": _in_text("source_ip", "255.", "1.2.3."),
    "a long id": _in_text("submission_id", "8be01974-"),
    "a long time": _in_text("time_created", "4", "2021-03-28T15:"),
    "many digits": _in_port("", "9"),
    "many zeros": _in_port("1.", "0"),
    "a long exponent": _in_port("1e", "0"),
    "a long exponent of nines": _in_port("1e", "9"),
    "many numbers past all floats": _ignored("[", "1e400", "]"),
    "many of the longest integers": _ignored("[", "9" * 4300, "]"),
    "many large numbers": _ignored("[", "1e4299", "]"),
    "white space": lambda size: " " * size,
    "white space inside": _ignored("", " \n\t", "1", ""),
    "white space in base64": lambda size: _filled("\n ", size, in_base64(_SOUND)[:-8], in_base64(_SOUND)[-8:]),
    "padding": lambda size: "=" * size,
    "letters": lambda size: "A" * size,
    "base64 of zeros": lambda size: in_base64(b"\0" * (size * 3 // 4)),
    "no UTF-8": lambda size: in_base64(b"\xff" * (size * 3 // 4)),
    "cut off": lambda size: _in_events(json.dumps(process()))(size)[:-1],
    "one comma too many": lambda size: _in_events(json.dumps(process()))(size)[:-4] + ",]}}",
}
"""Much of one thing: from a size in bytes to a body of about that size."""


def _brackets(around: tuple[str, str]) -> tuple[str, str]:
    return around[0] + "{", "}" + around[1]


def _with(field: str) -> str:
    return f"{_SOUND[:-1]}, {field}}}"


HOSTILE_BODIES: Final[tuple[str, ...]] = (
    *("e30g=", "e30g==", "e30g====", "e30=", "e30=="),  # padding too much, which not every Python minds
    _SOUND,
    *(
        _SOUND.replace("whoami", piece)
        for piece in ("\\ud800", "\\ude00\\ud83d", "\\ud83d\\ude00", "\\u0000", "\ud800", "\0")
    ),
    *(
        _SOUND.replace("whoami", piece)
        for piece in ('\\"', "\\\\", "\\", '\\\\\\"', "\\u003a", ":", '\\":\\"', "\\x41", "\\/")
    ),
    *(_SOUND.replace('"cmdl": ', piece) for piece in ('"cmdl" : ', '"\\u0063mdl":', '"cmdl":"a","cmdl":', '"cmdl"\n:')),
    *(
        _SOUND.replace('"cmdl": ', f'"cmdl": ":", "{key}": ')
        for key in ("cmd\\u006c", "\\u0063mdl", "cmdl:", "cmdl\\u0000", "cmdl ")
    ),
    _SOUND.replace('{"cmdl"', '{"user": ":\\":", "cmdl"'),
    _SOUND.replace('"network_connection"', '"new_process"'),
    _SOUND.replace('"events"', '"event\\u0073": {}, "events"'),
    _with('"events": {}'),
    _with('"x": {"a": 1, "a": {"b": ":", "b": "\\":"}}'),
    _with('"x": {"a": [{"b": {"c": 1, "\\u0063": 2}}]}'),
    _with('":": 1, "\\u003a": 2'),
    _with('"": 1, "": 2'),
    _with('"x": {"é": 1, "e\u0301": 2, "\\u00e9": 3}'),
    _with('"x": {"😀": 1, "\\ud83d\\ude00": 2}'),
    _with('"x": "{\\"a\\":1,\\"a\\":2}"'),
    _with('"x": {"a" \t: 1 , "a"\r\n: 2}'),
    *(_with(f'"x": {{"__proto__": {value}, "constructor": {value}}}') for value in ("1", "null", '{"toString": 1}')),
    *(
        _with(f'"x": {_nested(opening, closing, levels)}')
        for levels in (199, 200)
        for opening, closing in ("[]",)
        if opening == "["
    ),
    *(_with(f'"x": {_nested(opening, "}", levels)}') for levels in (199, 200) for opening in ('{"a":', '{"a":0,"a":')),
    *(f'{{"events": {literal}}}' for literal in ("9" * 100_000, "1e999999999", "NaN", "null", "[]", '""')),
    *(text + _SOUND for text in ("\ufeff", "\0", "\u2003", "\x1c", "//\n", ")]}',")),
    *(_SOUND + text for text in ("\ufeff", "\0", "\u2003", "\x1c", "}", ",", _SOUND)),
    _SOUND.replace('"', "'"),
    _SOUND.replace(",", ",,"),
    _SOUND.replace("]", ",]"),
    *(_SOUND.replace("whoami", piece) for piece in ("null", "\\null", "n\\u0075ll", "\\u000aull", "\\u005cnull")),
    *(_SOUND.replace("whoami", piece).replace("43696", "1e400") for piece in ("null", "\\null", "nul\\u006c", "1e400")),
    _SOUND.replace("43696", "0e99999999999999999999"),  # found by fuzzing
    *('"text"', '"\\u0000"', "null", "AAAA", "[]", "{}", "-", "=", "e30=", "e30", "bnVsbA=="),
)
"""One trick each."""
