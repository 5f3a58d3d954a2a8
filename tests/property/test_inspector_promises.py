"""What the inspector promises, whatever comes and wherever it is killed."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from event_processor.contracts.contract import Contract
from event_processor.contracts.judge import Judge, Refused
from tests.inspecting import STREAM, Scene, contract, page

CONTRACTS = (contract("page/Home"), contract("page/Pricing"))
LATE = contract("page/Late")
RECORDS = st.lists(
    st.one_of(
        st.builds(page, st.sampled_from(["Home", "Pricing", "Late", "Nowhere"]), age=st.sampled_from([1, "1", None])),
        st.sampled_from([b"", b"{", b"\xff\xfe", b"[]", b'{"type": 1}', b'{"type": "page", "type": "page"}']),
        st.binary(max_size=20),
    ),
    min_size=1,
    max_size=12,
)


class Killed(BaseException):
    """The process is gone in the middle of a step."""


class Killer:
    """Kills at those steps, counted over all processes."""

    def __init__(self, at: set[int]) -> None:
        self._at, self._steps = at, 0

    def __call__(self, _step: str) -> None:
        """One more step."""
        self._steps += 1
        if self._steps in self._at:
            raise Killed


def _must_be_rejected(records: list[bytes], contracts: tuple[Contract, ...]) -> list[int]:
    scene = Scene([], *contracts)
    judge = Judge(STREAM)
    verdicts = [judge.judge(data, scene.contracts.current) for data in records]
    return [number for number, verdict in enumerate(verdicts, 1) if isinstance(verdict, Refused)]


def _looking(scene: Scene, look: Callable[[Scene], None], turns: int) -> None:
    """Turn by turn; what is killed is started again."""
    for turn in range(turns):
        scene.rejects.failing = turn % 5 == 3
        scene.contracts.is_down = turn % 7 in {2, 3}
        try:
            scene.turn(seconds=1.5)
        except Killed:
            scene.inspector = scene.started()
        look(scene)


@given(RECORDS, st.sets(st.integers(1, 60), max_size=6), st.integers(0, 10))
def test_nothing_passes_the_checkpoint_without_its_verdict(records: list[bytes], kills: set[int], late_at: int) -> None:
    """Wherever it is killed, what is behind the checkpoint is valid or its reject is stored; in the end that is all.

    A contract that is published meanwhile counts for records that came before it, if they were not rejected yet.
    """
    scene = Scene(records, *CONTRACTS, crash=Killer(kills))
    always = set(_must_be_rejected(records, (*CONTRACTS, LATE)))
    perhaps = set(_must_be_rejected(records, CONTRACTS))
    turns = 0

    def look(scene: Scene) -> None:
        nonlocal turns
        turns += 1
        if turns == late_at:
            scene.contracts.publish(LATE)
        stored, done = set(scene.stored_numbers), set(range(1, scene.checkpoint + 1))
        assert always & done <= stored, "a record passed the checkpoint without its reject"
        assert stored <= perhaps, "a valid record was rejected"

    _looking(scene, look, 80)

    assert scene.checkpoint == len(records)
    numbers = scene.stored_numbers
    firsts = list(dict.fromkeys(numbers))
    assert firsts == sorted(firsts), "the rejects of a shard are not in its order"
    told = {notice.link for notice in scene.notices.told}
    assert {f"http://status.example/#{reject.reject_id}" for reject in scene.stored} >= told


@given(RECORDS, st.sets(st.integers(1, 60), min_size=1, max_size=6))
def test_a_record_that_is_read_again_is_the_same_reject(records: list[bytes], kills: set[int]) -> None:
    """However often a record comes, its rejects have one id, and say the same but for the time they were received."""
    scene = Scene(records, *CONTRACTS, crash=Killer(kills))
    _looking(scene, lambda _: None, 80)
    by_record: dict[str, set[str]] = {}
    for reject in scene.stored:
        told = reject.to_json().replace(reject.origin.received_at.isoformat(), "then")
        by_record.setdefault(reject.origin.id, set()).add(told)

    assert all(len(told) == 1 for told in by_record.values())
    assert len({reject.reject_id for reject in scene.stored}) == len(by_record)
