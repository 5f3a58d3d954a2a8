"""event-processor contracts check on files without end: they are judged as they are read, and never held whole."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest
from click.testing import CliRunner

from event_processor.commands.main import main
from event_processor.commands.record_files import records

CHECK = [sys.executable, "-m", "event_processor", "contracts", "check", "--subject", "page"]


@pytest.fixture(autouse=True)
def _registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "contracts" / "page"
    folder.mkdir(parents=True)
    (folder / "1-0-0.json").write_text(json.dumps({"x-subject": "page", "x-version": "1-0-0", "required": ["a"]}))
    (folder / "live").write_text("1-0-0\n")


class Endless:
    """A file whose lines go on for as long as somebody asks for them."""

    def __init__(self, first: bytes) -> None:
        self.first, self.taken = first, 0

    def __iter__(self) -> Iterator[bytes]:
        yield self.first
        while self.taken < 100_000:
            self.taken += 1
            yield b'{"a":1}\n'


@pytest.mark.parametrize(
    "first",
    [
        b'{"a":1}\n',
        b'x","b":1}\n',
        b'{"a":"cut off\n',
        b'{"a":1}}\n',
        b"\xff\x00\n",
        b'{"a":1}{"b":1}\n',
        b"nonsense\n",
    ],
)
def test_first_line_may_be_anything(first: bytes) -> None:
    """A long NDJSON is read line by line also if its first line is cut off, or no JSON at all."""
    file = Endless(first)

    found = records(file, lambda _: None)  # type: ignore[arg-type]

    assert [next(found).data, next(found).data] == [first.strip(), b'{"a":1}']
    assert file.taken == 1


@pytest.mark.parametrize(
    "first", [b"{\n", b'{"a":\n', b'{"a":1\n', b'{"a":1,\n', b'{"a":[\n', b'{"a"\n', b'{"a":[1,\n']
)
def test_documents_of_many_lines(first: bytes) -> None:
    """A line that a document may begin with is not a record: all lines together are."""
    rest = {b"{": b'"a":1}', b"1,": b'"b":1}', b":[": b"]}", b'a"': b":1}", b"[1": b"]}", b"1": b"}"}
    ends = next((end for begun, end in rest.items() if first.strip().endswith(begun)), b"1}")
    ends = b"1]}" if first == b'{"a":[1,\n' else ends

    assert [each.data for each in records(iter([first, ends]), lambda _: None)] == [first + ends]  # type: ignore[arg-type]


def test_violations_are_told_as_they_are_found() -> None:
    """With --json, too, what is found is written at once, as one document in the end."""
    with subprocess.Popen(
        [*CHECK, "--json", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        stdin, stdout = (stream for stream in (process.stdin, process.stdout) if stream)
        stdin.write(b"{}\n{}\n")
        stdin.flush()
        begun = _read_until(stdout, b"missing_field")
        stdin.write(b'{"a":1}\n')
        stdin.close()
        told = json.loads(begun + stdout.read())

    assert process.returncode == 1
    assert [each["line"] for each in told["violations"]] == [1, 2]
    assert (told["records"], told["accepted"], told["rejected"]) == (3, 1, 2)


def _read_until(stream: IO[bytes], word: bytes) -> bytes:
    text = b""
    while word not in text:
        each = stream.read(1)
        assert each, text
        text += each
    return text


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux only")
def test_disk_is_full() -> None:
    """If the output cannot be written, that is said in one line, and it is not the exit code of a violation."""
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([*CHECK, "-"], input=b"{}\n", stdout=full, stderr=subprocess.PIPE, check=False)

    assert done.returncode == 2
    assert done.stderr.decode().splitlines() == ["event-processor: [Errno 28] No space left on device"]


def test_a_proposal_can_be_published() -> None:
    """From records of more fields than a contract can hold nothing is proposed, since it could not be published."""
    wide = {f"k{outer}": {f"j{inner}": 1 for inner in range(100)} for outer in range(150)}
    Path("wide.ndjson").write_text(json.dumps(wide))

    result = CliRunner().invoke(main, ["contracts", "infer", "wide.ndjson"])

    assert (result.exit_code, result.stdout) == (1, "")
    assert "a contract is at most 256 KiB" in result.stderr
