"""Calls: what is tried again, how often, and in which shape they fail."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)

from event_processor.aws.answer_fields import MalformedAnswer
from event_processor.aws.calls import THROTTLES, Calls, code_of, is_transient
from event_processor.errors import CallFailed
from event_processor.testing import RecordingObserver

URL = "http://127.0.0.1:1"


def refusal(code: str, status: int = 400, message: str = "no") -> ClientError:
    """An error as AWS answers it."""
    response: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "PutRecords")


class Script:
    """A call that goes as scripted: an exception is raised, anything else is the result; the last goes on for ever."""

    def __init__(self, *acts: Any) -> None:
        self._acts = acts
        self.calls = 0

    def __call__(self) -> Any:
        """The next act."""
        act = self._acts[min(self.calls, len(self._acts) - 1)]
        self.calls += 1
        if isinstance(act, Exception):
            raise act
        return act


TRANSIENT = [
    *(refusal(code) for code in sorted(THROTTLES)),
    refusal("InternalFailure", 500),
    refusal("ServiceUnavailable", 503),
    refusal("Whatever", 502),
    refusal("AWS.SimpleQueueService.RequestThrottled"),
    EndpointConnectionError(endpoint_url=URL),
    ConnectionClosedError(endpoint_url=URL),
    ConnectTimeoutError(endpoint_url=URL),
    ReadTimeoutError(endpoint_url=URL),
]
FINAL = [
    refusal("AccessDeniedException"),
    refusal("ResourceNotFoundException"),
    refusal("ExpiredToken", 403),
    refusal("InvalidArgumentException"),
    NoCredentialsError(),
    ParamValidationError(report="x"),
]


@pytest.mark.parametrize("error", TRANSIENT, ids=code_of)
def test_tried_again(error: Exception) -> None:
    """Throttling, the service's own faults and the network are tried again, and the observer hears of each retry."""
    observer, call = RecordingObserver(), Script(error, "done")

    assert Calls(observer, attempts=2).make("put", call) == "done"
    assert call.calls == 2
    assert observer.of("retried") == [("put", code_of(error))]
    assert len(observer.of("called")) == 2


@pytest.mark.parametrize("error", FINAL, ids=code_of)
def test_not_tried_again(error: Exception) -> None:
    """What trying again will not change fails at once."""
    observer, call = RecordingObserver(), Script(error)

    with pytest.raises(CallFailed) as caught:
        Calls(observer).make("put", call)

    assert call.calls == 1
    assert observer.of("retried") == []
    assert (caught.value.operation, caught.value.code) == ("put", code_of(error))
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("attempts", [1, 2, 3])
def test_attempts(attempts: int) -> None:
    """A call is made just so many times; then it failed, with the last error."""
    observer, call = RecordingObserver(), Script(ReadTimeoutError(endpoint_url=URL))

    with pytest.raises(CallFailed, match=r"^receive: ReadTimeoutError: "):
        Calls(observer, attempts).make("receive", call)

    assert call.calls == attempts
    assert len(observer.of("retried")) == attempts - 1
    assert len(observer.of("called")) == attempts


@pytest.mark.parametrize(
    ("acts", "attempts", "expected"),
    [(([1, 2], [2], []), 3, []), (([1, 2], [2]), 2, [2]), (([],), 3, []), (([1],), 1, [1])],
    ids=["succeeds in the end", "some never do", "succeeds at once", "one attempt"],
)
def test_unfinished(acts: tuple[list[int], ...], attempts: int, expected: list[int]) -> None:
    """Entries that failed inside a 200 answer are tried again; those that never succeed are returned, not raised."""
    observer, call = RecordingObserver(), Script(*acts)

    assert Calls(observer, attempts).make("delete", call, unfinished=bool) == expected
    assert call.calls == min(attempts, len(acts))
    assert set(observer.of("retried")) <= {("delete", "EntryFailed")}


def test_unfinished_then_down() -> None:
    """When the last attempt brings no answer at all, the call failed, whatever the one before it said."""
    call = Script([1], EndpointConnectionError(endpoint_url=URL))

    with pytest.raises(CallFailed, match="EndpointConnectionError"):
        Calls(RecordingObserver(), attempts=2).make("delete", call, unfinished=bool)


def test_our_own_bugs_get_through() -> None:
    """An exception that is not about the service is a bug: it is neither tried again nor disguised."""
    call = Script(KeyError("x"))

    with pytest.raises(KeyError):
        Calls(RecordingObserver()).make("put", call)

    assert call.calls == 1


def test_one_line() -> None:
    """The detail of a failure is one line, made for a log."""
    with pytest.raises(CallFailed) as caught:
        Calls(RecordingObserver()).make("put", Script(refusal("AccessDenied", message="two\n   lines")))

    assert "two lines" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (refusal("AWS.SimpleQueueService.NonExistentQueue"), "NonExistentQueue"),
        (refusal("ThrottlingException"), "ThrottlingException"),
        (refusal("KMS.AccessDeniedException"), "KMS.AccessDeniedException"),
        (ClientError({"Error": {"Code": None}}, "PutRecords"), "Unknown"),  # type: ignore[typeddict-item]
        (ClientError({}, "PutRecords"), "Unknown"),
        (ReadTimeoutError(endpoint_url=URL), "ReadTimeoutError"),
    ],
)
def test_code(error: Exception, code: str) -> None:
    """An error's code is AWS's own word with its family, without SQS's old prefix, or the name of what went wrong."""
    assert code_of(error) == code


def test_nothing_else_is_transient() -> None:
    """Only what a moment may change is worth a moment."""
    errors: list[BaseException] = [BotoCoreError(), ValueError(), KeyboardInterrupt(), ClientError({}, "PutRecords")]

    assert not any(map(is_transient, errors))


def test_time_is_told() -> None:
    """The time of a call is told even if it fails, and it is that of the call alone."""
    observer = RecordingObserver()
    make: Callable[..., Any] = Calls(observer).make

    make("put", Script("done"))

    [(operation, seconds)] = observer.of("called")
    assert operation == "put"
    assert 0 <= seconds < 5


@pytest.mark.parametrize(
    ("error", "unknown"),
    [
        (ReadTimeoutError(endpoint_url=URL), True),
        (ConnectionClosedError(endpoint_url=URL), True),
        (MalformedAnswer("no JSON"), True),
        (EndpointConnectionError(endpoint_url=URL), False),
        (ConnectTimeoutError(endpoint_url=URL), False),
        (NoCredentialsError(), False),
        (refusal("AccessDenied"), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_whether_it_may_be_done_all_the_same(error: Exception, unknown: bool) -> None:
    """Nobody knows what a call without an answer did; one that was refused, or never left, did nothing."""
    with pytest.raises(CallFailed) as failed:
        Calls(RecordingObserver(), attempts=1).make("receive", Script(error))

    assert failed.value.may_be_done is unknown


def test_attempts_have_pauses_between_them() -> None:
    """A service in trouble is asked again after random pauses, of 0.1 s at most at first and of a second in the end."""
    pauses: list[float] = []
    calls = Calls(RecordingObserver(), attempts=6)
    calls._policy.sleep = pauses.append
    for _ in range(300):
        with pytest.raises(CallFailed):
            calls.make("put", Script(refusal("InternalFailure", 500)))

    longest = [max(pauses[number::5]) for number in range(5)]
    assert longest == pytest.approx([0.095, 0.19, 0.38, 0.76, 0.95], rel=0.06)
    assert all(min(pauses[number::5]) < 0.1 * longest[number] for number in range(5))
