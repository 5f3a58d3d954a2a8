"""A stream for Segment's events, a gateway before it, and what became of what a client has sent."""

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

from event_processor.gateway.keys import hash_of
from tests.system.gateway import Gateway, Place
from tests.system.processes import Emulator

STREAM = "web"
WRITE_KEY = "wk-5qJ0pXb2vN8sR4tY7uZ1"
TYPES = ("track", "page", "screen", "identify", "group", "alias")
_NUMBERED = {"type": "object", "properties": {"n": {"type": "integer"}}}
_CONTRACT = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {"messageId": {"type": "string"}, "properties": _NUMBERED, "traits": _NUMBERED},
    "required": ["messageId", "type"],
    "x-version": "1-0-0",
}
_SUBJECTS = ("track/Step", "page/Home", "screen/Main", "identify", "group", "alias")


class Sent(NamedTuple):
    """An event that a client was given."""

    message_id: str
    is_sound: bool


class SegmentPlace(Place):
    """The order of events is kept for each anonymousId."""

    def __init__(self, folder: Path, aws: Emulator) -> None:  # another world than that of records
        self.folder, self.aws = folder, aws
        (folder / "streams.yaml").write_text(
            f"streams:\n  {STREAM}: {{contract: '{{type}}/{{event|name}}', partition_key: anonymousId, id: messageId}}"
        )
        (folder / "keys.yaml").write_text(f"shop: {{sha256: {hash_of(WRITE_KEY).hex()}, segment: {STREAM}}}\n")
        (folder / "keys.yaml").chmod(0o600)
        drafts = folder / "drafts"
        drafts.mkdir()
        for place, subject in enumerate(_SUBJECTS):
            (drafts / f"{place}.json").write_text(json.dumps(_CONTRACT | {"x-subject": subject}))
        self.settings = {
            "STREAMS_FILE": str(folder / "streams.yaml"),
            "GATEWAY_KEYS": str(folder / "keys.yaml"),
            "CONTRACTS": f"dir:{folder / 'contracts'}",
            "REJECTS": "file",
            "REJECTS_FILE": str(folder / "rejects.ndjson"),
        }
        self.run("provision", "--job", "gateway", "--shards", "2")
        self.run("contracts", "publish", str(drafts))

    def open(self, **settings: str) -> Gateway:
        """A gateway that has seen its contracts at rest: before, no reject is final, and its answer 503."""
        gateway = self.gateway(**settings)
        odd = json.dumps({"writeKey": WRITE_KEY, "event": "unknown"}).encode()
        gateway.when_started(lambda: gateway.send("/v1/track", odd, "POST")[0] == HTTPStatus.OK)
        return gateway

    def published(self) -> list[tuple[str, dict[str, Any]]]:
        """Partition keys and events, in the order of their shards."""
        return [(key, json.loads(data)) for key, data in self.on_stream(STREAM)]


def check(place: SegmentPlace, gateway: Gateway, sent: Sequence[Sent], sent_again: bool = False) -> None:
    """All that was sent is where it should be.

    Sound events are on the stream, once each and those of a key in their order, unless the client has `sent_again`
    what was answered 503; the others are rejects, and nowhere else; and the write key is nowhere.
    """
    ours = {each.message_id for each in sent}
    assert len(ours) == len(sent), "the client gave an id twice"
    order: dict[str, list[str]] = defaultdict(list)
    times: Counter[str] = Counter()
    for key, event in place.published():
        if event.get("messageId") in ours:
            times[event["messageId"]] += 1
            if times[event["messageId"]] == 1:
                order[key].append(event["messageId"])
    sound = [each.message_id for each in sent if each.is_sound]
    assert times.keys() == set(sound)
    assert sent_again or set(times.values()) == {1}
    for key, found in order.items():
        assert sent_again or found == [each for each in sound if each in set(found)], (
            f"the events of {key} are out of order"
        )
    refused = {json.loads(reject["original"]).get("messageId") for reject in place.rejects()}
    assert refused & ours == {each.message_id for each in sent if not each.is_sound}
    assert_no_write_key(place, gateway)


def assert_no_write_key(place: SegmentPlace, gateway: Gateway) -> None:
    """Neither in a record nor in a reject, the log, the metrics or the page."""
    texts = [data.decode() for _, data in place.on_stream(STREAM)]
    texts += [json.dumps(place.rejects()), gateway.errors, gateway.output, gateway.get("/metrics")[1]]
    texts.append(gateway.get("/")[1])
    assert not [text for text in texts if WRITE_KEY in text or "writeKey" in text]


def answered_503(gateway: Gateway) -> int:
    """How many requests were."""
    lines = gateway.get("/metrics")[1].splitlines()
    theirs = [line for line in lines if line.startswith("event_gateway_requests_total{") and 'status="503"' in line]
    return sum(int(float(line.split()[-1])) for line in theirs)
