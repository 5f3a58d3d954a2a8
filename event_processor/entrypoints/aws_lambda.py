"""The AWS Lambda function, `event_processor.entrypoints.aws_lambda.submissions` (docs/lambda.md)."""

import sys
from collections.abc import Callable
from functools import cache
from typing import Any

from event_processor.bootstrap.lambda_function import SubmissionsFunction
from event_processor.errors import EventProcessorError
from event_processor.settings.aws_lambda import LambdaSettings
from event_processor.settings.loading import load


def __getattr__(name: str) -> Callable[[Any, Any], dict[str, Any]]:
    """`submissions(event, context)`, made when it is first asked for: by Lambda in its init phase, before any event.

    It takes the event of an SQS event source mapping with ReportBatchItemFailures, and returns
    `{"batchItemFailures": [{"itemIdentifier": <message id>}, ...]}`.
    """
    if name != "submissions":
        raise AttributeError(name)
    return _started()


@cache
def _started() -> SubmissionsFunction:
    try:
        return SubmissionsFunction(load(LambdaSettings))
    except EventProcessorError as error:
        print(f"event-processor: {error}", file=sys.stderr)  # noqa: T201 - as the commands do, in one line
        raise
