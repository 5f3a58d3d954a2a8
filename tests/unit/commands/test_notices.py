"""`event-processor notices test`."""

import pytest
from click.testing import CliRunner

from event_processor.commands.main import main
from tests.unit.channels.servers import Reply, serving


def test_each_channel_is_tried_and_its_failure_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the first incident one knows whether anybody will hear of it."""
    with serving(Reply()) as slack, serving(Reply(404, b"no_service")) as webhook:
        monkeypatch.setenv("NOTICES", f"slack:{slack.url},team=webhook:{webhook.url}")
        result = CliRunner().invoke(main, ["notices", "test"])
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        f"ok      slack:http://127.0.0.1:{slack.port}/***",
        f"failed  team=webhook:http://127.0.0.1:{webhook.port}/***: 404: no_service",
    ]
    assert "can reach you" in slack.documents[0]["text"]


def test_all_channels_that_work_are_exit_code_0(monkeypatch: pytest.MonkeyPatch) -> None:
    """A deployment can depend on it."""
    with serving(Reply()) as slack:
        monkeypatch.setenv("NOTICES", f"slack:{slack.url}")
        assert CliRunner().invoke(main, ["notices", "test"]).exit_code == 0


def test_no_channel_at_all_is_a_wrong_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody believes that somebody is told."""
    monkeypatch.delenv("NOTICES", raising=False)
    result = CliRunner().invoke(main, ["notices", "test"])
    assert result.exit_code == 2
    assert "NOTICES" in result.output
