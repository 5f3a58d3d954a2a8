"""Reads request parameters with the errors SQS gives for missing and wrong ones."""

from local_aws.errors import Json
from local_aws.params import wrong_type
from local_aws.sqs.errors import invalid_parameter, missing_parameter

_RANGE_REASONS = {
    "DelaySeconds": "DelaySeconds must be >= {low} and <= {high}.",
    "WaitTimeSeconds": "Must be >= {low} and <= {high}, if provided.",
}


def text(params: Json, name: str) -> str:
    """A string that must be there and not empty."""
    value = params.get(name)
    if value is None or value == "":
        raise missing_parameter(name)
    if not isinstance(value, str):
        raise wrong_type(value, "String")
    return value


def optional_text(params: Json, name: str) -> str:
    """A string, empty when it is not there."""
    return "" if params.get(name) in (None, "") else text(params, name)


def integer(params: Json, name: str, default: int, low: int, high: int) -> int:
    """A whole number from ``low`` to ``high``, or ``default`` when it is not there."""
    value = params.get(name)
    if value is None:
        return default
    if type(value) is not int:
        raise wrong_type(value, "Integer")
    if not low <= value <= high:
        reason = _RANGE_REASONS.get(name, "Must be between {low} and {high}, if provided.")
        raise invalid_parameter(name, value, reason.format(low=low, high=high))
    return value


def names(params: Json, name: str) -> list[str]:
    """A list of strings, empty when it is not there."""
    value = params.get(name) or []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise wrong_type(value, "list of Strings")
    return value
