"""TLS and proxies: each transport trusts, and goes through, what it should."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from botocore.exceptions import EndpointConnectionError, ProxyConnectionError, SSLError
from cryptography import x509

from event_processor.aws.client_protocols import Answer
from event_processor.errors import SettingsError
from tests.certificates import LOOPBACK, self_signed
from tests.contract import backends

pytestmark = pytest.mark.usefixtures("transport")


@contextmanager
def tls(certificate: Path) -> Iterator[str]:
    """The endpoint of a service with this certificate that says {} to everything."""
    with ThreadingHTTPServer(("127.0.0.1", 0), backends.canned_handler(lambda _: b"{}")) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"https://127.0.0.1:{server.server_port}"
        server.shutdown()


def receive(endpoint: str) -> Answer:
    """A receive with the processor's own client."""
    return backends.clients(endpoint).queue(pool=1).receive_message(QueueUrl="u")


def test_certificates_are_verified(tmp_path: Path) -> None:
    """A certificate that nobody vouches for is refused."""
    with tls(self_signed(tmp_path, LOOPBACK)) as endpoint, pytest.raises(SSLError, match="CERTIFICATE_VERIFY_FAILED"):
        receive(endpoint)


@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
def test_ca_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """A certificate in one of the variables that botocore reads is trusted."""
    certificate = self_signed(tmp_path, LOOPBACK)
    monkeypatch.setenv(variable, str(certificate))
    with tls(certificate) as endpoint:
        assert receive(endpoint).get("Messages") is None


def test_names_are_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trusted certificate of another host is refused."""
    certificate = self_signed(tmp_path, [x509.DNSName("elsewhere.example")])
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    with tls(certificate) as endpoint, pytest.raises(SSLError, match="elsewhere"):
        receive(endpoint)


def test_missing_ca_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bundle that is not there is a wrong setting, and nothing is trusted instead."""
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "missing.pem"))
    with pytest.raises(SettingsError, match="AWS_CA_BUNDLE"):
        receive("https://127.0.0.1:1")


def test_ca_bundle_that_goes_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the bundle is gone by the first call that fails, and nothing is trusted instead."""
    certificate = self_signed(tmp_path, LOOPBACK)
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(certificate.read_bytes())
    monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
    with tls(certificate) as endpoint:
        queue = backends.clients(endpoint).queue(pool=1)
        bundle.unlink()
        with pytest.raises(SSLError):
            queue.receive_message(QueueUrl="u")


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[backends.Wire]:
    """A proxy that wants a password, named in the environment; it answers everything itself."""
    with backends.wire(backends.http_answer(b"{}")) as server:
        for name in ("HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://user:secret@127.0.0.1:{server.port}")
        for name in ("http_proxy", "https_proxy", "no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        yield server


def test_http_goes_through_the_proxy(proxy: backends.Wire) -> None:
    """HTTP_PROXY is asked for the whole URL, with its password."""
    receive("http://queue.invalid:81")

    [arrived] = proxy.arrived
    assert arrived.line == "POST http://queue.invalid:81/ HTTP/1.1"
    assert arrived.headers["proxy-authorization"] == "Basic dXNlcjpzZWNyZXQ="
    assert arrived.headers["host"] == "queue.invalid:81"


def test_https_goes_through_a_tunnel(proxy: backends.Wire) -> None:
    """HTTPS_PROXY is asked for a tunnel; what is refused there is an error of the proxy that hides the password."""
    proxy.reply = backends.http_answer(b"", "403 Forbidden")

    with pytest.raises(ProxyConnectionError) as caught:
        receive("https://queue.invalid")

    assert proxy.arrived[0].line.startswith("CONNECT queue.invalid:443 HTTP/1.")
    assert "secret" not in str(caught.value)


def test_no_proxy(proxy: backends.Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """What NO_PROXY names is called directly."""
    monkeypatch.setenv("NO_PROXY", "queue.invalid")

    with pytest.raises(EndpointConnectionError):
        receive("http://queue.invalid")

    assert proxy.arrived == []


def test_dead_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that is not there is said to be the reason."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)

    with pytest.raises(ProxyConnectionError):
        receive("http://queue.invalid")


def test_answers_are_wanted_as_they_are() -> None:
    """A proxy that compresses is told not to, as http.client tells it: compressed answers are not understood."""
    with backends.wire(backends.http_answer(b"{}", Connection="close")) as server:
        receive(server.endpoint)

        assert server.arrived[-1].headers["accept-encoding"] == "identity"
