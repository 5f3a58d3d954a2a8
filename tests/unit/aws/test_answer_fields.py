"""Fields of answers, one by one; whole answers are in tests/contract/test_any_answer.py."""

from typing import Any

import pytest

from event_processor.aws import answer_fields


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({}, "Count is missing"),
        ({"Count": None}, "Count is missing"),
        ({"Count": "many"}, "Count is not a number"),
        ({"Count": -1}, "Count is not a number"),
        ({"Count": True}, "Count is not a number"),
        ({"Count": 1.5}, "Count is not a number"),
    ],
)
def test_what_is_wrong_with_a_number(answer: Any, said: str) -> None:
    """The log says whether a number was missing or something else stood in its place."""
    with pytest.raises(answer_fields.MalformedAnswer, match=said):
        answer_fields.number(answer, "Count")


@pytest.mark.parametrize(("found", "kind"), [(1, "of type int"), ([], "of type list")])
def test_what_stood_where_text_should_be(found: Any, kind: str) -> None:
    """The log says of which type it was."""
    with pytest.raises(answer_fields.MalformedAnswer, match=f"^answer not understood: Name is {kind}, not text"):
        answer_fields.text({"Name": found}, "Name")


@pytest.mark.parametrize("found", ["YQ==!", "Y Q==", "YQ=", "č"])
def test_what_is_not_quite_base64(found: str) -> None:
    """Bytes with anything in them that base64 does not have are not read as if they were others."""
    with pytest.raises(answer_fields.MalformedAnswer, match="not base64"):
        answer_fields.blob({"Data": found}, "Data")


@pytest.mark.parametrize(
    ("answer", "found"),
    [({"Data": "YQ=="}, b"a"), ({"Data": b"YQ=="}, b"YQ=="), ({"Data": None}, None), ({}, None)],
)
def test_bytes_of_either_transport(answer: Any, found: bytes | None) -> None:
    """What botocore has decoded is not decoded twice, what the lean transport left in base64 is; null is absent."""
    assert answer_fields.blob(answer, "Data") == found
