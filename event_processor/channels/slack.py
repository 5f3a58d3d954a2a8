"""Slack, through an incoming webhook, with messages in Block Kit.

Limits are those of Slack's reference of blocks: 50 blocks, 150 characters of a header, 3,000 of a text, 2,000 of a
field, 10 fields. Names and values came from strangers: they are escaped, verbatim (no links, no mentions), and cut, so
that none can be taken for markup and none makes Slack refuse the message.
"""

from typing import Any, Final

from event_processor.channels import words
from event_processor.channels.http import Endpoint
from event_processor.errors import NotSent
from event_processor.notices.notice import Kind, Message, Notice

_HEADER, _TEXT = 150, 3_000
_PART: Final = 1_000  # of a text or field that is composed of some
_MOST_FIELDS: Final = 10
_ESCAPES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_URL_ESCAPES: Final = str.maketrans({"<": "%3C", ">": "%3E", "|": "%7C", " ": "%20", '"': "%22"})


class Slack:
    """A Channel; `url` is that of the webhook."""

    def __init__(self, name: str, audience: str, url: str) -> None:
        self.name, self.audience = name, audience
        self._endpoint = Endpoint(name, url)

    def send(self, message: Message, seconds: float) -> None:
        """See Channel."""
        answer = self._endpoint.post(payload(message), seconds)
        if answer.strip() != b"ok":  # "you'll get a plain text response of ok" (Sending messages using webhooks)
            raise NotSent(self.name, "NotSlack", "answered, but not as Slack does")


def payload(message: Message) -> dict[str, Any]:
    """The message as an incoming webhook takes it."""
    alone = len(message.entries) == 1 and not message.more_keys
    return {
        "text": _escaped(words.headline(message), _TEXT),
        "unfurl_links": False,
        "unfurl_media": False,
        "link_names": False,
        "parse": "none",
        "blocks": _single(message) if alone else _list(message),
    }


def _single(message: Message) -> list[dict[str, Any]]:
    entry = message.entries[0]
    facts = [_mrkdwn(_fact(name, value)) for name, value in words.facts(entry)][:_MOST_FIELDS]
    blocks: list[dict[str, Any]] = [_header(words.title(entry))]
    if facts:
        blocks.append({"type": "section", "fields": facts})
    if link := _link(entry.notice):
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": link}})
    blocks.append(_context(words.how_often(entry)))
    return [*blocks, _context(budget)] if (budget := words.over_budget(message)) else blocks


def _list(message: Message) -> list[dict[str, Any]]:
    blocks = [_header(words.headline(message))]
    for entry in message.entries:
        lines = [f"*{_escaped(words.title(entry), 600)}*"]
        lines += [_escaped(short, _PART)] if (short := words.in_short(entry)) else []
        lines.append(_escaped(words.how_often(entry), 300))
        lines += [link] if (link := _link(entry.notice)) else []
        blocks.append({"type": "section", "text": _mrkdwn("\n".join(lines))})
    return [*blocks, _context(rest)] if (rest := words.more(message)) else blocks


def _fact(name: str, value: str) -> str:
    code = _escaped(value.replace("`", "'"), _PART)
    return f"*{_escaped(name, 100)}*\n`{code}`"


def _link(notice: Notice) -> str:
    """Only to a page: the URL is ours, but for what of a record is in its path."""
    url, what = notice.link, "finding" if notice.kind is Kind.FINDING else "reject"
    if not url.startswith(("http://", "https://")) or len(url) > _PART:
        return ""
    return f"<{url.translate(_URL_ESCAPES).replace('&', '&amp;')}|Open the {what}>"


def _header(text: str) -> dict[str, Any]:
    return {"type": "header", "text": {"type": "plain_text", "text": _cut(text, _HEADER), "emoji": False}}


def _context(text: str) -> dict[str, Any]:
    return {"type": "context", "elements": [{"type": "plain_text", "text": _cut(text, _TEXT), "emoji": False}]}


def _mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _escaped(text: str, most: int) -> str:
    """Safe in mrkdwn, and no longer than that when escaped; no escape is cut in two."""
    return "".join(_fitting([_ESCAPES.get(each, each) for each in text], most))


def _cut(text: str, most: int) -> str:
    return "".join(_fitting(list(text), most))


def _fitting(pieces: list[str], most: int) -> list[str]:
    """As many as fit, counted as JavaScript does: characters beyond the BMP are two."""
    left = most
    for place, piece in enumerate(pieces):
        left -= sum(2 if each > "\uffff" else 1 for each in piece)
        if left < 0:
            return [*pieces[: max(0, place - 1)], "…"]
    return pieces
