"""What jobs and commands rely on in a registry of contracts: the same checks for a directory and a DynamoDB table."""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from mypy_boto3_dynamodb import DynamoDBClient

from event_processor.aws.tables import provision_table
from event_processor.contracts.registry import Document, Registry
from event_processor.contracts.version import Version
from event_processor.errors import CallFailed, Conflict
from event_processor.stores.contract_directory import DirectoryContracts
from event_processor.stores.contract_table import NAME, PART, TableContracts
from event_processor.testing import RecordingObserver
from tests.contract import backends

SUBJECTS = ["page", "page/Policy Type", "track/Größe 100 %", "a.b-c_d~e", "event/{x}", "q\"uo'te", "UPPER", "x" * 200]
V100, V101, V200 = Version(1, 0, 0), Version(1, 0, 1), Version(2, 0, 0)

Open = Callable[[], Registry]


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[DynamoDBClient]:
    """The program's own client, for moto."""
    with backends.moto() as endpoint:
        yield backends.clients(endpoint).dynamodb(4)


@pytest.fixture(params=["directory", "table"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """Opens the same new registry again and again, as other processes would."""
    if request.param == "directory":
        (tmp_path / "contracts").mkdir()
        return lambda: DirectoryContracts(tmp_path / "contracts", wall_clock=lambda: 1e12)  # long after all changes
    client = request.getfixturevalue("dynamodb")
    name = backends.new_name()
    provision_table(client, name, PART, NAME)
    return lambda: TableContracts(client, name, RecordingObserver())


@pytest.fixture
def registry(opened: Open) -> Registry:
    """A new one."""
    return opened()


def document(subject: str = "page", version: Version = V100, **schema: object) -> Document:
    """As it would be published."""
    return Document(subject, version, json.dumps({"x-subject": subject, "x-version": str(version), **schema}))


@pytest.mark.parametrize("subject", SUBJECTS)
def test_round_trip(opened: Open, subject: str) -> None:
    """What is published under any subject is live for every process, as it was written."""
    published = document(subject, description="äöü\n\u2028 \U0001f600")

    opened().publish(published, None, "alice")

    assert opened().read().documents == {subject: published}
    assert opened().document(subject, V100) == published


def test_versions_do_not_change(opened: Open) -> None:
    """A version that is there is not replaced, and nothing of the attempt remains."""
    opened().publish(document(), None, "alice")
    before = opened().read()

    with pytest.raises(Conflict, match="page 1-0-0 already exists"):
        opened().publish(document(title="other"), V100, "bob")

    assert opened().read() == before
    assert len(opened().history("page")) == 1


@pytest.mark.parametrize("expected", [None, V101, V200])
def test_publish_compares(opened: Open, expected: Version | None) -> None:
    """Who publishes on top of another version than the live one changes nothing."""
    opened().publish(document(), None, "alice")
    before = opened().read()

    with pytest.raises(Conflict, match="page"):
        opened().publish(document(version=V101), expected, "bob")

    assert opened().read() == before
    assert opened().document("page", V101) is None


def test_first_publish_compares(registry: Registry) -> None:
    """Who expects a live version where there is none changes nothing."""
    with pytest.raises(Conflict, match="page"):
        registry.publish(document(version=V101), V100, "bob")

    assert registry.document("page", V101) is None
    assert registry.read().documents == {}


def test_every_change_has_another_epoch(opened: Open) -> None:
    """Processes see by the epoch alone that something else counts; while nothing changes, it stays."""
    registry = opened()
    epochs = [registry.epoch()]
    changes: list[Callable[[], None]] = [
        lambda: opened().publish(document(), None, "alice"),
        lambda: opened().publish(document("track"), None, "alice"),
        lambda: opened().publish(document(version=V101, title="t"), V100, "alice"),
        lambda: opened().move("page", V100, V101, "alice"),
    ]
    for change in changes:
        change()
        epochs.append(registry.epoch())
        assert registry.read().epoch == registry.epoch() == epochs[-1]

    assert len(set(epochs[:4])) == 4
    assert epochs[4] != epochs[3]


def test_rollback_and_history(opened: Open) -> None:
    """Going back moves the pointer only: the later version stays, and can be made live again."""
    opened().publish(document(), None, "alice")
    opened().publish(document(version=V101), V100, "bob")

    opened().move("page", V100, V101, "carol")

    assert opened().read().documents["page"] == document()
    assert opened().document("page", V101) is not None
    opened().move("page", V101, V100, "dave")
    assert opened().read().documents["page"] == document(version=V101)
    history = opened().history("page")
    assert [move.version for move in history[:2]] == [V100, V101]
    assert all(move.at is not None for move in history)


@pytest.mark.parametrize(("to", "before"), [(V200, V101), (V100, V100), (V100, None)])
def test_move_compares(opened: Open, to: Version, before: Version | None) -> None:
    """The pointer moves to versions that are there, and only for those who know where it is."""
    opened().publish(document(), None, "alice")
    opened().publish(document(version=V101), V100, "bob")

    with pytest.raises(Conflict, match="page"):
        opened().move("page", to, before, "carol")

    assert opened().read().documents["page"] == document(version=V101)


def test_unknown_subject(registry: Registry) -> None:
    """Of a subject that nobody published there is nothing, and that is no error."""
    registry.publish(document(), None, "alice")

    assert registry.history("nobody") == []
    assert registry.document("nobody", V100) is None
    with pytest.raises(Conflict, match="nobody"):
        registry.move("nobody", V100, None, "alice")


def test_one_wins(opened: Open) -> None:
    """Of many who publish the next version at the same moment one succeeds, and the others are told."""
    opened().publish(document(), None, "alice")
    barrier = threading.Barrier(4)

    def publish(number: int) -> bool:
        barrier.wait()
        try:
            opened().publish(document(version=Version(1, 0, 1 + number % 2), by=number), V100, f"{number}")
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        won = [number for number, success in enumerate(pool.map(publish, range(4))) if success]

    assert len(won) == 1
    live = opened().read().documents["page"]
    assert json.loads(live.text)["by"] == won[0]
    others = {V101, Version(1, 0, 2)} - {live.version}
    assert [opened().document("page", version) for version in others] == [None]


def test_neighbours_do_not_conflict(opened: Open) -> None:
    """Subjects that are published at the same moment do not hinder each other, and each raises the epoch."""
    barrier = threading.Barrier(4)

    def publish(number: int) -> None:
        barrier.wait()
        opened().publish(document(f"track/{number}"), None, f"{number}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(publish, range(4)))

    assert sorted(opened().read().documents) == [f"track/{number}" for number in range(4)]


def test_read_is_never_half(opened: Open) -> None:
    """A set that is read while others publish is that of its epoch: no subject without those published before it."""
    stop = threading.Event()
    subjects = [f"track/{number:02}" for number in range(20)]

    def publish() -> None:
        for subject in subjects:
            opened().publish(document(subject), None, "alice")
        stop.set()

    with ThreadPoolExecutor(1) as pool:
        publishing = pool.submit(publish)
        reader = opened()
        by_epoch: dict[int, set[str]] = {}
        while not stop.is_set() and not publishing.done():
            live = reader.read()
            assert sorted(live.documents) == subjects[: len(live.documents)]
            assert live.epoch == len(live.documents) or not isinstance(reader, TableContracts)
            assert by_epoch.setdefault(live.epoch, set(live.documents)) == set(live.documents)
        publishing.result()

    assert sorted(reader.read().documents) == subjects


@pytest.mark.prove
def test_many_and_large(opened: Open) -> None:
    """More contracts than one call returns are all read: 110, of which some have 200 KB."""
    registry = opened()
    published = {}
    for number in range(110):
        text = "x" * (200_000 if number % 50 == 0 else 10)
        each = document(f"track/{number:03}", description=text)
        registry.publish(each, None, "alice")
        published[each.subject] = each

    assert opened().read().documents == published


def test_not_there(tmp_path: Path, dynamodb: DynamoDBClient) -> None:
    """A registry that does not exist is a failed call, not an empty set."""
    for registry in (DirectoryContracts(tmp_path / "none"), TableContracts(dynamodb, "none", RecordingObserver())):
        for ask in (registry.epoch, registry.read):
            with pytest.raises(CallFailed):
                ask()
