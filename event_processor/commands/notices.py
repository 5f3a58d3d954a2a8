"""The commands around telling people: event-processor notices test."""

from datetime import UTC, datetime
from typing import Final

import click

from event_processor.bootstrap.notices import make_channels
from event_processor.bootstrap.runtime import make_clients
from event_processor.commands.terminal import INSPECT_ENVIRONMENT, complains, say
from event_processor.errors import NotSent, SettingsError
from event_processor.notices.notice import Entry, Kind, Message, Notice, Severity, State
from event_processor.settings.loading import load
from event_processor.settings.shared import AwsSettings, NoticesSettings
from event_processor.telemetry import logs

_SECONDS: Final = 10.0


class _Settings(AwsSettings, NoticesSettings):
    pass


@click.group()
def notices() -> None:
    """Test the channels by which people are told."""


@notices.command(epilog=INSPECT_ENVIRONMENT, short_help="Send one message through each channel of NOTICES.")
@complains
def test() -> int:
    """Send one message through each channel of NOTICES, and say how that went.

    Exit codes: 0 every channel accepted it; 1 at least one did not; 2 a setting is wrong.
    """
    settings = load(_Settings)
    logs.configure("ERROR", "console")
    if not settings.notices:
        raise SettingsError("NOTICES: not set; allowed: at least one channel, to be tried")
    failed = 0
    for address, channel in zip(
        settings.notices, make_channels(settings.notices, lambda: make_clients(settings)), strict=True
    ):
        try:
            channel.send(_message(), _SECONDS)
        except NotSent as error:
            failed += 1
            say(f"failed  {address}: {error.code}: {error.detail}")
        else:
            say(f"ok      {address}")
    return 1 if failed else 0


def _message() -> Message:
    now = datetime.now(UTC)
    notice = Notice(
        kind=Kind.TEST,
        subject="test",
        pointer="",
        code="test",
        title="event-processor can reach you here",
        fields=(("Sent by", "event-processor notices test"),),
        severity=Severity.INFO,
    )
    return Message((Entry(notice, State.NEW, 1, 1, now, now),))
