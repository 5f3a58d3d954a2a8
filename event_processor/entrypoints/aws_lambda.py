"""The AWS Lambda functions of `event_processor.entrypoints.aws_lambda`: `.submissions`, `.inspect`, `.monitor`,
`.log_table`.

docs/lambda.md sets them up.
"""

import sys
from collections.abc import Callable
from functools import cache
from typing import Any

from event_processor.errors import EventProcessorError
from event_processor.settings.loading import load

Handler = Callable[[Any, Any], dict[str, Any]]


def __getattr__(name: str) -> Handler:
    """A function, made when it is first asked for: by Lambda in its init phase, before any event.

    `submissions(event, context)` takes the event of an SQS event source mapping with ReportBatchItemFailures, and
    returns `{"batchItemFailures": [{"itemIdentifier": <message id>}, ...]}`. `inspect(event, context)` takes that of a
    Kinesis event source mapping, and names the sequence number from which on all records come again; so does `monitor`,
    on the stream of metrics. `log_table(event, context)` is called by a database, with rows of its outbox of metrics.
    """
    make = {
        "submissions": _submissions,
        "inspect": _inspect,
        "monitor": _monitor,
        "log_table": _log_table,
    }.get(name)
    if make is None:
        raise AttributeError(name)
    return _started(make)


@cache
def _started(make: Callable[[], Handler]) -> Handler:
    try:
        return make()
    except EventProcessorError as error:
        print(f"event-processor: {error}", file=sys.stderr)  # noqa: T201 - as the commands do, in one line
        raise


def _submissions() -> Handler:
    from event_processor.bootstrap.lambda_function import SubmissionsFunction  # noqa: PLC0415 - only what is asked for
    from event_processor.settings.aws_lambda import LambdaSettings  # noqa: PLC0415

    return SubmissionsFunction(load(LambdaSettings))


def _inspect() -> Handler:
    from event_processor.bootstrap.lambda_inspection import InspectionFunction  # noqa: PLC0415 - only what is asked for
    from event_processor.settings.lambda_inspection import LambdaInspectionSettings  # noqa: PLC0415

    return InspectionFunction(load(LambdaInspectionSettings))


def _monitor() -> Handler:
    from event_processor.bootstrap.lambda_monitor import MonitorFunction  # noqa: PLC0415 - only what is asked for
    from event_processor.settings.lambda_monitor import LambdaMonitorSettings  # noqa: PLC0415

    return MonitorFunction(load(LambdaMonitorSettings))


def _log_table() -> Handler:
    from event_processor.bootstrap.lambda_log_table import LogTableFunction  # noqa: PLC0415 - only what is asked for
    from event_processor.settings.lambda_log_table import LambdaLogTableSettings  # noqa: PLC0415

    return LogTableFunction(load(LambdaLogTableSettings))
