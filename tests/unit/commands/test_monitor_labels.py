"""The commands that label, against a folder."""

import threading
from pathlib import Path

import pytest

from event_processor.monitoring.label_store import LabelStore
from event_processor.monitoring.labels import Label, LabelState
from event_processor.stores.objects_directory import DirectoryObjects
from tests.unit.commands.test_main import invoke


def test_label_and_look(tmp_path: Path) -> None:
    """A label is shown by the next command, and every version stays as it was."""
    state = {"MONITOR_STATE": f"dir:{tmp_path}"}
    times = ("--from", "2026-01-02T03:00Z", "--to", "2026-01-02 04:00", "--author", "ada", "--note", "a sale")

    done = invoke("monitor", "label", "orders/rows", "expected", *times, **state)
    assert (done.exit_code, done.stdout) == (0, "1 label added; version 1 has 1 label\n")
    first = (tmp_path / "labels" / "0000000001.json").read_bytes()
    assert invoke("monitor", "label", "orders/lag", "anomaly", *times, **state).exit_code == 0

    shown = invoke("monitor", "labels", **state).stdout
    assert all(text in shown for text in ("version 2", "orders/rows", "orders/lag", "a sale", "2026-01-02 03:00"))
    assert (tmp_path / "labels" / "0000000001.json").read_bytes() == first


def test_take_back(tmp_path: Path) -> None:
    """It is said how many labels went: none, if no label lies within that time."""
    state = {"MONITOR_STATE": f"dir:{tmp_path}"}
    times = ("--from", "2026-01-02T03:00Z", "--to", "2026-01-02T04:00Z")
    assert invoke("monitor", "label", "a/b", "expected", *times, **state).exit_code == 0

    for labelled, said in (("a/c", "0 labels taken back; version 2 has 1 label"), ("a/b", "1 label taken back")):
        assert said in invoke("monitor", "label", labelled, "unknown", *times, **state).stdout


def test_import_of_nothing(tmp_path: Path) -> None:
    """An empty table is a mistake, and no new version."""
    (tmp_path / "labels.csv").write_text("series,start,end,state\n")
    done = invoke("monitor", "label", "import", str(tmp_path / "labels.csv"), MONITOR_STATE=f"dir:{tmp_path / 'state'}")

    assert (done.exit_code, "has no labels" in done.stderr) == (2, True)


def test_import(tmp_path: Path) -> None:
    """A table of labels is one version more, or none if a line is wrong."""
    state = {"MONITOR_STATE": f"dir:{tmp_path / 'state'}"}
    table = tmp_path / "labels.csv"
    table.write_text("series,start,end,state\na/b,2026-01-02T03:00:00Z,2026-01-02T04:00:00Z,anomaly\n")
    assert invoke("monitor", "label", "import", str(table), **state).exit_code == 0

    table.write_text(table.read_text() + "a/b,2026-01-02T03:00:00Z,never,anomaly\n")
    done = invoke("monitor", "label", "import", str(table), **state)
    assert (done.exit_code, "line 3: end" in done.stderr) == (2, True)
    assert LabelStore(DirectoryObjects(tmp_path / "state")).latest().version == 1


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("a/b", "fine", "--from", "2026-01-02T03:00Z", "--to", "2026-01-02T04:00Z"), "STATE"),
        (("a/b", "anomaly", "--from", "soon", "--to", "2026-01-02T04:00Z"), "--from"),
        (("a/b", "anomaly", "--from", "2026-01-02T05:00Z", "--to", "2026-01-02T04:00Z"), "--to"),
    ],
)
def test_mistakes(tmp_path: Path, arguments: tuple[str, ...], named: str) -> None:
    """A mistyped label is told in one line, and labels nothing."""
    done = invoke("monitor", "label", *arguments, MONITOR_STATE=f"dir:{tmp_path}")

    assert done.exit_code == 2
    assert done.stderr.startswith(f"event-processor: {named}")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "changed",
    [
        {"--note": "n" * 501},
        {"--author": "a" * 501},
        {"--note": "\udcff"},
        {"--from": "0001-01-01T00:00Z"},
        {"--to": "9999-12-31T23:59:59-05:00"},
        {"series": "s" * 501},
    ],
    ids=["note", "author", "no text", "before 1970", "after 9999", "series"],
)
def test_what_could_not_be_read_again_is_not_stored(tmp_path: Path, changed: dict[str, str]) -> None:
    """A label that no version could be read with would end all labelling for good: it is told, and labels nothing."""
    named = {"series": "a/b", "--from": "2026-01-02T03:00Z", "--to": "2026-01-02T04:00Z"} | changed
    options = [each for name, value in named.items() if name != "series" for each in (name, value)]
    done = invoke("monitor", "label", named["series"], "expected", *options, MONITOR_STATE=f"dir:{tmp_path}")

    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "row",
    [
        "a/b,0001-01-01T00:00:00Z,2026-01-02T04:00:00Z,anomaly",
        "a/b,2026-01-02T04:00:00Z,9999-12-31T23:59:59-05:00,anomaly",
        f"{'a' * 200_000},2026-01-02T03:00:00Z,2026-01-02T04:00:00Z,anomaly",
    ],
    ids=["before 1970", "after 9999", "too long"],
)
def test_a_table_that_could_not_be_read_again(tmp_path: Path, row: str) -> None:
    """Nor is one of these taken from a table."""
    (tmp_path / "labels.csv").write_text(f"series,start,end,state\n{row}\n")
    done = invoke("monitor", "label", "import", str(tmp_path / "labels.csv"), MONITOR_STATE=f"dir:{tmp_path / 'state'}")

    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert not (tmp_path / "state" / "labels").exists()


def test_a_copy_beside_the_versions(tmp_path: Path) -> None:
    """What somebody or an editor left in the folder is not a version, whatever its name sorts behind."""
    objects = DirectoryObjects(tmp_path)
    for number, name in enumerate(("0000000001.json~", "0000000002.json.bak", "old.json")):
        LabelStore(objects).add([Label("a/b", number, number + 1, LabelState.ANOMALY, "", "", 0)])
        (tmp_path / "labels" / name).write_bytes(b"?")

    assert len(LabelStore(objects).latest().labels) == 3


def test_several_people_label_at_once(tmp_path: Path) -> None:
    """No label is lost when several people set one at the same time."""

    def add(number: int) -> None:
        LabelStore(DirectoryObjects(tmp_path)).add([Label("a/b", number, number + 1, LabelState.ANOMALY, "", "", 0)])

    people = [threading.Thread(target=add, args=(number,)) for number in range(8)]
    for each in people:
        each.start()
    for each in people:
        each.join()

    found = LabelStore(DirectoryObjects(tmp_path)).latest()
    assert found.version == 8
    assert sorted(each.start for each in found.labels) == list(range(8))
