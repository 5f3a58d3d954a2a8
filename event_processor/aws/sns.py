"""Notices to an SNS topic, with attributes that subscriptions can filter by."""

import json
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from event_processor.aws.calls import code_of
from event_processor.channels import words
from event_processor.errors import NotSent
from event_processor.notices.notice import Kind, Message
from event_processor.text import one_line

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

_SUBJECT_CHARACTERS: Final = 100  # "must be ASCII text ... less than 100 characters long" (API reference, Publish)
_MOST_BYTES: Final = 200_000  # of 256 KiB, attributes included (API reference, Publish)
_VALUE_CHARACTERS: Final = 200
_MOST_VALUES: Final = 100  # of one attribute: with the body they stay below what a message may have
_FINAL: Final = frozenset({"InvalidParameter", "InvalidParameterValue", "ParameterValueInvalid", "NotFound"})
_ATTRIBUTES: Final = ("kind", "subject", "code", "severity")
_DATASET: Final = "dataset"  # the subject of a finding, by the name that people know


class SnsTopic:
    """A Channel. Programs get the JSON document of the webhook, mail gets text."""

    def __init__(self, name: str, audience: str, arn: str, client: "SNSClient") -> None:
        self.name, self.audience = name, audience
        self._arn, self._client = arn, client

    def send(self, message: Message, seconds: float) -> None:  # noqa: ARG002 - the client's timeouts bound it
        """See Channel."""
        try:
            self._client.publish(
                TopicArn=self._arn,
                Subject=_subject(words.headline(message)),
                MessageStructure="json",
                Message=_body(message),
                MessageAttributes=_attributes(message),
            )
        except (ClientError, BotoCoreError) as error:
            raise NotSent(self.name, code_of(error), str(error), is_final=code_of(error) in _FINAL) from error


def _body(message: Message) -> str:
    """Of the entries that there is room for; the rest is told by its numbers."""
    texts = {"default": _json(words.document(message)), "email": words.text(message)}
    body = _json(texts)
    if len(body.encode()) <= _MOST_BYTES or len(message.entries) <= 1:
        return body
    return _body(message.listing(len(message.entries) // 2))


def _json(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False)


def _attributes(message: Message) -> Any:
    notices = [entry.notice for entry in (*message.entries, *message.rest)]
    found = {name: {str(getattr(notice, name)) for notice in notices} for name in _ATTRIBUTES}
    datasets = {notice.subject for notice in notices if notice.kind is Kind.FINDING}
    return {name: _attribute(values) for name, values in {**found, _DATASET: datasets}.items() if values}


def _attribute(values: set[str]) -> Any:
    """A subscription's filter matches an array if it matches one of its values."""
    shown = sorted({one_line(value, _VALUE_CHARACTERS) for value in values})[:_MOST_VALUES]
    return {"DataType": "String.Array", "StringValue": _json(shown)}


def _subject(text: str) -> str:
    return text.encode("ascii", "replace").decode()[: _SUBJECT_CHARACTERS - 1]
