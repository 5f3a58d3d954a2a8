"""Lets requests in by their keys, or says why not. Without keys everybody may come in. Pure."""

from base64 import b64decode
from collections.abc import Mapping
from http import HTTPStatus
from math import ceil, inf
from typing import Final

from event_processor.gateway.answers import Reply, problem
from event_processor.gateway.keys import Bucket, Key, Keys

_REALM: Final = 'Basic realm="event-processor", charset="UTF-8"'


class Denied(Exception):
    """Not let in: the whole answer, and the name of the key if it is a known one."""

    def __init__(self, key: str, status: HTTPStatus, detail: str, **headers: str) -> None:
        super().__init__(detail)
        self.key = key
        reply = problem(status, detail)
        self.reply = Reply(reply.status, reply.body, {**reply.headers, **headers})


class Doorkeeper:
    """Asked for each request. `keys` may be swapped at any time, by any thread; the rest is for one thread."""

    def __init__(self, keys: Keys | None) -> None:
        self.keys = keys
        self._buckets: dict[str, tuple[Key, Bucket]] = {}  # by name; grows by the names in the file only

    def key_of(self, headers: Mapping[str, str], secret: str | None = None) -> Key | None:
        """Whose request it is; `secret` if it came elsewhere than in the headers. Raises Denied.

        None if nobody needs a key.
        """
        if self.keys is None:
            return None
        given = given_secret(headers) or secret
        key = self.keys.find(given) if given else None
        if key is None:
            detail = "this key is not known" if given else "a key is needed: x-api-key, or Authorization"
            raise Denied("", HTTPStatus.UNAUTHORIZED, detail, **{"www-authenticate": _REALM})
        return key

    def admit(self, key: Key | None, stream: str, now: float) -> None:
        """Before its body is read. Raises Denied."""
        if key is None:
            return
        if stream not in key.streams:
            raise Denied(key.name, HTTPStatus.FORBIDDEN, "this key is not for this stream")
        self.charge(key, 0, now)

    def charge(self, key: Key | None, records: int, now: float) -> None:
        """So many records, all or none. Raises Denied."""
        if key is None or key.rate == inf:
            return
        seconds = self._bucket(key, now).take(records, now)
        if seconds:
            detail = f"more than the {key.rate:g} records a second of this key"
            raise Denied(key.name, HTTPStatus.TOO_MANY_REQUESTS, detail, **{"retry-after": str(ceil(seconds))})

    def _bucket(self, key: Key, now: float) -> Bucket:
        of, bucket = self._buckets.get(key.name) or (key, Bucket(key.rate, now))
        if of.rate != key.rate:
            bucket.set_rate(key.rate, now)
        self._buckets[key.name] = key, bucket
        return bucket


def given_secret(headers: Mapping[str, str]) -> str | None:
    """Of x-api-key, as API Gateway has it; or of Authorization: a bearer token, or the user name as Segment has it."""
    if secret := headers.get("x-api-key"):
        return secret
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    match scheme.lower():
        case "bearer":
            return credentials.strip() or None
        case "basic":
            try:
                return b64decode(credentials.strip(), validate=True).decode().partition(":")[0] or None
            except ValueError:
                return None
    return None
