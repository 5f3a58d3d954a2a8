"""The reject file: whole lines, on the disk, or a failed call and the file as before."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from event_processor.errors import CallFailed
from event_processor.rejects.file import FileRejects
from tests.unit.samples import in_base64, rejects, submission

SOME = rejects(submission(events={"new_process": [{}, None], "network_connection": [{"source_ip": "č\n\u2028"}]}))

APPEND = """
import sys
from pathlib import Path
from event_processor.rejects.file import FileRejects
from tests.unit.samples import rejects

store = FileRejects(Path(sys.argv[1]))
for number in range(40):
    store.store([reject for size in (1, 5_000, 70_000) for reject in rejects(f"{sys.argv[2]}-{number}-" + "x" * size)])
"""

FULL_DISK = """
import resource, sys
from pathlib import Path
from event_processor.errors import CallFailed
from event_processor.rejects.file import FileRejects
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
from event_processor.rejects.file import FileRejects
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


@pytest.mark.parametrize(("device", "code"), [("/dev/full", "ENOSPC"), ("/dev/null", "EINVAL")])
def test_not_safe(device: str, code: str) -> None:
    """What could not be written, or could not be synced to a disk, never counts as stored."""
    with pytest.raises(CallFailed) as caught:
        FileRejects(Path(device)).store(SOME)

    assert caught.value.code == code


def test_replay(tmp_path: Path) -> None:
    """The original of a rejected submission can be taken from the file and sent again as it came."""
    body = in_base64('{"device_id": "x"}')
    FileRejects(tmp_path / "rejects").store(rejects(body))

    assert [line["original"] for line in lines(tmp_path / "rejects")] == [body]
