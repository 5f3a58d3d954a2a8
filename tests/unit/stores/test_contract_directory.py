"""A directory of contracts under a running reader: edited by hand, pulled by git, half-written, and durable."""

import json
import os
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from event_processor.contracts.registry import Document
from event_processor.contracts.version import Version
from event_processor.errors import CallFailed
from event_processor.stores.contract_directory import DirectoryContracts
from tests.eventually import eventually

V100 = Version(1, 0, 0)


class Wall:
    """The time of day, so and so long after what was done to the files."""

    def __init__(self) -> None:
        self.ahead_seconds = 100.0

    def __call__(self) -> float:
        """As time.time."""
        return time.time() + self.ahead_seconds


@pytest.fixture
def wall() -> Wall:
    """Long after all changes, until a test says otherwise."""
    return Wall()


@pytest.fixture
def registry(tmp_path: Path, wall: Wall) -> DirectoryContracts:
    """An empty one."""
    return DirectoryContracts(tmp_path, wall)


def publish(registry: DirectoryContracts, subject: str = "page", version: Version = V100, title: str = "") -> None:
    """Publish it on top of whatever is live."""
    text = json.dumps({"x-subject": subject, "x-version": str(version), "title": title})
    before = max((move.version for move in registry.history(subject)), default=None)
    registry.publish(Document(subject, version, text), before, "alice")


def test_layout(registry: DirectoryContracts, tmp_path: Path) -> None:
    """A folder for each subject, its name percent-encoded; a file for each version, and one that says which is live."""
    publish(registry, "page/Policy Type")
    publish(registry, "page/Policy Type", Version(1, 0, 1))

    files = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert files == {f"page%2FPolicy%20Type/{name}" for name in ("1-0-0.json", "1-0-1.json", "live")}
    assert (tmp_path / "page%2FPolicy%20Type" / "live").read_text() == "1-0-1\n"


def test_same_content_same_epoch(tmp_path: Path, wall: Wall) -> None:
    """Processes with the same files, wherever and since whenever they have them, tell the same epoch."""
    epochs = []
    for name in ("a", "b"):
        registry = DirectoryContracts(tmp_path / name, wall)
        for subject in ("page", "track") if name == "a" else ("track", "page"):
            publish(registry, subject)
        epochs.append(registry.epoch())

    assert epochs[0] == epochs[1] != 0
    assert epochs[0] < 2**53  # so that JSON and Prometheus keep it


def test_edited_by_hand(registry: DirectoryContracts, tmp_path: Path) -> None:
    """A file that an editor changed in place counts, even with its size and its time of change put back."""
    publish(registry, title="a")
    before, file = registry.read(), tmp_path / "page" / "1-0-0.json"
    stat = file.stat()

    file.write_text(file.read_text().replace('"a"', '"b"'))
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    assert registry.epoch() != before.epoch
    assert '"b"' in registry.read().documents["page"].text


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (lambda folder: (folder / "live").write_text(""), "live: a version is"),
        (lambda folder: (folder / "live").write_text("1-0-\n"), "live: a version is"),
        (lambda folder: (folder / "live").write_text("1-0-7\n"), "names version 1-0-7, and there is no 1-0-7.json"),
        (lambda folder: (folder / "1-0-0.json").unlink(), "there is no 1-0-0.json"),
        (lambda folder: (folder / "1-0-0.json").write_bytes(b"\xff"), "1-0-0.json"),
        (lambda folder: folder.rename(folder.with_name("my page")), "should be called my%20page"),
    ],
)
def test_what_makes_no_sense(
    registry: DirectoryContracts, tmp_path: Path, harm: Callable[[Path], object], told: str
) -> None:
    """What cannot be read is told by its file, and is never an empty set or half of one."""
    publish(registry)
    publish(registry, "track")

    harm(tmp_path / "page")

    with pytest.raises(CallFailed, match=told):
        registry.read()


def test_other_files_are_left_alone(registry: DirectoryContracts, tmp_path: Path) -> None:
    """What else lies in a repository does not matter: readmes, hidden files, folders without a live version."""
    publish(registry)
    (tmp_path / "page" / "notes.md").symlink_to("gone.md")
    before = registry.read()

    (tmp_path / "README.md").write_text("# Contracts")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "live").write_text("nonsense")
    (tmp_path / "page" / ".1-0-0.json.swp").write_text("nonsense")
    (tmp_path / "page" / "notes.txt").write_text("nonsense")
    (tmp_path / "drafts").mkdir()
    (tmp_path / "drafts" / "idea.json").write_text("nonsense")

    assert registry.read() == before


def test_changes_settle_first(registry: DirectoryContracts, tmp_path: Path, wall: Wall) -> None:
    """While files are being changed, the set from before counts; a second later the new one does, as a whole."""
    publish(registry)
    before = registry.read()

    wall.ahead_seconds = 0.0
    (tmp_path / "page" / "live").unlink()  # as git does before it writes a file again
    assert registry.read() is before
    publish(DirectoryContracts(tmp_path), "track")
    assert registry.read() is before
    (tmp_path / "page" / "live").write_text("1-0-0\n")
    wall.ahead_seconds = 1.1

    assert sorted(registry.read().documents) == ["page", "track"]


def test_changes_without_end(registry: DirectoryContracts, tmp_path: Path, wall: Wall) -> None:
    """Files that are touched all the time do not keep new contracts from counting for more than some seconds."""
    publish(registry)
    before = registry.read()

    wall.ahead_seconds = 0.0
    publish(DirectoryContracts(tmp_path), "track")
    assert registry.read() is before
    wall.ahead_seconds = 10.5
    (tmp_path / "page" / "live").touch()
    os.utime(tmp_path / "page" / "live")
    assert sorted(registry.read().documents) == ["page", "track"]


def test_git_pull_under_a_running_reader(tmp_path: Path) -> None:
    """Whatever a reader sees while git moves between two commits is the set of one of them."""

    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=test", "-c", "user.email=test@example.com")
        subprocess.run(["git", "-C", str(tmp_path), *identity, *arguments], check=True, capture_output=True)

    git("init", "--quiet", "--initial-branch=main")
    sets = []
    for commit in range(2):
        for number in range(400):
            folder = tmp_path / f"track%2F{number}"
            folder.mkdir(exist_ok=True)
            (folder / f"1-0-{commit}.json").write_text("{}")
            (folder / "live").write_text(f"1-0-{commit}\n")
        git("add", ".")
        git("commit", "--quiet", "--message", f"{commit}")
        git("tag", f"commit-{commit}")
        sets.append({subject: each.version for subject, each in DirectoryContracts(tmp_path).read().documents.items()})
    git("checkout", "--quiet", "commit-0")
    reader = DirectoryContracts(tmp_path)
    seen = [{subject: each.version for subject, each in reader.read().documents.items()}]

    pulling = subprocess.Popen(["git", "-C", str(tmp_path), "checkout", "--quiet", "commit-1"])

    def has_pulled() -> bool:
        with suppress(CallFailed):  # a file that git takes away between the list and the look: the next look finds it
            seen.append({subject: each.version for subject, each in reader.read().documents.items()})
        return seen[-1] == sets[1]

    eventually(has_pulled)
    assert pulling.wait() == 0
    assert all(each in sets for each in seen)
    assert seen[0] == sets[0]


def test_killed_while_publishing(registry: DirectoryContracts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is stopped between two steps of publishing leaves the old set, and no litter that is read."""
    publish(registry)
    before = registry.read()

    class Killed(BaseException):
        """Instead of SIGKILL."""

    def killed(*_: object) -> None:
        raise Killed

    monkeypatch.setattr("event_processor.stores.contract_directory.replace_file", killed)
    with pytest.raises(Killed):
        publish(registry, version=Version(1, 0, 1))

    assert registry.read() == before
    assert sorted(move.version for move in registry.history("page")) == [V100, Version(1, 0, 1)]
