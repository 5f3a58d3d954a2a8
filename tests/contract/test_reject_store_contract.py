"""What the core relies on in a RejectStore: the same checks for every store that can be configured, and in memory."""

import gzip
import json
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import pytest
import structlog

from event_processor.errors import CallFailed
from event_processor.rejects.ports import RejectStore
from event_processor.rejects.reject import Origin, Reject
from event_processor.stores.objects_directory import DirectoryObjects
from event_processor.stores.reject_file import FileRejects
from event_processor.stores.reject_lake import LakeRejects
from event_processor.stores.reject_log import LogRejects
from event_processor.stores.reject_packing import ORIGINAL_ATTRIBUTE
from event_processor.stores.reject_queue import SqsRejects
from event_processor.telemetry import logs
from event_processor.testing import MemoryRejects, RecordingObserver
from event_processor.verdict import Fault, Reason
from local_aws import Faults, LocalAws
from tests.contract import backends

pytestmark = pytest.mark.usefixtures("transport")
MIB = 1024 * 1024
ORIGIN = Origin("queue", "submissions", "message-1", 3, datetime.now(UTC), datetime(2026, 1, 2, tzinfo=UTC))
ORIGINALS = ["", "{}", '{"user": "Zoë", "cmdl": "rm -rf 🗑"}', 'line\nbreak\tand \\ and "quotes"', "not json \x7f"]


class Store(Protocol):
    """A reject store, and a look at what it kept."""

    store: RejectStore

    def originals(self) -> dict[str, str]:
        """The originals by reject id."""
        ...

    def break_it(self) -> None:
        """From now on it cannot store anything."""
        ...


class InMemory:
    """The store of the testing package."""

    def __init__(self) -> None:
        self._rejects = MemoryRejects()
        self.store: RejectStore = self._rejects

    def originals(self) -> dict[str, str]:
        """The originals by reject id."""
        return {reject.reject_id: reject.original for reject in self._rejects.stored}

    def break_it(self) -> None:
        """As told."""
        self._rejects.failing = True


class InAFile:
    """The file store."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "stores" / "rejects.ndjson"
        self._file.parent.mkdir()
        self.store: RejectStore = FileRejects(self._file)

    def originals(self) -> dict[str, str]:
        """The originals by reject id."""
        lines = self._file.read_text().splitlines() if self._file.exists() else []
        return {reject["reject_id"]: reject["original"] for reject in map(json.loads, lines)}

    def break_it(self) -> None:
        """Its folder is gone."""
        shutil.rmtree(self._file.parent)


class OnSqs:
    """The queue store."""

    def __init__(self, endpoint: str) -> None:
        clients = backends.clients(endpoint)
        self._sqs = clients.sqs(pool=1)
        self._url = self._sqs.create_queue(QueueName=backends.new_name())["QueueUrl"]
        self.store: RejectStore = SqsRejects(clients.queue(pool=1), self._url, RecordingObserver())

    def messages(self) -> list[Any]:
        """Everything on the queue, as consumers of it receive it."""
        return [message for batch in iter(self._receive, []) for message in batch]

    def originals(self) -> dict[str, str]:
        """The originals by reject id."""
        return {json.loads(message["Body"])["reject_id"]: _original(message) for message in self.messages()}

    def break_it(self) -> None:
        """Its queue is gone."""
        self._sqs.delete_queue(QueueUrl=self._url)

    def _receive(self) -> list[Any]:
        answer = self._sqs.receive_message(
            QueueUrl=self._url, MaxNumberOfMessages=10, VisibilityTimeout=600, MessageAttributeNames=["All"]
        )
        return list(answer.get("Messages", []))


class InALake:
    """The lake, here of a directory: `test_objects_contract` holds buckets to the same."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "lake"
        self.store: RejectStore = LakeRejects(DirectoryObjects(self._folder), "run")

    def originals(self) -> dict[str, str]:
        """The originals by reject id."""
        packed = [path.read_bytes() for path in self._folder.glob("rejects/run/dt=2026-01-02/hh=00/*.ndjson.gz")]
        lines = [line for each in packed for line in gzip.decompress(each).splitlines()]
        return {reject["reject_id"]: reject["original"] for reject in map(json.loads, lines)}

    def break_it(self) -> None:
        """Something is in its way."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.write_text("")


def _original(message: Any) -> str:
    attribute = message.get("MessageAttributes", {}).get(ORIGINAL_ATTRIBUTE)
    if attribute is None:
        return str(json.loads(message["Body"])["original"])
    return gzip.decompress(attribute["BinaryValue"]).decode()


def reject(number: int, original: str) -> Reject:
    """The reject of an event, with two faults."""
    faults = (
        Fault(Reason.MISSING_FIELD, "/events/new_process/0/user", "Field required"),
        Fault(Reason.EMPTY, "/events/new_process/0/cmdl", "String should have at least 1 character"),
    )
    return Reject(f"reject-{number}", faults, original, ORIGIN, "s", "d", "2026-01-02T03:04", "new_process", 4)


@pytest.fixture(params=["memory", "file", "lake", "sqs-local_aws", "sqs-moto"])
def store(request: pytest.FixtureRequest, endpoints: Callable[[str], str], tmp_path: Path) -> Store:
    """Each of the stores that keep originals."""
    kind, _, backend = request.param.partition("-")
    if kind == "sqs":
        return OnSqs(endpoints(backend))
    return InMemory() if kind == "memory" else InAFile(tmp_path) if kind == "file" else InALake(tmp_path)


def test_what_is_stored_can_be_read_back(store: Store) -> None:
    """The original of everything rejected is kept to the letter, so that it can be explained and replayed."""
    rejects = [reject(number, original) for number, original in enumerate(ORIGINALS)]

    assert store.store.store(rejects) == []

    assert store.originals() == {reject.reject_id: reject.original for reject in rejects}


def test_many_in_one_go(store: Store) -> None:
    """A message of many faults is stored with one call of the core, whatever the store takes at once."""
    rejects = [reject(number, "x" * 3000) for number in range(45)]

    assert store.store.store(rejects) == []

    assert len(store.originals()) == 45


def test_again_is_fine(store: Store) -> None:
    """A redelivered message's rejects come a second time, with the same ids."""
    for _ in range(2):
        assert store.store.store([reject(1, "{}")]) == []

    assert store.originals() == {"reject-1": "{}"}


def test_a_store_that_fails_acknowledges_nothing(store: Store) -> None:
    """When the store cannot take rejects the core is told, so that their message is not deleted."""
    store.break_it()

    with pytest.raises(CallFailed):
        store.store.store([reject(1, "{}")])


def test_a_whole_submission_over_a_mebibyte(store: Store) -> None:
    """Even the largest message that SQS lets in can be rejected and read back whole."""
    original = ('{"a": "' + "Größe " * 200_000)[: MIB - 100_000]

    assert store.store.store([reject(1, original), reject(2, "{}")]) == []

    assert store.originals() == {"reject-1": original, "reject-2": "{}"}


@pytest.mark.parametrize("backend", ["local_aws", "moto"])
def test_the_original_of_a_large_message_travels_compressed(endpoints: Callable[[str], str], backend: str) -> None:
    """On the queue an original too large beside its explanation is in the attribute original_gzip instead."""
    store = OnSqs(endpoints(backend))
    original = "x" * MIB

    store.store.store([reject(1, original)])

    [message] = store.messages()
    explanation = json.loads(message["Body"])
    assert explanation["original"] is None
    assert explanation["reason"] == "missing_field"
    assert gzip.decompress(message["MessageAttributes"]["original_gzip"]["BinaryValue"]).decode() == original


def test_one_line_for_each_with_its_explanation(tmp_path: Path) -> None:
    """The file can be read with jq: one object a line, with reasons, pointers, ids and receive count."""
    file = tmp_path / "rejects.ndjson"
    FileRejects(file).store([reject(1, "a\nb")])
    FileRejects(file).store([reject(2, "{}")])

    first, second = map(json.loads, file.read_text().splitlines())
    assert [first["reject_id"], second["reject_id"]] == ["reject-1", "reject-2"]
    assert [fault["reason"] for fault in first["faults"]] == ["missing_field", "empty"]
    assert (first["message_id"], first["receive_count"], first["submission_id"]) == ("message-1", 3, "s")
    assert (first["event_type"], first["sequence"], first["time_created"]) == ("new_process", 4, "2026-01-02T03:04")


def test_a_torn_line_costs_only_itself(tmp_path: Path) -> None:
    """What is stored after a process was killed in the middle of a line starts on a line of its own."""
    file = tmp_path / "rejects.ndjson"
    file.write_bytes(b'{"reject_id": "tor')

    FileRejects(file).store([reject(2, "{}")])

    torn, whole = file.read_text().splitlines()
    assert torn == '{"reject_id": "tor'
    assert json.loads(whole)["reject_id"] == "reject-2"


def test_a_moved_file_is_begun_anew(tmp_path: Path) -> None:
    """Log rotation may move the file away at any time."""
    file = tmp_path / "rejects.ndjson"
    store = FileRejects(file)
    store.store([reject(1, "{}")])
    file.rename(tmp_path / "rejects.1")

    store.store([reject(2, "{}")])

    assert json.loads(file.read_text())["reject_id"] == "reject-2"


@pytest.fixture
def logs_as_they_were() -> Iterator[None]:
    """Takes back what a test does to the logging of the process."""
    yield
    structlog.reset_defaults()


@pytest.mark.usefixtures("logs_as_they_were")
def test_the_log_has_originals_only_at_debug(capsys: pytest.CaptureFixture[str]) -> None:
    """The log store shows payloads to whoever asks for DEBUG, and to nobody else."""
    logs.configure("DEBUG", "json")
    LogRejects().store([reject(1, "secret")])
    assert json.loads(capsys.readouterr().err)["original"] == "secret"

    logs.configure("INFO", "json")
    LogRejects().store([reject(1, "secret")])
    assert capsys.readouterr().err == ""


FAILED = {"Code": "InternalError", "SenderFault": False}


@pytest.mark.parametrize(
    "answer",
    [
        {},
        backends.batch(lambda sent: {} if json.loads(sent["MessageBody"])["original"] == "1" else None),
        backends.batch(lambda sent: {} if json.loads(sent["MessageBody"])["original"] == "1" else FAILED),
        b"<html>proxy login</html>",
    ],
)
def test_only_entries_named_successful_are_stored(answer: object) -> None:
    """A 200 answer that does not name every reject as stored acknowledges nothing."""
    with backends.canned(answer) as endpoint:
        client = backends.clients(endpoint).queue(pool=1)
        store = SqsRejects(client, f"{endpoint}/1/rejects", RecordingObserver())
        with pytest.raises(CallFailed):
            store.store([reject(1, "1"), reject(2, "2")])


def test_an_answer_that_names_nothing_is_told_as_that() -> None:
    """The log says in words why rejects are not stored, also where SQS gives no reason."""
    with backends.canned({}) as endpoint:
        store = SqsRejects(backends.clients(endpoint).queue(pool=1), f"{endpoint}/1/rejects", RecordingObserver())
        with pytest.raises(CallFailed, match="not named as successful"):
            store.store([reject(1, "1")])


def test_lost_answers_are_asked_for_again() -> None:
    """Rejects whose answer was lost are sent once more: at least once, like everything here."""
    with LocalAws() as aws:
        store = OnSqs(aws.endpoint)
        aws.faults = Faults(lose_answer=0.3, seed=1)
        assert store.store.store([reject(number, "{}") for number in range(50)]) == []
        aws.faults = backends.NO_FAULTS

        assert len(store.originals()) == 50
