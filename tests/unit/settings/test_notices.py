"""NOTICES: whom to tell."""

from pathlib import Path

import pytest

from event_processor.errors import SettingsError
from event_processor.settings.loading import load, sources
from event_processor.settings.notices import ChannelAddresses
from event_processor.settings.shared import NoticesSettings

_ALL = (
    "slack:https://hooks.slack.com/services/T0/B0/SECRET, #checkout=webhook:http://ann:SECRET@example.org:8080/p?t=SECRET,"
    "sns:arn:aws:sns:eu-west-1:123456789012:alarms,smtp:ann:SECRET%40@mail.example.org:587?from=a@b.org&to=c@d.org&to=e@f.org"
)


def _load(monkeypatch: pytest.MonkeyPatch, value: str) -> ChannelAddresses:
    monkeypatch.setenv("NOTICES", value)
    return load(NoticesSettings).notices


def test_every_kind_of_channel_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    """One variable says whom to tell, and how."""
    slack, webhook, sns, smtp = _load(monkeypatch, _ALL)
    assert (slack.kind, slack.audience, slack.target) == ("slack", "", "https://hooks.slack.com/services/T0/B0/SECRET")
    assert (webhook.kind, webhook.audience) == ("webhook", "checkout")
    assert sns.region == "eu-west-1"
    assert (smtp.url.hostname, smtp.url.port, smtp.login) == ("mail.example.org", 587, ("ann", "SECRET@"))
    assert smtp.mail == ("a@b.org", ("c@d.org", "e@f.org"))


def test_nobody_is_told_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a channel there are no notices, and no complaint."""
    assert _load(monkeypatch, "") == ()


def test_secrets_are_masked_where_settings_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """`config` can be pasted into a ticket."""
    monkeypatch.setenv("NOTICES", _ALL)
    _, shown, origin = next(sources(load(NoticesSettings)))
    assert "SECRET" not in shown + repr(load(NoticesSettings))
    assert origin == "environment"
    assert shown == (
        "slack:https://hooks.slack.com/***,checkout=webhook:http://example.org:8080/***,"
        "sns:arn:aws:sns:eu-west-1:123456789012:alarms,smtp:***@mail.example.org:587?from=a@b.org&to=c@d.org&to=e@f.org"
    )


def test_the_value_can_be_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A secret of ECS or Kubernetes that is mounted as a file needs no shell around the program."""
    file = tmp_path / "notices"
    file.write_text("slack:https://hooks.slack.com/SECRET\nsns:arn:aws:sns:eu-west-1:123456789012:alarms\n")
    assert [each.kind for each in _load(monkeypatch, f"@{file}")] == ["slack", "sns"]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("https://hooks.slack.com/SECRET", "not [NAME=]slack:"),
        ("slak:https://hooks.slack.com/SECRET", "not [NAME=]slack:"),
        ("slack:hooks.slack.com/SECRET", "an http or https URL"),
        ("slack:https://h:99999/SECRET", "an http or https URL"),
        ("slack:ftp://h/SECRET", "an http or https URL"),
        ("checkout=slack:https://h/SECRET", "no name"),
        ("sns:SECRET", "the ARN"),
        ("smtp:mail:25", "from=ADDRESS"),
        ("smtp:mail:25?from=a@b&to=SECRET", "from=ADDRESS"),
        ("smtp:mail?from=a@b&to=c@d", "HOST:PORT"),
        ("smtp:ann:SEC,RET@mail:25?from=a@b&to=c@d", "HOST:PORT"),
        ("slack:https://h/SECRET,webhook:", "not [NAME=]slack:"),
        ("@/no/such/file", "cannot be read"),
    ],
)
def test_a_wrong_value_is_one_line_that_says_why_and_shows_no_secret(
    monkeypatch: pytest.MonkeyPatch, value: str, why: str
) -> None:
    """Whoever typed it sees what to fix, and a log of it gives nothing away."""
    with pytest.raises(SettingsError) as raised:
        _load(monkeypatch, value)
    assert why in str(raised.value)
    assert "\n" not in str(raised.value)
    assert "SEC" not in str(raised.value)
