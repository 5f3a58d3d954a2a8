"""Contracts in a directory, made for git: a folder for each subject, in it a file for each version, and `live`."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

from event_processor.contracts.registry import Document, LiveDocuments, Move
from event_processor.contracts.version import Version
from event_processor.errors import CallFailed, Conflict
from event_processor.stores.durable_files import code_of, replace_file, sync_folder, write_new_file

LIVE: Final = "live"
_SETTLED_SECONDS: Final = 1.0
_PATIENCE_SECONDS: Final = 10.0  # with files that never come to rest
Stats = Mapping[Path, os.stat_result]


@dataclass(frozen=True, slots=True)
class _Text:
    text: str
    digest: str
    signature: tuple[int, ...]
    is_settled: bool


class DirectoryContracts:
    """See Registry. The epoch is made of the content, so that all processes with the same files have the same.

    Files may be changed by others at any time, by an editor or `git pull`, which takes files away before it writes
    them again. What has changed within the last second is therefore not looked at yet, but for the first time;
    `settling_seconds` may be 0 for somebody who watches what happens.
    """

    def __init__(
        self, path: Path, wall_clock: Callable[[], float] = time.time, settling_seconds: float = _SETTLED_SECONDS
    ) -> None:
        self._path, self._wall_clock, self._settling_seconds = path, wall_clock, settling_seconds
        self._texts: dict[Path, _Text] = {}
        self._live: LiveDocuments | None = None
        self._signatures: dict[Path, tuple[int, ...]] = {}
        self._unsettled_since: float | None = None
        self._unseen_seconds = 0.0
        self._seen_at = 0.0

    def epoch(self) -> int:
        return self.read().epoch

    def read(self) -> LiveDocuments:
        with _failures("contracts_read"):
            stats = self._stats()
            if self._live is None or not self._is_settling(stats):
                signatures = {path: _signature(stat) for path, stat in stats.items()}
                if self._live is None or signatures != self._signatures:
                    self._live = self._read(stats)
                    self._signatures = signatures if all(map(self._is_old, stats.values())) else {}
            return self._live

    def document(self, subject: str, version: Version) -> Document | None:
        with _failures("contracts_read"):
            path = self._folder(subject) / f"{version}.json"
            return Document(subject, version, _text(path)) if path.exists() else None

    def history(self, subject: str) -> Sequence[Move]:
        """By the time each version was written; who did it, git knows."""
        with _failures("contracts_read"):
            written = sorted((path.stat().st_mtime, version) for version, path in self._files(subject).items())
        return [Move(version, datetime.fromtimestamp(at, UTC), None, None) for at, version in written]

    def publish(self, document: Document, live_before: Version | None, by: str) -> None:  # noqa: ARG002 - git knows
        folder = self._folder(document.subject)
        with _failures("contracts_publish"), self._locked():
            if not folder.is_dir():
                folder.mkdir()
                sync_folder(self._path)
            self._must_be_live(document.subject, live_before)
            try:
                write_new_file(folder / f"{document.version}.json", document.text.encode())
            except FileExistsError:
                raise Conflict(f"{document.subject} {document.version} already exists") from None
            replace_file(folder / LIVE, f"{document.version}\n".encode())

    def move(self, subject: str, to: Version, live_before: Version | None, by: str) -> None:  # noqa: ARG002 - git knows
        with _failures("contracts_publish"), self._locked():
            self._must_be_live(subject, live_before)
            if to not in self._files(subject):
                raise Conflict(f"{subject} has no version {to}")
            replace_file(self._folder(subject) / LIVE, f"{to}\n".encode())

    def _folder(self, subject: str) -> Path:
        return self._path / _name_of(subject)

    def _files(self, subject: str) -> dict[Version, Path]:
        folder = self._folder(subject)
        paths = [path for path in folder.glob("*.json") if not path.name.startswith(".")] if folder.is_dir() else []
        return {_version(path.stem, path): path for path in paths}

    def _must_be_live(self, subject: str, expected: Version | None) -> None:
        path = self._folder(subject) / LIVE
        live = _version(_text(path).strip(), path) if path.exists() else None
        if live != expected:
            raise Conflict(f"{subject}: live is {live or 'no version'}, no longer {expected or 'none'}")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Alone among those who publish here; a lock of the folder itself, so that git has no file to ignore."""
        self._path.mkdir(parents=True, exist_ok=True)
        folder = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def _stats(self) -> Stats:
        """Of the folders and the files in them that count; what else lies there cannot make it unreadable."""
        stats = {self._path: self._path.stat()}
        for folder in _visible(self._path):
            if folder.is_dir():
                stats[Path(folder.path)] = folder.stat()
                files = (file for file in _visible(folder.path) if file.name == LIVE or file.name.endswith(".json"))
                stats.update((Path(file.path), file.stat()) for file in files)
        return stats

    @property
    def unseen_seconds(self) -> float:
        return self._unseen_seconds

    def _is_settling(self, stats: Stats) -> bool:
        now = self._wall_clock()
        if not any(0 <= now - stat.st_ctime < self._settling_seconds for stat in stats.values()):
            self._unsettled_since, self._unseen_seconds, self._seen_at = None, 0.0, now
            return False
        self._unsettled_since = self._unsettled_since or now
        self._unseen_seconds = max(0.0, now - self._seen_at)  # a folder put back in its place has old changes, too
        if now - self._unsettled_since < _PATIENCE_SECONDS:
            return True
        self._unseen_seconds, self._seen_at = 0.0, now
        return False

    def _is_old(self, stat: os.stat_result) -> bool:
        return self._wall_clock() - stat.st_ctime > _SETTLED_SECONDS

    def _read(self, stats: Stats) -> LiveDocuments:
        texts: dict[Path, _Text] = {}
        documents = {}
        digest = sha256()
        for path in sorted(path for path in stats if path.name == LIVE and path.parent.parent == self._path):
            texts[path] = self._cached(path, stats[path])
            version = _version(texts[path].text.strip(), path)
            file = path.parent / f"{version}.json"
            if file not in stats:
                raise CallFailed(
                    "contracts_read", "Missing", f"{path} names version {version}, and there is no {file.name}"
                )
            texts[file] = self._cached(file, stats[file])
            subject = _subject_of(path.parent)
            documents[subject] = Document(subject, version, texts[file].text)
            digest.update(f"{path.parent.name} {version} {texts[file].digest}\n".encode())
        self._texts = texts
        return LiveDocuments(int.from_bytes(digest.digest()[:6]), documents)

    def _cached(self, path: Path, stat: os.stat_result) -> _Text:
        """Not read again while it has not changed; two changes within one tick of the clock look like one."""
        signature = _signature(stat)
        known = self._texts.get(path)
        if known is not None and known.is_settled and known.signature == signature:
            return known
        text = _text(path)
        return _Text(text, sha256(text.encode()).hexdigest(), signature, self._is_old(stat))


def _signature(stat: os.stat_result) -> tuple[int, ...]:
    return stat.st_ctime_ns, stat.st_mtime_ns, stat.st_size, stat.st_ino


def _visible(folder: str | Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        yield from (entry for entry in entries if not entry.name.startswith("."))


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise CallFailed("contracts_read", "NotUtf8", f"{path}: {error}") from error


def _version(text: str, path: Path) -> Version:
    try:
        return Version.parse(text)
    except ValueError as error:
        raise CallFailed("contracts_read", "NotAVersion", f"{path}: {error}") from error


def _name_of(subject: str) -> str:
    name = quote(subject, safe="")
    return f"%2E{name[1:]}" if name.startswith(".") else name


def _subject_of(folder: Path) -> str:
    subject = unquote(folder.name, errors="surrogateescape")
    if _name_of(subject) != folder.name:
        raise CallFailed("contracts_read", "NotASubject", f"{folder}: should be called {_name_of(subject)}")
    return subject


@contextmanager
def _failures(operation: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CallFailed(operation, code_of(error), f"{error.filename}: {error.strerror}") from error
