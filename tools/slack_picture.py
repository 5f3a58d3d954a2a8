"""The picture of a message in Slack: `python -m tools.slack_picture` makes it again, from what Slack is sent.

Slack itself cannot be run here: the blocks are shown by a small template of ours, in Slack's manner.
"""

import html
import re
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from event_processor.channels.slack import payload
from event_processor.consuming.records import StreamRecord
from event_processor.contracts.judge import Refused
from event_processor.contracts.version import Version
from event_processor.inspection.told import notices_of
from event_processor.notices.notice import Entry, Message, Notice, State
from event_processor.rejects.of_records import reject_of
from event_processor.verdict import Fault, Reason, Sender, Stage
from tools.browser import Chromium

_FOLDER: Final = Path(__file__).parent
_IMAGE: Final = _FOLDER.parent / "docs" / "images" / "slack-notice.png"
_SINCE: Final = datetime(2026, 11, 26, 9, 41, 7, tzinfo=UTC)
_LINK: Final = re.compile(r"<(https?://[^|>]+)\|([^>]+)>")

_STATUS_URL: Final = "http://127.0.0.1:8002"


def _notice(subject: str, version: str, app_version: str, fault: Fault) -> Notice:
    """What the inspector tells of a reject."""
    sender = Sender("7f98c935-7273-473e-9afd-7ae255f4ec92", "analytics.js 3.7.2", app_version)
    refused = Refused(Stage.CONTRACT, (fault,), subject, Version.parse(version), sender)
    record = StreamRecord("4966", "key", _SINCE, b"{}")
    reject = reject_of(refused, "segment", "shardId-000000000001", record, _SINCE)
    return next(notices_of(reject, "segment", "", _STATUS_URL))


_GENDERS: Final = 'one of "female", "male", "other"'
_GENDER: Final = _notice(
    "page/Policy Type",
    "1-0-2",
    "5.1.0",
    Fault(Reason.NOT_IN_ENUM, "/properties/gender", f"expected {_GENDERS}", _GENDERS, '"F"'),
)
_TOTAL: Final = _notice(
    "track/Order Completed",
    "1-1-0",
    "5.0.0",
    Fault(Reason.WRONG_TYPE, "/properties/total", "expected a number", "a number", '"39.90"'),
)


def messages() -> list[Message]:
    """A fault that is new, and a minute later how it goes on, with one that is quiet."""
    minute = _SINCE + timedelta(seconds=60)
    return [
        Message((Entry(_GENDER, State.NEW, 1, 1, _SINCE, _SINCE),)),
        Message(
            (
                Entry(_GENDER, State.GOES_ON, 9_999, 10_000, _SINCE, minute),
                Entry(_TOTAL, State.QUIET, 0, 12, _SINCE - timedelta(minutes=34), _SINCE - timedelta(minutes=9)),
            )
        ),
    ]


def mrkdwn(text: str) -> Markup:
    """What Slack makes of it, as far as we use it: the text is escaped for Slack, and so for HTML."""
    shown = html.escape(html.unescape(_LINK.sub(r"{{\1||\2}}", text)))
    shown = re.sub(r"{{(\S+)\|\|([^}]+)}}", r'<a href="\1">\2</a>', shown)
    shown = re.sub(r"`([^`]+)`", r"<code>\1</code>", shown)
    shown = re.sub(r"(?m)^\*([^\n]+)\*$", r"<b>\1</b>", shown)
    return Markup(shown.replace("\n", "<br>"))  # noqa: S704 - escaped above


def page() -> str:
    """The messages as a page."""
    environment = Environment(loader=FileSystemLoader(_FOLDER), autoescape=True)
    environment.filters["mrkdwn"] = mrkdwn
    shown = [(f"{_SINCE + timedelta(minutes=number):%H:%M}", payload(each)) for number, each in enumerate(messages())]
    return environment.get_template("slack_picture.html").render(messages=shown)


def main(folder: Path) -> None:
    """Make it."""
    file = folder / "slack.html"
    file.write_text(page())
    with Chromium() as browser:
        browser.open(file.as_uri(), 760, height=800)
        browser.screenshot(_IMAGE)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        main(Path(scratch))
