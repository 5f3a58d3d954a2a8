"""Reads the records of PutRecord and PutRecords, with the limits on each and on the request."""

import binascii
import hashlib

from local_aws.errors import Json
from local_aws.kinesis.errors import invalid_argument, validation
from local_aws.kinesis.params import MAX_HASH_KEY, hash_key, required, text
from local_aws.kinesis.shard import NewRecord
from local_aws.kinesis.stream import Stream

MAX_RECORDS = 500
MAX_REQUEST_BYTES = 10 * 1024 * 1024
"""Partition keys included (PutRecords in the Kinesis API reference)."""
MAX_KEY_CHARACTERS = 256


def parse_records(params: Json, stream: Stream) -> list[NewRecord]:
    """The records of a PutRecords call; one that is wrong fails the whole call.

    Raises ValidationException and InvalidArgumentException.
    """
    entries = required(params, "Records")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise validation("records", type(entries).__name__, "Member must be a list of records")
    if not entries:
        raise validation("records", "[]", "Member must have length greater than or equal to 1")
    if len(entries) > MAX_RECORDS:
        raise validation("records", f"[{len(entries)}]", f"Member must have length less than or equal to {MAX_RECORDS}")
    records = [parse_record(entry, stream) for entry in entries]
    if sum(record.size_bytes for record in records) > MAX_REQUEST_BYTES:
        raise invalid_argument(f"Records size exceeds {MAX_REQUEST_BYTES // 2**20} MB limit")
    return records


def parse_record(entry: Json, stream: Stream) -> NewRecord:
    """One record, with its hash key. Raises ValidationException and InvalidArgumentException."""
    data = text(entry, "Data")
    try:
        data_bytes = len(binascii.a2b_base64(data, strict_mode=True))
    except (binascii.Error, ValueError) as error:
        raise validation("data", "", f"Member must be base64: {error}") from error
    key = _partition_key(entry, stream)
    key_bytes = key.encode(errors="surrogatepass")
    size_bytes = data_bytes + len(key_bytes)
    if size_bytes > stream.settings.max_record_kib * 1024:
        message = f"Record of {size_bytes} bytes exceeds the stream's limit of {stream.settings.max_record_kib} KiB."
        raise invalid_argument(message)
    if entry.get("ExplicitHashKey") is not None:
        return NewRecord(data, size_bytes, key, _explicit_hash_key(entry))
    return NewRecord(data, size_bytes, key, hash_of(key_bytes))


def hash_of(key_bytes: bytes) -> int:
    """The hash key of a partition key: its MD5 as a 128-bit number."""
    return int.from_bytes(hashlib.md5(key_bytes, usedforsecurity=False).digest())


def _explicit_hash_key(entry: Json) -> int:
    number = hash_key(entry, "ExplicitHashKey")
    if number > MAX_HASH_KEY:
        reason = "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was "
        raise invalid_argument(f"{reason}{number}")
    return number


def _partition_key(entry: Json, stream: Stream) -> str:
    if entry.get("PartitionKey") is None and stream.settings.auto_distribution:
        return ""
    key = text(entry, "PartitionKey")
    if not 1 <= len(key) <= MAX_KEY_CHARACTERS:
        raise validation("partitionKey", key, f"Member must have length from 1 to {MAX_KEY_CHARACTERS}")
    return key
