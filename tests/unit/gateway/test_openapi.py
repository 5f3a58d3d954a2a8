"""The description of the door: sound OpenAPI 3.1, and no other verdicts than those of the contracts."""

import ast
import json
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from event_processor.contracts.compiling import DRAFTS
from event_processor.contracts.contract import Contract
from event_processor.contracts.contract_set import ContractSet
from event_processor.contracts.faults import faults_of
from event_processor.contracts.streams import Stream, Template
from event_processor.errors import InvalidContract
from event_processor.gateway.openapi import Described, description, listing
from event_processor.gateway.openapi_schemas import schema_of_contract
from tests.lengths import examples
from tests.property import schemas

STREAMS = [
    Described(Stream("user-events", Template.parse("user-events"), id="request_id"), 1_048_576),
    Described(Stream("segment", Template.parse("{type}/{event|name}"), id="messageId"), 1_048_576),
    Described(Stream("events", Template.parse("event/{event_type}"), at="/event_data"), 1_048_576),
    Described(Stream("nothing", Template.parse("nothing")), 1_048_576),
]
ORDER = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "x-owner": "checkout team",
    "x-channel": "#checkout",
    "type": "object",
    "required": ["total"],
    "properties": {"total": {"$ref": "#/definitions/money"}},
    "definitions": {"money": {"type": "number", "exclusiveMinimum": 0}},
}


def contract(subject: str, **more: Any) -> Contract:
    """One that wants a total over 0."""
    return Contract.compile({**ORDER, "x-subject": subject, "x-version": "1-0-0", **more})


def contracts(*subjects: str) -> ContractSet:
    """Such a contract for each."""
    return ContractSet(7, datetime.now(UTC), {subject: contract(subject) for subject in subjects})


ALL = contracts("user-events", "track/Order Completed", "track_Order_Completed", "identify", "event/login", "Stored")


def body(document: dict[str, Any], path: str) -> Draft202012Validator:
    """What a request to a path must have."""
    schema = document["paths"][path]["put"]["requestBody"]["content"]["application/json"]["schema"]
    return Draft202012Validator({**schema, "components": document["components"]})


@pytest.mark.parametrize("with_keys", [False, True])
def test_it_is_sound_openapi(with_keys: bool) -> None:
    """It meets the schema of OpenAPI 3.1, each schema in it that of JSON Schema, and each reference leads somewhere."""
    document = json.loads(json.dumps(description(STREAMS, ALL, with_keys=with_keys)))
    spec = find_spec("schemathesis")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    file = Path(spec.submodule_search_locations[0]) / "specs/openapi/definitions.py"  # to import it takes two seconds
    [schema] = [
        ast.literal_eval(node.value)
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "OPENAPI_31"
    ]
    Draft202012Validator(schema).validate(document)
    for each in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(each)
    for reference in _references(document):
        found: Any = document
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]


def _references(value: Any) -> list[str]:
    if isinstance(value, list):
        return [found for each in value for found in _references(each)]
    if not isinstance(value, dict):
        return []
    here = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
    return here + [found for each in value.values() for found in _references(each)]


@pytest.mark.parametrize(
    ("stream", "record", "is_good"),
    [
        ("user-events", {"total": 1}, True),
        ("user-events", {"total": 0}, False),
        ("user-events", [], False),
        ("segment", {"type": "track", "event": "Order Completed", "total": 1}, True),
        ("segment", {"type": "track", "name": "Order Completed", "total": 1}, True),
        ("segment", {"type": "identify", "total": 1}, True),
        ("segment", {"type": "track", "event": "Order Cancelled", "total": 1}, False),
        ("segment", {"type": "track", "event": "Order Completed", "total": "1"}, False),
        ("events", {"event_type": "login", "event_data": {"total": 1}}, True),
        ("events", {"event_type": "login", "total": 1}, False),
        ("nothing", {}, False),
    ],
)
def test_a_request_is_described_as_it_is_judged(stream: str, record: Any, is_good: bool) -> None:
    """By subject, by the part that the contract is about, and by the contract; singly and in a batch."""
    document = description(STREAMS, ALL)
    one, many = (body(document, f"/streams/{stream}/{kind}") for kind in ("record", "records"))

    assert one.is_valid({"Data": record, "PartitionKey": None}) == is_good
    assert many.is_valid({"records": [{"data": record, "partition-key": "k"}]}) == is_good
    assert not one.is_valid({"Data": record, "PartitionKey": ""})
    assert not one.is_valid({"Data": record, "more": 1})


def test_keys_are_needed_for_records_only() -> None:
    """With keys each operation that takes records says how to send one; the description itself is for everybody."""
    document = description(STREAMS, ALL, with_keys=True)
    needed = {
        path: [set().union(*each["security"]) for each in operations.values() if "security" in each]
        for path, operations in document["paths"].items()
    }

    segment = [needed.pop(path) for path in list(needed) if path.startswith("/v1/")]
    assert segment == [[{"basic"}]] * 7
    assert needed.pop("/streams") == needed.pop("/openapi.json") == []
    assert all(found == [set(document["components"]["securitySchemes"])] * 2 for found in needed.values())
    assert "security" not in json.dumps(description(STREAMS, ALL)["paths"])


def test_whom_we_tell_is_not_told() -> None:
    """Owner and channel of a contract are nobody else's concern; its subject and version are shown."""
    text = json.dumps(description(STREAMS, ALL))

    assert "checkout" not in text
    assert '"x-subject": "track/Order Completed"' in text


@examples(120, 1200)
def test_contracts_read_alike_whatever_their_draft(examples: int) -> None:
    """Of random schemas in all drafts, random values get the same verdict by the contract and by its description."""
    random = Random(5)
    good = 0
    for _ in range(examples):
        draft, each = random.choice(DRAFTS), {"$ref": "#/definitions/d"}
        document = {
            "$schema": draft,
            "x-subject": "a",
            "x-version": "1-0-0",
            "definitions": {"d": schemas.schema(random)},
            "properties": {"a": each, "b": {"items" if draft != DRAFTS[-1] else "prefixItems": [each]}},
            "allOf": [schemas.schema(random)],
        }
        try:
            made, value = Contract.compile(document), schemas.value(random)
        except InvalidContract:  # of draft 4, in which some keywords have values of another kind
            continue
        described = schema_of_contract(made)
        verdict = Draft202012Validator(described, format_checker=Draft202012Validator.FORMAT_CHECKER).is_valid(value)
        assert verdict == (not faults_of(made, value)), f"{document} of {value}: {described}"
        good += verdict

    assert 1 / 8 < good / examples < 7 / 8


def test_formats_that_are_not_checked_are_not_described() -> None:
    """Draft 7 has no `uuid`, so a record with any text there is taken, and the description must not forbid it."""
    old, new = (
        schema_of_contract(contract("a", properties={"total": {"format": "uuid"}}, **{"$schema": draft}))
        for draft in (DRAFTS[2], DRAFTS[4])
    )

    assert "format" not in old["properties"]["total"]
    assert new["properties"]["total"]["format"] == "uuid"


def test_streams_are_listed_with_what_they_take() -> None:
    """Each with its limits, and the subjects that its records may have."""
    found = listing(STREAMS, ALL, 10.0)
    streams = {each["name"]: each for each in found["streams"]}

    assert found["contracts_epoch"] == 7
    assert {each["subject"] for each in streams["segment"]["subjects"]} == {
        "track/Order Completed",
        "track_Order_Completed",
        "identify",
        "Stored",
    }
    assert streams["events"]["subjects"] == [{"subject": "event/login", "version": "1-0-0"}]
    assert streams["user-events"]["record_bytes"] == 1_048_576
    schema = {**description(STREAMS, ALL)["components"]["schemas"]["Streams"]}
    Draft202012Validator(schema).validate(found)
