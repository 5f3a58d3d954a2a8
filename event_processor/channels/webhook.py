"""Any server that takes a message as a JSON document, by POST, and answers 2xx."""

from event_processor.channels import words
from event_processor.channels.http import Endpoint
from event_processor.notices.notice import Message


class Webhook:
    """A Channel."""

    def __init__(self, name: str, audience: str, url: str) -> None:
        self.name, self.audience = name, audience
        self._endpoint = Endpoint(name, url)

    def send(self, message: Message, seconds: float) -> None:
        """See Channel."""
        self._endpoint.post(words.document(message), seconds)
