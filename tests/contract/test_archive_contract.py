"""What list, show and replay rely on in an Archive: the same checks for every store that keeps originals."""

import gzip
import json
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import pytest
from botocore.exceptions import ConnectionClosedError

from event_processor.aws.resources import ResourceReader
from event_processor.errors import CallFailed, StoreInUse
from event_processor.rejects.ports import Archive, RejectStore
from event_processor.stores.objects import Objects
from event_processor.stores.objects_bucket import BucketObjects
from event_processor.stores.objects_directory import DirectoryObjects
from event_processor.stores.reject_file import FileRejects
from event_processor.stores.reject_file_archive import FileArchive
from event_processor.stores.reject_lake import LakeRejects
from event_processor.stores.reject_lake_archive import LakeArchive
from event_processor.stores.reject_queue import SqsRejects
from event_processor.stores.reject_queue_archive import SqsArchive
from event_processor.testing import RecordingObserver
from tests.contract import backends
from tests.unit.samples import process, rejects, submission

pytestmark = pytest.mark.usefixtures("transport")
MIB = 1024 * 1024
SOME = rejects(submission(events={"new_process": [process(cmdl=""), process(user=1), {}], "network_connection": []}))


class Kept(Protocol):
    """A store that keeps originals, and the way back."""

    store: RejectStore

    def archive(self) -> Archive:
        """To read it."""
        ...

    def spoil(self) -> None:
        """Put something there that is not a reject."""
        ...

    def put(self, text: str) -> None:
        """Put this there, as a processor puts a reject there."""
        ...


class InAFile:
    """The file."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "rejects.ndjson"
        self.store: RejectStore = FileRejects(self._path)

    def archive(self) -> Archive:
        """To read it."""
        return FileArchive(self._path)

    def spoil(self) -> None:
        """A torn line, one that is not an object, and one that lacks what is needed."""
        with self._path.open("a") as file:
            file.write('{"reject_id": "to\n[]\n{"reject_id": "x"}\n\\xff\n')

    def put(self, text: str) -> None:
        """A line."""
        with self._path.open("a") as file:
            file.write(f"{text}\n")


class OnSqs:
    """The queue."""

    def __init__(self, endpoint: str) -> None:
        clients = backends.clients(endpoint)
        self.client, self._hot = clients.sqs(pool=3), clients.queue(pool=3)
        name = backends.new_name()
        self.url = self.client.create_queue(QueueName=name)["QueueUrl"]
        inspector = ResourceReader(self.client, clients.kinesis(pool=1), RecordingObserver(), attempts=3)
        self._look = partial(inspector.queue, name)
        self.store: RejectStore = SqsRejects(self._hot, self.url, RecordingObserver())

    def archive(self, max_receive_count: int | None = None, *, alone: bool = False) -> SqsArchive:
        """To read it."""
        return SqsArchive(self._hot, self.url, RecordingObserver(), max_receive_count, self._look, alone=alone)

    def spoil(self) -> None:
        """Messages of somebody else, one with an attribute that only looks like ours."""
        broken = gzip.compress(b"x" * 1000)[:-9]
        for body in ('{"reject_id": "to', "[]", '{"reject_id": "x"}'):
            self.client.send_message(QueueUrl=self.url, MessageBody=body)
        self.client.send_message(
            QueueUrl=self.url,
            MessageBody="{}",
            MessageAttributes={"original_gzip": {"DataType": "Binary", "BinaryValue": broken}},
        )

    def put(self, text: str) -> None:
        """A message."""
        self.client.send_message(QueueUrl=self.url, MessageBody=text)

    def breaks_down(self) -> None:
        """From now on receives get no answer."""
        self._hot.receive_message = self._silent  # type: ignore[method-assign]

    def keeps_all(self) -> None:
        """From now on nothing is taken back."""
        self._hot.change_message_visibility_batch = self._silent  # type: ignore[method-assign]

    def _silent(self, **_request: object) -> Any:
        raise ConnectionClosedError(endpoint_url=self.url)

    def depth(self) -> tuple[int, int]:
        """Messages to be had, and those that somebody has."""
        found = self.client.get_queue_attributes(QueueUrl=self.url, AttributeNames=["All"])["Attributes"]
        return int(found["ApproximateNumberOfMessages"]), int(found["ApproximateNumberOfMessagesNotVisible"])


class InALake:
    """The lake."""

    def __init__(self, objects: Objects) -> None:
        self.objects = objects
        self.store: RejectStore = LakeRejects(objects, "run")

    def archive(self, *, alone: bool = False) -> Archive:
        """To read it."""
        return LakeArchive(self.objects, alone=alone)

    def spoil(self) -> None:
        """Lines that are not rejects, and objects of others."""
        self.put('{"reject_id": "to\n[]\n{"reject_id": "x"}\n\\xff')
        self.objects.put("rejects/trial", b"")
        self.objects.put("raw/dt=2026-01-02/hh=03/1.ndjson.gz", b"")

    def put(self, text: str) -> None:
        """An object of another job."""
        self.objects.put("rejects/other/dt=2026-01-02/hh=03/1.ndjson.gz", gzip.compress(f"{text}\n".encode()))


@pytest.fixture(params=["file", "lake-directory", "lake-bucket", "sqs-local_aws", "sqs-moto"])
def kept(request: pytest.FixtureRequest, endpoints: Callable[[str], str], tmp_path: Path) -> Kept:
    """Each of the stores that can be read back."""
    kind, _, backend = request.param.partition("-")
    if kind == "sqs":
        return OnSqs(endpoints(backend))
    return InAFile(tmp_path) if kind == "file" else InALake(objects(backend, endpoints, tmp_path))


def objects(kind: str, endpoints: Callable[[str], str], folder: Path) -> Objects:
    """A lake of either kind."""
    if kind == "directory":
        return DirectoryObjects(folder / "lake")
    client, bucket = backends.clients(endpoints("moto")).s3(pool=1), backends.new_name()
    client.create_bucket(Bucket=bucket)
    return BucketObjects(client, bucket, "lake", RecordingObserver())


@pytest.fixture(params=["local_aws", "moto"])
def queue(request: pytest.FixtureRequest, endpoints: Callable[[str], str]) -> OnSqs:
    """A queue of rejects."""
    return OnSqs(endpoints(request.param))


def everything(archive: Archive) -> dict[str, dict[str, Any]]:
    """All that can be read, by reject id."""
    with archive:
        found = [reject.as_stored() for reject in archive.read()]
    assert len({reject["reject_id"] for reject in found}) == len(found)
    return {reject["reject_id"]: reject for reject in found}


def test_all_that_was_stored_is_read(kept: Kept) -> None:
    """Every reject comes back with all that its store was told of it, and may be read as often as one likes."""
    kept.store.store(SOME)
    told = {reject.reject_id: json.loads(reject.to_json()) for reject in SOME}

    for _ in range(2):
        found = everything(kept.archive())
        times = {key: {name: told[key][name] for name in ("received_at", "sent_at")} for key in found}
        assert {key: value | times[key] for key, value in found.items()} == told


def test_redelivered_rejects_count_once(kept: Kept) -> None:
    """What was stored twice, its message having been delivered twice, is one reject."""
    kept.store.store(SOME)
    kept.store.store(SOME)

    assert everything(kept.archive()).keys() == {reject.reject_id for reject in SOME}


def test_the_largest_original_comes_back_whole(kept: Kept) -> None:
    """An original of a mebibyte, which travels compressed on the queue, is read back to the letter."""
    [whole] = rejects("Größe" + "x" * (MIB - 100))
    kept.store.store([whole])

    assert everything(kept.archive())[whole.reject_id]["original"] == whole.original


def test_what_was_replayed_is_remembered(kept: Kept) -> None:
    """What went out is not sent again, all its copies included; what did not is still there."""
    for _ in range(2):
        kept.store.store(SOME)
    first, *others = SOME
    with kept.archive() as archive:
        assert len(list(archive.read())) == len(SOME)
        assert not archive.is_replayed(first.reject_id)
        archive.mark_replayed([first.reject_id])

    with kept.archive() as archive:
        left = [reject.reject_id for reject in archive.read() if not archive.is_replayed(reject.reject_id)]
    assert sorted(left) == sorted(reject.reject_id for reject in others)


def test_what_is_no_reject_is_left_out_and_told(kept: Kept) -> None:
    """Torn lines and foreign messages hide no reject, and the operator hears how many there are."""
    kept.spoil()
    kept.store.store(SOME)

    archive = kept.archive()
    assert everything(archive).keys() == {reject.reject_id for reject in SOME}
    [warning] = archive.warnings
    assert "4" in warning


@pytest.fixture(params=["directory", "bucket"])
def in_a_lake(request: pytest.FixtureRequest, endpoints: Callable[[str], str], tmp_path: Path) -> InALake:
    """A lake of either kind."""
    return InALake(objects(request.param, endpoints, tmp_path))


def test_two_jobs_reject_once(in_a_lake: InALake) -> None:
    """What two jobs stored is one reject, and one replay is enough for both."""
    in_a_lake.store.store(SOME)
    LakeRejects(in_a_lake.objects, "lambda").store(SOME[:1])
    assert len(list(in_a_lake.objects.names("rejects/"))) == 2
    with in_a_lake.archive() as archive:
        archive.mark_replayed([SOME[0].reject_id])

    with in_a_lake.archive() as archive:
        assert [archive.is_replayed(kept.reject_id) for kept in archive.read()].count(True) == 1


def test_stored_again_within_the_hour_is_one_object(in_a_lake: InALake) -> None:
    """A batch that comes again after a lost answer or a kill, at another second, is found to be there."""
    in_a_lake.store.store(SOME)
    again = [
        replace(reject, origin=reject.origin._replace(received_at=reject.origin.received_at + timedelta(minutes=50)))
        for reject in SOME
    ]
    in_a_lake.store.store(list(reversed(again)))

    [name] = in_a_lake.objects.names("rejects/")
    assert name.startswith("rejects/run/dt=2026-01-02/hh=03/")


def test_what_cannot_be_unpacked_is_told(in_a_lake: InALake) -> None:
    """A torn object is told by its name, and hides no other reject."""
    in_a_lake.store.store(SOME)
    [name] = in_a_lake.objects.names("rejects/")
    torn = "rejects/run/dt=2026-01-02/hh=02/torn.ndjson.gz"
    in_a_lake.objects.put(torn, in_a_lake.objects.get(name)[:-9])

    archive = in_a_lake.archive()
    assert everything(archive).keys() == {reject.reject_id for reject in SOME}
    assert [warning for warning in archive.warnings if torn in warning]


def test_what_others_put_into_a_lake_disturbs_nobody(endpoints: Callable[[str], str]) -> None:
    """Folders as a console makes them, hidden objects and notes of people among the rejects hide none of them."""
    bucket = objects("bucket", endpoints, Path())
    assert isinstance(bucket, BucketObjects)
    for key in ("rejects/", "rejects/run//dt=1/x.ndjson.gz", "rejects/.x/dt=1/.y.ndjson.gz", "rejects/replayed/.x/"):
        bucket._client.put_object(Bucket=bucket._bucket, Key=f"lake/{key}", Body=b"")
    bucket.put("rejects/replays/README", b"")
    kept = InALake(bucket)
    kept.store.store(SOME)

    for _ in range(2):
        with kept.archive(alone=True) as archive:
            assert len(list(archive.read())) == len(SOME)
        assert archive.warnings == []


@pytest.mark.parametrize("code", ["NoSuchKey", "InvalidObjectState"])
def test_what_was_put_away_hides_nothing_else(tmp_path: Path, code: str) -> None:
    """An object that a life cycle deletes while we look, or has archived, is told, and the others are read."""

    class PutAway(DirectoryObjects):
        def get(self, name: str) -> bytes:
            """As the bucket answers for one of them."""
            if "/other/" in name:
                raise CallFailed("get_object", code, "told to fail")
            return super().get(name)

    kept = InALake(PutAway(tmp_path))
    kept.put("{}")
    kept.store.store(SOME)
    archive = kept.archive()
    assert len(everything(archive)) == len(SOME)
    [warning] = archive.warnings
    assert code in warning


def test_one_replay_of_a_lake(in_a_lake: InALake) -> None:
    """While one replay is at work another is refused, with the time to wait for; then the next one may."""
    in_a_lake.store.store(SOME)
    for _ in range(2):
        with in_a_lake.archive(alone=True) as first:
            list(first.read())
            with pytest.raises(StoreInUse, match=r"another replay .* UTC"), in_a_lake.archive(alone=True):
                pass
            first.mark_replayed([SOME[0].reject_id])
            with in_a_lake.archive() as looking:
                assert looking.is_replayed(SOME[0].reject_id)


def test_a_replay_that_was_overtaken_stops(in_a_lake: InALake) -> None:
    """A replay silent for longer than its lease, and overtaken by another, notes what it sent, then ends."""
    in_a_lake.store.store(SOME)
    with in_a_lake.archive(alone=True) as first:
        [lease] = in_a_lake.objects.names("rejects/replays/")
        in_a_lake.objects.put(lease, b'{"owner": "x", "until": "2026-01-02T03:04:05Z"}')
        with in_a_lake.archive(alone=True), pytest.raises(StoreInUse, match="another replay has begun"):
            first.mark_replayed([SOME[0].reject_id])

    with in_a_lake.archive() as archive:
        assert archive.is_replayed(SOME[0].reject_id)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    """A wrong path is an error, not an empty list."""
    with (
        pytest.raises(Exception, match=r"ENOENT: .*nothing\.ndjson"),
        FileArchive(tmp_path / "nothing.ndjson") as archive,
    ):
        list(archive.read())


def test_a_torn_note_costs_a_repeat_only(tmp_path: Path) -> None:
    """A replay killed while it took its notes leaves the other notes readable."""
    kept = InAFile(tmp_path)
    kept.store.store(SOME)
    with kept.archive() as archive:
        archive.mark_replayed([SOME[0].reject_id])
    notes = tmp_path / "rejects.ndjson.replayed"
    notes.write_text(notes.read_text() + '{"reject_id": "tor')
    with kept.archive() as archive:
        archive.mark_replayed([SOME[1].reject_id])

    with kept.archive() as archive:
        assert [archive.is_replayed(reject.reject_id) for reject in SOME] == [True, True, False]


def test_messages_are_given_back_at_once(queue: OnSqs) -> None:
    """Whoever looks through a queue of rejects leaves every message visible, also when it ends in an error."""
    queue.store.store([reject for number in range(15) for reject in rejects(f"nonsense {number}")])

    assert len(everything(queue.archive())) == 15
    assert queue.depth() == (15, 0)
    with suppress(KeyboardInterrupt), queue.archive() as archive:
        next(archive.read())
        assert queue.depth()[1] > 0
        raise KeyboardInterrupt
    assert queue.depth() == (15, 0)


def test_the_replayed_are_deleted_and_the_others_stay(queue: OnSqs) -> None:
    """Only the messages of what went out are gone."""
    queue.store.store(SOME)
    with queue.archive() as archive:
        list(archive.read())
        archive.mark_replayed([SOME[0].reject_id])

    assert queue.depth() == (len(SOME) - 1, 0)


def test_a_queue_that_gives_up_is_warned_of(queue: OnSqs) -> None:
    """Each look counts as a receive: with a redrive policy the operator is told before rejects vanish by being read."""
    [warning] = queue.archive(max_receive_count=5).warnings

    assert "5 receives" in warning


def test_a_second_replay_is_refused(queue: OnSqs) -> None:
    """While one replay has the messages, another one says so and leaves everything as it is."""
    queue.store.store(SOME)
    with queue.archive(alone=True) as first:
        assert len(list(first.read())) == len(SOME)
        with pytest.raises(StoreInUse, match=r"another replay.* 120 s"), queue.archive(alone=True):
            pass
        assert queue.depth() == (0, len(SOME))
    assert queue.depth() == (len(SOME), 0)


def test_a_replay_does_not_go_on_beside_somebody_who_has_some(queue: OnSqs) -> None:
    """What a `list` has taken meanwhile might come earlier in a submission, so the replay gives up, and all is back."""
    queue.store.store([reject for number in range(30) for reject in rejects(f"nonsense {number}")])
    with queue.archive() as looking:
        with queue.archive(alone=True) as replay:
            found = replay.read()
            next(found)
            next(looking.read())
            with pytest.raises(StoreInUse):
                list(found)
        assert queue.depth()[1] > 0
    assert queue.depth() == (30, 0)


def test_a_replay_waits_for_somebody_who_only_looks(queue: OnSqs) -> None:
    """Messages that a `list` gives back while a replay reads are replayed with the others: none is missed silently."""
    queue.store.store([reject for number in range(30) for reject in rejects(f"nonsense {number}")])
    with queue.archive(alone=True) as replay:
        found = replay.read()
        first = next(found)
        with queue.archive() as looking:
            next(looking.read())
        assert len({first.reject_id, *(kept.reject_id for kept in found)}) == 30
    assert replay.warnings == []


def test_who_looks_beside_a_replay_is_told(queue: OnSqs) -> None:
    """A `list` that cannot see what a replay has says how many messages it did not see."""
    queue.store.store(SOME)
    with queue.archive(alone=True) as replay:
        list(replay.read())
        looking = queue.archive()
        assert everything(looking) == {}
    [warning] = looking.warnings
    assert f"{len(SOME)} more messages" in warning


def test_receives_that_fail_are_told(endpoints: Callable[[str], str]) -> None:
    """If receiving breaks down, what was received is given back, and the operator hears how much may be hidden."""
    queue = OnSqs(endpoints("local_aws"))
    queue.store.store([reject for number in range(30) for reject in rejects(f"nonsense {number}")])
    archive = queue.archive(alone=True)
    with archive:
        found = archive.read()
        next(found)
        queue.breaks_down()
        with pytest.raises(CallFailed, match="ConnectionClosedError"):
            list(found)

    [warning] = archive.warnings
    assert "5 receives brought no answer: up to 50 messages may be hidden for 120 s" in warning
    assert queue.depth() == (30, 0)


def test_what_cannot_be_given_back_is_told(endpoints: Callable[[str], str]) -> None:
    """If SQS takes nothing back, the operator hears how many messages stay hidden, and for how long."""
    queue = OnSqs(endpoints("local_aws"))
    queue.store.store(SOME)
    with queue.archive() as archive:
        list(archive.read())
        queue.keeps_all()

    [warning] = archive.warnings
    assert warning.startswith(f"{len(SOME)} messages were not given back, so hidden for 120 s more: ")


def test_a_bomb_does_not_go_off(queue: OnSqs) -> None:
    """An original that unpacks to far more than a message can hold is told as no reject, in little memory."""
    told = json.loads(SOME[0].to_json()) | {"original": None, "reject_id": "bomb"}
    attribute = {"original_gzip": {"DataType": "Binary", "BinaryValue": gzip.compress(bytes(256 * MIB), 4)}}
    queue.client.send_message(QueueUrl=queue.url, MessageBody=json.dumps(told), MessageAttributes=attribute)  # type: ignore[arg-type]
    queue.store.store(SOME)

    archive = queue.archive()
    tracemalloc.start()
    try:
        found = everything(archive)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert found.keys() == {reject.reject_id for reject in SOME}
    assert most < 100 * MIB
    assert archive.warnings == ["1 messages are not rejects: left where they are"]


DEEP = "[" * 50_000 + "]" * 50_000
ODD = [
    DEEP,
    '{"reject_id": ' + DEEP + "}",
    json.dumps(json.loads(SOME[0].to_json()) | {"reject_id": "odd"})[:-1] + f', "more": {DEEP}}}',
    json.dumps(json.loads(SOME[0].to_json()) | {"reject_id": "odd"})[:-1] + f', "more": {"9" * 50_000}}}',
    '{"original_gzip": 1}',
    "null",
]


@pytest.mark.parametrize("body", ODD, ids=range(len(ODD)))
def test_odd_json_is_harmless(kept: Kept, body: str) -> None:
    """Deep nesting, endless numbers and the like in a store are left out and told; the rest is read."""
    kept.put(body)
    kept.store.store(SOME)

    archive = kept.archive()
    assert everything(archive).keys() == {reject.reject_id for reject in SOME}
    assert len(archive.warnings) == 1


def test_a_reject_without_its_original_is_read(kept: Kept) -> None:
    """A reject whose original its store could not take is listed, though there is nothing of it to send."""
    kept.put(json.dumps(json.loads(SOME[0].to_json()) | {"original": None}))

    assert everything(kept.archive())[SOME[0].reject_id]["original"] is None
