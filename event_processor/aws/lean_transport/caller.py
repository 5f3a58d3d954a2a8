"""Calls a service in AWS JSON: endpoint, credentials and names are botocore's, the request is ours."""

import time
from binascii import b2a_base64
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import orjson
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from botocore.parsers import create_parser

from event_processor.aws.answer_fields import MalformedAnswer
from event_processor.aws.credentials import REFUSALS, PatientCredentials
from event_processor.aws.lean_transport.signer import Signer
from event_processor.aws.network.http import Network, Route, post
from event_processor.aws.network.reply import Reply

_CLOCK_CODES: Final = frozenset({"InvalidSignatureException", "RequestTimeTooSkewed", "SignatureDoesNotMatch"})
_CLOCK_TOLERANCE_SECONDS: Final = 240  # AWS's is five minutes
_ERRORS: Final[Any] = create_parser("json")


class _SignedRoute(NamedTuple):
    route: Route
    signer: Signer


class LeanCaller:
    """Makes calls in place of a boto3 client: with its settings, its endpoints and its exceptions."""

    def __init__(self, client: Any, credentials: Credentials, ca_bundle: str | None) -> None:
        self._client, self._credentials = client, credentials
        self._network = Network(client.meta.config, ca_bundle)
        self._routes: dict[str, _SignedRoute] = {}

    def call(self, method: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """The answer; `method` is that of the boto3 client. Raises what that would raise, and MalformedAnswer."""
        route, signer = self._routes.get(method) or self._find_route(method)
        body = orjson.dumps(request, default=_base64)
        head = signer.head(body, self._credentials.get_frozen_credentials(), time.time())
        answer = post(route, head, body)
        if answer.status != 200:
            raise self._error(method, answer)
        answer.body = b""  # only errors are read again, and a read of a stream brings 14 MiB
        return answer.document

    def _find_route(self, method: str) -> _SignedRoute:
        # Presigning is botocore's public way to say where a call goes, by its rules for accounts, FIPS, dual stack.
        url = urlsplit(self._client.generate_presigned_url(method))._replace(query="").geturl()
        route = self._network.route_to(url)
        self._routes[method] = _SignedRoute(route, self._signer(method, route))
        return self._routes[method]

    def _signer(self, method: str, route: Route) -> Signer:
        meta = self._client.meta
        words = meta.service_model.metadata
        headers = {
            "content-type": f"application/x-amz-json-{words['jsonVersion']}",
            "x-amz-target": f"{words['targetPrefix']}.{meta.method_to_api_mapping[method]}",
        }
        if "awsQueryCompatible" in words:
            headers["x-amzn-query-mode"] = "true"  # asks for the error codes that everybody knows from before JSON
        return Signer(route, meta.region_name, meta.service_model.signing_name, headers, str(meta.config.user_agent))

    def _error(self, method: str, answer: Reply) -> ClientError | MalformedAnswer:
        try:
            said = {"status_code": answer.status, "headers": answer.headers, "body": answer.body}
            parsed = _ERRORS.parse(said, None)
            error = parsed["Error"]
            error["Message"] = error["Message"] or ""
            if error["Code"] in _CLOCK_CODES:
                error["Message"] += _clock_difference(answer.headers.get("date"))
            kind = self._client.exceptions.from_code(error.get("QueryErrorCode") or error["Code"])
            if error["Code"] in REFUSALS and isinstance(self._credentials, PatientCredentials):
                self._credentials.refused()
            found: ClientError = kind(parsed, self._client.meta.method_to_api_mapping[method])
        except Exception as problem:  # noqa: BLE001 - whatever botocore's parser trips over is in the answer
            return MalformedAnswer(f"{answer.status}, {type(problem).__name__} while its error was read")
        return found


def _clock_difference(date: str | None) -> str:
    """What to add to AWS's message where this machine's clock may be to blame."""
    if date is None:
        return ""
    try:
        seconds = round(time.time() - parsedate_to_datetime(date).timestamp())
    except (TypeError, ValueError, OverflowError):
        return ""
    if abs(seconds) < _CLOCK_TOLERANCE_SECONDS:
        return ""
    return f" (this machine's clock is {abs(seconds)} s {'ahead of' if seconds > 0 else 'behind'} AWS's)"


def _base64(blob: Any) -> str:
    """What AWS JSON makes of bytes."""
    return b2a_base64(blob, newline=False).decode("ascii")
