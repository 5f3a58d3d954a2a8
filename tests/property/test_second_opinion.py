"""Our faults of random values by random schemas are where `jsonschema`, which shares no code with ours, finds them."""

from random import Random

from jsonschema import Draft202012Validator

from event_processor.contracts.contract import Contract
from event_processor.contracts.faults import faults_of
from event_processor.json_document import escaped
from tests.lengths import examples
from tests.property import schemas

NAMED = {"x-subject": "thing", "x-version": "1-0-0"}
CHECKER = Draft202012Validator.FORMAT_CHECKER


def agree_on(pairs: int, seed: int) -> int:
    """How many of so many pairs are faulty; all are judged alike."""
    random = Random(seed)
    faulty = 0
    for _ in range(pairs):
        schema, value = {**NAMED, "allOf": [schemas.schema(random)]}, schemas.value(random)
        ours = {fault.pointer for fault in faults_of(Contract.compile(schema), value)}
        theirs = {
            "".join(f"/{escaped(step)}" for step in error.absolute_path)
            for error in Draft202012Validator(schema, format_checker=CHECKER).iter_errors(value)
        }
        assert ours == theirs, f"{schema} of {value!r}"
        faulty += bool(ours)
    return faulty


@examples(150, 10_000)
def test_a_second_opinion(examples: int) -> None:
    """Random pairs of schema and value have the same set of pointers by both."""
    assert 0.2 < agree_on(examples, seed=1) / examples < 0.9
