"""The error every operation raises; the server turns it into an AWS JSON error answer."""

from typing import Any

Json = dict[str, Any]
"""A request or an answer: a JSON object as the AWS JSON protocols define it."""

ACCOUNT_ID = "000000000000"
"""The one account there is."""


class AwsError(Exception):
    """An error answer: ``code`` is the exception's shape name, ``query_code`` its name in SQS's older query protocol.

    botocore takes the exception class from ``code`` and ``response["Error"]["Code"]`` from ``query_code``, which only
    SQS sends (header ``x-amzn-query-error``).
    """

    def __init__(self, code: str, message: str, *, status: int = 400, query_code: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.query_code = query_code or code

    @property
    def sender_fault(self) -> bool:
        """Whether the caller, not the service, is to blame."""
        return self.status < 500


def unknown_operation(service: str, operation: str, query_code: str | None = None) -> AwsError:
    """The answer to an operation that is not emulated."""
    message = f"local_aws does not emulate {service} {operation!r}; docs/local_aws.md lists what it does"
    return AwsError("UnknownOperationException", message, query_code=query_code)
