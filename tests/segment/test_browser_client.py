"""npm @segment/analytics-next, as it is, on a page in Debian's Chromium, without a window."""

import json
import os
import threading
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.eventually import eventually
from tests.segment.npm import modules
from tests.segment.place import STREAM, WRITE_KEY, SegmentPlace, Sent, answered_503, check
from tests.system.gateway import Gateway
from tools.browser import EXECUTABLE, Chromium

pytestmark = pytest.mark.prove
FILES = {
    "/": Path(__file__).parent / "page.html",
    "/analytics-next.js": Path("@segment/analytics-next/dist/umd/index.js"),  # below the folder of npm
}
SECONDS = 120
BATCHING = {"strategy": "batching", "config": {"size": 10, "timeout": 500}}


@pytest.fixture(scope="module")
def page() -> Iterator[str]:
    """Where the page is: of another origin than the door."""
    folder = modules()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            file = FILES.get(self.path)
            self.send_response(404 if file is None else 200)
            self.send_header("Content-Type", "text/javascript" if self.path.endswith(".js") else "text/html")
            self.end_headers()
            self.wfile.write(b"" if file is None else (folder / file).read_bytes())

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def browser(certificate: Path) -> Iterator[Chromium]:
    """One that trusts the certificate of the tests, and no other that it does not know."""
    if EXECUTABLE is None:
        if os.environ.get("REQUIRE_CHROMIUM"):
            pytest.fail("chromium is not installed; on Debian: apt-get install chromium")
        pytest.skip("needs Debian's chromium")
    key = x509.load_pem_x509_certificate(certificate.read_bytes()).public_key()
    digest = sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
    with Chromium(f"--ignore-certificate-errors-spki-list={b64encode(digest).decode()}") as running:
        yield running


@pytest.fixture(scope="module")
def door_with_tls(place: SegmentPlace, certificate: Path) -> Iterator[Gateway]:
    """The same door, by HTTPS."""
    file = str(certificate)
    settings = {"GATEWAY_TLS_CERT": file, "GATEWAY_TLS_KEY": file, "GATEWAY_ORIGINS": "*", "GATEWAY_DEADLINE": "60"}
    with place.gateway(**settings) as process:
        yield process


class Shop:
    """A visitor of the page: what was sent from there, and what the client says of it."""

    def __init__(self, browser: Chromium, page: str, gateway: Gateway, scheme: str, delivery: Any = None) -> None:
        self.sent: list[Sent] = []
        self._browser = browser
        browser.open(page, 800)
        host = f"127.0.0.1:{gateway.door}/v1"
        browser.evaluate(f"start({', '.join(map(json.dumps, (WRITE_KEY, host, scheme, delivery)))})")

    def send(self, rounds: int) -> None:
        """Each call of the client once a round, and an event that violates its contract."""
        calls: list[list[Any]] = []
        for n in range(rounds):
            some = {"n": n}
            calls += [["track", "Step", some], ["page", "Home", some], ["screen", "Main", some]]
            calls += [["identify", "u-1", some], ["group", "g-1", some], ["alias", "u-1", "u-0"]]
            calls.append(["track", "Step", {"n": "odd"}])
        told = self._browser.evaluate(f"send({json.dumps(calls)})")
        assert [failure for _, failure in told if failure] == []
        self.sent += [Sent(name, place % 7 != 6) for place, (name, _) in enumerate(told)]

    def leave(self) -> None:
        """Go to another page."""
        self._browser.evaluate("setTimeout(() => location.assign('/elsewhere'))")

    @property
    def failures(self) -> list[str]:
        """Of which the client has told."""
        found: list[str] = self._browser.evaluate("failures")
        return found


def until_published(place: SegmentPlace, shop: Shop) -> None:
    """Wait until all that is sound is on the stream."""
    sound = {each.message_id for each in shop.sent if each.is_sound}

    def is_there() -> bool:
        return sound <= {event.get("messageId") for _, event in place.published()}

    eventually(is_there, f"all of {len(sound)} events on {STREAM}", SECONDS)


def until_rejected(place: SegmentPlace, shop: Shop) -> None:
    """Wait until all that is faulty is a reject."""
    faulty = {each.message_id for each in shop.sent if not each.is_sound}

    def is_there() -> bool:
        return faulty <= {json.loads(reject["original"]).get("messageId") for reject in place.rejects()}

    eventually(is_there, f"{len(faulty)} rejects", SECONDS)


@pytest.mark.usefixtures("refusing_some")
def test_a_request_for_each_event(place: SegmentPlace, gateway: Gateway, browser: Chromium, page: str) -> None:
    """As the client does by default: all calls, once each and in order; it hears of no error."""
    shop = Shop(browser, page, gateway, "http")
    shop.send(rounds=6)

    assert shop.failures == []
    check(place, gateway, shop.sent)


@pytest.mark.usefixtures("refusing_some")
def test_batches(place: SegmentPlace, door_with_tls: Gateway, browser: Chromium, page: str) -> None:
    """By HTTPS, ten at a time: all calls, once each and in order; it hears of no error."""
    shop = Shop(browser, page, door_with_tls, "https", BATCHING)
    shop.send(rounds=6)
    until_published(place, shop)
    until_rejected(place, shop)

    assert shop.failures == []
    check(place, door_with_tls, shop.sent)


def test_what_is_left_when_the_page_is_left(
    place: SegmentPlace, door_with_tls: Gateway, browser: Chromium, page: str
) -> None:
    """What a batch still waits with is sent while the page goes away, and is on the stream."""
    shop = Shop(browser, page, door_with_tls, "https", {"strategy": "batching", "config": {"timeout": 1_000_000}})
    shop.send(rounds=1)
    shop.leave()
    until_published(place, shop)
    until_rejected(place, shop)

    check(place, door_with_tls, shop.sent)


@pytest.mark.usefixtures("refusing")
@pytest.mark.parametrize("delivery", [None, BATCHING])
def test_the_client_sends_again_what_is_answered_503(
    place: SegmentPlace, hasty: Gateway, browser: Chromium, page: str, delivery: Any
) -> None:
    """Kinesis takes nothing for a while: nothing is lost, and the client hears of no error."""
    shop, before = Shop(browser, page, hasty, "http", delivery), answered_503(hasty)
    shop.send(rounds=1)
    eventually(lambda: answered_503(hasty) > before, "an answer 503", SECONDS)
    place.aws.set_faults()
    until_published(place, shop)
    until_rejected(place, shop)

    assert shop.failures == []
    check(place, hasty, shop.sent, sent_again=True)
