"""Mail."""

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Final, NamedTuple

from event_processor.channels import words
from event_processor.errors import NotSent
from event_processor.notices.notice import Message

_PARTS: Final = 8  # connect, greet, encrypt, greet again, log in, sender, receiver, text
_NO_ENCODED_WORD: Final = ("=?", "= ?")  # EmailMessage decodes RFC 2047 in what it is given, line breaks included
_FINAL_FROM: Final = 500  # RFC 5321, 4.2.1: 4yz may succeed later, 5yz does not


class MailServer(NamedTuple):
    """Who takes mail. It is encrypted (STARTTLS) if the server offers that, and always before a password is sent."""

    host: str
    port: int
    sender: str
    receivers: tuple[str, ...]
    user: str = ""
    password: str = ""


class Smtp:
    """A Channel."""

    def __init__(self, name: str, audience: str, server: MailServer) -> None:
        self.name, self.audience = name, audience
        self._server = server

    def send(self, message: Message, seconds: float) -> None:
        """See Channel."""
        try:
            with smtplib.SMTP(self._server.host, self._server.port, timeout=seconds / _PARTS) as client:
                self._log_in(client)
                client.send_message(self._mail(message))
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            raise NotSent(
                self.name, str(codes[0]), "no receiver is accepted", is_final=min(codes) >= _FINAL_FROM
            ) from None
        except smtplib.SMTPResponseException as error:
            said = error.smtp_error
            detail = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
            raise NotSent(self.name, str(error.smtp_code), detail, is_final=error.smtp_code >= _FINAL_FROM) from None
        except (OSError, ValueError) as error:  # smtplib's other exceptions are OSErrors
            raise NotSent(self.name, type(error).__name__, str(error)) from None

    def _log_in(self, client: smtplib.SMTP) -> None:
        client.ehlo_or_helo_if_needed()
        if client.has_extn("starttls"):
            client.starttls(context=ssl.create_default_context())
            client.ehlo()
        elif self._server.password:
            raise NotSent(self.name, "NoTls", "offers no STARTTLS, without which no password is sent")
        if self._server.user:
            client.login(self._server.user, self._server.password)

    def _mail(self, message: Message) -> EmailMessage:
        mail = EmailMessage()
        mail["From"] = self._server.sender
        mail["To"] = ", ".join(self._server.receivers)
        mail["Subject"] = words.headline(message).replace(*_NO_ENCODED_WORD)
        mail["Date"] = formatdate()
        mail["Message-ID"] = make_msgid(domain=self._server.sender.rpartition("@")[2])
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday answers, please
        mail.set_content(words.text(message))
        return mail
