"""What the Lambda functions have in common."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import structlog

from event_processor.errors import EventProcessorError, NotReady
from event_processor.telemetry.invocation_telemetry import InvocationTelemetry
from event_processor.telling import UntoldObserver

CREDENTIALS_SECONDS: Final = 2.0  # in Lambda they are in the environment
START_SECONDS: Final = 5.0  # for calls at the cold start: Lambda gives the whole of it ten


@contextmanager
def told(
    telemetry: InvocationTelemetry, context: Any, flush: Callable[[], None], untold: UntoldObserver
) -> Iterator[None]:
    """Inside, an invocation; at its end all that is to be told of it is out, since the process is frozen then."""
    with telemetry.of(context):
        try:
            yield
        except EventProcessorError as error:
            structlog.get_logger("event_processor").error("failed", error=str(error))
            raise
        finally:
            try:
                flush()
            except Exception as error:  # noqa: BLE001 - the answer is about the work
                untold.untold("flush", error)


@contextmanager
def from_the_extra() -> Iterator[None]:
    """Inside, imports of what the extra `lambda` brings; raises NotReady without it."""
    try:
        yield
    except ImportError as error:
        raise NotReady(
            f"the Lambda function needs what is not installed ({error.name}); install event-processor[lambda]"
        ) from error
