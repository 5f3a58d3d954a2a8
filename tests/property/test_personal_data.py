"""What a contract calls personal is in nothing that is told, whatever else the contract says of it."""

import json
from random import Random
from typing import Any, Final

from event_processor.contracts.contract import Contract
from event_processor.contracts.faults import faults_of
from tests.lengths import examples
from tests.property import schemas

CANARY: Final = "ann-canary"


def seeded(value: Any) -> Any:
    """The value with the canary for each text and each second name."""
    if isinstance(value, dict):
        return {CANARY if name in {"b", "e.f"} else name: seeded(each) for name, each in value.items()}
    if isinstance(value, list):
        return list(map(seeded, value))
    return CANARY if isinstance(value, str) or value is None else value


def personal(random: Random) -> dict[str, Any]:
    """A schema of personal data, by its own annotation or by that of a schema that it refers to."""
    below = {"allOf": [schemas.schema(random)]}
    return random.choice(
        ({**below, "x-pii": True}, {**below, "$ref": "#/$defs/p"}, {"anyOf": [{"x-pii": True}, below]})
    )


@examples(80, 800)
def test_seeded_personal_data(examples: int) -> None:
    """A canary as value and as name within `x-pii` is in no fault of random contracts; many find faults there."""
    random = Random(3)
    within = 0
    for _ in range(examples):
        document = {
            "x-subject": "thing",
            "x-version": "1-0-0",
            "$defs": {"p": {"x-pii": True}},
            "properties": {"a": personal(random), "b": {"items": personal(random)}},
            "anyOf": [schemas.schema(random), {"properties": {"a": schemas.schema(random)}}],
            "allOf": [schemas.schema(random)],
        }
        value = {
            "a": seeded(schemas.value(random)),
            "b": [seeded(schemas.value(random))],
            "c-d": schemas.value(random),
        }
        told = faults_of(Contract.compile(document), value)
        assert CANARY not in repr(told), json.dumps([document, value])
        within += any(fault.pointer.startswith(("/a", "/b/0")) for fault in told)

    assert within > examples / 6
