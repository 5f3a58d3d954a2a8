"""Whom channels trust, and how they get there."""

from pathlib import Path

import pytest

from event_processor.channels.webhook import Webhook
from event_processor.channels.words import document
from event_processor.errors import NotSent
from tests.certificates import LOOPBACK, self_signed
from tests.contract.test_lean_network import tls
from tests.unit.channels.messages import MANY, NEW
from tests.unit.channels.servers import Reply, serving


def test_a_webhook_gets_the_document_with_all_that_is_known() -> None:
    """A program gets every field by name, and how many notices were told by number only."""
    with serving(Reply(204, b"")) as server:
        Webhook("webhook", "", server.url).send(MANY, 20.0)
    assert server.documents == [document(MANY)]
    first = server.documents[0]["entries"][0]
    assert (first["subject"], first["pointer"], first["code"]) == (
        "page/Policy Type",
        "/properties/gender",
        "not_in_enum",
    )
    assert first["fields"] == {"Expected": 'one of "female", "male", "x"', "Found": '"F"'}
    assert server.documents[0]["more"] == {"keys": 80, "notices": 1234, "names": []}


def test_a_password_in_the_url_is_sent_as_a_header_and_never_shown() -> None:
    """A webhook behind basic authentication works."""
    with serving(Reply(200)) as server:
        Webhook("webhook", "", server.url.replace("http://", "http://ann:SECRET3@")).send(NEW, 20.0)
    assert server.headers[0]["authorization"] == "Basic YW5uOlNFQ1JFVDM="


def test_a_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Notices get out of a network whose only way out is a proxy."""
    with serving(Reply(200)) as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        Webhook("webhook", "", "http://hooks.example/services/x").send(NEW, 20.0)
    assert len(proxy.documents) == 1


def test_certificates_are_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody in between reads what people are told or a webhook's secret; a company's own CA can be trusted."""
    certificate = self_signed(tmp_path, LOOPBACK)
    with tls(certificate) as endpoint:
        with pytest.raises(NotSent, match="CERTIFICATE_VERIFY_FAILED"):
            Webhook("webhook", "", endpoint).send(NEW, 20.0)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        Webhook("webhook", "", endpoint).send(NEW, 20.0)
