"""Segment's tracking API as a process serves it, by requests as its clients send them."""

import gzip
import json
from base64 import b64encode
from itertools import count

import pytest

from tests.eventually import eventually
from tests.segment.place import STREAM, TYPES, WRITE_KEY, SegmentPlace, Sent, check
from tests.system.gateway import Gateway

pytestmark = pytest.mark.prove
BASIC = {"Authorization": "Basic " + b64encode(f"{WRITE_KEY}:".encode()).decode()}
NAMES = {"track": {"event": "Step"}, "page": {"name": "Home"}, "screen": {"name": "Main"}}
DONE = (200, {"success": True})
numbers = count(1)


def event(event_type: str, n: object = 1, **more: object) -> dict[str, object]:
    """One of the subjects of the place."""
    name = NAMES.get(event_type, {})
    return {"messageId": f"m-{next(numbers)}", "anonymousId": "anna", **name, "properties": {"n": n}, **more}


@pytest.mark.parametrize("prefix", ["/v1/{}", "/v1/{}/", "/v1/{:.1}", "/{:.1}"])
def test_a_call_of_its_own(place: SegmentPlace, gateway: Gateway, prefix: str) -> None:
    """By its name or the first letter of it: the path says the type, the write key is in the body or the header."""
    sent = []
    for place_of_key, event_type in enumerate(TYPES):
        body = event(event_type)
        sent.append(Sent(str(body["messageId"]), is_sound=True))
        in_header = place_of_key % 2
        headers = {"Content-Type": "text/plain", **(BASIC if in_header else {})}
        text = json.dumps(body if in_header else {"writeKey": WRITE_KEY, **body}).encode()
        assert gateway.send(prefix.format(event_type), text, "POST", **headers) == DONE
    check(place, gateway, sent)


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/b", "/b", "/v1/import", "/v1/import/"])
def test_a_batch_is_never_dropped_for_one_event(place: SegmentPlace, gateway: Gateway, path: str) -> None:
    """The sound ones are on the stream, the faulty ones are rejects, and the answer is 200; compressed or not."""
    made = [event("track", n, type="track", writeKey=WRITE_KEY) for n in (1, "two", 3)]
    made.append(event("track", type="track", event="unknown"))
    body = json.dumps({"batch": made, "sentAt": "2026-01-01T00:00:00Z", "writeKey": WRITE_KEY}).encode()

    assert gateway.send(path, gzip.compress(body), "POST", **{"Content-Encoding": "gzip"}) == DONE
    check(place, gateway, [Sent(str(each["messageId"]), n in {0, 2}) for n, each in enumerate(made)])
    assert place.published()[-1][1]["sentAt"] == "2026-01-01T00:00:00Z"


def test_not_a_number_costs_one_event(place: SegmentPlace, gateway: Gateway) -> None:
    """Python's client sends NaN as it is, which is not JSON: those around it are published all the same."""
    made = [event("track", n, type="track") for n in (1, float("nan"), 3)]

    assert gateway.send("/v1/batch", json.dumps({"batch": made}).encode(), "POST", **BASIC) == DONE
    check(place, gateway, [Sent(str(each["messageId"]), n != 1) for n, each in enumerate(made)])


def test_only_a_write_key_lets_in(place: SegmentPlace, gateway: Gateway) -> None:
    """401 for none, for one that nobody knows, in the header or in the body; nothing of it is kept."""
    before = len(place.on_stream(STREAM)), len(place.rejects())
    body = json.dumps({"batch": [event("track", type="track", writeKey="unknown-key")], "writeKey": "unknown-key"})

    assert gateway.send("/v1/batch", body.encode(), "POST")[0] == 401
    assert gateway.send("/v1/t", json.dumps(event("track")).encode(), "POST")[0] == 401
    assert gateway.send("/v1/batch", b"never read", "POST", Authorization="Basic dW5rbm93bi1rZXk6")[0] == 401
    assert (len(place.on_stream(STREAM)), len(place.rejects())) == before
    assert "unknown-key" not in gateway.errors


def test_what_is_no_call(gateway: Gateway) -> None:
    """400 for what holds no event, 413 for a bomb; an empty batch is fine."""
    send = gateway.send
    assert send("/v1/batch", b"{}", "POST", **BASIC)[0] == 400
    assert send("/v1/track", b'{"a":', "POST", **BASIC)[0] == 400
    assert send("/v1/batch", b'{"batch":[]}', "POST", **BASIC) == DONE
    bomb = gzip.compress(b'{"batch":[' + b" " * 50_000_000)
    assert send("/v1/batch", bomb, "POST", **BASIC, **{"Content-Encoding": "gzip"})[0] == 413
    assert send("/v1/batch", b"{}", "POST", **BASIC, **{"Content-Encoding": "br"})[0] == 415
    assert send("/v1/track", b"", "GET")[0] == 405


@pytest.mark.usefixtures("refusing")
def test_what_is_not_acknowledged_is_503(place: SegmentPlace, hasty: Gateway) -> None:
    """The clients send all of it again, and it is on the stream then, the faulty one among its rejects."""
    made = [event("track", n, type="track") for n in (1, "two", 3)]
    body = json.dumps({"batch": made}).encode()

    assert hasty.send("/v1/batch", body, "POST", **BASIC)[0] == 503
    place.aws.set_faults()
    eventually(lambda: hasty.send("/v1/batch", body, "POST", **BASIC) == DONE)
    check(place, hasty, [Sent(str(each["messageId"]), n != 1) for n, each in enumerate(made)], sent_again=True)
