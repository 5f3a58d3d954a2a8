"""The commands about findings, against what a monitor has stored in a folder."""

from pathlib import Path

import pytest

from event_processor.monitoring.hushes import HushStore
from event_processor.monitoring.label_store import LabelStore
from event_processor.stores.objects_directory import DirectoryObjects
from tests.monitors import START, WRONG, Scene, by_rule, metric
from tests.unit.commands.test_main import invoke

__all__ = ["by_rule"]
pytestmark = pytest.mark.usefixtures("by_rule")


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """A monitor that has found something, whose state is a folder."""
    scene = Scene()
    for number in range(3):
        scene.minute(number, metric(number, WRONG if number else 10.0))
    scene.settle()
    objects = DirectoryObjects(tmp_path)
    for name, content in scene.files.content.items():
        objects.put(name, content)
    scene.files = objects  # type: ignore[assignment]  # it has all that is asked of it
    scene.begin()
    return scene


def finding(scene: Scene) -> str:
    """The id of the only one."""
    [incident] = scene.monitor.evaluator.tracked["orders/rows"].incidents.all
    return incident.id


def test_label_a_finding_by_its_id(scene: Scene, tmp_path: Path) -> None:
    """What a notice names can be labelled with that name: all its buckets, and a running monitor takes it up."""
    state = {"MONITOR_STATE": f"dir:{tmp_path}"}
    assert "1000 at" in invoke("monitor", "findings", "--open", **state).stdout

    assert invoke("monitor", "label", finding(scene), "expected", **state).exit_code == 0
    [label] = LabelStore(DirectoryObjects(tmp_path)).latest().labels
    assert (label.series, label.start - START.timestamp()) == ("orders/rows", 60)
    assert label.end >= label.start + 120

    scene.giving.look()
    scene.settle()
    assert scene.told[-1] == ("recovered", "orders/rows")
    assert "expected" in invoke("monitor", "findings", **state).stdout


def test_label_a_finding_that_goes_on_meanwhile(scene: Scene, tmp_path: Path) -> None:
    """What a command reads is some seconds old: a bucket that came since is part of what was labelled."""
    state = {"MONITOR_STATE": f"dir:{tmp_path}"}
    assert invoke("monitor", "label", finding(scene), "expected", **state).exit_code == 0
    scene.minute(3, metric(3, WRONG))

    scene.giving.look()
    scene.settle()
    assert scene.told[-1] == ("recovered", "orders/rows")


@pytest.mark.parametrize(
    "arguments",
    [
        ("snooze", "orders/*", "--hours", "nan"),
        ("snooze", "o" * 501),
        ("snooze", "orders/*", "--author", "a" * 501),
    ],
)
def test_a_snooze_that_is_none(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """It is told in one line, and nothing is stored."""
    done = invoke("monitor", *arguments, MONITOR_STATE=f"dir:{tmp_path}")

    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert "allowed:" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_finding_that_is_none(tmp_path: Path) -> None:
    """An id that is mistyped is told, and labels nothing."""
    state = {"MONITOR_STATE": f"dir:{tmp_path}"}
    unknown = "00000000-0000-5000-8000-000000000000"

    for arguments in (("label", unknown, "expected"), ("acknowledge", unknown)):
        done = invoke("monitor", *arguments, **state)
        assert (done.exit_code, unknown in done.stderr) == (1, True)
    assert not list(tmp_path.iterdir())


def test_acknowledge_and_snooze(scene: Scene, tmp_path: Path) -> None:
    """Both are taken up by a running monitor, and a snooze of no hours ends one."""
    state = {"MONITOR_STATE": f"dir:{tmp_path}"}
    hushes = HushStore(DirectoryObjects(tmp_path))

    assert invoke("monitor", "acknowledge", finding(scene), **state).exit_code == 0
    assert hushes.latest().acknowledged == {finding(scene)}
    assert "acknowledged" in invoke("monitor", "findings", **state).stdout
    assert invoke("monitor", "snooze", "orders/*", "--hours", "2", **state).exit_code == 0
    [snooze] = hushes.latest().snoozes
    assert hushes.latest().snoozed("orders/lag", snooze.until - 1)
    assert not hushes.latest().snoozed("orders/lag", snooze.until)
    assert invoke("monitor", "snooze", "orders/*", "--hours", "0", **state).exit_code == 0
    assert hushes.latest().snoozes == ()
    assert hushes.latest().acknowledged == {finding(scene)}
