"""The file of keys: what it says, and what is told of its mistakes."""

import json
from math import inf
from pathlib import Path

import pytest

from event_processor.errors import SettingsError
from event_processor.gateway.keys import Key, hash_of
from event_processor.settings.keys_file import read_keys

STREAMS = ["events", "others"]
SHA = hash_of("s").hex()


def mistakes(path: Path, text: str) -> list[str]:
    """The lines that are told of a file with this text, without its name, which each begins with."""
    file = path / "keys.yaml"
    file.write_text(text)
    with pytest.raises(SettingsError) as told:
        read_keys(str(file), STREAMS)
    lines = str(told.value).splitlines()
    assert all(line.startswith(f"{file}: ") for line in lines)
    return [line.removeprefix(f"{file}: ") for line in lines]


def test_keys_by_name(tmp_path: Path) -> None:
    """A key is a few lines of YAML: a hash, streams, and perhaps a rate and a stream for Segment's clients."""
    file = tmp_path / "keys.yaml"
    file.write_text(
        f"shop:\n  sha256: {SHA}\n  streams: [events]\n  rate: 100\n"
        f"site:\n  sha256: {hash_of('t').hex()}\n  segment: others\n"
        f"ours:\n  sha256: {hash_of('u').hex()}\n  streams: all\n"
    )
    keys = read_keys(str(file), STREAMS)

    assert keys.find("s") == Key("shop", hash_of("s"), frozenset({"events"}), 100.0)
    assert keys.find("t") == Key("site", hash_of("t"), frozenset(), inf, "others")
    assert keys.find("u") == Key("ours", hash_of("u"), frozenset(STREAMS))
    assert keys.find("v") is None


def test_keys_as_content() -> None:
    """A task without files has the content itself in the variable, and complaints name that."""
    written = {"shop": {"sha256": SHA, "streams": ["events"]}}

    assert read_keys(json.dumps(written), STREAMS).find("s") is not None
    with pytest.raises(SettingsError, match=r"^GATEWAY_KEYS: shop: 'events' is not in the streams file$"):
        read_keys(json.dumps(written), ["others"])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the file: was None; allowed: keys by name, at least one"),
        ("{}", "the file: was {}; allowed: keys by name, at least one"),
        ("a: 5", "a: was 5; allowed: the words sha256, streams, rate, segment"),
        ("a: {streams: all}", "a.sha256: is missing; allowed: the SHA-256 of the secret, in 64 digits from 0 to f"),
        ("a: {sha256: hush, streams: all}", "a.sha256: allowed: the SHA-256 of the secret, in 64 digits from 0 to f"),
        (f"a: {{sha256: {SHA}}}", "a: may send nothing: there is neither streams nor segment"),
        (f"a: {{sha256: {SHA}, streams: [none]}}", "a: 'none' is not in the streams file"),
        (f"a: {{sha256: {SHA}, segment: none}}", "a: 'none' is not in the streams file"),
        (
            f"a: {{sha256: {SHA}, streams: all, rate: 0}}",
            "a.rate: was 0; allowed: records a second, a number above 0, up to 1000000",
        ),
        (f"a: {{sha256: {SHA}, stream: all}}", "a.stream: no such word; allowed: sha256, streams, rate, segment"),
        (
            f"a b: {{sha256: {SHA}, streams: all}}",
            "a b.[key]: was 'a b'; allowed: names of 1 to 64 letters, digits, _, . and -",
        ),
        (f"a: {{sha256: {SHA}, streams: all}}\nb: {{sha256: {SHA}, streams: all}}", "b: has the secret of a"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, told: str) -> None:
    """One line says where it is, what it was and what is allowed; never what stands in the place of a hash."""
    assert mistakes(tmp_path, text) == [told]


def test_what_is_no_yaml_is_told(tmp_path: Path) -> None:
    """A file that is missing, and one that names a key twice."""
    with pytest.raises(SettingsError, match=r"^GATEWAY_KEYS: /nowhere cannot be read: No such file"):
        read_keys("/nowhere", STREAMS)
    [line] = mistakes(tmp_path, f"a: {{sha256: {SHA}, streams: all}}\na: {{sha256: {SHA}, streams: all}}")
    assert "'a' appears twice" in line
