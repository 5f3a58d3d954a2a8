"""What the Lambda functions have in common."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import structlog

from event_processor.aws.kinesis_event import KinesisEvent, read_kinesis_event
from event_processor.clock import Clock
from event_processor.errors import EventProcessorError, NotReady
from event_processor.telemetry import logs
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


def answer(
    event: Any,
    stream: str,
    deadline: float,
    clock: Clock,
    observer: Any,
    work: Callable[[KinesisEvent], Iterable[int]],
) -> dict[str, Any]:
    """What Lambda answers to the mapping of a stream: the record from which on all come again, if there is one.

    `work` tells how many records of the batch are finished; what it told last counts, whatever it raises then: our own
    bug is no reason to answer wrongly. Raises NotAKinesisEvent, and nothing else.
    """
    log, batch, finished = structlog.get_logger("event_processor"), read_kinesis_event(event, stream), 0
    if batch.unread is not None:
        log.error("record cannot be read, so it comes again", problem=batch.problem)
    try:
        if batch.records and clock.monotonic() >= deadline:
            log.error("no time to work: the function's timeout must be longer than LAMBDA_MARGIN")
        elif batch.records:
            for told_last in work(batch):
                finished = told_last
    except EventProcessorError as problem:
        log.error("the batch comes again", problem=str(problem))
    except Exception as error:  # noqa: BLE001 - see above; the text may hold payload
        log.critical("bug: the batch comes again", error=type(error).__name__, places=logs.places(error))
    sequences = [record.sequence for record in batch.records]
    left = sequences[finished:] + ([batch.unread] if batch.unread is not None else [])
    observer.answered(sequences[:finished], left)
    return {"batchItemFailures": [{"itemIdentifier": sequence} for sequence in left[:1]]}


@contextmanager
def from_the_extra() -> Iterator[None]:
    """Inside, imports of what the extra `lambda` brings; raises NotReady without it."""
    try:
        yield
    except ImportError as error:
        raise NotReady(
            f"the Lambda function needs a package that is not installed ({error.name}); install event-processor[lambda]"
        ) from error
