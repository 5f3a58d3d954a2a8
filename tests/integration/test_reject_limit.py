"""A bad deploy does not reject a whole queue: the reject limit in a whole processor."""

from event_processor.clock import SystemClock
from event_processor.testing import MemoryQueue, MemoryRejects, MemoryStream
from tests.eventually import eventually
from tests.integration.rig import Fleet, running


def test_intake_ends_and_what_is_in_hand_is_finished() -> None:
    """Once too many in a row were rejected nothing more is received, and everything received is finished."""
    queue, stream, rejects = MemoryQueue(SystemClock()), MemoryStream(), MemoryRejects()
    fleet = Fleet(20)
    for body in [*fleet.bodies, *["nonsense{"] * 200]:
        queue.send(body)
    with running(queue, stream, rejects, reject_run=10) as run:
        [[reason]] = eventually(lambda: run.observer.of("halted"))
        eventually(lambda: not queue.hidden, "all in hand to be finished")
        left = len(queue)
        assert "10 submissions in a row" in reason
        assert 200 - 50 <= left < 200  # two receivers of ten messages each may have been at it
        assert len(rejects.stored) == 200 - left

        received = len(run.observer.of("received"))
        queue.send(fleet.bodies[0])
        assert run.stop().is_clean
    assert len(run.observer.of("received")) == received
    assert len(run.observer.of("halted")) == 1
    assert fleet.judge(stream).passed


def test_a_usual_share_of_rejects_changes_nothing() -> None:
    """Rejects below the limits, event by event or whole, do not end receiving."""
    fleet = Fleet(300, invalid_share=0.3)
    queue, stream = MemoryQueue(SystemClock()), MemoryStream()
    for body in fleet.bodies:
        queue.send(body)
    with running(queue, stream, reject_share=0.9, reject_run=100) as run:
        eventually(lambda: len(queue) == 0)
    assert run.observer.of("halted") == []
    assert run.observer.of("rejected")
    assert fleet.judge(stream).passed


def test_a_restart_begins_anew() -> None:
    """With the cause fixed, a new process takes in what the old one left."""
    queue, stream, fleet = MemoryQueue(SystemClock()), MemoryStream(), Fleet(150)
    for body in ["nonsense{"] * 5 + fleet.bodies:
        queue.send(body)
    with running(queue, stream, reject_run=5, receive_batch=10) as first:
        eventually(lambda: first.observer.of("halted"))
    assert len(queue) > 0
    with running(queue, stream, reject_run=5):
        eventually(lambda: len(queue) == 0)
    assert fleet.judge(stream).passed
