"""The one way to call AWS: timed, tried again where that can help, every retry counted, failures in one shape."""

from collections.abc import Callable
from time import perf_counter
from typing import Final, TypeVar

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, IncompleteReadError
from botocore.exceptions import ConnectionError as NoConnection
from tenacity import RetryCallState, Retrying, stop_after_attempt, wait_random_exponential

from event_processor.aws.answer_fields import MalformedAnswer, shown_code
from event_processor.aws.network.reading import Reading
from event_processor.aws.network.time_limit import seconds_left
from event_processor.errors import CallFailed
from event_processor.telling import CallObserver, FanOut

ATTEMPTS: Final = 5
LONGEST_PAUSE_SECONDS: Final = 1.0  # between two attempts
THROTTLES: Final = frozenset(
    {
        "LimitExceededException",
        "OverLimit",
        "ProvisionedThroughputExceededException",
        "KMS.ThrottlingException",
        "KMSThrottlingException",
        "KmsThrottled",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
T = TypeVar("T")


class Calls:
    """Makes calls for an adapter. Botocore's own retries are off: this is the only policy."""

    def __init__(self, observer: CallObserver, attempts: int = ATTEMPTS) -> None:
        self._observer: CallObserver = FanOut(observer)
        self._policy = Retrying(
            stop=stop_after_attempt(attempts),
            wait=wait_random_exponential(multiplier=0.1, max=LONGEST_PAUSE_SECONDS),
        )  # asked when to stop and how long to wait; running calls by it would cost 50 us each

    def make(
        self,
        operation: str,
        call: Callable[[], T],
        unfinished: Callable[[T], bool] = lambda _: False,
        again: Callable[[BaseException], bool] | None = None,
    ) -> T:
        """The result of `call`, made up to so many times within some two seconds.

        `call` asks and reads the answer: until it returns, the connection carries nothing else, and if it raises, the
        connection is closed. `unfinished` says of a result that entries of it should be tried again; the last such
        result is returned. `again` says after which errors, if not after all transient ones. Raises CallFailed when
        there was no answer, or one that trying again will not change.
        """
        again = again or is_transient
        state = RetryCallState(self._policy, None, (), {})  # tells the policy which attempt this is
        while True:
            try:
                result = self._timed(operation, call)
            except (ClientError, BotoCoreError) as error:
                if self._is_last(state) or not again(error):
                    raise CallFailed(operation, code_of(error), str(error), may_be_done(error)) from error
                code = code_of(error)
            else:
                if not unfinished(result) or self._is_last(state):
                    return result
                code = "EntryFailed"
            self._observer.retried(operation, code)
            self._policy.sleep(self._policy.wait(state))
            state.prepare_for_next_attempt()

    def _is_last(self, state: RetryCallState) -> bool:
        return self._policy.stop(state) or seconds_left() < LONGEST_PAUSE_SECONDS

    def _timed(self, operation: str, call: Callable[[], T]) -> T:
        start = perf_counter()
        try:
            with Reading():
                return call()
        finally:
            self._observer.called(operation, perf_counter() - start)


def is_transient(error: BaseException) -> bool:
    """Whether the same call may well succeed in a moment: throttling, the service's own faults, the network."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return status >= 500 or code_of(error) in THROTTLES
    return is_unanswered(error) or isinstance(error, MalformedAnswer)


def is_unanswered(error: BaseException) -> bool:
    """Whether nothing came back: whether the call took effect is not known, and the way itself may be the cause."""
    return isinstance(error, (HTTPClientError, NoConnection)) and not isinstance(error, MalformedAnswer)


def may_be_done(error: BaseException) -> bool:
    """Whether the service may have done what it was asked: the request went out, and no answer came back whole."""
    return isinstance(error, (HTTPClientError, IncompleteReadError)) and not isinstance(error, NoConnection)


def code_of(error: BaseException) -> str:
    """A short word for an error: AWS's code, or the name of what botocore raised."""
    if isinstance(error, ClientError):
        return shown_code((error.response.get("Error") or {}).get("Code"))
    return type(error).__name__
