"""What Slack is sent, and what is made of its answers."""

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from event_processor.channels.slack import Slack, payload
from event_processor.errors import NotSent
from event_processor.notices.notice import Kind, Message, Notice
from tests.ports import free_port
from tests.unit.channels.messages import DIGEST, MANY, NEW, NOTICE, entry
from tests.unit.channels.servers import DRIP, HANG, LATE_BODY, Reply, serving

_SNAPSHOT = Path(__file__).parent / "slack.json"
_SECONDS = 20.0


def _send(*replies: Reply, seconds: float = _SECONDS) -> NotSent:
    with serving(*replies) as server, pytest.raises(NotSent) as raised:
        Slack("slack", "", server.url).send(NEW, seconds)
    assert "SECRET" not in str(raised.value)
    return raised.value


def test_messages_are_those_of_the_snapshot() -> None:
    """A reader of the channel sees event, pointer, expected, found, version, sender, since when and how often."""
    made = {"new": payload(NEW), "digest": payload(DIGEST), "many": payload(MANY)}
    assert made == json.loads(_SNAPSHOT.read_text())


def test_an_accepted_message_is_posted_once_as_json() -> None:
    """Slack gets one request with the blocks."""
    with serving(Reply()) as server:
        Slack("slack", "", server.url).send(NEW, _SECONDS)
    assert server.documents == [payload(NEW)]
    assert server.headers[0]["content-type"].startswith("application/json")


def test_an_answer_that_comes_in_pieces_is_an_answer() -> None:
    """A server may send its headers first and the body later: the message was accepted, and is not sent again."""
    with serving(LATE_BODY) as server:
        Slack("slack", "", server.url).send(NEW, _SECONDS)


def test_each_of_many_is_told_with_what_was_expected_and_found_and_who_sent_it() -> None:
    """A message about several things names the release of each, as one about a single thing does."""
    (section, *_) = [block["text"]["text"] for block in payload(MANY)["blocks"] if block["type"] == "section"]
    for fact in ('one of "female"', "analytics.js 2.11.1, app 5.3.0", "1-0-2"):
        assert fact in section


@pytest.mark.parametrize(
    ("said", "seconds"), [("7", 7.0), ("soon", 0.0), ("-3", 0.0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0)]
)
def test_too_many_messages_ask_for_a_pause(said: str, seconds: float) -> None:
    """The pause Slack asks for is the one that is made, and nonsense in its place is no pause at all."""
    error = _send(Reply(429, b"rate_limited", Retry_After=said))
    assert (error.code, error.is_final, error.pause_seconds) == ("429", False, seconds)


@pytest.mark.parametrize(
    ("reply", "is_final"),
    [
        (Reply(500), False),
        (Reply(503), False),
        (Reply(404, b"no_service"), True),
        (Reply(400, b"invalid_blocks"), True),
        (Reply(302, Location="http://127.0.0.1:1/elsewhere"), True),
        (Reply(200, b"<html>log in to this hotel's network</html>"), False),
        (Reply(200, b""), False),
        (Reply(raw=b""), False),
        (Reply(raw=b"\x16\x03\x01 nonsense\r\n\r\n"), False),
        (Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nok"), False),
    ],
)
def test_any_other_answer_is_a_failure_with_a_word_on_whether_it_may_help_to_try_again(
    reply: Reply, is_final: bool
) -> None:
    """Nothing that is not Slack's own "ok" counts as told."""
    assert _send(reply).is_final is is_final


def test_a_redirect_is_not_followed() -> None:
    """What we tell Slack goes to nobody else."""
    with serving(Reply()) as elsewhere:
        _send(Reply(307, Location=elsewhere.url))
    assert not elsewhere.documents


def test_an_endless_answer_is_read_for_a_moment_only() -> None:
    """A server that sends without end fills no memory."""
    error = _send(Reply(500, b"x" * 10_000_000))
    assert len(error.detail) < 300


@pytest.mark.parametrize("reply", [HANG, DRIP])
def test_a_server_that_hangs_or_drips_costs_no_more_than_the_time_given(reply: Reply) -> None:
    """The thread of the channel comes back, however the server plays for time."""
    start = time.monotonic()
    _send(reply, seconds=1.0)
    assert time.monotonic() - start < 10.0


def test_a_server_that_is_not_there_is_named_without_the_secret() -> None:
    """The log says who cannot be reached, and nothing that would let others post there."""
    with pytest.raises(NotSent) as raised:
        Slack("slack", "", f"http://127.0.0.1:{free_port()}/services/SECRET").send(NEW, _SECONDS)
    assert "refused" in str(raised.value)
    assert "SECRET" not in str(raised.value)


def _texts(block: object) -> list[dict[str, str]]:
    if isinstance(block, list):
        return [text for each in block for text in _texts(each)]
    if not isinstance(block, dict):
        return []
    if block.get("type") in {"mrkdwn", "plain_text"}:
        return [block]
    return [text for each in block.values() for text in _texts(each)]


_HOSTILE = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ["<!channel>", "<https://evil.example|Open the reject>", "&lt;!here&gt;", "`*_~\n# x", "\u202e\x00\x1b[31m"]
    ),
    st.builds(
        lambda text, times: text * times,
        st.sampled_from(["&", "<", "é", "😀", "`", "\ud800", "@channel "]),
        st.integers(0, 5_000),
    ),
)


@settings(max_examples=30)
@given(name=_HOSTILE, value=_HOSTILE, many=st.booleans())
def test_no_name_and_no_value_is_markup_or_too_long_for_slack(name: str, value: str, many: bool) -> None:
    """Whoever names an event gets no mention and no link into the channel, and keeps no message from it."""
    notice = Notice(Kind.REJECT, name, value, "x", f"{name}: {value}", (("Found", value), (name, name)), value, name)
    entries = tuple(entry(replace(notice, code=str(number))) for number in range(20 if many else 1))
    document = payload(Message(entries, more_keys=5 if many else 0, more_notices=9 if many else 0))
    json.dumps(document).encode()
    blocks = document["blocks"]
    assert len(blocks) <= 50
    for block in blocks:
        most = 150 if block["type"] == "header" else 3_000
        for text in _texts(block):
            assert 1 <= len(text["text"].encode("utf-16-le")) // 2 <= (2_000 if "fields" in block else most)
            if text["type"] == "mrkdwn" and text.get("verbatim"):
                assert "<" not in text["text"]
                assert ">" not in text["text"]
    assert "<" not in document["text"]


def test_a_link_cannot_be_turned_into_another_text() -> None:
    """Whatever an id in the link is, it stays one link to the page, or is left out."""
    link = 'http://page/#reject=a|b><!channel> "&'
    (text,) = [
        text["text"]
        for text in _texts(payload(Message((entry(replace(NOTICE, link=link)),)))["blocks"])
        if "Open" in text["text"]
    ]
    assert text == "<http://page/#reject=a%7Cb%3E%3C!channel%3E%20%22&amp;|Open the reject>"
    assert "javascript" not in json.dumps(payload(Message((entry(replace(NOTICE, link="javascript:x")),))))
