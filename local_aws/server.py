"""Passes each request to its service, and applies the faults on the way."""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable

from local_aws.actions import Actions
from local_aws.admin import PREFIX, Admin
from local_aws.answers import answer_to, error_response, json_response
from local_aws.caller import Caller
from local_aws.calls import CallCounts, Outcome
from local_aws.clock import Clock, ShiftedClock, SystemClock
from local_aws.errors import AwsError, Json
from local_aws.faults import CallFate, FaultControl, Faults, Plan
from local_aws.faults.operations import DATA_PATH, KINESIS, SQS
from local_aws.http import HttpConnection, Request, Response
from local_aws.kinesis.service import KinesisService
from local_aws.protocols import refusal
from local_aws.runner import PlanRunner
from local_aws.sqs.service import SqsService

logger = logging.getLogger("local_aws")

Service = Callable[[str, Json, Caller], Awaitable[Json]]
"""An AWS service: operation, parameters and who calls, to an answer. Raises AwsError."""


class Server:
    """Both services and the admin endpoint behind one port. Everything runs on the event loop it was started on.

    ``plan`` starts with the first call of the data path.
    """

    def __init__(self, faults: Faults, clock: Clock | None = None, plan: Plan | None = None) -> None:
        clock = clock or SystemClock()
        self.control = FaultControl(faults, clock, plan)
        self.calls = CallCounts()
        shifted = ShiftedClock(clock, lambda: self.control.dice.clock_offset_seconds)
        sqs = SqsService(shifted, lambda: self.control.dice, patience=clock)
        kinesis = KinesisService(shifted, lambda: self.control.dice)
        self._services: dict[str, Service] = {SQS: sqs.call, KINESIS: kinesis.call}
        actions = Actions(
            sqs=lambda operation, params: sqs.call(operation, params, Caller()),
            kinesis=lambda operation, params: kinesis.call(operation, params, Caller()),
        )
        self.runner = PlanRunner(self.control, actions, clock_jumped=sqs.wake_receivers)
        self._admin = Admin(self.control, self.runner, actions, self.calls)
        self._connections: set[HttpConnection] = set()
        self._listener: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen, and return the port (``port`` 0 takes a free one). Raises OSError."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(lambda: HttpConnection(self.handle, self._connections), host, port)
        bound: int = self._listener.sockets[0].getsockname()[1]
        return bound

    async def stop(self) -> None:
        """Stop listening and drop every connection, long polls included."""
        self.runner.stop()
        if self._listener is not None:
            self._listener.close()
            for connection in tuple(self._connections):
                connection.close()
            await self._listener.wait_closed()

    async def handle(self, request: Request) -> Response | None:
        """Answer one HTTP request; None drops the connection."""
        started = time.perf_counter()
        response = await self._respond(request)
        if logger.isEnabledFor(logging.INFO):
            milliseconds = (time.perf_counter() - started) * 1000
            what = request.headers.get("x-amz-target", f"{request.method} {request.path}")
            logger.info("%s %s %.1f ms", what, response.status if response else "dropped", milliseconds)
        return response

    async def _respond(self, request: Request) -> Response | None:
        if request.path.startswith(PREFIX):
            return await self._admin.respond(request)
        if request.method == "GET" and request.path == "/":
            return json_response(200, {"status": "running", "admin": PREFIX})
        if (refused := refusal(request)) is not None:
            return refused
        service, _, operation = request.headers.get("x-amz-target", "").rpartition(".")
        try:
            answer = await self._call(service, operation, request)
        except AwsError as error:
            return error_response(error, service)
        except Exception:
            logger.exception("local_aws has a bug: %s", request.headers.get("x-amz-target"))
            return error_response(AwsError("InternalFailure", "local_aws failed, see its stderr", status=500), service)
        return None if answer is None else answer_to(operation, answer, service)

    async def _call(self, service: str, operation: str, request: Request) -> Json | None:
        if service not in self._services:
            message = "local_aws speaks the AWS JSON protocols of SQS and Kinesis: no such service in X-Amz-Target"
            raise AwsError("UnknownOperationException", message)
        if operation in DATA_PATH and self.control.waiting_plan is not None:
            await self.runner.start(self.control.waiting_plan)
        await self.runner.advance()
        fate = self.control.dice.fate(service, operation)
        outcome: str = Outcome.CLIENT_GONE
        try:
            answer = await self._meet(fate, service, operation, request)
            outcome = _outcome(fate)
        except AwsError as error:
            outcome = error.code
            raise
        finally:
            self.calls.count(service, operation, outcome)
        return answer

    async def _meet(self, fate: CallFate, service: str, operation: str, request: Request) -> Json | None:
        """The call's answer under its fate; None drops the connection."""
        if self.control.dice.latency_seconds:
            await asyncio.sleep(self.control.dice.latency_seconds)
        if fate.error is not None:
            raise fate.error
        if fate.reset:
            return None
        endpoint = f"http://{request.headers.get('host', 'localhost')}"
        caller = Caller(endpoint, request.headers.get("x-amzn-trace-id", ""))
        answer = await self._services[service](operation, _parse_body(request.body), caller)
        if fate.stall_seconds:
            await asyncio.sleep(fate.stall_seconds)
        return None if fate.lose_answer else answer


def _outcome(fate: CallFate) -> Outcome:
    if fate.reset:
        return Outcome.RESET
    return Outcome.ANSWER_LOST if fate.lose_answer else Outcome.OK


def _parse_body(body: bytes) -> Json:
    try:
        parameters = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise _unreadable(f"the body is not JSON: {error}") from error
    if not isinstance(parameters, dict):
        raise _unreadable("the body is not a JSON object")
    return parameters


def _unreadable(reason: str) -> AwsError:
    return AwsError("SerializationException", reason, query_code="MalformedInput")
