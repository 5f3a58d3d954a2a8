"""streams.yaml: what it says, and what is told of its mistakes."""

from pathlib import Path

import pytest

from event_processor.contracts.streams import Stream, Template
from event_processor.errors import SettingsError
from event_processor.settings.streams_file import read_streams

EXAMPLE = """\
streams:
  user-events:
    contract: user-events            # a subject
    id: request_id
    partition_key: cookie_id
    table: tracking.events
    rejects: store
  segment:
    contract: "{type}/{event|name}"
    id: messageId
    table: "tracking.{type}"
  events:
    contract: "event/{event_type}"
    at: /event_data
    id: event_id
    rejects: count
"""


def mistakes(path: Path, text: str) -> list[str]:
    """The lines that are told of a file with this text, without its name, which each begins with."""
    file = path / "streams.yaml"
    file.write_text(text)
    with pytest.raises(SettingsError) as told:
        read_streams(str(file))
    lines = str(told.value).splitlines()
    assert all(line.startswith(f"{file}: ") for line in lines)
    return [line.removeprefix(f"{file}: ") for line in lines]


def test_streams_by_name(tmp_path: Path) -> None:
    """A stream is a few lines of YAML."""
    file = tmp_path / "streams.yaml"
    file.write_text(EXAMPLE)
    streams = read_streams(str(file))

    assert list(streams) == ["user-events", "segment", "events"]
    assert streams["user-events"] == Stream(
        "user-events", Template.parse("user-events"), "", "request_id", "cookie_id", Template.parse("tracking.events")
    )
    assert streams["segment"].table == Template.parse("tracking.{type}")
    assert (streams["events"].at, streams["events"].rejects) == ("/event_data", "count")


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("id: a", "streams.s.contract: is missing; allowed: a name, or a template such as {type}/{event|name}"),
        ("contract: 5", "streams.s.contract: was 5; allowed: a name, or a template such as {type}/{event|name}"),
        ("contract: '{type'", "streams.s.contract: was '{type'; allowed: a name, or a template such as"),
        ("contract: '{a|}'", "streams.s.contract: was '{a|}'; allowed: a name, or a template such as"),
        ("contract: ''", "streams.s.contract: was ''; allowed: a name, or a template such as"),
        ("contract: a\n    table: 'x}'", "streams.s.table: was 'x}'; allowed: a name, or a template such as"),
        ("contract: a\n    at: data", "streams.s.at: was 'data'; allowed: a JSON pointer such as /event_data"),
        ("contract: a\n    id: a/b", "streams.s.id: was 'a/b'; allowed: the name of a field"),
        ("contract: a\n    id: [a]", "streams.s.id: was ['a']; allowed: the name of a field"),
        ("contract: a\n    partition_key: 5", "streams.s.partition_key: was 5; allowed: the name of a field"),
        ("contract: a\n    rejects: drop", "streams.s.rejects: was 'drop'; allowed: store, count"),
        (
            "contract: a\n    key: a",
            "streams.s.key: no such key; allowed: contract, at, id, partition_key, table, rejects",
        ),
        ("contract: a\n    contract: b", "not YAML: line 4, column 5: 'contract' appears twice"),
    ],
)
def test_a_mistake_is_one_line(tmp_path: Path, lines: str, told: str) -> None:
    """Each mistake names file, stream and key, what it was and what is allowed."""
    found = mistakes(tmp_path, f"streams:\n  s:\n    {lines}\n")

    assert len(found) == 1
    assert found[0].startswith(told)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "was None; allowed: `streams:` alone"),
        ("a: 1", "was {'a': 1}; allowed: `streams:` alone"),
        ("streams:", "streams: was None; allowed: streams by name, at least one"),
        ("streams: {}", "streams: was {}; allowed: streams by name, at least one"),
        ("streams: [a]", "streams: was ['a']; allowed: streams by name, at least one"),
        ("streams:\n  s:", "streams.s: was None; allowed: the keys contract, at"),
        ("streams:\n  a b: {contract: x}", "streams.a b: was 'a b'; allowed: names of 1 to 128 letters"),
        ("streams:\n  s: {contract: x}\n  s: {contract: y}", "not YAML: line 3, column 3: 's' appears twice"),
        ("streams: [", "not YAML: line 1, column 11: "),
        ("streams:\n  s: {contract: x\n  t: [", "not YAML: line 3, column 4: expected ',' or '}', but got ':'"),
        ("? [a]\n: b", "not YAML: "),
        ("\x00", "not YAML: "),
        ("[" * 2000, "not YAML: "),
    ],
)
def test_a_file_that_is_none(tmp_path: Path, text: str, told: str) -> None:
    """What is no file of streams is told in a line, too."""
    found = mistakes(tmp_path, text)

    assert len(found) == 1
    assert found[0].startswith(told)


def test_all_mistakes_are_told(tmp_path: Path) -> None:
    """Two streams, two mistakes, two lines."""
    found = mistakes(tmp_path, "streams:\n  a: {contract: 5}\n  b: {contract: x, at: y}\n")

    assert [line.partition(":")[0] for line in found] == ["streams.a.contract", "streams.b.at"]


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """A missing file is named."""
    with pytest.raises(SettingsError, match=r"STREAMS_FILE: .*nowhere\.yaml cannot be read: No such file"):
        read_streams(str(tmp_path / "nowhere.yaml"))


def test_the_content_instead_of_a_file() -> None:
    """A task or function that has no files is told the content; a mistake names the variable."""
    streams = read_streams('{"streams": {"segment": {"contract": "{type}", "at": "//a"}}}')

    assert streams == {"segment": Stream("segment", Template.parse("{type}"), "//a")}
    with pytest.raises(SettingsError, match=r"^STREAMS_FILE: streams\.segment\.at: was 5"):
        read_streams('{"streams": {"segment": {"contract": "{type}", "at": 5}}}')
