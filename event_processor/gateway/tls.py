"""The certificate by which the door speaks TLS. Another one counts for the connections that come after it."""

import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

_ANY_TIME: Final = 0x200000  # X509_V_FLAG_NO_CHECK_TIME


class Certificate(NamedTuple):
    """One that can be shown, with its key, and when it counts."""

    context: ssl.SSLContext
    begins: datetime
    expires: datetime


class Tls:
    """What connections are made with; `certificate` may be swapped by any thread."""

    def __init__(self, certificate: Certificate) -> None:
        self.certificate = certificate
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.set_alpn_protocols(["http/1.1"])
        self.context.sni_callback = self._take_the_latest

    def _take_the_latest(self, connection: Any, _name: str | None, _context: ssl.SSLContext) -> None:
        """Asked at the beginning of each handshake, also by those who name no server."""
        connection.context = self.certificate.context


def read_certificate(cert: Path, key: Path) -> Certificate:
    """Of two files of PEM. Raises OSError, of which the errors of `ssl` are, for what cannot be read or does not fit.

    Whether it counts at the moment is not looked at.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key, password=lambda: b"")  # else it would be asked for at the terminal
    shown = _shown(context, cert)
    return Certificate(context, _moment(shown["notBefore"]), _moment(shown["notAfter"]))


def _shown(server: ssl.SSLContext, cert: Path) -> dict[str, Any]:
    """What a client sees that trusts just this certificate: the two shake hands in memory."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.load_verify_locations(cert)
    client.verify_flags |= ssl.VerifyFlags(_ANY_TIME) | ssl.VERIFY_X509_PARTIAL_CHAIN
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [client.wrap_bio(down, up), server.wrap_bio(up, down, server_side=True)]
    for _ in range(3):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return ends[0].getpeercert() or {}


def _moment(text: str) -> datetime:
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(text), UTC)
