"""The contracts that count are at hand: no call for a record, new ones within seconds, the last ones in trouble."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from event_processor.contracts.judge import Accepted, Judge, Refused
from event_processor.contracts.registry import Document, LiveDocuments
from event_processor.contracts.streams import Stream, Template
from event_processor.contracts.version import Version
from event_processor.contracts.watcher import UNREAD, Watcher
from event_processor.errors import CallFailed
from event_processor.stores.contract_directory import DirectoryContracts
from event_processor.testing import ManualClock, RecordingObserver
from event_processor.verdict import Reason

JUDGE = Judge(Stream("events", Template.parse("{type}")))
REFRESH_SECONDS = 2.0


class Counting(DirectoryContracts):
    """A real registry that counts what is asked of it, and can be down."""

    calls = 0
    down = False

    def read(self) -> LiveDocuments:
        """See Registry."""
        self.calls += 1
        if self.down:
            raise CallFailed("contracts_read", "Down", "nobody answers")
        return super().read()


class Setting:
    """A watcher of a new directory, at a time of the test's own."""

    def __init__(self, path: Path) -> None:
        path.mkdir()
        self.clock, self.observer = ManualClock(), RecordingObserver()
        self.path = path
        self.registry = Counting(path, wall_clock=lambda: 1e12)  # long after all changes
        self.watcher = Watcher(self.registry, self.observer, self.clock, REFRESH_SECONDS)

    def publish(self, subject: str, version: str = "1-0-0", **schema: object) -> None:
        """From another process."""
        others = DirectoryContracts(self.path)
        before = max((move.version for move in others.history(subject)), default=None)
        text = json.dumps({"x-subject": subject, "x-version": version, **schema})
        others.publish(Document(subject, Version.parse(version), text), before, "alice")

    def judged(self, record: Mapping[str, Any]) -> Accepted | Refused:
        """As a job does it: look whether it is time, then judge."""
        self.watcher.refresh_if_due()
        return JUDGE.judge(json.dumps(record).encode(), self.watcher.current)

    @property
    def told(self) -> list[str]:
        """Names of facts."""
        return [fact.name for fact in self.observer.facts]


@pytest.fixture
def setting(tmp_path: Path) -> Setting:
    """A new one."""
    return Setting(tmp_path / "contracts")


def test_no_call_for_a_record(setting: Setting) -> None:
    """10,000 records of known and unknown subjects within an interval cost one look at the registry, not one each."""
    setting.publish("page")
    setting.watcher.refresh()
    before = setting.registry.calls

    for number in range(10_000):
        setting.judged({"type": ("page", "nobody")[number % 2]})
    within_an_interval = setting.registry.calls - before
    for _ in range(10):
        setting.clock.sleep(REFRESH_SECONDS)
        for _ in range(100):
            setting.judged({"type": "nobody"})

    assert within_an_interval == 0
    assert setting.registry.calls - before == 10


def test_new_version_counts_within_five_seconds(setting: Setting) -> None:
    """A version published while records come is what they are judged by five seconds later, at the latest."""
    setting.publish("page")
    assert isinstance(setting.judged({"type": "page"}), Accepted)

    setting.publish("page", "2-0-0", required=["name"])
    setting.clock.sleep(4.9)

    verdict = setting.judged({"type": "page"})
    assert isinstance(verdict, Refused)
    assert verdict.version == Version(2, 0, 0)


def test_missing_is_not_remembered(setting: Setting) -> None:
    """A subject that was asked for in vain is found five seconds after it is published, at the latest."""
    for _ in range(100):
        verdict = setting.judged({"type": "page"})
        assert isinstance(verdict, Refused)
        assert verdict.faults[0].reason is Reason.NO_CONTRACT
        setting.clock.sleep(0.1)

    setting.publish("page")
    setting.clock.sleep(4.9)

    assert isinstance(setting.judged({"type": "page"}), Accepted)


def test_read_at_moves_while_nothing_changes(setting: Setting) -> None:
    """Each look that succeeds makes the set as fresh as the moment before it, and keeps the compiled contracts."""
    setting.publish("page")
    setting.watcher.refresh()
    before = setting.watcher.current

    setting.clock.sleep(60)
    asked_at = setting.clock.now()
    setting.watcher.refresh()

    assert setting.watcher.current.read_at == asked_at == before.read_at + timedelta(seconds=60)
    assert setting.watcher.current.contracts["page"] is before.contracts["page"]


def test_only_what_changed_is_compiled(setting: Setting) -> None:
    """The set is swapped as a whole, and a contract that stays is not compiled again."""
    setting.publish("page")
    setting.publish("track")
    setting.watcher.refresh()
    before = setting.watcher.current

    setting.publish("track", "1-1-0", title="t")
    setting.watcher.refresh()

    now = setting.watcher.current
    assert now.contracts["page"] is before.contracts["page"]
    assert now.contracts["track"] is not before.contracts["track"]
    assert setting.observer.of("contracts_live")[-1] == (now.epoch, ["track"])


def test_registry_down(setting: Setting) -> None:
    """While the registry is down the last set counts, its age shows, and it is told; the next answer is told, too."""
    setting.publish("page")
    setting.watcher.refresh()
    before = setting.watcher.current
    setting.registry.down = True

    for _ in range(3):
        setting.clock.sleep(REFRESH_SECONDS)
        assert isinstance(setting.judged({"type": "page"}), Accepted)

    assert setting.watcher.current is before
    assert setting.told == ["contracts_live", "working", "failing", "failing", "failing"]
    setting.registry.down = False
    assert setting.watcher.refresh()
    assert setting.watcher.current.read_at == setting.clock.now()
    assert setting.told[-1] == "working"


def test_never_read(setting: Setting) -> None:
    """Before the registry was read once, no record is older than the reading, so that none is rejected for good."""
    setting.registry.down = True

    assert not setting.watcher.refresh()

    assert setting.watcher.current is UNREAD
    assert UNREAD.read_at < datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "page 1-1-0"),
        ("[" * 100_000, "page 1-1-0"),
        ("[]", "JSON object"),
        ('{"x-subject": "page", "x-version": "1-1-0", "type": 1}', "page 1-1-0"),
        ('{"x-subject": "track", "x-version": "1-1-0"}', "track 1-1-0 is kept as page 1-1-0"),
        ('{"x-subject": "page", "x-version": "1-2-0"}', "page 1-2-0 is kept as page 1-1-0"),
        ('{"x-subject": "page", "x-version": "1-1-0", "$ref": "http://127.0.0.1/x"}', "nothing is fetched"),
    ],
)
def test_what_is_no_contract(setting: Setting, text: str, told: str) -> None:
    """A file that is half-written or no contract is told by name, and the whole last set goes on counting."""
    setting.publish("page")
    setting.watcher.refresh()
    before = setting.watcher.current
    setting.publish("track")
    (setting.path / "page" / "1-1-0.json").write_text(text)
    (setting.path / "page" / "live").write_text("1-1-0\n")

    assert not setting.watcher.refresh()

    assert setting.watcher.current is before
    assert told in str(setting.observer.of("failing")[-1][1])
    (setting.path / "page" / "live").write_text("1-0-0\n")
    assert setting.watcher.refresh()
    assert sorted(setting.watcher.current.contracts) == ["page", "track"]
