"""What the monitor relies on in its state: the same checks on a folder and on a bucket of moto's."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from event_processor.errors import CallFailed
from event_processor.monitoring.given import Giving
from event_processor.monitoring.hushes import HushStore
from event_processor.monitoring.known import stored_incidents
from event_processor.monitoring.label_store import LabelStore
from event_processor.monitoring.labels import Label, LabelState
from event_processor.monitoring.state import PART_SERIES, PROCESS, StateStore
from event_processor.stores.objects import Objects
from event_processor.stores.objects_bucket import BucketObjects
from event_processor.stores.objects_directory import DirectoryObjects
from event_processor.testing import RecordingObserver
from tests.contract import backends
from tests.monitors import START, WRONG, Scene, by_rule, metric

__all__ = ["by_rule"]
pytestmark = pytest.mark.usefixtures("by_rule")


@pytest.fixture(params=["folder", "bucket"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Objects]:
    """A place of its own."""
    if request.param == "folder":
        yield DirectoryObjects(tmp_path)
        return
    endpoints: Callable[[str], str] = request.getfixturevalue("endpoints")
    s3 = backends.clients(endpoints(backends.MOTO)).s3(pool=4)
    bucket = backends.new_name()
    s3.create_bucket(Bucket=bucket)
    yield BucketObjects(s3, bucket, "monitor", RecordingObserver())


def monitor(objects: Objects) -> Scene:
    """One whose state is there."""
    scene = Scene()
    scene.files = objects  # type: ignore[assignment]  # it has all that is asked of it
    scene.begin()
    return scene


def test_what_is_known_outlives_the_process(objects: Objects) -> None:
    """Series, incidents and who was told of them are found by the next process, and by commands."""
    scene = monitor(objects)
    names = [f"n{number:03}" for number in range(PART_SERIES + 20)]
    for number in range(3):
        scene.minute(number, *(metric(number, WRONG if name == "n007" else 10.0, name) for name in names))
    scene.settle()
    before = {key: each.state() for key, each in scene.monitor.evaluator.tracked.items()}
    scene.kill()

    assert {key: each.state() for key, each in scene.monitor.evaluator.tracked.items()} == before
    assert [name.rpartition("/")[2] for name in objects.names(f"state/{PROCESS}/")] == [
        "000000.json.gz",
        "000001.json.gz",
    ]
    [incident] = stored_incidents(objects)
    assert (incident.first.series.key, list(incident.told)) == ("orders/n007", ["slack"])
    scene.minute(3, metric(3, WRONG, "n007"))
    scene.settle()
    assert scene.told == [("new", "orders/n007")]


def test_a_function_finds_what_a_process_knew(objects: Objects) -> None:
    """Who moves from the process to the Lambda function, or back, begins no series again."""
    scene = monitor(objects)
    scene.minute(0, metric(0))
    scene.settle()
    assert [each.key for each in StateStore(objects, "shardId-000000000000").others()] == ["orders/rows"]
    assert list(StateStore(objects, "shardId-000000000000").load()) == []


def test_versions_are_immutable_and_none_is_lost(objects: Objects) -> None:
    """However many people label and hush at once, every version stays, and the newest has what all of them said."""

    def work(number: int) -> None:
        LabelStore(objects).add([Label(f"a/{number}", 0, 60, LabelState.ANOMALY, "", "", 0)])
        HushStore(objects).acknowledge(str(number), "", int(START.timestamp()))

    people = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for each in people:
        each.start()
    for each in people:
        each.join()

    giving = Giving(objects, RecordingObserver())
    given = giving.look()
    assert sorted(label.series for label in given.labels.labels) == [f"a/{number}" for number in range(4)]
    assert given.hushes.acknowledged == {"0", "1", "2", "3"}
    assert len(list(objects.names("labels/"))) == given.labels.version == 4
    assert giving.look() is given


def test_a_part_that_was_damaged_is_told_with_its_name(objects: Objects) -> None:
    """What is not a state is never taken for an empty one: that would be every series from the beginning."""
    objects.put(f"state/{PROCESS}/000000.json.gz", b"\x1f\x8bnonsense")
    with pytest.raises(CallFailed, match=f"state/{PROCESS}/000000"):
        list(StateStore(objects, PROCESS).load())
