"""Error codes as values of labels: those that are known, a few more, and `Other` for the rest.

A code is a word from outside. Each new one makes new time series, which Prometheus keeps for hours: whoever answers in
the place of AWS must not be able to make any number of them. The log has the real code.
"""

import errno
import threading
from typing import Final

OTHER: Final = "Other"
MOST_UNKNOWN: Final = 20
KNOWN: Final = frozenset(
    {
        *errno.errorcode.values(),  # of the file of rejects
        # AWS: common errors, and those of our calls, of the API references of SQS, Kinesis and DynamoDB
        "AccessDenied",
        "AccessDeniedException",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InternalError",
        "InternalFailure",
        "InternalFailureException",
        "InvalidAddress",
        "InvalidArgumentException",
        "InvalidClientTokenId",
        "InvalidParameterValue",
        "InvalidSecurity",
        "InvalidSignatureException",
        "KMS.AccessDeniedException",
        "KMS.DisabledException",
        "KMS.InvalidKeyUsageException",
        "KMS.InvalidStateException",
        "KMS.NotFoundException",
        "KMS.OptInRequired",
        "KMS.ThrottlingException",
        "KMSAccessDeniedException",
        "KMSDisabledException",
        "KMSInvalidStateException",
        "KMSNotFoundException",
        "KMSOptInRequired",
        "KMSThrottlingException",
        "LimitExceededException",
        "MessageNotInflight",
        "NonExistentQueue",
        "NotAuthorized",
        "OptInRequired",
        "OverLimit",
        "ProvisionedThroughputExceededException",
        "ReceiptHandleIsInvalid",
        "RequestAbortedException",
        "RequestExpired",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestTimeoutException",
        "ResourceInUseException",
        "ResourceNotFoundException",
        "ServiceUnavailable",
        "SignatureDoesNotMatch",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionCanceledException",
        "TransactionInProgressException",
        "UnrecognizedClientException",
        "UnsupportedOperation",
        "ValidationError",
        "ValidationException",
        # botocore and ourselves: no answer, or none that can be used
        "ConnectTimeoutError",
        "ConnectionClosedError",
        "CredentialsUnavailable",
        "EndpointConnectionError",
        "EntryFailed",
        "HTTPClientError",
        "MalformedAnswer",
        "ProxyConnectionError",
        "ReadTimeoutError",
        "ResponseStreamingError",
        "SSLError",
        "Unknown",
    }
)


class ErrorCodes:
    """The labels of one process. May be asked by several threads."""

    def __init__(self) -> None:
        self._others: set[str] = set()
        self._lock = threading.Lock()

    def label(self, code: str) -> str:
        """The code, or `Other` once there were more than MOST_UNKNOWN that nobody knows."""
        if code in KNOWN or code in self._others:
            return code
        if len(code) == 3 and code.isdecimal() and code.isascii():  # botocore: the status of an answer without a code
            return code
        with self._lock:
            if len(self._others) < MOST_UNKNOWN:
                self._others.add(code)
            return code if code in self._others else OTHER
