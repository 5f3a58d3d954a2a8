"""PyPI segment-analytics-python, as it is."""

from itertools import count
from typing import Any
from uuid import uuid4

import pytest
from segment.analytics.client import Client

from tests.eventually import eventually
from tests.segment.place import WRITE_KEY, SegmentPlace, Sent, answered_503, check
from tests.system.gateway import Gateway

pytestmark = pytest.mark.prove
SECONDS = 120


class Shop:
    """A user of the client: what it has sent, and what the client says of it."""

    def __init__(self, gateway: Gateway, **options: Any) -> None:
        self.sent: list[Sent] = []
        self.failed: list[Any] = []
        self._numbers, self._anonymous = count(1), str(uuid4())
        url = f"http://127.0.0.1:{gateway.door}"
        self._client = Client(WRITE_KEY, host=url, on_error=lambda *error: self.failed.append(error), **options)

    def send(self, rounds: int) -> None:
        """Each call of the client once a round, and an event that violates its contract."""
        user: dict[str, Any] = {"user_id": "u-1", "anonymous_id": self._anonymous}
        client = self._client
        for _ in range(rounds):
            some = {"n": next(self._numbers)}
            self._note(client.track(**user, event="Step", properties=some))
            self._note(client.page(**user, name="Home", properties=some))
            self._note(client.screen(**user, name="Main", properties=some))
            self._note(client.identify(**user, traits=some))
            self._note(client.group(**user, group_id="g-1", traits=some))
            self._note(client.alias("u-0", "u-1"))
            self._note(client.track(**user, event="Step", properties={"n": "odd"}), is_sound=False)

    def flush(self) -> None:
        """Until the client says that all is delivered."""
        self._client.flush()

    def close(self) -> None:
        """No more."""
        self._client.join()

    def _note(self, told: tuple[bool, dict[str, Any]], is_sound: bool = True) -> None:
        is_queued, event = told
        assert is_queued
        self.sent.append(Sent(event["messageId"], is_sound))


@pytest.mark.parametrize("gzip", [False, True])
@pytest.mark.usefixtures("refusing_some")
def test_what_the_client_sends_is_on_the_stream(place: SegmentPlace, gateway: Gateway, gzip: bool) -> None:
    """All its calls, in batches, compressed or not, once each and in order; it hears of no error."""
    shop = Shop(gateway, gzip=gzip, upload_size=20)
    shop.send(rounds=20)
    shop.flush()
    shop.close()

    assert not shop.failed
    check(place, gateway, shop.sent)


@pytest.mark.usefixtures("refusing")
def test_the_client_sends_again_what_is_answered_503(place: SegmentPlace, hasty: Gateway) -> None:
    """Kinesis takes nothing for a while: nothing is lost, and the client hears of no error."""
    shop, before = Shop(hasty), answered_503(hasty)
    shop.send(rounds=2)
    eventually(lambda: answered_503(hasty) > before, "an answer 503", SECONDS)
    place.aws.set_faults()
    shop.flush()
    shop.close()

    assert not shop.failed
    check(place, hasty, shop.sent, sent_again=True)
