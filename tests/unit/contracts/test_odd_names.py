"""Names of fields that JSON allows and nobody expects: faults are where they are, and what is personal stays hidden."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from event_processor.contracts.contract import Contract
from event_processor.contracts.faults import faults_of
from event_processor.json_document import escaped
from tests.unit.contracts.judging import WHOLE, contract, refused

NAMES = ("", "0", "00", "007", "+1", "-1", "18446744073709551616", "a/b", "a~b", "~1", "%25", "a\nb", " ", '"')
WORST = ('"]', '"][')  # beside an empty name these are told apart by nobody
CANARY = "ann-canary"
NAMED = {"x-subject": "thing", "x-version": "1-0-0"}
PERSONAL = {"type": "integer", "x-pii": True}


def told(value: Any, **schema: Any) -> str:
    """Everything that is said of a record."""
    return repr(refused(WHOLE, value, contract("thing", **schema)).faults)


@pytest.mark.parametrize("outer", NAMES)
def test_pointers_with_odd_names(outer: str) -> None:
    """A fault below names that are empty, numbers or full of signs has the pointer that `jsonschema` gives."""
    leaf = {"type": "integer", "maximum": 1}
    for inner in NAMES:
        schema = {"properties": {outer: {"items": {"properties": {inner: leaf, "": leaf}}}, "": {"type": "string"}}}
        value = {outer: [{}, {inner: "x", "": 5}], "": 1}
        ours = {fault.pointer for fault in faults_of(Contract.compile({**NAMED, **schema}), value)}

        assert ours == {
            "".join(f"/{escaped(step)}" for step in error.absolute_path)
            for error in Draft202012Validator(schema).iter_errors(value)
        }, inner


@pytest.mark.parametrize("name", NAMES + WORST)
def test_personal_data_below_odd_names(name: str) -> None:
    """What is `x-pii` is not shown, whatever its field is called, however deep, in a large record as well."""
    properties = {name: PERSONAL}
    for schema, value in (
        ({"properties": properties}, {name: CANARY}),
        ({"properties": {name: {"properties": properties}}}, {name: {name: CANARY}}),
        ({"properties": {"a": {"items": {"properties": properties}}}}, {"a": [{name: CANARY}]}),
        ({"properties": {name: {"items": {"properties": properties}}}}, {name: [{}] * 9000 + [{name: CANARY}]}),
        ({"properties": {name: {"x-pii": True, "items": {"maxLength": 3}}}}, {name: [CANARY]}),
    ):
        assert CANARY not in told(value, **schema)


@pytest.mark.parametrize(
    "schema",
    [
        {"enum": [CANARY, "b"]},
        {"const": CANARY},
        {"anyOf": [{"const": CANARY}, {"type": "integer"}]},
        {"oneOf": [{"enum": [CANARY]}, {"type": "integer"}]},
    ],
)
def test_personal_values_of_a_contract(schema: dict[str, Any]) -> None:
    """Values that a contract lists of personal data are as personal as those that were sent."""
    personal = {"a": {**schema, "x-pii": True}}

    assert CANARY not in told({"a": "z"}, properties=personal)
    assert CANARY not in told({"a": "z"}, anyOf=[{"properties": personal}, {"required": ["b"]}])
    assert CANARY not in told({"a": {"n": 1}}, properties={"a": {"propertyNames": schema, "x-pii": True}})
    assert CANARY in told({"a": "z"}, properties={"a": schema})


def test_names_of_personal_fields() -> None:
    """A name that no contract has may be that of a person, where all of such names hold personal data."""
    for schema in ({"patternProperties": {"^ann": PERSONAL}}, {"additionalProperties": PERSONAL}):
        assert CANARY not in told({CANARY: "x"}, **schema)
    assert "'/ann'" in told({"ann": "x"}, properties={"ann": PERSONAL})
