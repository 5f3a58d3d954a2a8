"""The admin endpoint: switch faults, start plans, do actions, count calls. Everything under ``/_local_aws/``."""

import json
from collections.abc import Awaitable, Callable, Mapping

from local_aws.actions import Actions
from local_aws.answers import json_response
from local_aws.calls import CallCounts
from local_aws.errors import AwsError, Json
from local_aws.faults import Action, FaultControl, Faults, Plan
from local_aws.http import Request, Response
from local_aws.runner import PlanRunner

PREFIX = "/_local_aws/"


class Admin:
    """Answers requests under the prefix: 200, 400 with the reason, or 404."""

    def __init__(self, control: FaultControl, runner: PlanRunner, actions: Actions, calls: CallCounts) -> None:
        self._control = control
        self._runner = runner
        self._actions = actions
        self._calls = calls
        self._routes: Mapping[tuple[str, str], Callable[[str], Awaitable[Json]]] = {
            ("GET", "health"): self._health,
            ("GET", "faults"): self._faults,
            ("PUT", "faults"): self._set_faults,
            ("POST", "plan"): self._start_plan,
            ("POST", "action"): self._act,
            ("GET", "calls"): self._count_calls,
        }

    async def respond(self, request: Request) -> Response:
        """Answer one request."""
        route = self._routes.get((request.method, request.path.removeprefix(PREFIX)))
        if route is None:
            routes = ", ".join(f"{method} {PREFIX}{name}" for method, name in self._routes)
            return json_response(404, {"error": f"there is {routes}"})
        try:
            return json_response(200, await route(request.body.decode()))
        except AwsError as error:
            return json_response(400, {"error": f"{error.code}: {error.message}"})
        except (ValueError, RecursionError) as error:
            return json_response(400, {"error": str(error)})

    async def _health(self, _body: str) -> Json:
        return {"status": "running", "services": ["sqs", "kinesis"]}

    async def _faults(self, _body: str) -> Json:
        await self._runner.advance()
        return self._control.as_json()

    async def _set_faults(self, body: str) -> Json:
        await self._runner.set_faults(Faults.from_json(_json_object(body)))
        return self._control.as_json()

    async def _start_plan(self, body: str) -> Json:
        """Start the plan in the body; without a body, the plan that waits."""
        plan = Plan.from_text(body) if body.strip() else self._control.waiting_plan
        if plan is None:
            raise ValueError("no plan in the body, and none is waiting")
        await self._runner.start(plan)
        return self._control.as_json()

    async def _act(self, body: str) -> Json:
        action = Action.from_json(_json_object(body))
        await self._actions.perform(action)
        return action.as_json()

    async def _count_calls(self, _body: str) -> Json:
        return self._calls.as_json()


def _json_object(body: str) -> Json:
    values = json.loads(body)
    if not isinstance(values, dict):
        raise ValueError("the body is not a JSON object")
    return values
