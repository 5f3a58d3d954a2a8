"""The inspector, with its ports in memory."""

from collections import Counter

import pytest

from event_processor.contracts.contract_set import ContractSet
from event_processor.contracts.judge import Judge
from event_processor.inspection import inspector
from event_processor.inspection.verdicts import Bench
from event_processor.testing import RecordingObserver
from event_processor.verdict import Reason
from tests.inspecting import MINUTE, START, STREAM, Scene, contract, page, record

HOME = contract("page/Home")


def test_rejects_are_stored_told_and_then_done() -> None:
    """What is valid passes; what is not is stored with all its faults, told, and only then is the checkpoint moved."""
    order: list[str] = []
    scene = Scene([page(age=1), page(age="1", plan="gold"), b"{"], HOME, crash=order.append)
    scene.turn()
    scene.turn(seconds=2)

    assert scene.checkpoint == 3
    assert [[fault.pointer for fault in reject.faults] for reject in scene.stored] == [["/age", "/plan"], [""]]
    assert [(told.subject, told.pointer, told.code) for told in scene.notices.told] == [
        ("page/Home", "/age", "wrong_type"),
        ("page/Home", "/plan", "not_in_enum"),
        ("segment", "", "not_json"),
    ]
    steps = [step for step in order if step in {"after store", "after tell", "before done"}]
    assert steps == ["after store", "after tell", "after tell", "after tell", "before done"]
    assert scene.observer.of("judged")[0][0] == {"page/Home": 1}
    assert scene.observer.of("refused") == [({"page/Home": 1, "unknown": 1},)]


def test_a_notice_says_what_to_do() -> None:
    """It has what was expected and found, the version, who sent it, and a link to the reject on the status page."""
    sender = {"library": {"name": "analytics.js", "version": "3.7.2"}}
    scene = Scene([page(plan="gold", context=sender)], contract("page/Home", "1-0-2", **{"x-channel": "#web"}))
    scene.turn()
    scene.turn(seconds=2)

    [told] = scene.notices.told
    assert (told.version, told.channel) == ("1-0-2", "#web")
    assert "analytics.js" in told.sender
    assert told.link == f"http://status.example/#{scene.stored[0].reject_id}"
    assert dict(told.fields)["Found"] == '"gold"'
    assert "free" in dict(told.fields)["Expected"]


def test_held_until_the_registry_was_read() -> None:
    """A reject is not final before the registry was read since; a contract that came meanwhile counts."""
    scene = Scene([page("New", age=1), page("New", age="1")])
    scene.turn(3)
    assert (scene.stored, scene.checkpoint) == ([], 0)

    scene.contracts.publish(contract("page/New"))
    scene.turn(seconds=2)

    assert [reject.reason for reject in scene.stored] == [Reason.WRONG_TYPE]
    assert scene.checkpoint == 2
    accepted = sum((Counter(counts) for counts, _ in scene.observer.of("judged")), Counter[str]())
    assert accepted == {"page/New": 1}


def test_a_broken_registry_holds_rejects_and_nothing_else() -> None:
    """While the registry is down no reject that depends on it is final, and the checkpoint waits for it."""
    scene = Scene([page(age=1)] * 3 + [page(age="x")] * 3 + [page(age=2)] * 3, HOME)
    scene.contracts.is_down = True
    scene.turn(20, seconds=30)
    assert (scene.stored, scene.checkpoint) == ([], 3)

    scene.contracts.is_down = False
    scene.turn(seconds=2)
    assert (scene.stored_numbers, scene.checkpoint) == ([4, 5, 6], 9)


def test_a_clock_that_is_set_back_holds_up_nobody() -> None:
    """Of our clock set back by an hour rejects wait for the next look at the registry, and no hour."""
    scene = Scene([page(age="x")], HOME)
    scene.turn()
    scene.clock.set_back(3600)
    scene.turn()
    assert scene.stored == []

    scene.turn(2, seconds=2)
    assert (scene.stored_numbers, scene.checkpoint) == ([1], 1)


def test_a_registry_read_before_the_clock_was_set_back_is_no_newer_one() -> None:
    """A time of reading that is still to come says nothing: the contract that was published meanwhile counts."""
    scene = Scene([page("New", age=1)])
    scene.contracts.read()
    scene.clock.set_back(3600)
    scene.contracts.publish(contract("page/New"))
    scene.turn(3)
    assert (scene.stored, scene.checkpoint) == ([], 0)

    scene.turn(2, seconds=2)
    assert (scene.stored, scene.checkpoint) == ([], 1)


def test_what_no_contract_can_change_is_not_held() -> None:
    """What is not JSON at all is rejected at once, whether or not the registry can be read."""
    scene = Scene([b"\xff", b"[]"], HOME)
    scene.contracts.is_down = True
    scene.turn()

    assert [reject.reason for reject in scene.stored] == [Reason.NOT_UTF8, Reason.NOT_AN_OBJECT]
    assert scene.checkpoint == 2


def test_old_records_are_not_held() -> None:
    """Of a backlog that arrived long before the registry was read, rejects are final at once; clocks may differ."""
    bench, observer = RecordingObserver(), RecordingObserver()
    now = START + 60 * MINUTE
    contracts = ContractSet(1, now - MINUTE / 60, {"page/Home": HOME})

    def is_open(age: float) -> bool:
        records = [record(1, page(age="x"), now - age * MINUTE)]
        return bool(Bench(Judge(STREAM), observer).judge(records, contracts, now).open)

    assert not is_open(2)
    assert is_open(0.5)
    assert not bench.facts


def test_a_failing_store_holds_up_and_loses_nothing() -> None:
    """While the reject store fails nothing passes its rejects, people are not told of them, and it is tried again."""
    scene = Scene([page(age=1)] * 3 + [page(age="x")] * 3 + [page(age=2)] * 3, HOME)
    scene.rejects.failing = True
    scene.turn(10, seconds=2)
    assert (scene.stored, scene.notices.told, scene.checkpoint) == ([], [], 3)
    tries = len(scene.observer.of("failing"))

    scene.turn(5)
    assert len(scene.observer.of("failing")) - tries <= 1, "it pauses between two tries"
    scene.rejects.failing = False
    scene.turn(seconds=2)
    assert (scene.stored_numbers, scene.checkpoint) == ([4, 5, 6], 9)
    assert len(scene.notices.told) == 3


def test_what_is_final_does_not_take_with_it_what_is_held() -> None:
    """When the store works again, the batches before the first that is held are done, and no other."""
    scene = Scene([b"{"] * 3 + [page(age="x")] * 3 + [b"{"] * 3, HOME)
    scene.contracts.is_down = scene.rejects.failing = True
    scene.turn(4, seconds=2)
    scene.rejects.failing = False
    scene.turn(seconds=2)

    assert (scene.stored_numbers, scene.checkpoint) == ([1, 2, 3], 3)


def test_records_with_many_faults_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the store fails no more is taken than fits, though each record has a hundred faults; then all goes on."""
    monkeypatch.setattr(inspector, "_MOST_FAULTS", 1000)
    listing = contract("page/List", properties={"prices": {"items": {"type": "integer"}}})
    scene = Scene([page("List", prices=["x"] * 100)] * 60, listing)
    scene.rejects.failing = True
    scene.turn(60, seconds=0.01)
    assert 1000 < sum(pending.faults for pending in scene.inspector._pending) < 1500

    scene.rejects.failing = False
    scene.turn(30, seconds=2)
    assert (len(scene.stored), scene.checkpoint) == (60, 60)


def test_a_record_that_the_store_cannot_take_is_not_lost_in_silence() -> None:
    """Where only the reject can be kept and not the record, it is told whose: the stream has it for a while."""
    scene = Scene([page(age="x"), page(age="y")], HOME)
    scene.rejects.too_large = {"shard-0/2"}
    scene.turn(2, seconds=2)

    [(told,)] = scene.observer.of("originals_not_kept")
    assert [reject.origin.id for reject in told] == ["shard-0/2"]
    assert (scene.stored_numbers, scene.checkpoint) == ([1, 2], 2)


def test_a_record_that_meets_a_bug_is_a_reject() -> None:
    """If our own code fails on a record, that one is kept as a reject, and those around it get their verdicts."""
    scene = Scene([page(age=1), page(age=2), page(age=3)], HOME)
    judge = scene.inspector._bench._judge

    class Defective:
        def judge(self, data: bytes, contracts: ContractSet) -> object:
            if b"2" in data:
                raise ZeroDivisionError
            return judge.judge(data, contracts)

    scene.inspector._bench._judge = Defective()  # type: ignore[assignment]
    scene.turn()
    scene.turn(seconds=2)

    assert scene.stored_numbers == [2]
    assert scene.stored[0].reason is Reason.INVALID
    assert [type(error) for (error,) in scene.observer.of("broken")] == [ZeroDivisionError]
    assert scene.checkpoint == 3


def test_stopping_finishes_what_is_in_hand() -> None:
    """A stop reads nothing more, waits for what is held, and is clean when all of it is safe."""
    scene = Scene([page(age="x")] * 9, HOME)
    scene.inspector.read()
    scene.inspector.stop()
    scene.clock.advance(1)
    scene.contracts.read()
    outcome = scene.inspector.run()

    assert outcome.is_clean
    assert (scene.stored_numbers, scene.checkpoint) == ([1, 2, 3], 3)


def test_stopping_says_what_is_not_finished() -> None:
    """With a registry that stays down a stop ends within the grace period, says so, and the records come again."""
    scene = Scene([page(age="x")] * 3, HOME)
    scene.contracts.is_down = True
    scene.inspector.read()
    scene.inspector.stop()
    before = scene.clock.monotonic()
    outcome = scene.inspector.run()

    assert (outcome.unfinished, outcome.is_clean) == (3, False)
    assert scene.clock.monotonic() - before <= 10.5
    assert (scene.stored, scene.checkpoint) == ([], 0)


def test_subjects_of_senders_make_no_labels() -> None:
    """Whatever names records have, metrics know those that contracts have, and `unknown`."""
    scene = Scene([page(f"Page {number}") for number in range(30)], HOME)
    scene.turn(12, seconds=2)

    assert len(scene.stored) == 30
    assert {subject for (counts,) in scene.observer.of("refused") for subject in counts} == {"unknown"}
