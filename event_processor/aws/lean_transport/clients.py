"""A client of SQS or Kinesis with the methods and arguments of boto3's."""

from collections.abc import Callable, Mapping
from typing import Any

from botocore.credentials import Credentials

from event_processor.aws.lean_transport.caller import LeanCaller


class LeanClient:
    """In place of a boto3 client; binary attributes stay in base64, `answer_fields.blob` reads them."""

    def __init__(self, client: Any, credentials: Credentials, ca_bundle: str | None) -> None:
        self._caller = LeanCaller(client, credentials, ca_bundle)
        self._methods: Mapping[str, str] = client.meta.method_to_api_mapping

    def __getattr__(self, method: str) -> Callable[..., dict[str, Any]]:
        """Made when it is called for the first time, and kept: from then on it is an attribute like any other."""
        if method.startswith("_") or method not in self._methods:
            raise AttributeError(method)

        def call(**request: Any) -> dict[str, Any]:
            return self._caller.call(method, request)

        setattr(self, method, call)
        return call
