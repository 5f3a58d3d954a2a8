"""Whatever happens to the monitor, its channel and its state: people believe what is so, and hear each thing once."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from event_processor.monitoring.hushes import HushStore
from event_processor.monitoring.labels import LabelState
from event_processor.monitoring.tracked import Tracked
from tests.monitors import START, WRONG, Scene, metric, ruled

NAMES = ("rows", "lag", "nulls")
KEYS = tuple(f"orders/{name}" for name in NAMES)
_ONE = st.sampled_from(range(3))


class MonitorMachine(RuleBasedStateMachine):
    """Three series, one channel, a state, and people who label, snooze and acknowledge."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        ruled()(self.patch)
        self.scene = Scene()
        self.number = 0
        self.heard = 0
        self.believed: set[str] = set()  # to be wrong, by who reads the channel
        self.excused: set[str] = set()  # may be told twice: the process was killed before it could note that

    def teardown(self) -> None:
        """Everything works again for a while, and all is well: people know, and nothing is left to be done."""
        self.scene.files.is_down = self.scene.channel.is_down = False
        for _ in range(3):
            self.minute([10.0, 10.0, 10.0])
        self._settle()
        assert self.believed == set()
        assert self.scene.open == []
        assert self.scene.is_done
        for tracked in self.scene.monitor.evaluator.tracked.values():
            assert all(incident.told == {} for incident in tracked.incidents.all)
        self.patch.undo()

    @initialize()
    def begin(self) -> None:
        """All is well at first."""
        for _ in range(3):
            self.minute([10.0, 10.0, 10.0])

    @rule(values=st.lists(st.sampled_from([10.0, WRONG, WRONG + 1]), min_size=3, max_size=3), twice=st.booleans())
    def minute(self, values: list[float], twice: bool = False) -> None:
        """A minute is over, and its metrics come, perhaps twice."""
        metrics = [metric(self.number, value, name) for name, value in zip(NAMES, values, strict=True)]
        self.scene.minute(self.number, *metrics * (1 + twice))
        self.number += 1
        self._listen()

    @rule(which=_ONE, back=st.integers(1, 3), value=st.sampled_from([10.0, WRONG]), revision=st.integers(1, 3))
    def revise(self, which: int, back: int, value: float, revision: int) -> None:
        """A metric is corrected."""
        self.scene.put(metric(max(0, self.number - back), value, NAMES[which], revision))
        self.scene.turns()
        self._listen()

    @rule()
    def kill(self) -> None:
        """Kill -9, and the next process; what nobody could note may be told again."""
        if self.scene.files.is_down:
            self.scene.files.is_down = False
            self.excused |= set(KEYS)
        elif not self.scene.channel.is_down:
            self._settle()
        self.scene.kill()
        self._listen()

    @rule(is_down=st.booleans())
    def channel(self, is_down: bool) -> None:
        """The channel fails, or works again."""
        self.scene.channel.is_down = is_down
        self.scene.turns()
        self._listen()

    @rule(is_down=st.booleans())
    def state(self, is_down: bool) -> None:
        """The state cannot be written, or can again."""
        self.scene.files.is_down = is_down
        self.scene.turns()
        self._listen()

    @rule(which=_ONE, state=st.sampled_from([LabelState.EXPECTED, LabelState.MAINTENANCE, LabelState.ANOMALY]))
    def label(self, which: int, state: LabelState) -> None:
        """Somebody says what the last minutes were."""
        if not self.scene.files.is_down:
            self.scene.label(KEYS[which], self.number - 2, self.number, state)
            self.scene.turns()
            self._listen()

    @rule(which=_ONE, minutes=st.integers(0, 5))
    def snooze(self, which: int, minutes: int) -> None:
        """Somebody does not want to hear of a series for a while."""
        if not self.scene.files.is_down:
            now = int(self.scene.clock.now().timestamp())
            HushStore(self.scene.files).snooze(KEYS[which], now + minutes * 60, "ada", now)
            self.scene.giving.look()

    @rule(which=_ONE)
    def acknowledge(self, which: int) -> None:
        """Somebody is on it."""
        tracked: Tracked | None = self.scene.monitor.evaluator.tracked.get(KEYS[which])
        if not self.scene.files.is_down and tracked is not None and tracked.incidents.open is not None:
            HushStore(self.scene.files).acknowledge(tracked.incidents.open.id, "ada", int(START.timestamp()))
            self.scene.giving.look()

    def _settle(self) -> None:
        self.scene.settle()
        self._listen()

    def _listen(self) -> None:
        """What people read since they last looked."""
        for message in self.scene.messages[self.heard :]:
            for entry in message.entries:
                series, state = entry.notice.pointer, entry.state.value
                if state == "new":
                    assert series not in self.believed or series in self.excused, f"{series} is told twice"
                    self.believed.add(series)
                elif state == "recovered":
                    self.believed.discard(series)
                    self.excused.discard(series)
                else:
                    assert series in self.believed, f"{series} goes on, and nobody has heard of it"
        self.heard = len(self.scene.messages)


MonitorMachine.TestCase.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
TestMonitor = MonitorMachine.TestCase
