"""Which faults are on now: those set by hand, and the phases of the running plan."""

from collections import deque

from local_aws.clock import Clock
from local_aws.errors import Json
from local_aws.faults.action import Action
from local_aws.faults.dice import FaultDice, Layer
from local_aws.faults.plan import Plan
from local_aws.faults.settings import Faults


class _Run:
    """A plan under way."""

    def __init__(self, plan: Plan, started_at: float) -> None:
        self.started_at = started_at
        self.to_do = deque(sorted(plan.moments, key=lambda moment: moment.at_seconds))
        self.done: list[Json] = []
        self._phases = [(phase, Layer(phase.faults, f"phase {number}")) for number, phase in enumerate(plan.phases)]

    def layers_at(self, elapsed_seconds: float) -> list[Layer]:
        return [layer for phase, layer in self._phases if phase.start_seconds <= elapsed_seconds < phase.end_seconds]

    def due(self, elapsed_seconds: float) -> list[Action]:
        due = []
        while self.to_do and self.to_do[0].at_seconds <= elapsed_seconds:
            due.append(self.to_do.popleft().action)
        return due

    def next_change(self, elapsed_seconds: float) -> float | None:
        borders = [border for phase, _ in self._phases for border in (phase.start_seconds, phase.end_seconds)]
        moments = [moment.at_seconds for moment in self.to_do]
        return min((at for at in (*borders, *moments) if at > elapsed_seconds), default=None)


class FaultControl:
    """Holds the dice of the moment. ``waiting_plan`` starts with the first call of the data path.

    ``clock`` is the true one: a plan's own clock jumps do not move it.
    """

    def __init__(self, faults: Faults, clock: Clock, waiting_plan: Plan | None = None) -> None:
        self.waiting_plan = waiting_plan
        self._clock = clock
        self._run: _Run | None = None
        self._by_hand = Layer(faults, "by hand")
        self.dice = FaultDice([self._by_hand])

    @property
    def faults(self) -> Faults:
        """The faults that were set by hand."""
        return self._by_hand.faults

    def set_faults(self, faults: Faults) -> None:
        """Have exactly these from now on, from their seed; a plan that runs or waits is over."""
        self.waiting_plan = self._run = None
        self._by_hand = Layer(faults, "by hand")
        self.dice = FaultDice([self._by_hand])

    def start(self, plan: Plan) -> None:
        """Start a plan now, in place of any other; what was set by hand stays on beside it."""
        self.waiting_plan = None
        self._run = _Run(plan, self._clock.now())

    def advance(self) -> list[Action]:
        """Bring the dice up to the present moment, and return the actions that have become due."""
        if self._run is None:
            return []
        elapsed_seconds = self._elapsed(self._run)
        layers = (self._by_hand, *self._run.layers_at(elapsed_seconds))
        if layers != self.dice.layers:
            self.dice = FaultDice(layers)
        return self._run.due(elapsed_seconds)

    def record(self, action: Action, error: str | None) -> None:
        """Remember how an action of the plan went."""
        if self._run is not None:
            at_seconds = round(self._elapsed(self._run), 3)
            self._run.done.append({"at": at_seconds, **action.as_json(), "error": error})

    def seconds_to_next_change(self) -> float | None:
        """How long the present faults last and nothing is due; None when the plan has nothing more."""
        if self._run is None:
            return None
        elapsed_seconds = self._elapsed(self._run)
        at = self._run.next_change(elapsed_seconds)
        return None if at is None else at - elapsed_seconds

    def as_json(self) -> Json:
        """What is on now, and where the plan is."""
        return {
            "faults": self.faults.as_json(),
            "on": [layer.faults.as_json() for layer in self.dice.layers if layer.faults.as_json()],
            "plan": self._plan_as_json(),
        }

    def _plan_as_json(self) -> Json | None:
        if self._run is None:
            return {"state": "waiting"} if self.waiting_plan else None
        state = "over" if self.seconds_to_next_change() is None else "running"
        elapsed_seconds = round(self._elapsed(self._run), 3)
        return {"state": state, "elapsed_seconds": elapsed_seconds, "actions_done": self._run.done}

    def _elapsed(self, run: _Run) -> float:
        return self._clock.now() - run.started_at
