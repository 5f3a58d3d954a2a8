"""Any body at all: our verdicts are those of a second validator that shares no code with ours."""

import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from event_processor.model.event_record import Record
from event_processor.model.reject import Reason, Reject
from tests.property import reference
from tests.property.reference import Object, Published, Rejected, Verdict, Whole
from tests.unit.samples import SUBMISSION_ID, TIME_CREATED, in_base64, submission
from tests.unit.samples import judge as our_judge

# -- documents, mostly sound, written as JSON by hand so that keys may repeat and numbers may be any ------------------


class Literal(str):
    """JSON that is written as it is."""

    __slots__ = ()


def write(value: Any) -> str:
    """The JSON of a generated value."""
    if isinstance(value, Literal):
        return str(value)
    if isinstance(value, Object):
        return "{" + ",".join(f"{json.dumps(key)}:{write(item)}" for key, item in value.pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(write, value)) + "]"
    return json.dumps(value)


NUMBERS = st.one_of(
    st.integers(-2, 70_000),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        [
            "NaN",
            "-Infinity",
            "1e400",
            "-1E+400",
            "1e999999999",
            "80.0",
            "8e1",
            "-0",
            "-0.0",
            "01",
            "1e99999999999999999999",
        ]
    ).map(Literal),
)
SCALARS = st.one_of(
    st.none(), st.booleans(), NUMBERS, st.text(), st.sampled_from(["\ud800", "\x00", "", "80", "1.2.3.4"])
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.lists(st.tuples(st.text(), inner), max_size=3).map(Object),
    max_leaves=6,
)
IDS = st.uuids().map(str) | st.uuids().map(lambda each: str(each).upper())
TIMES = st.datetimes().map(lambda each: each.isoformat()) | st.sampled_from([TIME_CREATED, TIME_CREATED + "Z"])
ODD_IDS = st.sampled_from(
    [SUBMISSION_ID[:-1], SUBMISSION_ID + "\n", f"{{{SUBMISSION_ID}}}", SUBMISSION_ID.replace("-", "")]
)
ODD_TIMES = st.sampled_from(["2021-03-28", "20210328T1544", "2021-02-29T00:00:00", "2021-W13-7T10:00", "24:00"])
ADDRESSES = st.ip_addresses().map(str) | st.sampled_from(
    ["1.2.3.04", "1.2.3", "256.1.1.1", "1.2.3.4\n", "\uff11.2.3.4"]
)


def mostly(sound: st.SearchStrategy[Any], odd: st.SearchStrategy[Any] = ANYTHING) -> st.SearchStrategy[Any]:
    """A sound value, and now and then another."""
    return st.integers(0, 15).flatmap(lambda chance: odd if chance == 0 else sound)


def an_object(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Object]:
    """An object of these fields in any order, now and then one less, one more, or one twice."""
    extra = st.tuples(st.text() | st.sampled_from([*fields, "extra"]), ANYTHING)
    pairs = st.tuples(*(st.tuples(st.just(name), value) for name, value in fields.items())).map(list)
    pairs = st.tuples(pairs, mostly(st.just([]), st.lists(extra, max_size=2))).map(lambda both: both[0] + both[1])
    less = st.tuples(pairs, st.integers(0, 9)).map(lambda both: [p for n, p in enumerate(both[0]) if n != both[1]])
    return mostly(pairs, less).flatmap(st.permutations).map(lambda each: Object(list(each)))


PROCESSES = an_object(cmdl=mostly(st.text(min_size=1)), user=mostly(st.text(min_size=1)))
CONNECTIONS = an_object(
    source_ip=mostly(st.ip_addresses(v=4).map(str), ANYTHING | ADDRESSES),
    destination_ip=mostly(st.ip_addresses(v=4).map(str), ANYTHING | ADDRESSES),
    destination_port=mostly(st.integers(0, 65535), ANYTHING | NUMBERS | st.sampled_from([-1, 65536])),
)
EVENTS = an_object(
    new_process=mostly(st.lists(mostly(PROCESSES), max_size=4)),
    network_connection=mostly(st.lists(mostly(CONNECTIONS), max_size=4)),
)
SUBMISSIONS = an_object(
    submission_id=mostly(IDS, ODD_IDS | ANYTHING),
    device_id=mostly(IDS, ODD_IDS | ANYTHING),
    time_created=mostly(TIMES, ODD_TIMES | ANYTHING),
    events=mostly(EVENTS),
).map(write)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A submission's JSON with a few pieces cut out, put in or replaced."""
    text = draw(SUBMISSIONS | st.just(json.dumps(submission())))
    pieces = st.sampled_from(['"', ",", "{", "}", "[", "]", ":", "\\", "\\ud800", "null", "1e5", "\x00", "é", " ", "-"])
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 8)))
        text = text[:start] + draw(pieces | st.text(max_size=3) | st.just(text[start:end] * 2)) + text[end:]
    return text


PACKED = st.one_of(
    SUBMISSIONS.map(in_base64),
    st.tuples(SUBMISSIONS.map(in_base64), st.integers(1, 9)).map(lambda both: both[0][: -both[1]]),
    st.binary(max_size=40).map(in_base64),
    st.text("ABCdef019+/=-_ \n", max_size=24),
)


NOT_FROM_DOCUMENTS = {"not_json", "not_utf8", "too_large", "invalid"}

# -- our verdicts, in the words of the reference ----------------------------------------------------------------------


def ours(body: str) -> list[Verdict]:
    """What becomes of a body here."""
    return [_published(verdict) if isinstance(verdict, Record) else _rejected(verdict) for verdict in our_judge(body)]


def _published(record: Record) -> Published:
    document = json.loads(record.data)
    assert record.sequence == document["sequence"]
    return Published(document["event_id"], document["event_type"], document["sequence"], document["event_data"])


def _rejected(reject: Reject) -> Rejected | Whole:
    found = {(fault.reason.value, fault.pointer) for fault in reject.faults}
    assert found
    assert _utf16(json.loads(reject.to_json())["original"]) == _utf16(reject.original)
    if reject.sequence is not None:
        json.loads(reject.original)
        return Rejected(reject.sequence, found)
    return Whole(None if {reason for reason, _ in found} & {"not_json", "not_utf8"} else found)


def _utf16(text: str) -> bytes:
    return text.encode("utf-16", "surrogatepass")  # where two halves of a pair are the same as the pair


def test_documents() -> None:
    """Whatever a document holds, each of its events is published or rejected just as the specification says."""
    seen: set[type[Verdict]] = set()
    reasons: set[str] = set()

    @settings(max_examples=400)
    @given(SUBMISSIONS)
    def every_document(body: str) -> None:
        expected = reference.judge(body)
        assert ours(body) == expected
        for verdict in expected:
            seen.add(type(verdict))
            if not isinstance(verdict, Published):
                reasons.update(reason for reason, _ in verdict.faults or ())

    every_document()

    assert seen == {Published, Rejected, Whole}
    assert reasons == {reason.value for reason in Reason} - NOT_FROM_DOCUMENTS


@settings(max_examples=250)
@given(mutated())
@example(json.dumps(submission()))
def test_mutated(body: str) -> None:
    """A document damaged at the level of its text is rejected, or still says what it says."""
    assert ours(body) == reference.judge(body)


@settings(max_examples=150)
@given(PACKED)
def test_packed(body: str) -> None:
    """Base64, damaged base64 and base64 of anything at all come to the same verdict as by hand."""
    assert ours(body) == reference.judge(body)


@settings(max_examples=150)
@given(
    st.text() | st.text('{}[]":,\\ud0189.eE+- tfn', max_size=30) | st.text(st.characters(categories=["Cs", "Cc", "Zs"]))
)
@example("\ud800")
@example('{"\ud800": 1}')
@example(" null ")
def test_any_text(body: str) -> None:
    """Any text at all is a reject and never an exception."""
    assert ours(body) == reference.judge(body)


def test_the_reference_knows_the_sample() -> None:
    """The sample of the specification is two events to publish."""
    assert [type(verdict) for verdict in reference.judge(json.dumps(submission()))] == [Published, Published]
