"""The HTTP door with keys, TLS, and pages of other origins, as a process."""

import json
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from event_processor.gateway.keys import hash_of
from tests.certificates import LOOPBACK, self_signed
from tests.eventually import eventually
from tests.system.gateway import OTHER_STREAM, STREAM, Gateway, Place
from tests.system.processes import command, shared_emulator

RECORD = f"/streams/{STREAM}/record"
SOUND = b'{"Data": {"request_id": "1"}}'
PAGE = "https://shop.example"
PROXY, FAR = {"X-Forwarded-For": "192.0.2.7, 203.0.113.9"}, "203.0.113.9"


def written(**keys: str) -> str:
    """A file of these keys; each secret is the name."""
    return "".join(f"{name}: {{sha256: {hash_of(name).hex()}, {what}}}\n" for name, what in keys.items())


KEYS = {"shop": f"streams: [{STREAM}]", "slow": "streams: all, rate: 2"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Streams, their contracts, and a file of keys."""
    folder = tmp_path_factory.mktemp("gateway")
    with shared_emulator(folder) as aws:
        place = Place(folder, aws)
        (folder / "keys.yaml").write_text(written(**KEYS))
        place.settings["GATEWAY_KEYS"] = str(folder / "keys.yaml")
        yield place


@pytest.fixture(scope="module")
def gateway(place: Place) -> Iterator[Gateway]:
    """One that asks for keys, on all addresses, and believes a proxy on this machine."""
    settings = {"GATEWAY_HOST": "0.0.0.0", "GATEWAY_ORIGINS": PAGE, "GATEWAY_PROXIES": "127.0.0.0/8"}
    with place.gateway(**settings) as process:
        yield process


def status_with(gateway: Gateway, key: str, path: str = RECORD) -> int:
    """What a request with this key is answered."""
    return gateway.send(path, SOUND, **{"X-API-Key": key})[0]


def test_only_known_keys_are_let_in(gateway: Gateway) -> None:
    """401 without a known key, also for streams that are not there; 403 for a stream that is not the key's."""
    assert status_with(gateway, "shop") == 200
    assert gateway.send(RECORD, SOUND, Authorization="Bearer shop")[0] == 200
    assert gateway.send(RECORD, SOUND)[0] == 401
    assert status_with(gateway, "other") == status_with(gateway, "other", "/streams/none/record") == 401
    assert status_with(gateway, "shop", f"/streams/{OTHER_STREAM}/record") == 403
    assert status_with(gateway, "shop", "/streams/none/record") == 404


def test_a_key_is_held_to_its_rate_in_records(gateway: Gateway) -> None:
    """A batch counts by its records; 429 says when the next one passes, and others do not wait for it."""
    batch = json.dumps({"records": [{"data": {"request_id": "r"}}] * 500}).encode()

    assert gateway.send(f"{RECORD}s", batch, **{"X-API-Key": "slow"})[0] == 200
    status, document = gateway.send(RECORD, SOUND, **{"X-API-Key": "slow"})
    assert (status, document["detail"]) == (429, "more than the 2 records a second of this key")
    assert status_with(gateway, "shop") == 200


def test_who_is_not_let_in_is_told_without_secrets(gateway: Gateway) -> None:
    """The log has the key's name and the address that a named proxy tells; never what was given as a key."""
    given = "s3cret-that-nobody-knows"
    assert gateway.send(f"/streams/{OTHER_STREAM}/record", SOUND, **{"X-API-Key": "shop"}, **PROXY)[0] == 403
    assert gateway.send(RECORD, SOUND, **{"X-API-Key": given})[0] == 401
    assert gateway.send(RECORD, SOUND, Authorization=f"Bearer {given}")[0] == 401

    line = gateway.written("request denied", key="shop", status=403)[0]
    assert line["client"] in {FAR, "127.0.0.1"}, "the first of a minute, which may be another test's"
    assert given not in gateway.errors
    assert given not in gateway.get("/metrics")[1]
    assert hash_of("shop").hex() not in gateway.errors
    assert gateway.metric("requests_denied_total") >= 3


def test_pages_of_other_origins(gateway: Gateway) -> None:
    """Browsers ask first, without a key: an allowed origin may send with it, another one may not."""
    ask = {"Origin": PAGE, "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "x-api-key"}

    found = answer(gateway, "OPTIONS", ask)
    assert found.startswith("HTTP/1.1 200 ")
    assert f"access-control-allow-origin: {PAGE}" in found
    assert answer(gateway, "OPTIONS", {**ask, "Origin": "https://else.example"}).startswith("HTTP/1.1 400 ")
    assert f"access-control-allow-origin: {PAGE}" in answer(gateway, "PUT", {"Origin": PAGE}), "a 401 may be read"


def answer(gateway: Gateway, method: str, headers: dict[str, str]) -> str:
    """Head and body."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with socket.create_connection(("127.0.0.1", gateway.door), timeout=30) as connection:
        connection.sendall(f"{method} {RECORD} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{lines}\r\n".encode())
        return b"".join(iter(lambda: connection.recv(65536), b"")).decode()


def test_another_file_of_keys_counts_without_a_restart(place: Place, gateway: Gateway) -> None:
    """A new key comes in and one that is gone does not; a broken file changes nothing, and is told."""
    file = place.folder / "keys.yaml"
    made = command("event_processor", "gateway", "key", "new", STREAM)
    secret = made.stderr.split("shown again: ")[1].split()[0]
    assert secret not in made.stdout
    try:
        file.write_text(written(slow=KEYS["slow"]) + made.stdout)
        eventually(lambda: (status_with(gateway, secret), status_with(gateway, "shop")) == (200, 401))

        file.write_text("shop: {sha256: 7}")
        [line] = gateway.written("failing, will go on trying", step="keys")
        assert "allowed: the SHA-256" in line["detail"]
        verdict = json.loads(gateway.get("/readyz")[1])
        assert verdict["ok"]
        assert [warning for warning in verdict["warnings"] if warning.startswith("keys fails")]
        assert status_with(gateway, secret) == 200
    finally:
        file.write_text(written(**KEYS))
    eventually(lambda: status_with(gateway, "shop") == 200)
    gateway.written("working again", step="keys")


def test_tls_by_files_that_are_renewed(place: Place, tmp_path: Path) -> None:
    """The door shows its certificate, and after a renewal the new one; a broken one changes nothing."""
    cert = self_signed(tmp_path, LOOPBACK)
    with place.gateway(GATEWAY_TLS_CERT=str(cert), GATEWAY_TLS_KEY=str(cert)) as gateway:
        first = shown(gateway, cert)
        expires = gateway.metric("certificate_expires_seconds")
        cert.write_text("broken")
        gateway.written("failing, will go on trying", step="certificate")
        self_signed(tmp_path, LOOPBACK, days=30)
        eventually(lambda: gateway.metric("certificate_expires_seconds") > expires)

        assert shown(gateway, cert) != first


def shown(gateway: Gateway, trusted: Path) -> str:
    """The serial number of the certificate with which a request was answered 401."""
    context = ssl.create_default_context(cafile=trusted)
    with (
        socket.create_connection(("127.0.0.1", gateway.door), timeout=30) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
    ):
        connection.sendall(f"PUT {RECORD} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 401 ")
        found = connection.getpeercert()
    assert found is not None
    return str(found["serialNumber"])


def test_without_keys_it_is_for_this_machine_only() -> None:
    """An address that others can reach is refused in one line, at once."""
    done = command(
        "event_processor", "gateway", GATEWAY_HOST="0.0.0.0", STREAMS_FILE='{"streams": {"s": {"contract": "c"}}}'
    )

    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    assert line.startswith("event-processor: GATEWAY_HOST: was 0.0.0.0; without GATEWAY_KEYS")


def test_check_tells_what_is_wrong_with_files(place: Place, tmp_path: Path) -> None:
    """An expired certificate is fatal; files that everybody may read, and keys in the clear, are warned of."""
    cert = self_signed(tmp_path, LOOPBACK, days=-1)
    cert.chmod(0o644)
    (place.folder / "keys.yaml").chmod(0o644)
    done = command(
        "event_processor",
        "check",
        "--job=gateway",
        **{**place.settings, "AWS_ENDPOINT_URL": place.aws.endpoint},
        GATEWAY_TLS_CERT=str(cert),
        GATEWAY_TLS_KEY=str(cert),
        GATEWAY_ORIGINS="*",
    )

    assert done.returncode == 1, done.stderr
    assert f"FATAL: GATEWAY_TLS_CERT {cert} expired at " in done.stdout
    for variable, file in (("GATEWAY_KEYS", place.folder / "keys.yaml"), ("GATEWAY_TLS_KEY", cert)):
        assert f"WARNING: {variable} {file} may be read by everybody on this machine" in done.stdout
    assert "GATEWAY_ORIGINS is *" in done.stdout
