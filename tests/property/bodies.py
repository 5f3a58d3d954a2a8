"""Bodies as Hypothesis draws them: mostly sound, written by hand so that keys may repeat and numbers may be any."""

import json
from collections.abc import Iterator
from random import Random
from typing import Any

from hypothesis import strategies as st

from tests.reference import Object
from tests.unit.samples import SUBMISSION_ID, TIME_CREATED, in_base64, submission


class Literal(str):
    """JSON that is written as it is."""

    __slots__ = ()


def write(value: Any, spelling: Random | None = None) -> str:
    """The JSON of a generated value, plain or with escapes and blanks wherever JSON allows them."""
    if isinstance(value, Literal):
        return str(value)
    if isinstance(value, str):
        return spell(value, spelling)
    if isinstance(value, Object):
        pairs = (f"{spell(key, spelling)}{blank(spelling)}:{write(item, spelling)}" for key, item in value.pairs)
        return "{" + blank(spelling) + ",".join(pairs) + blank(spelling) + "}"
    if isinstance(value, list):
        return "[" + ",".join(write(item, spelling) for item in value) + "]"
    return blank(spelling) + json.dumps(value) + blank(spelling)


def spell(text: str, spelling: Random | None) -> str:
    """A JSON string, its characters written as they are or as escapes: a colon may be ``\\u003a``."""
    if spelling is None or spelling.random() < 0.5:
        return json.dumps(text, ensure_ascii=spelling is None or spelling.random() < 0.5)
    units = text.encode("utf-16-be", "surrogatepass").hex()
    escaped = ["\\u" + units[at : at + 4] for at in range(0, len(units), 4)]
    if len(escaped) != len(text):  # pairs: all of them, so that no half stands alone
        return '"' + "".join(escaped) + '"'
    shown = (
        json.dumps(each)[1:-1] if spelling.random() < 0.5 else unit for each, unit in zip(text, escaped, strict=True)
    )
    return '"' + "".join(shown) + '"'


def blank(spelling: Random | None) -> str:
    """White space that means nothing."""
    return spelling.choice(["", "", "", " ", "\n", "\t\r\n "]) if spelling else ""


SPELLINGS = st.none() | st.integers(0, 99_999).map(Random)
LITERALS = [
    *("NaN", "Infinity", "-Infinity", "01", "1.", ".5", "+1", "-", "0x1", "tru"),
    *("80.0", "8e1", "-0", "-0.0", "1e-400", "1e308", "1e400", "-1E+400", "1e401", "1e4299", "1e999999999"),
    *(
        "1e99999999999999999999",
        "0e99999999999999999999",
        "1e-99999999999999999999",
        str(2**63),
        str(2**64),
        "9" * 4300,
        "9" * 4301,
        "0." + "9" * 400,
    ),
]
NUMBERS = st.one_of(
    st.integers(-2, 70_000),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(LITERALS).map(Literal),
)
# What a reader that counts colons, quotes or braces instead of reading would stumble over.
TRICKY = st.sampled_from(
    [
        *(":", "::", "a:b", '":"', '":', ':"', '{"a":1,"a":2}', '","cmdl":"', "\\", "\\\\", '\\"', '\\":', "\\u003a"),
        *(
            "{",
            "}",
            "[",
            "]",
            ",",
            "'",
            "/",
            "#",
            "\x00",
            "\x1f",
            "\x7f",
            "\u2028",
            "\ufeff",
            "\ufffd",
            "é",
            "e\u0301",
            "😀",
        ),
    ]
) | st.text(':\\"{},a\n', max_size=6)
STRINGS = st.text() | TRICKY
SCALARS = st.one_of(
    st.none(), st.booleans(), NUMBERS, STRINGS, st.sampled_from(["\ud800", "\udc00\ud800", "", "80", "1.2.3.4"])
)
KEYS = st.sampled_from(["a", "b", "a:", "", "cmdl", "events", "é", "e\u0301"]) | STRINGS
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.lists(st.tuples(KEYS, inner), max_size=3).map(Object),
    max_leaves=6,
)
SAYABLE = SCALARS.filter(
    lambda each: not isinstance(each, Literal) and (not isinstance(each, str) or each.isprintable())
)
NESTED = st.recursive(
    SAYABLE | TRICKY,
    lambda inner: st.lists(inner, max_size=3) | st.lists(st.tuples(KEYS, inner), min_size=1, max_size=3).map(Object),
    max_leaves=8,
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
    extra = st.tuples(KEYS | st.sampled_from([*fields, "extra"]), ANYTHING)
    pairs = st.tuples(*(st.tuples(st.just(name), value) for name, value in fields.items())).map(list)
    pairs = st.tuples(pairs, mostly(st.just([]), st.lists(extra, max_size=2))).map(lambda both: both[0] + both[1])
    less = st.tuples(pairs, st.integers(0, 9)).map(lambda both: [p for n, p in enumerate(both[0]) if n != both[1]])
    return mostly(pairs, less).flatmap(st.permutations).map(lambda each: Object(list(each)))


TEXTS = STRINGS.filter(bool)
PROCESSES = an_object(cmdl=mostly(TEXTS), user=mostly(TEXTS))
CONNECTIONS = an_object(
    source_ip=mostly(st.ip_addresses(v=4).map(str), ANYTHING | ADDRESSES),
    destination_ip=mostly(st.ip_addresses(v=4).map(str), ANYTHING | ADDRESSES),
    destination_port=mostly(st.integers(0, 65535), ANYTHING | NUMBERS | st.sampled_from([-1, 65536])),
)
EVENTS = an_object(
    new_process=mostly(st.lists(mostly(PROCESSES), max_size=4)),
    network_connection=mostly(st.lists(mostly(CONNECTIONS), max_size=4)),
)
SUBMISSION_OBJECTS = an_object(
    submission_id=mostly(IDS, ODD_IDS | ANYTHING),
    device_id=mostly(IDS, ODD_IDS | ANYTHING),
    time_created=mostly(TIMES, ODD_TIMES | ANYTHING),
    events=mostly(EVENTS),
)
SUBMISSIONS = st.builds(write, SUBMISSION_OBJECTS, SPELLINGS)


def _objects(value: Any) -> Iterator[Object]:
    if isinstance(value, Object):
        yield value
    for item in [item for _, item in value.pairs] if isinstance(value, Object) else value:
        if isinstance(item, (Object, list)):
            yield from _objects(item)


@st.composite
def repeating(draw: st.DrawFn) -> str:
    """A sound submission with a tricky field that nobody reads, and up to two keys that stand twice, anywhere."""
    processes = [Object([("cmdl", draw(TEXTS)), ("user", draw(TEXTS))]) for _ in range(draw(st.integers(1, 2)))]
    events = Object([("new_process", processes), ("network_connection", [])])
    ids = [("submission_id", draw(IDS)), ("device_id", draw(IDS)), ("time_created", draw(TIMES))]
    document = Object([*ids, ("events", events)])
    draw(st.sampled_from([document, *processes])).pairs.append((draw(KEYS), draw(NESTED)))
    filled = [each for each in _objects(document) if each.pairs]
    for _ in range(draw(st.integers(0, 2))):
        pairs = draw(st.sampled_from(filled)).pairs
        key, value = draw(st.sampled_from(pairs))
        pairs.insert(draw(st.integers(0, len(pairs))), (key, draw(st.just(value) | ANYTHING)))
    return write(document, draw(SPELLINGS))


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


def packed(text: str) -> str:
    """As the sensors send it; what has no UTF-8 is packed all the same."""
    return in_base64(text.encode("utf-8", "surrogatepass"))


PACKED = st.one_of(
    SUBMISSIONS.map(packed),
    st.tuples(SUBMISSIONS.map(packed), st.integers(1, 9)).map(lambda both: both[0][: -both[1]]),
    st.binary(max_size=40).map(in_base64),
    st.text("ABCdef019+/=-_ \n", max_size=24),
)
