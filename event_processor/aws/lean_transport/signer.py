"""Signature Version 4, for one operation at one endpoint: what never changes is prepared once, the rest once a second.

Source: IAM User Guide, "Create a signed AWS API request". Held to botocore's own signer byte for byte.
"""

import hmac
import time
from collections.abc import Mapping
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from botocore.credentials import ReadOnlyCredentials
from botocore.utils import normalize_url_path

from event_processor.aws.network.http import Route, head_of


class _Prepared(NamedTuple):
    """All of a request but its body, the hashes and the signature: the same within a second, for these credentials."""

    second: int
    credentials: ReadOnlyCredentials
    head: bytes
    canonical_request: bytes
    to_sign: bytes
    key: bytes


class Signer:
    """Signs POSTs on a route with these headers, their names in lower case; the user agent stays out of the signature.

    Safe for several threads: what is prepared is never changed, only replaced.
    """

    def __init__(self, route: Route, region: str, service: str, headers: Mapping[str, str], user_agent: str) -> None:
        self._route = route
        self._path = quote(normalize_url_path(urlsplit(route.url).path), safe="/~")
        self._headers = {**headers, "host": route.host}
        self._region, self._service, self._user_agent = region, service, user_agent
        self._prepared: _Prepared | None = None

    def head(self, body: bytes, credentials: ReadOnlyCredentials, now_seconds: float) -> bytes:
        """The head to send with this body, for `post`. Raises HTTPClientError for credentials with line breaks."""
        made = self._prepared
        if made is None or made.second != int(now_seconds) or made.credentials != credentials:
            made = self._prepared = self._prepare(credentials, int(now_seconds))
        request = made.canonical_request + sha256(body).hexdigest().encode()
        to_sign = made.to_sign + sha256(request).hexdigest().encode()
        return made.head + hmac.digest(made.key, to_sign, "sha256").hex().encode()

    def _prepare(self, credentials: ReadOnlyCredentials, second: int) -> _Prepared:
        moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))
        headers = {**self._headers, "x-amz-date": moment}
        if credentials.token:
            headers["x-amz-security-token"] = credentials.token
        names = sorted(headers)
        signed = ";".join(names)
        lines = "".join([f"{name}:{headers[name]}\n" for name in names])
        scope = f"{moment[:8]}/{self._region}/{self._service}/aws4_request"
        headers["user-agent"] = self._user_agent
        headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={credentials.access_key}/{scope}, SignedHeaders={signed}, Signature="
        )
        return _Prepared(
            second,
            credentials,
            head_of(self._route, headers),
            f"POST\n{self._path}\n\n{lines}\n{signed}\n".encode(),
            f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n".encode(),
            self._signing_key(credentials.secret_key, moment[:8]),
        )

    def _signing_key(self, secret: str | None, day: str) -> bytes:
        key = f"AWS4{secret}".encode()
        for part in (day, self._region, self._service, "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        return key
