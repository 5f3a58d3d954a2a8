"""What is in a lake, by name: a folder, or a bucket of S3."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from sensor_fleet.errors import SettingsError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from sensor_fleet.aws import Aws


class Objects(Protocol):
    """Objects by their names below the lake's root."""

    def names(self, prefix: str) -> Iterator[str]:
        """The names that begin so."""
        ...

    def get(self, name: str) -> bytes | None:
        """The content; None if there is none of this name."""
        ...


def open_lake(url: str, aws: Aws) -> Objects:
    """`dir:FOLDER` or `s3://BUCKET/PREFIX`. Raises SettingsError for anything else."""
    if url.startswith("dir:"):
        return _Folder(Path(url.removeprefix("dir:")))
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    if not url.startswith("s3://") or not bucket:
        raise SettingsError(f"--lake {url}: neither dir:FOLDER nor s3://BUCKET/PREFIX")
    return _Bucket(aws.s3(), bucket, f"{prefix.strip('/')}/" if prefix.strip("/") else "")


class _Folder:
    def __init__(self, root: Path) -> None:
        if not root.is_dir():
            raise SettingsError(f"there is no lake in {root}")
        self._root = root

    def names(self, prefix: str) -> Iterator[str]:
        for path in sorted((self._root / prefix).rglob("*")):
            if path.is_file() and not path.name.startswith("."):
                yield path.relative_to(self._root).as_posix()

    def get(self, name: str) -> bytes | None:
        try:
            return (self._root / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SettingsError(f"cannot read {name}: {error.strerror}") from error


class _Bucket:
    def __init__(self, s3: S3Client, bucket: str, prefix: str) -> None:
        self._s3, self._bucket, self._prefix = s3, bucket, prefix

    def names(self, prefix: str) -> Iterator[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix + prefix)
        for page in pages:
            for found in page.get("Contents", ()):
                yield found["Key"].removeprefix(self._prefix)

    def get(self, name: str) -> bytes | None:
        try:
            return self._s3.get_object(Bucket=self._bucket, Key=self._prefix + name)["Body"].read()
        except self._s3.exceptions.NoSuchKey:
            return None
