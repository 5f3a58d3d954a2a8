"""Runs a fault plan: switches its phases and does its actions when they are due."""

import asyncio
import logging
from collections.abc import Callable

from local_aws.actions import Actions
from local_aws.errors import AwsError
from local_aws.faults import Action, FaultControl, Faults, Plan

logger = logging.getLogger("local_aws")


class PlanRunner:
    """Keeps the control up to the present: before every call, and by itself at each change of the plan."""

    def __init__(self, control: FaultControl, actions: Actions, clock_jumped: Callable[[], None]) -> None:
        self._control = control
        self._actions = actions
        self._clock_jumped = clock_jumped
        self._waiting: asyncio.Task[None] | None = None

    async def start(self, plan: Plan) -> None:
        """Start a plan now."""
        self.stop()
        self._control.start(plan)
        await self.advance()
        self._waiting = asyncio.get_running_loop().create_task(self._follow())

    async def set_faults(self, faults: Faults) -> None:
        """Have exactly these faults from now on, and no plan."""
        self.stop()
        offset_seconds = self._control.dice.clock_offset_seconds
        self._control.set_faults(faults)
        self._tell_of_jump(offset_seconds)

    async def advance(self) -> None:
        """Switch what is to be switched and do what is due."""
        offset_seconds = self._control.dice.clock_offset_seconds
        due = self._control.advance()
        self._tell_of_jump(offset_seconds)
        for action in due:
            await self._perform_planned(action)

    def stop(self) -> None:
        """Follow the plan no longer."""
        if self._waiting is not None:
            self._waiting.cancel()

    async def _follow(self) -> None:
        while (seconds := self._control.seconds_to_next_change()) is not None:
            await asyncio.sleep(seconds)
            await self.advance()

    def _tell_of_jump(self, offset_seconds: float) -> None:
        if self._control.dice.clock_offset_seconds != offset_seconds:
            self._clock_jumped()

    async def _perform_planned(self, action: Action) -> None:
        error = None
        try:
            await self._actions.perform(action)
        except AwsError as failure:
            error = f"{failure.code}: {failure.message}"
            logger.warning("the plan's action %s failed: %s", action.as_json(), error)
        self._control.record(action, error)
