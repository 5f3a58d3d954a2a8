"""Message attributes: what they may be, their size, and their checksum.

The rules are those of "Amazon SQS message metadata" in the SQS guide and of LocalStack's
test_send_message_with_invalid_string_attributes, validated there against AWS.
"""

import base64
import binascii
import hashlib
import re
import struct
from decimal import Decimal, InvalidOperation

from local_aws.errors import Json
from local_aws.params import wrong_type
from local_aws.sqs.characters import ALLOWED, forbidden_character
from local_aws.sqs.errors import sqs_error, wrong_parameters

MAX_ATTRIBUTES = 10
_MAX_NAME = _MAX_TYPE = 256
_DATA_TYPE = re.compile(r"(String|Number|Binary)(\.[A-Za-z0-9_.-]+)?")
_NOT_IN_NAMES = re.compile(r"[^\w.-]")
_RESERVED = ("aws.", "amazon.")


def checked_attributes(params: Json, name: str) -> Json | None:
    """MessageAttributes or MessageSystemAttributes, or None when there are none.

    Raises InvalidParameterValue, UnsupportedOperation and SerializationException.
    """
    attributes = params.get(name)
    if not attributes:
        return None
    if not isinstance(attributes, dict):
        raise wrong_type(attributes, "map")
    if len(attributes) > MAX_ATTRIBUTES:
        message = f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum [{MAX_ATTRIBUTES}]."
        raise wrong_parameters(message)
    for key, value in attributes.items():
        _check_name(key)
        if not isinstance(value, dict):
            raise wrong_type(value, "structure")
        _check_value(key, value, _checked_type(key, value.get("DataType")))
    return attributes


def _check_name(name: str) -> None:
    if not 1 <= len(name) <= _MAX_NAME:
        raise wrong_parameters("Length of message attribute name must be from 1 to 256 characters.")
    if found := _NOT_IN_NAMES.search(name):
        raise wrong_parameters(
            f"Invalid non-alphanumeric character '#x{ord(found.group()):X}' was found in the message attribute name. "
            "Can only include alphanumeric characters, hyphens, underscores, or dots."
        )
    if name.lower().startswith(_RESERVED):
        raise wrong_parameters("Message attribute name can not start with 'AWS.' or 'Amazon.', in whatever case.")
    if name.startswith(".") or name.endswith("."):
        raise wrong_parameters("Invalid message attribute name starting or ending with character '.' was found.")
    if ".." in name:
        raise wrong_parameters("Message attribute name can not have successive '.' character.")


def _checked_type(name: str, data_type: object) -> str:
    if data_type is None or data_type == "":
        raise wrong_parameters(f"Message (user) attribute '{name}' must contain a non-empty message attribute type.")
    if not isinstance(data_type, str):
        raise wrong_type(data_type, "String")
    if len(data_type) > _MAX_TYPE or not _DATA_TYPE.fullmatch(data_type):
        raise wrong_parameters(
            f"The message attribute '{name}' has an invalid message attribute type, "
            "the set of supported type prefixes is Binary, Number, and String."
        )
    return data_type


def _check_value(name: str, value: Json, data_type: str) -> None:
    if value.get("StringListValues") or value.get("BinaryListValues"):
        message = "Message attribute list values in SendMessage operation are not supported."
        raise sqs_error("UnsupportedOperation", message)
    content = value.get("BinaryValue" if data_type.startswith("Binary") else "StringValue")
    if content is None or content == "":
        message = f"Message (user) attribute '{name}' must contain a non-empty value of type '{data_type}'."
        raise wrong_parameters(message)
    if not isinstance(content, str):
        raise wrong_type(content, "String")
    if data_type.startswith("Binary"):
        _check_base64(content)
    elif found := forbidden_character(content):
        raise wrong_parameters(
            f"Invalid binary character '{found}' was found in the value of message attribute '{name}', {ALLOWED}"
        )
    elif data_type.startswith("Number") and not _is_number(content):
        raise wrong_parameters(f"Can't cast the value of message (user) attribute '{name}' to a number.")


def _check_base64(content: str) -> None:
    try:
        base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError) as error:
        raise wrong_type(content, "Blob") from error


def _is_number(content: str) -> bool:
    try:
        return content.isascii() and "_" not in content and Decimal(content.strip()).is_finite()
    except InvalidOperation:
        return False


def _attribute_parts(name: str, value: Json) -> tuple[bytes, bytes, bytes]:
    data_type: str = value["DataType"]
    if data_type.startswith("Binary"):
        return name.encode(), data_type.encode(), base64.b64decode(value["BinaryValue"])
    return name.encode(), data_type.encode(), value["StringValue"].encode()


def attributes_bytes(attributes: Json | None) -> int:
    """What they count against a message's limit: each one's name, type and value."""
    return sum(len(part) for name, value in (attributes or {}).items() for part in _attribute_parts(name, value))


def md5_of_attributes(attributes: Json) -> str:
    """MD5OfMessageAttributes, as "Calculating the MD5 message digest for message attributes" in the SQS guide says."""
    digest = hashlib.md5(usedforsecurity=False)
    for key in sorted(attributes):
        name, data_type, content = _attribute_parts(key, attributes[key])
        transport = b"\x02" if data_type.startswith(b"Binary") else b"\x01"
        for part in (_with_length(name), _with_length(data_type), transport, _with_length(content)):
            digest.update(part)
    return digest.hexdigest()


def _with_length(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value
