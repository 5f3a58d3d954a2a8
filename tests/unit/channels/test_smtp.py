"""Mail, by a real mail server on loopback."""

from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from event_processor.channels.smtp import MailServer, Smtp
from event_processor.channels.words import text
from event_processor.errors import NotSent
from event_processor.notices.notice import Kind, Message, Notice
from tests.ports import free_port
from tests.unit.channels.messages import MANY, NEW, entry


class _Mailbox:
    """Keeps the mail, and refuses the receivers it is told to refuse."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.answer = "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name for it
        if self.answer.startswith("250"):
            mail = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(mail, EmailMessage)
            self.mails.append(mail)
        return self.answer

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        if address.startswith("nobody"):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"


@pytest.fixture
def mailbox() -> _Mailbox:
    """Of all receivers."""
    return _Mailbox()


@pytest.fixture
def port(mailbox: _Mailbox) -> Iterator[int]:
    """Of the mail server."""
    controller = Controller(mailbox, "127.0.0.1", free_port(), ready_timeout=60)
    controller.start()
    yield int(controller.port)
    controller.stop()


def _channel(port: int, *receivers: str, **login: str) -> Smtp:
    return Smtp(
        "smtp", "", MailServer("127.0.0.1", port, "notices@example.org", receivers or ("ann@example.org",), **login)
    )


def test_a_mail_says_all_that_is_known(mailbox: _Mailbox, port: int) -> None:
    """Whoever reads mail knows as much as whoever reads Slack."""
    _channel(port, "ann@example.org", "bob@example.org").send(MANY, 60.0)
    (mail,) = mailbox.mails
    assert mail["To"] == "ann@example.org, bob@example.org"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content().replace("\r\n", "\n") == text(MANY)


@pytest.mark.parametrize(
    "name",
    [
        "page/x\r\nBcc: everybody@example.org\r\n\ud800\x00",
        "page/ =?utf-8?q?x=0D=0ABcc:_everybody@example.org=0D=0A=0D=0Ayou_have_won?=",
        "page/ =?utf-8?b?DQpCY2M6IGVAZS5kZQ==?= =?=?utf-8?b?DQpCY2M6IGVAZS5kZQ==?=",
    ],
)
def test_a_hostile_name_is_no_header(mailbox: _Mailbox, port: int, name: str) -> None:
    """An event's name with line breaks, also encoded ones, adds no receiver, and keeps no mail from being sent."""
    _channel(port).send(Message((entry(Notice(Kind.REJECT, name, name, "x", name)),)), 60.0)
    (mail,) = mailbox.mails
    assert mail["Bcc"] is None
    assert "\n" not in mail["Subject"]
    assert mail.get_content().startswith("New: page/")


@pytest.mark.parametrize(("answer", "is_final"), [("451 later", False), ("554 spam", True)])
def test_a_refusal_is_final_if_the_server_says_so(mailbox: _Mailbox, port: int, answer: str, is_final: bool) -> None:
    """Greylisting is waited out, and what is refused for good is not tried for ever."""
    mailbox.answer = answer
    with pytest.raises(NotSent) as raised:
        _channel(port).send(NEW, 60.0)
    assert raised.value.is_final is is_final


def test_receivers_that_do_not_exist_are_a_failure(port: int) -> None:
    """A typing error in an address is told."""
    with pytest.raises(NotSent) as raised:
        _channel(port, "nobody@example.org").send(NEW, 60.0)
    assert (raised.value.code, raised.value.is_final) == ("550", True)


def test_no_password_is_sent_unencrypted(mailbox: _Mailbox) -> None:
    """A server that offers no STARTTLS, or an attacker in between, gets no password."""
    asked = []

    def authenticate(*details: Any) -> AuthResult:
        asked.append(details)
        return AuthResult(success=True)

    controller = Controller(
        mailbox, "127.0.0.1", free_port(), ready_timeout=60, authenticator=authenticate, auth_require_tls=False
    )
    controller.start()
    with pytest.raises(NotSent, match="STARTTLS"):
        _channel(int(controller.port), user="ann", password="SECRET").send(NEW, 60.0)
    controller.stop()
    assert not asked


def test_a_server_that_is_not_there_is_a_failure_that_may_pass() -> None:
    """Mail goes out when the server is back."""
    with pytest.raises(NotSent) as raised:
        _channel(free_port()).send(NEW, 60.0)
    assert not raised.value.is_final
