"""Which records are about a subject, told from the subject."""

import pytest
from jsonschema import Draft202012Validator

from event_processor.contracts.streams import Template
from event_processor.contracts.subjects import schema_of, ways_to


@pytest.mark.parametrize(
    ("template", "subject", "ways"),
    [
        ("user-events", "user-events", 1),
        ("user-events", "user-utm", 0),
        ("{type}/{event|name}", "track/Order Completed", 2),
        ("{type}/{event|name}", "identify", 1),
        ("{type}/{event|name}", "page/a/b", 2),
        ("event/{event_type}", "event/dns_query", 1),
        ("event/{event_type}", "event", 0),
        ("event/{event_type}", "other/dns_query", 0),
        ("v-{a|b}-x/{c|d}", "v-1-x/2", 4),
        ("{a}/{a}", "same/same", 1),
        ("{a}/{a}", "this/that", 0),
    ],
)
def test_the_template_the_other_way_round(template: str, subject: str, ways: int) -> None:
    """Each way gives a record whose subject it is, and which the schema of all ways takes."""
    found = ways_to(Template.parse(template), subject)

    assert len(found) == ways
    for way in found:
        for record in (dict(way), {name: text for name, text in way.items() if text is not None}):
            assert Template.parse(template).fill(record) == subject
            Draft202012Validator(schema_of(found)).validate(record)


def test_other_records_are_not_among_them() -> None:
    """A record about another subject does not fit the schema, nor does one whose first alternative says otherwise."""
    validator = Draft202012Validator(schema_of(ways_to(Template.parse("{type}/{event|name}"), "page/Home")))

    assert validator.is_valid({"type": "page", "name": "Home"})
    assert not validator.is_valid({"type": "page", "event": "Login", "name": "Home"})
    assert not validator.is_valid({"type": "track", "name": "Home"})
    assert not validator.is_valid({"type": "page"})
