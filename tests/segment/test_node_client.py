"""npm @segment/analytics-node, as it is."""

import json
import os
import subprocess
import threading
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.eventually import eventually
from tests.segment.npm import modules
from tests.segment.place import WRITE_KEY, SegmentPlace, Sent, answered_503, check
from tests.system.gateway import Gateway

pytestmark = pytest.mark.prove
SCRIPT = Path(__file__).parent / "node_client.cjs"
SECONDS = 120


class Shop:
    """A user of the client: what it is to send, and what the client says of it."""

    def __init__(self, gateway: Gateway, rounds: int) -> None:
        """Each call of the client once a round, and an event that violates its contract."""
        anonymous, self._modules = str(uuid4()), str(modules())
        self.sent: list[Sent] = []
        self.answer: dict[str, Any] = {}
        made = [self._round(anonymous, number) for number in range(rounds)]
        settings = {"writeKey": WRITE_KEY, "host": f"http://127.0.0.1:{gateway.door}", "flushAt": 20}
        self._orders = json.dumps({"settings": settings, "rounds": made})

    def run(self) -> None:
        """To the end."""
        done = subprocess.run(
            ["node", SCRIPT],
            input=self._orders,
            capture_output=True,
            text=True,
            timeout=2 * SECONDS,
            env={**os.environ, "NODE_PATH": self._modules},
            check=False,
        )
        assert done.returncode == 0, done.stderr
        self.answer = json.loads(done.stdout)

    def check(self) -> None:
        """The client was told that all is well, of every event."""
        assert not self.answer["errors"]
        assert {name: error for name, error in self.answer["told"] if error} == {}
        assert {name for name, _ in self.answer["told"]} == {each.message_id for each in self.sent}

    def _round(self, anonymous: str, number: int) -> list[tuple[str, dict[str, Any]]]:
        some, odd = {"properties": {"n": number}}, {"properties": {"n": "odd"}}
        calls: list[tuple[str, dict[str, Any]]] = [
            ("track", {"event": "Step", **some}),
            ("page", {"name": "Home", **some}),
            ("track", {"event": "Step", **odd}),
            ("screen", {"name": "Main", **some}),
            ("identify", {"traits": {"n": number}}),
            ("group", {"groupId": "g-1"}),
            ("alias", {"previousId": "u-0"}),
        ]
        for name, event in calls:
            event["messageId"], event["userId"] = str(uuid4()), "u-1"
            if name != "alias":
                event["anonymousId"] = anonymous
            self.sent.append(Sent(event["messageId"], is_sound=event.get("properties") != odd["properties"]))
        return calls


@pytest.mark.usefixtures("refusing_some")
def test_what_the_client_sends_is_on_the_stream(place: SegmentPlace, gateway: Gateway) -> None:
    """All its calls, in batches, once each and in order; it hears of no error."""
    shop = Shop(gateway, rounds=20)
    shop.run()

    shop.check()
    assert set(shop.answer["statuses"]) == {200}
    check(place, gateway, shop.sent)


@pytest.mark.usefixtures("refusing")
def test_the_client_sends_again_what_is_answered_503(place: SegmentPlace, hasty: Gateway) -> None:
    """Kinesis takes nothing for a while: nothing is lost, and the client hears of no error."""
    shop, before = Shop(hasty, rounds=2), answered_503(hasty)
    client = threading.Thread(target=shop.run)
    client.start()
    eventually(lambda: answered_503(hasty) > before, "an answer 503", SECONDS)
    place.aws.set_faults()
    client.join(SECONDS)

    shop.check()
    assert set(shop.answer["statuses"]) == {200, 503}
    check(place, hasty, shop.sent, sent_again=True)
