"""The errors a whole call can fail with, as AWS documents them, and those it fails with by default.

Sources: "Common Errors" and the operations' own errors in the API references of SQS and Kinesis Data Streams. SQS
calls some errors differently in its older query protocol; those are the codes botocore shows.
"""

from local_aws.errors import AwsError
from local_aws.faults.operations import KINESIS, SQS

_COMMON_STATUSES = {
    "AccessDeniedException": 400,
    "ExpiredTokenException": 403,
    "IncompleteSignature": 400,
    "InternalFailure": 500,
    "NotAuthorized": 400,
    "OptInRequired": 403,
    "RequestAbortedException": 400,
    "RequestExpired": 400,
    "RequestTimeoutException": 408,
    "ServiceUnavailable": 503,
    "ThrottlingException": 400,
    "UnrecognizedClientException": 403,
    "ValidationError": 400,
}

_STATUSES = {
    SQS: {
        **_COMMON_STATUSES,
        "InvalidAddress": 400,
        "InvalidSecurity": 400,
        "KmsAccessDenied": 400,
        "KmsDisabled": 400,
        "KmsInvalidKeyUsage": 400,
        "KmsInvalidState": 400,
        "KmsNotFound": 400,
        "KmsOptInRequired": 400,
        "KmsThrottled": 400,
        "OverLimit": 403,
        "QueueDoesNotExist": 400,
        "RequestThrottled": 400,
        "UnsupportedOperation": 400,
    },
    KINESIS: {
        **_COMMON_STATUSES,
        "InternalFailureException": 500,
        "InvalidArgumentException": 400,
        "KMSAccessDeniedException": 400,
        "KMSDisabledException": 400,
        "KMSInvalidStateException": 400,
        "KMSNotFoundException": 400,
        "KMSOptInRequired": 400,
        "KMSThrottlingException": 400,
        "LimitExceededException": 400,
        "ProvisionedThroughputExceededException": 400,
        "ResourceInUseException": 400,
        "ResourceNotFoundException": 400,
        "ValidationException": 400,
    },
}

_QUERY_CODES = {
    "KmsAccessDenied": "KMS.AccessDeniedException",
    "KmsDisabled": "KMS.DisabledException",
    "KmsInvalidKeyUsage": "KMS.InvalidKeyUsageException",
    "KmsInvalidState": "KMS.InvalidStateException",
    "KmsNotFound": "KMS.NotFoundException",
    "KmsOptInRequired": "KMS.OptInRequired",
    "KmsThrottled": "KMS.ThrottlingException",
    "QueueDoesNotExist": "AWS.SimpleQueueService.NonExistentQueue",
    "UnsupportedOperation": "AWS.SimpleQueueService.UnsupportedOperation",
}

USUAL_CODES = {
    SQS: ("InternalFailure", "ServiceUnavailable", "RequestThrottled", "ThrottlingException"),
    KINESIS: (
        "InternalFailure",
        "ServiceUnavailable",
        "ProvisionedThroughputExceededException",
        "LimitExceededException",
    ),
}
"""What can be had by trying again."""

ALL_CODES = frozenset(_STATUSES[SQS]) | frozenset(_STATUSES[KINESIS])


def codes_of(service: str, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the wanted codes that this service has."""
    return tuple(code for code in wanted if code in _STATUSES[service])


def injected_error(service: str, code: str) -> AwsError:
    """The error answer of a service for a code."""
    return AwsError(code, f"Injected: {code}.", status=_STATUSES[service][code], query_code=_QUERY_CODES.get(code))
