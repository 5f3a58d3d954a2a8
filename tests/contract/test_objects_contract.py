"""What a lake relies on in Objects: the same checks for a directory and for a bucket."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from event_processor.errors import CallFailed
from event_processor.stores.objects import ABSENT, Objects
from event_processor.stores.objects_bucket import BucketObjects
from event_processor.stores.objects_directory import DirectoryObjects
from event_processor.testing import RecordingObserver
from tests.contract import backends

CONTENTS = [b"", b"{}\n", b"\r\n\x00\xff" * 1000, bytes(range(256)) * 8 * 1024]
Make = Callable[[str], Objects]


def in_a_bucket(endpoint: str, name: str, prefix: str = "a lake/one") -> BucketObjects:
    """Of a bucket that is made if it is not there, and of which an answer holds ten names instead of a thousand."""
    client = backends.clients(endpoint).s3(pool=8)
    client.meta.events.register("provide-client-params.s3.ListObjectsV2", lambda params, **_: params | {"MaxKeys": 10})
    client.create_bucket(Bucket=name)
    return BucketObjects(client, name, prefix, RecordingObserver())


@pytest.fixture(params=["directory", "bucket"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """Makes stores; those of one name are one."""
    if request.param == "directory":
        return lambda name: DirectoryObjects(tmp_path / "lakes" / name)
    endpoint = request.getfixturevalue("endpoints")("moto")
    unique = backends.new_name()
    return lambda name: in_a_bucket(endpoint, f"{unique}-{name}")


@pytest.mark.parametrize("content", CONTENTS, ids=len)
def test_what_was_put_is_there(make: Make, content: bytes) -> None:
    """An object comes back to the byte, for another process too, and a later put replaces the whole of it."""
    make("x").put("raw/a=1/b.gz", b"something longer than what comes")
    make("x").put("raw/a=1/b.gz", content)

    assert make("x").get("raw/a=1/b.gz") == content


@pytest.mark.parametrize("content", CONTENTS, ids=len)
def test_new_only_once(make: Make, content: bytes) -> None:
    """Of two contents for one name the first stays; who puts that again, as after a lost answer, is told so."""
    assert make("x").put_new("log/1.json", content)
    assert not make("x").put_new("log/1.json", content + b"other")
    assert make("x").put_new("log/1.json", content)

    assert make("x").get("log/1.json") == content


def test_one_of_many_wins(make: Make) -> None:
    """Of several that put a new object at once one alone hears that it is its own, and that one's is there."""
    start, objects = threading.Barrier(6), make("x")

    def put(number: int) -> bool:
        start.wait(30)
        return objects.put_new("owner", f"number {number}".encode())

    with ThreadPoolExecutor(6) as pool:
        won = list(pool.map(put, range(6)))

    assert won.count(True) == 1
    assert objects.get("owner") == f"number {won.index(True)}".encode()


def test_names_in_order(make: Make) -> None:
    """All that begins with the prefix, the names in the order of their characters, more than one answer holds."""
    objects = make("x")
    names = [f"dt=2026-01-{day:02}/{number:04}" for day in (2, 1) for number in range(12)]
    others = ["dt=2026-01-03", "dt=2026-01-02-x", "dt=2026-01-0", "other/dt=2026-01-02/1", "dt=2026-01-02/größe ž"]
    for name in [*names, *others]:
        objects.put(name, b"")

    assert list(objects.names()) == sorted([*names, *others])
    assert list(objects.names("dt=2026-01-02/")) == sorted(
        name for name in [*names, *others] if "dt=2026-01-02/" in name and not name.startswith("other")
    )
    assert list(objects.names("dt=2026-01-0")) == sorted(name for name in [*names, *others] if name.startswith("dt="))
    assert list(objects.names("nothing/")) == list(make("y").names()) == []


def test_what_is_not_there(make: Make) -> None:
    """A missing object is told from a store that fails."""
    with pytest.raises(CallFailed) as told:
        make("x").get("nothing/here")

    assert told.value.code == ABSENT


@pytest.mark.parametrize("name", ["", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "a/.hidden", "../outside"])
def test_no_way_out(make: Make, name: str) -> None:
    """A name that leads elsewhere, or that only one of the stores could have, is refused before anything is done."""
    for act in (lambda: make("x").put(name, b""), lambda: make("x").put_new(name, b""), lambda: make("x").get(name)):
        with pytest.raises(ValueError, match="no name"):
            act()


def test_a_directory_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """A file in the way of the lake is one error that names it."""
    (tmp_path / "lake").write_text("")
    objects = DirectoryObjects(tmp_path / "lake")
    for act in (lambda: objects.put("a/b", b""), lambda: objects.put_new("a/b", b""), lambda: list(objects.names())):
        with pytest.raises(CallFailed, match="lake"):
            act()


def test_a_missing_bucket_is_told(endpoints: Callable[[str], str]) -> None:
    """A wrong bucket is an error for whoever writes, reads or lists, not an empty lake."""
    client = backends.clients(endpoints("moto")).s3(pool=1)
    objects = BucketObjects(client, backends.new_name(), "", RecordingObserver())
    for act in (lambda: objects.put("a", b""), lambda: objects.get("a"), lambda: list(objects.names())):
        with pytest.raises(CallFailed, match="NoSuchBucket"):
            act()


def test_a_lost_answer(endpoints: Callable[[str], str]) -> None:
    """A conditional put whose answer was lost is tried again, finds its own object, and is a success."""
    objects = in_a_bucket(endpoints("moto"), backends.new_name())
    real, calls = objects._client.put_object, list[str]()

    def deaf(**request: Any) -> Any:
        answer = real(**request)
        calls.append(request["Key"])
        if len(calls) == 1:
            raise ReadTimeoutError(endpoint_url="s3")
        return answer

    objects._client.put_object = deaf  # type: ignore[method-assign]

    assert objects.put_new("log/1", b"mine")
    assert objects.get("log/1") == b"mine"


def test_a_bucket_refuses_what_was_bent(endpoints: Callable[[str], str]) -> None:
    """Each put carries the checksum of its content, in a header, whatever the transport."""
    objects = in_a_bucket(endpoints("moto"), backends.new_name())
    sent = list[Any]()
    objects._client.meta.events.register("before-send.s3.PutObject", lambda request, **_: sent.append(request))

    objects.put("a", b"123456789")

    assert [request.headers["x-amz-checksum-crc32"] for request in sent] == [b"y/Q5Jg=="]


def test_names_behind_one(make: Make) -> None:
    """A list can begin behind a name, whether that is there or not: what was read before is not listed again."""
    objects = make("x")
    for name in ("log/a/1", "log/a/2", "log/a/3", "log/a-b/1", "log/b/1", "raw/1"):
        objects.put(name, b"")

    assert list(objects.names("log/a/", after="log/a/1")) == ["log/a/2", "log/a/3"]
    assert list(objects.names("log/", after="log/a/25")) == ["log/a/3", "log/b/1"]
    assert list(objects.names("log/", after="log/a-b/~")) == ["log/a/1", "log/a/2", "log/a/3", "log/b/1"]
    assert list(objects.names("log/", after="log/c")) == []


def test_moving(make: Make) -> None:
    """What is moved has its new name only, also for another process; to move it once more is no failure."""
    make("x").put("raw/a.gz", b"what is moved")
    make("x").put("swept/raw/a.gz", b"what was there")

    for _ in range(2):
        make("x").move("raw/a.gz", "swept/raw/a.gz")

    assert list(make("x").names()) == ["swept/raw/a.gz"]
    assert make("x").get("swept/raw/a.gz") == b"what is moved"


def test_deleting(make: Make) -> None:
    """What is deleted is gone, and stays so when it is deleted once more; its neighbours stay."""
    for name in ("swept/a", "swept/b"):
        make("x").put(name, b"1")

    for _ in range(2):
        make("x").delete("swept/a")

    assert list(make("x").names()) == ["swept/b"]


def test_large_objects(make: Make) -> None:
    """An object of many megabytes comes back to the byte, and replaces what was there."""
    content = bytes(range(251)) * 4096 * 17  # 17 MB: parts of different content, the last one smaller
    make("x").put("typed/a.parquet", b"small")
    make("x").put("typed/a.parquet", content)

    assert make("x").get("typed/a.parquet") == content


def test_a_large_object_is_there_whole_or_not_at_all(request: pytest.FixtureRequest) -> None:
    """If a part cannot be put, the old object stays, and nothing is left that costs money."""
    endpoint = request.getfixturevalue("endpoints")("moto")
    name = backends.new_name()
    objects = in_a_bucket(endpoint, name)
    objects.put("a", b"before")
    client = backends.clients(endpoint).s3(pool=1)
    objects._client = _PartsRefused(client)  # type: ignore[assignment]

    with pytest.raises(CallFailed, match="upload_part"):
        objects.put("a", bytes(17 * 1024 * 1024))

    assert in_a_bucket(endpoint, name).get("a") == b"before"
    assert client.list_multipart_uploads(Bucket=name).get("Uploads", []) == []


class _PartsRefused:
    """A client whose second part is refused."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def upload_part(self, **request: Any) -> Any:
        """As S3 does when the key of the bucket is not usable."""
        if request["PartNumber"] == 2:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "UploadPart")
        return self._client.upload_part(**request)
