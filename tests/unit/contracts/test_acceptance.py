"""What is refused as a contract."""

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from event_processor.contracts import acceptance
from event_processor.contracts.changes import Step
from event_processor.contracts.compatibility import differences
from event_processor.contracts.compiling import DRAFTS
from event_processor.contracts.contract import LARGEST_BYTES, Contract
from event_processor.contracts.faults import faults_of
from event_processor.contracts.version import Version
from event_processor.errors import InvalidContract

NAMED = {"x-subject": "thing", "x-version": "1-0-0"}


def problems(document: Any) -> list[tuple[str, str]]:
    """What is wrong with a document, which can therefore not be read as a contract."""
    with pytest.raises(InvalidContract):
        Contract.read(json.dumps(document).encode())
    return [(problem.pointer, problem.reason) for problem in acceptance.problems(document)]


def chain(levels: int, schema: Any) -> dict[str, Any]:
    """Definitions of which each refers twice to the next."""
    names = [f"d{level}" for level in range(levels)]
    return {name: schema(f"#/$defs/{after}") for name, after in zip(names, [*names[1:], "end"], strict=True)} | {
        "end": {}
    }


@pytest.mark.parametrize(
    ("schema", "pointer", "words"),
    [
        ({"type": "strin"}, "/type", "strin"),
        ({"properties": {"a": {"minimum": "1"}}}, "/properties/a/minimum", "number"),
        ({"properties": {"a/b": {"type": 1}}}, "/properties/a~1b/type", ""),
        ({"properties": {"a": {"$ref": "http://127.0.0.1:1/a"}}}, "/properties/a/$ref", "nothing is fetched"),
        ({"properties": {"a": {"$ref": "other.json"}}}, "/properties/a/$ref", "nothing is fetched"),
        ({"properties": {"a": {"$ref": "file:///etc/passwd"}}}, "/properties/a/$ref", "nothing is fetched"),
        ({"$ref": "#anchor", "$defs": {"a": {"$anchor": "anchor"}}}, "/$ref", "JSON pointer"),
        ({"$ref": "#/$defs/b"}, "/$ref", "refers to nothing"),
        ({"$ref": "#/x-owner", "x-owner": "me"}, "/$ref", "not a schema"),
        ({"$ref": 5}, "/$ref", "JSON pointer"),
        ({"$dynamicRef": "#a"}, "/$dynamicRef", "only $ref"),
        ({"$ref": "#"}, "", "within itself"),
        ({"properties": {"a": {"$ref": "#"}}}, "", "within itself"),
        (
            {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"items": {"$ref": "#/$defs/a"}}}},
            "",
            "within",
        ),
        ({"$defs": {"unused": {"$ref": "http://127.0.0.1:1/"}}}, "/$defs/unused/$ref", "nothing is fetched"),
        ({"$defs": {"unused": {"$ref": "#/$defs/unused"}}}, "", "within itself"),
        ({"properties": {"a": {"pattern": "(a)\\1"}}}, "/properties/a/pattern", "regex"),
        ({"properties": {"a": {"pattern": "(?=a)b"}}}, "/properties/a/pattern", "regex"),
        ({"properties": {"a": {"pattern": "("}}}, "/properties/a/pattern", "regex"),
        ({"patternProperties": {"(?!a)": {}}}, "", "regex"),
        ({"patternProperties": 5}, "/patternProperties", "object"),
        ({"pattern": "(a{1,1000}){1,1000}"}, "/pattern", "regex"),
        ({"x-max-bytes": 0}, "/x-max-bytes", "integer"),
        ({"items": {"x-max-bytes": True}}, "/items/x-max-bytes", "integer"),
        ({"anyOf": [{"x-pii": "yes"}]}, "/anyOf/0/x-pii", "true or false"),
        ({"x-time": "%Y"}, "/x-time", "true or false"),
        ({"x-column": ""}, "/x-column", "name of a column"),
        ({"x-owner": 5}, "/x-owner", "text"),
        ({"x-subject": ""}, "/x-subject", "printable"),
        ({"x-subject": "a\nb"}, "/x-subject", "printable"),
        ({"x-subject": "../b"}, "/x-subject", "printable"),
        ({"x-subject": None}, "/x-subject", "printable"),
        ({"x-version": "1.0.0"}, "/x-version", "MODEL-REVISION-ADDITION"),
        ({"x-version": "0-0-1"}, "/x-version", "MODEL-REVISION-ADDITION"),
        ({"x-version": 1}, "/x-version", "MODEL-REVISION-ADDITION"),
        ({"$schema": "http://json-schema.org/draft-03/schema#"}, "/$schema", "2020-12"),
        ({"$schema": 5}, "/$schema", "2020-12"),
        ({"properties": {"a": {"$id": "http://x.test/a"}}}, "/properties/a/$id", "whole document"),
        (
            {"$ref": "#/$defs/d0", "$defs": chain(20, lambda after: {"anyOf": [{"$ref": after}] * 2})},
            "",
            "10,000 parts",
        ),
        ({"$ref": "#/$defs/d0", "$defs": chain(150, lambda after: {"$ref": after})}, "", "levels deep"),
    ],
)
def test_what_is_refused(schema: dict[str, Any], pointer: str, words: str) -> None:
    """What cannot be compiled, would be fetched, goes in circles or grows without end is refused, with its place."""
    found = problems(NAMED | schema)

    assert pointer in [place for place, _ in found] or not pointer
    assert any(words in reason for _, reason in found)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"\xff", "UTF-8"),
        (b"{", "EOF"),
        (b"[]", "JSON object"),
        (b"true", "JSON object"),
        (b'{"x-subject": "a", "x-version": "1-0-0", "properties": {"a": {}, "a": {}}}', "twice"),
        (b'{"x-subject": "a", "x-version": "1-0-0", "type": "object", "type": "array"}', "twice"),
        (b'{"x-subject": "a", "x-version": "1-0-0", "description": "' + b"x" * LARGEST_BYTES + b'"}', "256 KiB"),
    ],
)
def test_texts_that_are_no_contract(text: bytes, words: str) -> None:
    """A text that is not a JSON object, has a key twice or is over 256 KiB is refused."""
    with pytest.raises(InvalidContract, match=words):
        Contract.read(text)


def test_all_problems_are_told() -> None:
    """Not only the first."""
    found = problems({"properties": {"a": {"$ref": "x"}, "b": {"x-pii": 1}}})

    assert [place for place, _ in found] == ["/x-subject", "/x-version", "/properties/a/$ref", "/properties/b/x-pii"]


def test_nothing_is_fetched() -> None:
    """A reference to a server is refused without a single connection to it, however it is written."""
    calls: list[str] = []

    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            calls.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

    with HTTPServer(("127.0.0.1", 0), Server) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/schema"
        for schema in (
            {"$ref": url},
            {"$schema": url},
            {"$id": url, "$ref": "other"},
            {"$id": url, "$defs": {"a": {"$ref": f"{url}#/a"}}},
            {
                "$schema": DRAFTS[2],
                "definitions": {"a": {"$ref": url}},
                "properties": {"a": {"$ref": "#/definitions/a"}},
            },
            {"properties": {"a": {"$dynamicRef": url}}},
            {"x-other": {"$ref": url}, "properties": {"a": {"$ref": "#/x-other"}}},
        ):
            assert problems(NAMED | schema)
        server.shutdown()

    assert calls == []


@pytest.mark.parametrize("draft", DRAFTS)
def test_drafts(draft: str) -> None:
    """All drafts since the fourth are read, each by its own rules."""
    contract = Contract.compile(
        NAMED | {"$schema": draft, "properties": {"a": {"type": "string", "format": "ipv4"}}, "required": ["a"]}
    )

    assert contract.validator.is_valid({"a": "1.2.3.4"})
    assert not contract.validator.is_valid({"a": "1.2.3"})


def test_items_of_a_draft() -> None:
    """`items` as a list says something of each place in draft 7, and is not a schema in 2020-12."""
    schema = {"items": [{"type": "integer"}, {"type": "string"}]}

    assert not Contract.compile(NAMED | {"$schema": DRAFTS[2]} | schema).validator.is_valid([1, 2])
    assert problems(NAMED | schema)


def test_a_reference_through_what_is_no_keyword() -> None:
    """What a reference leads to is looked at as well, wherever it stands."""
    assert problems(NAMED | {"$ref": "#/x-parts/a", "x-parts": {"a": {"pattern": "(?=a)"}}})
    assert problems(NAMED | {"$ref": "#/x-parts/a", "x-parts": {"a": {"x-pii": 5}}})


def test_depth_is_that_of_all_references_together() -> None:
    """A chain of references is too long also if its parts are short and looked at one by one."""
    definitions = chain(1000, lambda after: {"$ref": after})
    by_tens = {f"p{level}": {"$ref": f"#/$defs/d{level}"} for level in range(990, -1, -10)}

    assert "levels deep" in problems(NAMED | {"$defs": definitions})[0][1]
    assert "levels deep" in problems(NAMED | {"properties": by_tens, "$defs": definitions})[0][1]


def test_versions() -> None:
    """Versions are in the order of their numbers and are written as they were read."""
    texts = ["1-0-0", "1-0-2", "1-0-10", "1-1-0", "2-0-0", "10-0-0"]

    assert sorted(map(Version.parse, reversed(texts))) == [Version.parse(text) for text in texts]
    assert [str(Version.parse(text)) for text in texts] == texts
    for text in ("", "1", "1-0", "01-0-0", "1-0-0-0", "a-0-0", "1-0-0\n", "\u0661-0-0"):
        with pytest.raises(ValueError, match="MODEL-REVISION-ADDITION"):
            Version.parse(text)


@pytest.mark.parametrize(
    ("name", "reference"),
    [("a b", "a%20b"), ("\u00e4", "%C3%A4"), ("a%b", "a%25b"), ("a/b~c", "a~1b~0c"), ("a^", "%61%5E"), ("a", "%61")],
)
def test_references_are_percent_encoded(name: str, reference: str) -> None:
    """A reference is a URI: encoded, it finds the names that no URI can hold as they are, in large records, too."""
    one = Contract.compile(
        NAMED | {"properties": {"a": {"$ref": f"#/$defs/{reference}"}}, "$defs": {name: {"type": "string"}}}
    )
    many = Contract.compile(
        NAMED | {"$ref": f"#/$defs/{reference}", "$defs": {name: {"items": {"type": "integer", "x-pii": True}}}}
    )

    assert [fault.pointer for fault in faults_of(one, {"a": 1})] == ["/a"]
    assert [(fault.pointer, fault.found) for fault in faults_of(many, [0] * 9000 + ["a"])] == [("/9000", None)]
    assert differences(one.document, one.document | {"$defs": {name: {"type": "integer"}}})[0].step == Step.MODEL
    assert "within itself" in problems(NAMED | {"$defs": {name: {"$ref": f"#/$defs/{reference}"}}})[0][1]


def test_patterns_are_bounded_together() -> None:
    """Many patterns of which each is small enough would take gigabytes: refused before they are compiled."""
    long: dict[str, Any] = {f"p{index}": {"pattern": rf"\p{{L}}{{1,60}}{index}"} for index in range(300)}
    plain = {f"p{index}": {"pattern": f"^[a-z0-9]{{1,64}}-{index}$"} for index in range(300)}

    by_name = {each["pattern"]: True for each in long.values()}

    assert "too much memory" in problems(NAMED | {"properties": long})[0][1]
    assert "too much memory" in problems(NAMED | {"patternProperties": by_name})[0][1]
    assert (
        "little memory"
        in problems(
            NAMED | {"patternProperties": {rf"(\p{{L}}{{1,90}}){{1,{index}}}": {} for index in range(50, 250)}}
        )[0][1]
    )
    Contract.compile(NAMED | {"properties": plain | dict(list(long.items())[:5])})
