"""Signature Version 4, for one operation at one endpoint: what never changes is prepared once.

Source: IAM User Guide, "Create a signed AWS API request". Held to botocore's own signer byte for byte.
"""

import hmac
import time
from collections.abc import Mapping
from hashlib import sha256
from urllib.parse import quote, urlsplit

from botocore.credentials import ReadOnlyCredentials
from botocore.utils import normalize_url_path

from event_processor.aws.network.http import host_of


class Signer:
    """Signs POSTs to `url` with these headers, their names in lower case; the user agent stays out of the signature."""

    def __init__(self, url: str, region: str, service: str, headers: Mapping[str, str], user_agent: str) -> None:
        self._path = quote(normalize_url_path(urlsplit(url).path), safe="/~")
        self._headers = {**headers, "host": host_of(url)}
        self._region, self._service, self._user_agent = region, service, user_agent
        self._key: tuple[str | None, str, bytes] = (None, "", b"")

    def headers(self, body: bytes, credentials: ReadOnlyCredentials, now_seconds: float) -> dict[str, str]:
        """All headers to send with this body."""
        moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now_seconds))
        headers = {**self._headers, "x-amz-date": moment}
        if credentials.token:
            headers["x-amz-security-token"] = credentials.token
        names = sorted(headers)
        signed = ";".join(names)
        lines = "".join([f"{name}:{headers[name]}\n" for name in names])
        request = f"POST\n{self._path}\n\n{lines}\n{signed}\n{sha256(body).hexdigest()}"
        scope = f"{moment[:8]}/{self._region}/{self._service}/aws4_request"
        to_sign = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{sha256(request.encode()).hexdigest()}"
        signature = _mac(self._signing_key(credentials.secret_key, moment[:8]), to_sign).hex()
        headers["user-agent"] = self._user_agent
        headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={credentials.access_key}/{scope}, SignedHeaders={signed}, "
            f"Signature={signature}"
        )
        return headers

    def _signing_key(self, secret: str | None, day: str) -> bytes:
        """It is the same for a whole day, and for as long as the credentials are."""
        known_secret, known_day, key = self._key
        if known_day != day or known_secret != secret:
            key = f"AWS4{secret}".encode()
            for part in (day, self._region, self._service, "aws4_request"):
                key = _mac(key, part)
            self._key = (secret, day, key)
        return key


def _mac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
