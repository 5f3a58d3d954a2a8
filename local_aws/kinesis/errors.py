"""Kinesis's errors by name."""

import time

from local_aws.errors import ACCOUNT_ID, AwsError


def invalid_argument(message: str) -> AwsError:
    """A parameter that does not fit the stream's state or limits."""
    return AwsError("InvalidArgumentException", message)


def validation(field: str, value: object, constraint: str) -> AwsError:
    """A parameter that breaks the service model, whatever the stream."""
    name = field[:1].lower() + field[1:]
    message = f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: {constraint}"
    return AwsError("ValidationException", message)


def stream_not_found(name: str) -> AwsError:
    """No stream of that name, any more or yet."""
    return AwsError("ResourceNotFoundException", f"Stream {name} under account {ACCOUNT_ID} not found.")


def iterator_expired(made_at: float, now: float, tolerated_seconds: float) -> AwsError:
    """An iterator that nobody used for too long."""
    message = (
        f"Iterator expired. The iterator was created at time {_shown(made_at)} while right now it is {_shown(now)} "
        f"which is further in the future than the tolerated delay of {tolerated_seconds * 1000:.0f} milliseconds."
    )
    return AwsError("ExpiredIteratorException", message)


def _shown(seconds: float) -> str:
    return time.strftime("%a %b %d %H:%M:%S UTC %Y", time.gmtime(seconds))


def shard_not_found(shard_id: str, stream: str) -> AwsError:
    """The stream has no such shard."""
    message = f"Shard {shard_id} in stream {stream} under account {ACCOUNT_ID} does not exist"
    return AwsError("ResourceNotFoundException", message)


def no_shard_id(text: str, stream: str) -> AwsError:
    """No shard of any stream is called that."""
    message = f"Could not find shard {text} in stream {stream} under account {ACCOUNT_ID}."
    return AwsError("ResourceNotFoundException", message)
