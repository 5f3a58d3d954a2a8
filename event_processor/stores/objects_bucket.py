"""Objects of an S3 bucket, below a prefix."""

from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from zlib import crc32

from botocore.exceptions import ClientError, FlexibleChecksumError, IncompleteReadError

from event_processor.aws.answer_fields import MalformedAnswer
from event_processor.aws.calls import Calls, code_of, is_transient
from event_processor.errors import CallFailed
from event_processor.stores.objects import ABSENT, checked, is_name
from event_processor.telling import CallObserver

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

_PART_BYTES: Final = 8 * 1024 * 1024  # S3 asks for 5 MiB at least (API reference, UploadPart)
_TAKEN: Final = "PreconditionFailed"
_AGAIN: Final = frozenset({"ConditionalRequestConflict", "OperationAborted"})  # 409 of PutObject


class BucketObjects:
    """See Objects. S3 is consistent: what was put is there at once for whoever gets or lists it.

    Each put carries a checksum of the content, by which S3 refuses what was bent on the way; each get is checked.
    """

    def __init__(self, client: "S3Client", bucket: str, prefix: str, observer: CallObserver) -> None:
        self._client, self._bucket = client, bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._calls = Calls(observer)

    def put(self, name: str, content: bytes) -> None:
        """In parts, if it is large: what is bent or lost on the way is a part, and not all of it."""
        if len(content) > _PART_BYTES:
            self._put_in_parts(self._key(name), memoryview(content))
        else:
            self._put(name, content)

    def put_new(self, name: str, content: bytes) -> bool:
        """An answer may be lost, and the object found by the next attempt be our own."""
        try:
            self._put(name, content, IfNoneMatch="*")
        except CallFailed as failure:
            if failure.code != _TAKEN:
                raise
            return self.get(name) == content
        return True

    def get(self, name: str) -> bytes:
        def attempt() -> bytes:
            with self._client.get_object(Bucket=self._bucket, Key=self._key(name))["Body"] as body:
                return body.read()

        return self._calls.make("get_object", attempt, again=_may_help)

    def names(self, prefix: str = "", after: str = "") -> Iterator[str]:
        more: dict[str, Any] = {"StartAfter": self._prefix + after} if after else {}
        while True:
            answer = self._calls.make("list_objects", partial(self._list, prefix, more), again=_may_help)
            found = (entry["Key"].removeprefix(self._prefix) for entry in answer.get("Contents", []))
            yield from filter(is_name, found)  # others put there what they like: folders of a console, for one
            if not answer.get("IsTruncated"):
                return
            more = {"ContinuationToken": answer["NextContinuationToken"]}

    def move(self, name: str, to: str) -> None:
        """A copy, and then the old one is deleted; S3 copies up to 5 GB in one call (API reference, CopyObject)."""
        old, new = self._key(name), self._key(to)
        source = {"Bucket": self._bucket, "Key": old}
        try:
            self._calls.make(
                "copy_object",
                lambda: self._client.copy_object(Bucket=self._bucket, Key=new, CopySource=source),  # type: ignore[arg-type]
                again=_may_help,
            )
        except CallFailed as failure:
            if failure.code != ABSENT:
                raise
            return
        self.delete(name)

    def delete(self, name: str) -> None:
        key = self._key(name)
        self._calls.make(
            "delete_object", lambda: self._client.delete_object(Bucket=self._bucket, Key=key), again=_may_help
        )

    def _key(self, name: str) -> str:
        return self._prefix + checked(name)

    def _list(self, prefix: str, more: dict[str, Any]) -> Any:
        answer = self._client.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix + prefix, **more)
        if answer.get("IsTruncated") and not answer.get("NextContinuationToken"):
            raise MalformedAnswer("a list that goes on without a token")
        return answer

    def _put(self, name: str, content: bytes, **condition: Any) -> None:
        key, checksum = self._key(name), _checksum(content)
        self._calls.make(
            "put_object",
            lambda: self._client.put_object(
                Bucket=self._bucket, Key=key, Body=content, ChecksumCRC32=checksum, **condition
            ),
            again=_may_help,
        )

    def _put_in_parts(self, key: str, content: memoryview) -> None:
        """What is begun and not completed is removed, here or by a lifecycle rule of the bucket."""
        make = partial(self._calls.make, again=_may_help)
        where: dict[str, Any] = {"Bucket": self._bucket, "Key": key}
        begun = make(
            "create_multipart_upload",
            lambda: self._client.create_multipart_upload(**where, ChecksumAlgorithm="CRC32"),
        )
        where["UploadId"] = begun["UploadId"]
        try:
            parts = [
                self._put_part(where, number, content[start : start + _PART_BYTES])
                for number, start in enumerate(range(0, len(content), _PART_BYTES), 1)
            ]
            make(
                "complete_multipart_upload",
                lambda: self._client.complete_multipart_upload(**where, MultipartUpload={"Parts": parts}),
            )
        except CallFailed:
            with suppress(CallFailed):
                make("abort_multipart_upload", lambda: self._client.abort_multipart_upload(**where))
            raise

    def _put_part(self, where: dict[str, Any], number: int, content: memoryview) -> "CompletedPartTypeDef":
        body, checksum = bytes(content), _checksum(content)
        answer = self._calls.make(
            "upload_part",
            lambda: self._client.upload_part(**where, PartNumber=number, Body=body, ChecksumCRC32=checksum),
            again=_may_help,
        )
        return {"PartNumber": number, "ETag": answer["ETag"], "ChecksumCRC32": checksum}


def _checksum(content: bytes | memoryview) -> str:
    return b64encode(crc32(content).to_bytes(4)).decode()


def _may_help(error: BaseException) -> bool:
    """Whether the same request may well succeed in a moment."""
    is_bent = isinstance(error, (FlexibleChecksumError, IncompleteReadError))
    return is_bent or is_transient(error) or (isinstance(error, ClientError) and code_of(error) in _AGAIN)
