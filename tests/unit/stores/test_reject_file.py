"""The reject file: whole lines, on the disk, or a failed call and the file as before."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from event_processor.errors import CallFailed, StoreInUse
from event_processor.stores.reject_file import FileRejects, trial
from event_processor.stores.reject_file_archive import FileArchive
from tests.unit.samples import in_base64, rejects, submission

SOME = rejects(submission(events={"new_process": [{}, None], "network_connection": [{"source_ip": "č\n\u2028"}]}))

APPEND = """
import sys
from pathlib import Path
from event_processor.stores.reject_file import FileRejects
from tests.unit.samples import rejects

store = FileRejects(Path(sys.argv[1]))
for number in range(40):
    store.store([reject for size in (1, 5_000, 70_000) for reject in rejects(f"{sys.argv[2]}-{number}-" + "x" * size)])
"""

FULL_DISK = """
import resource, sys
from pathlib import Path
from event_processor.errors import CallFailed
from event_processor.stores.reject_file import FileRejects
from tests.unit.samples import rejects

resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
store = FileRejects(Path(sys.argv[1]))
print(store.store(rejects("first")))
try:
    store.store(rejects("x" * 3_000) + rejects("y" * 20_000))
except CallFailed as error:
    print(error.operation, error.code)
print(store.store(rejects("last")))
"""


ALWAYS_FULL = """
import resource, sys
from pathlib import Path
from event_processor.errors import CallFailed
from event_processor.stores.reject_file import FileRejects
from tests.unit.samples import rejects

resource.setrlimit(resource.RLIMIT_FSIZE, (4_000_000, 4_000_000))
store, large = FileRejects(Path(sys.argv[1])), rejects("y" * 5_000_000)
for _ in range(25):
    try:
        store.store(large)
    except CallFailed:
        continue
    sys.exit(1)
"""


def python(program: str, *arguments: str) -> "subprocess.Popen[str]":
    """A process of its own."""
    return subprocess.Popen([sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, text=True)


def lines(path: Path) -> list[dict[str, object]]:
    """The lines of the file, each of which must be JSON."""
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]


def test_lines(tmp_path: Path) -> None:
    """Each reject is one line of JSON, appended to what is there, its original included."""
    path = tmp_path / "rejects.ndjson"

    assert FileRejects(path).store(SOME) == []
    assert FileRejects(path).store(SOME[:1]) == []

    assert path.read_bytes().endswith(b"\n")
    assert lines(path) == [json.loads(reject.to_json()) for reject in [*SOME, SOME[0]]]


def test_moved_away(tmp_path: Path) -> None:
    """The file may be moved away at any time; the next rejects begin a new one."""
    path = tmp_path / "rejects.ndjson"
    store = FileRejects(path)
    store.store(SOME[:1])
    path.rename(tmp_path / "old")

    store.store(SOME[1:])

    assert [len(lines(each)) for each in (tmp_path / "old", path)] == [1, 2]


@pytest.mark.parametrize("torn", [b'{"reject_id": "8b', b"x", b'{"whole": true}\n{"', b"\xc4"])
def test_torn_last_line(tmp_path: Path, torn: bytes) -> None:
    """A last line torn by a kill stays torn alone: the next reject starts on a line of its own."""
    path = tmp_path / "rejects.ndjson"
    path.write_bytes(torn)

    FileRejects(path).store(SOME)

    assert path.read_bytes().startswith(torn + b"\n{")
    assert [json.loads(line)["reject_id"] for line in path.read_bytes().split(b"\n")[-4:-1]] == [
        reject.reject_id for reject in SOME
    ]


def test_full_disk(tmp_path: Path) -> None:
    """When the disk is full in the middle of a batch, the call fails, the file is as before, and later ones go on."""
    path = tmp_path / "rejects.ndjson"
    with python(FULL_DISK, str(path)) as process:
        said, _ = process.communicate(timeout=60)

    assert said.split() == ["[]", "store", "EFBIG", "[]"]
    assert [line["original"] for line in lines(path)] == ["first", "last"]


def test_two_processes(tmp_path: Path) -> None:
    """Two processes that append at once write whole lines, and all of them."""
    path = tmp_path / "rejects.ndjson"
    processes = [python(APPEND, str(path), name) for name in ("a", "b")]
    for process in processes:
        assert process.wait(timeout=60) == 0
        process.communicate()

    originals = [str(line["original"]).rstrip("x") for line in lines(path)]
    assert sorted(originals) == sorted(f"{name}-{number}-" for name in "ab" for number in range(40) for _ in range(3))


def test_a_failure_beside(tmp_path: Path) -> None:
    """A process that fails in the middle of its lines takes back its own and none of another process."""
    path = tmp_path / "rejects.ndjson"
    processes = [python(ALWAYS_FULL, str(path)), python(APPEND, str(path), "a")]
    for process in processes:
        assert process.wait(timeout=60) == 0
        process.communicate()

    assert len(lines(path)) == 120


@pytest.mark.parametrize(
    ("name", "code"), [("missing/rejects.ndjson", "ENOENT"), (".", "EISDIR"), ("file/rejects.ndjson", "ENOTDIR")]
)
def test_a_path_that_cannot_be(tmp_path: Path, name: str, code: str) -> None:
    """A file that cannot be opened fails the call, naming the path and why."""
    (tmp_path / "file").touch()

    with pytest.raises(CallFailed, match=f"store: {code}: .*") as caught:
        FileRejects(tmp_path / name).store(SOME)

    assert str(tmp_path) in caught.value.detail


@pytest.mark.parametrize("suffix", ["", ".replayed", ".lock"])
@pytest.mark.parametrize(
    ("kind", "code"),
    [("link", "ELOOP"), ("dangling link", "ELOOP"), ("pipe", "ENXIO"), ("socket", "ENXIO"), ("folder", "EISDIR")],
)
def test_nothing_but_a_regular_file_is_opened(tmp_path: Path, kind: str, code: str, suffix: str) -> None:
    """A link could lead our lines into somebody's file, a pipe could keep us for ever: one line says what is there."""
    path, target = tmp_path / "rejects.ndjson", tmp_path / "target"
    target.write_text("mine\n")
    if suffix:
        FileRejects(path).store(SOME)
    odd = path.with_name(path.name + suffix)
    with socket.socket(socket.AF_UNIX) as unix:
        make: dict[str, Callable[[], object]] = {
            "link": lambda: odd.symlink_to(target),
            "dangling link": lambda: odd.symlink_to(tmp_path / "nowhere"),
            "pipe": lambda: os.mkfifo(odd),
            "socket": lambda: bind(unix, odd),
            "folder": odd.mkdir,
        }
        make[kind]()

        with pytest.raises(CallFailed) as caught:
            work_with(path)

    assert caught.value.code == code
    assert str(odd) in caught.value.detail
    assert target.read_text() == "mine\n"
    assert not (tmp_path / "nowhere").exists()


def bind(unix: socket.socket, path: Path) -> None:
    """A socket of that name, which may be longer than the kernel takes in one piece."""
    here = os.open(path.parent, os.O_RDONLY)
    try:
        unix.bind(f"/proc/self/fd/{here}/{path.name}")
    finally:
        os.close(here)


def work_with(path: Path) -> None:
    """Store, then replay: all that touches the file and what is beside it."""
    FileRejects(path).store(SOME)
    with FileArchive(path, alone=True) as archive:
        archive.mark_replayed([reject.reject_id for reject in archive.read()])


@pytest.mark.parametrize("device", ["/dev/full", "/dev/null", "/dev/tty"])
def test_a_device_is_no_store(device: str) -> None:
    """What is written to a device is on no disk, so it never counts as stored."""
    with pytest.raises(CallFailed, match=r"store: (ENXIO|EACCES|EPERM): /dev/"):
        FileRejects(Path(device)).store(SOME)


def test_for_ourselves_alone(tmp_path: Path) -> None:
    """Originals are payload: the file and what is beside it are made unreadable for others, whatever the umask."""
    path = tmp_path / "rejects.ndjson"
    before = os.umask(0)
    try:
        work_with(path)
    finally:
        os.umask(before)

    assert {each.name: f"{each.stat().st_mode & 0o777:o}" for each in tmp_path.iterdir()} == {
        "rejects.ndjson": "600",
        "rejects.ndjson.replayed": "600",
        "rejects.ndjson.lock": "600",
    }


def test_one_replay_at_a_time(tmp_path: Path) -> None:
    """A second replay of a file is refused in one line; looking is not, and the next may come when the first ended."""
    path = tmp_path / "rejects.ndjson"
    FileRejects(path).store(SOME)
    with FileArchive(path, alone=True), FileArchive(path) as looking:
        assert len(list(looking.read())) == len(SOME)
        for _ in range(2):
            with pytest.raises(StoreInUse, match="another replay"), FileArchive(path, alone=True):
                pass
    with FileArchive(path, alone=True) as archive:
        assert len(list(archive.read())) == len(SOME)


def test_the_next_replay_knows_what_the_last_one_noted(tmp_path: Path) -> None:
    """What went out is read after the lock is had, not before: else both would send it."""
    path = tmp_path / "rejects.ndjson"
    FileRejects(path).store(SOME)
    second = FileArchive(path, alone=True)
    with FileArchive(path, alone=True) as first:
        first.mark_replayed([SOME[0].reject_id])

    with second:
        assert second.is_replayed(SOME[0].reject_id)


@pytest.mark.parametrize(
    "note",
    ['{"reject_id": ["x"]}', '{"reject_id": {"a": 1}}', "[" * 100_000, "9" * 10_000, '{"reject_id": 1e999}', "\\"],
)
def test_odd_notes_are_harmless(tmp_path: Path, note: str) -> None:
    """A note that somebody altered is not a note; the others count."""
    path = tmp_path / "rejects.ndjson"
    FileRejects(path).store(SOME)
    notes = tmp_path / "rejects.ndjson.replayed"
    notes.write_text(f'{note}\n{{"reject_id": "{SOME[0].reject_id}"}}\n{note}')

    with FileArchive(path) as archive:
        assert [archive.is_replayed(reject.reject_id) for reject in SOME] == [True, False, False]


@pytest.mark.parametrize("before", [None, 0o600, 0o644, 0o666], ids=["none", "600", "644", "666"])
def test_a_trial_leaves_no_trace(tmp_path: Path, before: int | None) -> None:
    """`check` finds out whether the file can be used, warns if others may read it, and changes nothing."""
    path = tmp_path / "rejects.ndjson"
    if before is not None:
        path.write_text("as it was\n")
        path.chmod(before)

    warnings = list(trial(path))

    is_open = before in {0o644, 0o666}
    assert [path.name in warning and "chmod 600" in warning for warning in warnings] == [True] * is_open
    assert [each.read_text() for each in tmp_path.iterdir()] == ([] if before is None else ["as it was\n"])


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("missing/rejects", "ENOENT"),
        ("folder", "EISDIR"),
        ("link", "ELOOP"),
        ("pipe", "ENXIO"),
        ("x" * 300, "ENAMETOOLONG"),
    ],
)
def test_a_trial_tells_what_will_not_work(tmp_path: Path, name: str, code: str) -> None:
    """What would fail at the first reject fails in the trial, with the code it would have then."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(CallFailed) as caught:
        list(trial(tmp_path / name))

    assert caught.value.code == code


def test_replay(tmp_path: Path) -> None:
    """The original of a rejected submission can be taken from the file and sent again as it came."""
    body = in_base64('{"device_id": "x"}')
    FileRejects(tmp_path / "rejects").store(rejects(body))

    assert [line["original"] for line in lines(tmp_path / "rejects")] == [body]
