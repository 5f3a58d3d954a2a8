"""Any body at all: our verdicts are those of a second validator that shares no code with ours."""

import json
import re
from collections import Counter

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from event_processor.verdict import Reason
from tests import reference
from tests.lengths import examples
from tests.property import bodies
from tests.property.hostile import HOSTILE_BODIES, SHAPES
from tests.property.verdicts import hold
from tests.reference import Published, Rejected, Verdict, Whole
from tests.unit.samples import connection, in_base64, submission

OF_CONTRACTS = {
    "aggregated",
    "no_contract",
    "not_in_enum",
    "pattern",
    "format",
    "length",
    "unplanned_field",
}
NOT_FROM_DOCUMENTS = {"not_json", "not_utf8", "too_large", "invalid"} | OF_CONTRACTS


def has_repeated_key(body: str) -> bool:
    """Whether any object of a document, however deep, has a key twice."""
    found = []

    def note(pairs: list[tuple[str, object]]) -> None:
        found.append(len(dict(pairs)) != len(pairs))

    json.loads(body, object_pairs_hook=note)
    return any(found)


@examples(200, 1200)
def test_documents(examples: int) -> None:
    """Whatever a document holds, each of its events is published or rejected just as the specification says."""
    seen: set[type[Verdict]] = set()
    reasons: set[str] = set()

    @settings(max_examples=examples)
    @given(bodies.SUBMISSIONS)
    @example(json.dumps(submission(events={"network_connection": [connection(destination_port=65536)]})))
    def every_document(body: str) -> None:
        for verdict in hold(body):
            seen.add(type(verdict))
            if not isinstance(verdict, Published):
                reasons.update(reason for reason, _ in verdict.faults or ())

    every_document()

    assert seen == {Published, Rejected, Whole}
    assert reasons == {reason.value for reason in Reason} - NOT_FROM_DOCUMENTS


@examples(150, 1500)
def test_repeated_keys(examples: int) -> None:
    """A key that appears twice spoils what it stands in, however it is spelled; in a field nobody reads, nothing."""
    places: Counter[str] = Counter()

    @settings(max_examples=examples)
    @given(bodies.repeating())
    def every_document(body: str) -> None:
        for verdict in hold(body):
            if isinstance(verdict, Published):
                places["published although one appears twice"] += has_repeated_key(body)
            else:
                places.update(
                    re.sub(r"\d+", "*", at) for reason, at in verdict.faults or () if reason == "repeated_key"
                )

    every_document()

    assert places.keys() == {"", "/events", "/events/new_process/*", "published although one appears twice"}
    assert min(places.values()) > 0


@examples(80, 800)
def test_mutated(examples: int) -> None:
    """A document damaged at the level of its text is rejected, or still says what it says."""

    @settings(max_examples=examples)
    @given(bodies.mutated())
    @example(json.dumps(submission()))
    def every_document(body: str) -> None:
        hold(body)

    every_document()


@examples(50, 500)
def test_packed(examples: int) -> None:
    """Base64, damaged base64 and base64 of anything at all come to the same verdict as by hand."""

    @settings(max_examples=examples)
    @given(bodies.PACKED)
    def every_document(body: str) -> None:
        hold(body)

    every_document()


@settings(max_examples=150)
@given(
    st.text() | st.text('{}[]":,\\ud0189.eE+- tfn', max_size=30) | st.text(st.characters(categories=["Cs", "Cc", "Zs"]))
)
@example("\ud800")
@example('{"\ud800": 1}')
@example(" null ")
def test_any_text(body: str) -> None:
    """Any text at all is a reject and never an exception."""
    hold(body)


@pytest.mark.parametrize("literal", bodies.LITERALS)
def test_numbers(literal: str) -> None:
    """Each kind of number has the same verdict in a field that is read, in one that nobody reads, and by itself."""
    sound = json.dumps(submission())

    hold(sound.replace("43696", literal))
    hold(f'{sound[:-1]}, "x": [{literal}, {{"y": {literal}, "y": 1}}]}}')
    hold(f"[{literal}]")


@pytest.mark.parametrize("body", HOSTILE_BODIES, ids=range(len(HOSTILE_BODIES)))
def test_hostile_bodies(body: str) -> None:
    """What was made to break a parser has the same verdict here as by hand, plain and in base64."""
    hold(body)
    hold(in_base64(body.encode("utf-8", "surrogatepass")))


@pytest.mark.parametrize("shape", SHAPES)
def test_hostile_shapes(shape: str) -> None:
    """A body that is much of one kind of evil has the same verdict here as by hand."""
    hold(SHAPES[shape](3000))


def test_the_reference_knows_the_sample() -> None:
    """The sample of the specification is two events to publish."""
    assert [type(verdict) for verdict in reference.judge(json.dumps(submission()))] == [Published, Published]
