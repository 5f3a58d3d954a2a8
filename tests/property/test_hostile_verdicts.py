"""Hostile contracts and hostile records: a verdict costs milliseconds, whatever is in it."""

import json
from collections.abc import Callable
from time import process_time
from typing import Any, Final

import pytest

from event_processor.contracts.judge import Judge
from tests.unit.contracts.judging import WHOLE, contract, contract_set

MIB: Final = 1024 * 1024
MOST_SECONDS: Final = 1.0  # benchmarks/verdicts measures it; here a slow and busy machine must keep it


def object_of(count: int) -> bytes:
    """A record whose field `a` is an object of so many properties."""
    return json.dumps({"a": {f"k{index}": index for index in range(count)}}).encode()


def nested(depth: int, opening: bytes, closing: bytes) -> bytes:
    """A record whose field `a` is so deep."""
    return b'{"a":' + opening * depth + b"1" + closing * depth + b"}"


def chained(depth: int) -> dict[str, Any]:
    """A schema that says something of each of so many levels."""
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(depth):
        schema = {"properties": {"a": schema}, "required": ["b"]}
    return schema


NUMBERS: Final = b'{"a":[' + b"1," * (MIB // 2 - 10) + b"1]}"
DISTINCT: Final = b'{"a":[' + b",".join(b"%d" % index for index in range(140_000)) + b"]}"
TEXT: Final = b'{"a":"' + b"x" * (MIB - 20) + b'"}'

HOSTILE: Final[dict[str, tuple[dict[str, Any], Callable[[], bytes]]]] = {
    "half a million faults": ({"items": {"type": "string"}}, lambda: NUMBERS),
    "each with alternatives": ({"items": {"anyOf": [{"type": "string"}, {"type": "null"}]}}, lambda: NUMBERS),
    "alternatives around all": ({"oneOf": [{"items": {"type": kind}} for kind in ("string", "null")]}, lambda: NUMBERS),
    "no item twice": ({"uniqueItems": True}, lambda: NUMBERS),
    "no item twice, all different": ({"uniqueItems": True, "type": "string"}, lambda: DISTINCT),
    "names of fields": ({"propertyNames": {"maxLength": 0}}, lambda: object_of(60_000)),
    "names of a few fields": ({"propertyNames": {"maxLength": 0}}, lambda: object_of(600)),
    "unplanned fields": ({"properties": {"b": {}}, "additionalProperties": False}, lambda: object_of(60_000)),
    "faulty fields": ({"additionalProperties": {"type": "string"}}, lambda: object_of(60_000)),
    "missing fields": ({"required": [f"x{index}" for index in range(2000)]}, lambda: object_of(60_000)),
    "a pattern that backtracks": ({"pattern": "^(x+x+)+y$"}, lambda: TEXT),
    "a pattern of many steps": ({"pattern": "(x?){500}y"}, lambda: TEXT),
    "a long text that is not an address": ({"format": "email"}, lambda: TEXT),
    "a long text in bytes": ({"x-max-bytes": MIB // 2}, lambda: TEXT),
    "200 deep": (chained(80), lambda: nested(199, b'{"a":', b"}")),
    "200 lists": ({"type": "string"}, lambda: nested(199, b"[", b"]")),
    "too deep": ({}, lambda: nested(170_000, b'{"a":', b"}")),
    "a key twice": ({}, lambda: b'{"a":{' + b'"b":1,' * 170_000 + b'"b":1}}'),
    "numbers that no float holds": ({}, lambda: b'{"a":[' + b"1e399," * 150_000 + b"1e399]}"),
    "escapes": ({"type": "integer"}, lambda: b'{"a":"' + b"\\u003a" * 170_000 + b'"}'),
}


def verdict_seconds(name: str) -> float:
    """CPU time of the verdict."""
    schema, record = HOSTILE[name]
    contracts = contract_set(contract("thing", properties={"a": schema}))
    data = record()
    judge = Judge(WHOLE)
    judge.judge(b'{"a":{}}', contracts)  # what is made once is not what a record costs
    start = process_time()
    judge.judge(data, contracts)
    return process_time() - start


@pytest.mark.parametrize("name", HOSTILE)
def test_a_verdict_is_bounded(name: str) -> None:
    """A record of a mebibyte, or nested to the limit, gets its verdict at once, also by a contract made to be slow."""
    assert verdict_seconds(name) < MOST_SECONDS
