"""Body to document: what is JSON, what is not, and that nothing hostile gets further than a reject."""

import json
import sys
from typing import Any

import pytest

from event_processor.json_document import Repeated, original_text
from event_processor.rejects.reject import Reject
from event_processor.submissions.parse import parse
from tests.unit.samples import (
    connection,
    in_base64,
    judge,
    process,
    published,
    rejects,
    submission,
    whole_faults,
)

SAMPLE = json.dumps(submission(events={"new_process": [process(cmdl="čaj ☕")]}), ensure_ascii=False)
PLAIN = json.dumps(submission())


def reason(body: str) -> str:
    """Why the whole body is rejected."""
    [(word, pointer)] = whole_faults(body)
    assert pointer == ""
    return word


@pytest.mark.parametrize(
    "body",
    [
        PLAIN,
        in_base64(PLAIN),
        f" \r\n\t{PLAIN}\n",
        f" {in_base64(PLAIN)}\n",
        "\n".join(in_base64(PLAIN)[start : start + 76] for start in range(0, 600, 76)),
        in_base64(f"\n {PLAIN} "),
    ],
    ids=["plain", "base64", "plain in blanks", "base64 in blanks", "base64 in lines", "blanks in base64"],
)
def test_sound(body: str) -> None:
    """A submission is understood as JSON and as base64 of it, with any white space around."""
    assert parse(body) == submission()


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ("", "not_json"),
        ("   ", "not_json"),
        ("hello, world", "not_json"),
        ("čaj", "not_json"),
        (in_base64(PLAIN)[:-1], "not_json"),
        (in_base64(PLAIN) + "====", "not_json"),
        ("=" + in_base64(PLAIN), "not_json"),
        (in_base64(PLAIN)[:40] + "-_" + in_base64(PLAIN)[42:], "not_json"),
        (in_base64(in_base64(PLAIN)), "not_json"),
        (in_base64("hello"), "not_json"),
        (in_base64(b'{"a": "\xff"}'), "not_utf8"),
        (in_base64(PLAIN.encode("utf-16")), "not_utf8"),
        (in_base64(SAMPLE.replace("čaj", "\ud800").encode("utf-8", "surrogatepass")), "not_utf8"),
        ("\ufeff" + PLAIN, "not_json"),
        (in_base64("\ufeff" + PLAIN), "not_json"),
        (PLAIN + PLAIN, "not_json"),
        (PLAIN + ",", "not_json"),
        (PLAIN.replace('"', "'"), "not_json"),
        (PLAIN[:-1] + ",}", "not_json"),
        (PLAIN[:-1] + "} // why", "not_json"),
        (PLAIN.replace("whoami", "who\x00ami"), "not_json"),
        (PLAIN.replace("whoami", "who\nami"), "not_json"),
        (PLAIN.replace("whoami", "\\ud800"), "not_json"),
        (PLAIN.replace("whoami", "\\udc00\\ud800"), "not_json"),
        (PLAIN.replace("whoami", "\ud800"), "not_json"),
        (PLAIN[:-1] + ', "\\ud800": 1}', "not_json"),
        (PLAIN.replace("whoami", "\\x41"), "not_json"),
        ("[" * 100_000, "not_json"),
        ("[" * 100_000 + "]" * 100_000, "not_json"),
        ('{"a":' * 100_000, "not_json"),
        (in_base64("[" * 100_000 + "]" * 100_000), "not_json"),
        (PLAIN[:-1] + ', "x": ' + "[" * 100_000 + "]" * 100_000 + "}", "not_json"),
    ],
    ids=range(32),
)
def test_unreadable(body: str, word: str) -> None:
    """What is not UTF-8, no base64 or no JSON is rejected as a whole, and says which."""
    assert reason(body) == word


@pytest.mark.parametrize(
    "literal", ["NaN", "Infinity", "-Infinity", "1e999999999", "1e99999999999999999999", "9" * 4999]
)
@pytest.mark.parametrize("place", ["port", "ignored field"])
def test_impossible_numbers(literal: str, place: str) -> None:
    """A number that nobody can hold spoils its document, wherever it stands, and is no exception."""
    body = PLAIN.replace("43696", literal) if place == "port" else f'{PLAIN[:-1]}, "x": {literal}}}'

    assert reason(body) == "not_json"


@pytest.mark.parametrize("literal", ["1e400", "-1e400", "1E+400", "9" * 4300, str(2**64), "1e308", "1e-999999999"])
def test_huge_numbers(literal: str) -> None:
    """A number that JSON allows and no field takes rejects its event alone; in an ignored field it does no harm."""
    [record, reject] = judge(PLAIN.replace("43696", literal))

    assert isinstance(reject, Reject)
    assert json.loads(reject.original)["source_ip"] == "192.168.0.2"
    assert not isinstance(record, Reject)
    assert len(published(f'{PLAIN[:-1]}, "x": {literal}}}')) == 2


def test_truncated() -> None:
    """A body cut off anywhere, in plain or in base64, before it or after, is one reject and never an exception."""
    encoded, raw = in_base64(SAMPLE), SAMPLE.encode()
    cut = [SAMPLE[:end] for end in range(len(SAMPLE))]
    cut += [encoded[:end] for end in range(len(encoded))]
    cut += [in_base64(raw[:end]) for end in range(len(raw))]

    assert {reason(body) for body in cut} == {"not_json", "not_utf8"}


@pytest.mark.parametrize("depth", [2, 50, 150])
def test_nested_and_ignored(depth: int) -> None:
    """Reasonable nesting in a field that nobody reads does no harm."""
    assert len(published(f'{PLAIN[:-1]}, "x": {"[" * depth + "]" * depth}}}')) == 2


def test_one_huge_string() -> None:
    """A string of 1 MiB is judged like any other, here too large for its record, and its sibling is published."""
    event = process(cmdl="x" * 1024 * 1024)

    [reject] = rejects(submission(events={"new_process": [event, process()]}))

    assert reject.reason == "too_large"
    assert json.loads(reject.original) == event


def test_emoji_and_escapes_survive() -> None:
    """Escaped pairs, NUL and text outside ASCII are sound, and are published as they were meant."""
    body = PLAIN.replace("whoami", "\\ud83d\\ude00 \\u0000 čaj")

    assert published(body)[0]["cmdl"] == "😀 \x00 čaj"


@pytest.mark.parametrize("body", ['"text"', "[]", '[{"submission_id": 1}]'])
def test_not_an_object(body: str) -> None:
    """JSON that is not an object is said to be just that."""
    assert reason(body) == "not_an_object"
    assert reason(in_base64(body)) == "not_an_object"


@pytest.mark.parametrize("body", ["null", "true", "12", "1.5", "-1"])
def test_bare_literals(body: str) -> None:
    """A bare literal, which may also be read as base64, is a reject either way."""
    assert reason(body) in {"not_utf8", "not_json", "not_an_object"}
    assert reason(in_base64(body)) == "not_an_object"


def test_repeated_keys_are_kept() -> None:
    """An object in which a key appears twice is marked, with all that it said, and only such an object."""
    document: Any = parse('{"a": {"b": 1, "b": 2}, "c": {"b": 3}}')

    assert isinstance(document["a"], Repeated)
    assert document["a"].pairs == [("b", 1), ("b", 2)]
    assert not isinstance(document, Repeated)
    assert not isinstance(document["c"], Repeated)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 2}',
        '{"a": {"b": [1, 1.5, null, true], "b": "č"}, "a": {"c": {"d": 1, "d": 2}}}',
        '[{"a": 1, "a": 2}, [], {}, ""]',
        json.dumps(connection()),
        '"text"',
        "null",
    ],
)
def test_original_text(text: str) -> None:
    """The original of an event says all that was received, repeated keys at any depth included."""

    def pairs(body: str) -> Any:
        return json.loads(body, object_pairs_hook=list)

    document: Any = parse('{"x": ' + text + "}")

    assert pairs(original_text(document["x"])) == pairs(text)


def test_no_limit_of_python_is_in_the_way() -> None:
    """The longest integer that is let in can be written out again, as a reject must."""
    [reject] = rejects(PLAIN.replace("43696", "9" * sys.int_info.default_max_str_digits))

    assert json.loads(reject.to_json())["reason"] == "out_of_range"
