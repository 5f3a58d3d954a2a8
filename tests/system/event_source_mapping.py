"""What Lambda's event source mapping does with a queue: receives, invokes, and deletes what the answer does not name.

As in "Using Lambda with Amazon SQS" (developer guide): what is named, and everything of an invocation that fails, is
left on the queue until its visibility timeout runs out.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from random import Random
from typing import Any

from botocore.exceptions import HTTPClientError
from mypy_boto3_sqs import SQSClient

from tests.system.lambda_service import Function, InvocationError, failures, ids, sqs_record

_KILL_WITHIN_SECONDS, _AT_ONCE_SECONDS = 0.2, 0.02  # an invocation takes some 50 ms at least
_SHORT_SECONDS, _LONG_SECONDS = 2.05, 10.0  # of an invocation: the first leaves a few calls beyond LAMBDA_MARGIN


class EventSourceMapping:
    """Polls a queue in several threads, each with a sandbox of its own, which is killed now and then."""

    def __init__(
        self, sqs: SQSClient, queue_name: str, make: Callable[[], Function], kill_share: float, visibility_seconds: int
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.errors: list[BaseException] = []
        self._sqs, self._make = sqs, make
        self._url = sqs.get_queue_url(QueueName=queue_name)["QueueUrl"]
        self._arn = f"arn:aws:sqs:us-east-1:000000000000:{queue_name}"
        self._kill_share, self._visibility_seconds = kill_share, visibility_seconds
        self._stop = threading.Event()

    @contextmanager
    def polling(self, pollers: int) -> Iterator[None]:
        """Inside, it works; what went wrong with it is raised in the end."""
        threads = [threading.Thread(target=self._poll, args=(Random(number),)) for number in range(pollers)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()
        assert not self.errors, self.errors

    def _poll(self, dice: Random) -> None:
        try:
            function = self._make()
            try:
                while not self._stop.is_set():
                    if not function.is_running:
                        function.__exit__(None, None, None)
                        function = self._make()
                    with suppress(HTTPClientError):  # each answer to a call and to its retries is lost: comes again
                        self._turn(function, dice)
            finally:
                function.__exit__(None, None, None)
        except BaseException as error:  # noqa: BLE001 - for the thread that waits
            self.errors.append(error)

    def _turn(self, function: Function, dice: Random) -> None:
        records = [record for _ in range(dice.choice([1, 2, 5])) for record in self._receive()]
        if not records:
            return
        event = {"Records": records}
        is_early = self.counts["killed"] == 0  # so that there is one, however fast the machine
        killing = threading.Timer(
            _AT_ONCE_SECONDS if is_early else dice.uniform(0, _KILL_WITHIN_SECONDS), function.kill
        )
        if is_early or dice.random() < self._kill_share:
            function.wait_until_initialized()
            killing.start()
        self.counts["invocations"] += 1
        try:
            named = failures(function.invoke(event, dice.choice([_SHORT_SECONDS, _LONG_SECONDS, _LONG_SECONDS])))
        except InvocationError:
            self.counts["killed"] += 1
            return
        finally:
            killing.cancel()
        assert set(named) <= set(ids(event))
        self.counts["reported"] += len(named)
        self._delete([record for record in records if record["messageId"] not in named])

    def _receive(self) -> list[dict[str, Any]]:
        messages = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=self._visibility_seconds,
            WaitTimeSeconds=1,
            MessageSystemAttributeNames=["All"],
        ).get("Messages", [])
        return [sqs_record(message, self._arn) for message in messages]

    def _delete(self, records: list[dict[str, Any]]) -> None:
        for start in range(0, len(records), 10):
            batch = records[start : start + 10]
            entries = [{"Id": str(n), "ReceiptHandle": record["receiptHandle"]} for n, record in enumerate(batch)]
            self._sqs.delete_message_batch(QueueUrl=self._url, Entries=entries)  # type: ignore[arg-type]
        self.counts["deleted"] += len(records)
