"""SQS's errors by name, with the codes its older query protocol had (botocore shows those as ``Error.Code``)."""

from local_aws.errors import AwsError

_QUERY_CODES = {
    "QueueDoesNotExist": "AWS.SimpleQueueService.NonExistentQueue",
    "QueueNameExists": "QueueAlreadyExists",
    **{
        code: f"AWS.SimpleQueueService.{code}"
        for code in (
            "BatchEntryIdsNotDistinct",
            "BatchRequestTooLong",
            "EmptyBatchRequest",
            "InvalidBatchEntryId",
            "MessageNotInflight",
            "TooManyEntriesInBatchRequest",
            "UnsupportedOperation",
        )
    },
}


_GENERAL_TYPES = {
    "InvalidParameterValue": "InvalidParameterValueException",
    "MissingParameter": "MissingRequiredParameterException",
}
"""What the service model does not have, AWS's JSON protocol names differently from the query protocol."""


def sqs_error(code: str, message: str, status: int = 400) -> AwsError:
    """An error of SQS by its shape name in the service model; the two that are not in it by their query code."""
    return AwsError(_GENERAL_TYPES.get(code, code), message, status=status, query_code=_QUERY_CODES.get(code, code))


def queue_does_not_exist() -> AwsError:
    """No queue of that name, any more or yet."""
    return sqs_error("QueueDoesNotExist", "The specified queue does not exist.")


def invalid_parameter(name: str, value: object, reason: str) -> AwsError:
    """A parameter has a value that SQS does not take."""
    return sqs_error("InvalidParameterValue", f"Value {value} for parameter {name} is invalid. Reason: {reason}")


def wrong_parameters(reason: str) -> AwsError:
    """The parameters do not go together, or not with the queue."""
    return sqs_error("InvalidParameterValue", reason)


def missing_parameter(name: str) -> AwsError:
    """A parameter that must be there is not."""
    return sqs_error("MissingParameter", f"The request must contain the parameter {name}.")
