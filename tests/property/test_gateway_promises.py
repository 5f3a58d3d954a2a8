"""The door's promise, whatever happens: what is answered as stored is stored, in the order of its key."""

import json
from collections import defaultdict

from hypothesis import Phase
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from event_processor.gateway.pending import Pending
from event_processor.publishing.lanes import Wave
from event_processor.publishing.stream import Acknowledged, Answer
from event_processor.publishing.stream import Refused as NotStored
from tests.gateways import DEADLINE_SECONDS, LINGER_SECONDS, Scene
from tests.lengths import examples
from tests.property.machines import play

KEYS = ["ada", "bob"]
Fates = st.lists(st.sampled_from(["store", "store", "refuse"]), min_size=1, max_size=3)


class DoorMachine(RuleBasedStateMachine):
    """Requests come, some of their records faulty; waves are refused or lost; stores fail; time passes."""

    def __init__(self) -> None:
        super().__init__()
        self.scene = Scene()
        self.sent: list[tuple[Pending, list[tuple[str, int]]]] = []  # key and number of each record
        self.flying: list[Wave] = []
        self.numbers = 0

    @rule(keys=st.lists(st.sampled_from(KEYS), min_size=1, max_size=4), faulty=st.sampled_from([None, None, 0, 1]))
    def request(self, keys: list[str], faulty: int | None) -> None:
        """A client sends some records."""
        made, people = [], []
        for place, key in enumerate(keys):
            self.numbers += 1
            made.append((key, self.numbers))
            people.append({"name": key, "n": self.numbers, **({"age": "old"} if place == faulty else {})})
        self.sent.append((self.scene.take(*people), made))

    @rule()
    def send(self) -> None:
        """A wave leaves, if there is one."""
        if len(self.flying) < 2 and (wave := self.scene.wave()) is not None:
            self.flying.append(wave)

    @precondition(lambda self: self.flying)
    @rule(which=st.integers(0, 1), fates=Fates, is_lost=st.booleans())
    def answer(self, which: int, fates: list[str], is_lost: bool) -> None:
        """The stream stores some of a wave, and the answer comes back or not."""
        wave = self.flying.pop(which % len(self.flying))
        answers: list[Answer] = [
            self.scene.stream.put([record])[0] if fates[place % len(fates)] == "store" else NotStored("InternalFailure")
            for place, record in enumerate(wave.records)
        ]
        self.scene.gateway.settle(self.scene.line, wave, None if is_lost else answers, self.scene.now)

    @rule(is_safe=st.booleans())
    def keep(self, is_safe: bool) -> None:
        """The reject store answers, well or not."""
        self.scene.keep(is_safe)

    @rule(seconds=st.sampled_from([LINGER_SECONDS, 1.0, DEADLINE_SECONDS]))
    def pass_time(self, seconds: float) -> None:
        """Time passes, and deadlines with it."""
        self.scene.clock.advance(seconds)
        self.scene.contracts.read()
        self.scene.gateway.give_up(self.scene.now)

    @invariant()
    def what_is_answered_as_stored_is_stored_in_order(self) -> None:
        """Whoever reads the stream and drops repeats sees those records of each key in the order of their coming."""
        first: dict[int, int] = {}
        for place, event in enumerate(self.scene.stream.events()):
            first.setdefault(event["n"], place)
        places = defaultdict(list)
        for pending, made in self.sent:
            for (key, number), result in zip(made, pending.results, strict=True):
                if isinstance(result, Acknowledged):
                    stored = self.scene.stream.stored[first[number]]
                    assert json.loads(stored.record.data)["n"] == number
                    places[key].append(first[number])
        assert all(each == sorted(each) for each in places.values())

    @invariant()
    def one_record_of_a_key_is_on_the_wire(self) -> None:
        """No two waves under way have a record of the same key."""
        keys = [record.partition_key for wave in self.flying for record in wave.records]
        assert len(keys) == len(set(keys))

    def teardown(self) -> None:
        """Everybody is answered by the deadline, and nothing stays in hand once all calls are back."""
        self.scene.keep()
        self.pass_time(DEADLINE_SECONDS)
        assert all(pending.is_done for pending, _ in self.sent)
        while self.flying:
            self.answer(0, ["refuse"], is_lost=False)
        self.scene.gateway.give_up(self.scene.now)
        gateway = self.scene.gateway
        assert (gateway.records, gateway.size_bytes, gateway.waiting) == (0, 0, 0)
        assert self.scene.wave() is None


@examples(50, 600)
def test_the_door_keeps_its_promise(examples: int) -> None:
    """Under any sequence of requests, refusals, losses, broken stores and deadlines."""
    play(DoorMachine, examples, 30, tuple(Phase))
