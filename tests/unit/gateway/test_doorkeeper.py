"""Keys: whose a request is, what it may send, and how much."""

from base64 import b64encode
from math import inf

import pytest

from event_processor.gateway.doorkeeper import Denied, Doorkeeper, given_secret
from event_processor.gateway.keys import Key, Keys, hash_of


def key(name: str, rate: float = inf) -> Key:
    """Its secret is its name."""
    return Key(name, hash_of(name), frozenset({"events"}), rate)


def doorkeeper(*keys: Key) -> Doorkeeper:
    """Who knows these."""
    return Doorkeeper(Keys(keys))


def denied(call: object, *arguments: object) -> tuple[int, dict[str, str]]:
    """Status and headers of the refusal."""
    with pytest.raises(Denied) as told:
        call(*arguments)  # type: ignore[operator]
    return told.value.reply.status.value, told.value.reply.headers


def basic(text: str) -> dict[str, str]:
    """As curl -u sends it."""
    return {"authorization": f"Basic {b64encode(text.encode()).decode()}"}


@pytest.mark.parametrize(
    ("headers", "secret"),
    [
        ({"x-api-key": "s"}, "s"),
        ({"x-api-key": "s", "authorization": "Bearer other"}, "s"),
        ({"authorization": "bearer s"}, "s"),
        (basic("s:"), "s"),
        (basic("s:ignored"), "s"),
        (basic(":s"), None),
        ({"authorization": "Basic ?"}, None),
        ({"authorization": "Basic /w=="}, None),
        ({"authorization": "Digest s"}, None),
        ({"authorization": "Bearer "}, None),
        ({}, None),
    ],
)
def test_a_secret_is_given_in_three_ways(headers: dict[str, str], secret: str | None) -> None:
    """As API Gateway has it, as a bearer token, and as the user name, which is Segment's way; what is none is none."""
    assert given_secret(headers) == secret


def test_whoever_has_a_key_is_known_by_it() -> None:
    """Each secret belongs to its key; one that came in a body is as good as one in the headers."""
    keeper = doorkeeper(key("a"), key("b"))

    assert [keeper.key_of({"x-api-key": name}) for name in "ab"] == [key("a"), key("b")]
    assert keeper.key_of({}, "b") == key("b")


@pytest.mark.parametrize("headers", [{}, {"x-api-key": "c"}, {"x-api-key": ""}, {"x-api-key": "\udc80é"}])
def test_without_a_known_key_it_is_401(headers: dict[str, str]) -> None:
    """No key and a wrong one are told how to do it."""
    status, more = denied(doorkeeper(key("a")).key_of, headers)

    assert (status, more["www-authenticate"].split()[0]) == (401, "Basic")


def test_without_keys_everybody_may_come_in() -> None:
    """A gateway that asks nobody for a key lets all pass, whatever they bring."""
    keeper = Doorkeeper(None)

    assert keeper.key_of({"x-api-key": "s"}) is None
    keeper.admit(None, "events", 0.0)
    keeper.charge(None, 10**9, 0.0)


def test_a_key_is_for_its_streams() -> None:
    """Another stream is 403."""
    keeper = doorkeeper(key("a"))

    keeper.admit(key("a"), "events", 0.0)
    assert denied(keeper.admit, key("a"), "others", 0.0)[0] == 403


def test_more_than_the_rate_is_429_until_it_is_paid() -> None:
    """A batch counts by its records; Retry-After says when the next request passes, and then it does."""
    keeper, slow = doorkeeper(), key("a", rate=10)
    keeper.charge(slow, 40, 0.0)

    assert denied(keeper.admit, slow, "events", 0.0) == denied(keeper.charge, slow, 1, 0.0)
    status, more = denied(keeper.charge, slow, 1, 0.0)
    assert (status, more["retry-after"]) == (429, "4")
    keeper.charge(slow, 1, 4.0)
    keeper.charge(key("b", rate=10), 10, 0.0)


def test_another_rate_counts_at_once() -> None:
    """After the file was changed a key fills by its new rate, and what it owes stays owed."""
    keeper = doorkeeper()
    keeper.charge(key("a", rate=1), 11, 0.0)

    assert denied(keeper.charge, key("a", rate=1), 1, 0.0)[1]["retry-after"] == "11"
    assert denied(keeper.charge, key("a", rate=5), 1, 0.0)[1]["retry-after"] == "3"
    keeper.charge(key("a"), 10**6, 0.0)
