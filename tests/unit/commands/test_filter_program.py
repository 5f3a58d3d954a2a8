"""The filter of a replay: a line for a line, or nothing at all."""

import sys

import pytest

from event_processor.commands.filter_program import run_filter
from event_processor.errors import FixFailed


def program(code: str) -> str:
    """A Python one-liner as a program."""
    return f"{sys.executable} -c '{code}'"


def test_a_line_for_a_line() -> None:
    """What the program writes for a line is what becomes of it; null leaves it out."""
    code = 'import sys; [print("null" if "b" in line else line.strip().replace("a", "c")) for line in sys.stdin]'

    assert run_filter(program(code), ['"a"', '"b"', '{"x": "\\u2028"}']) == ['"c"', None, '{"x": "\\u2028"}']


def test_more_than_a_pipe_holds() -> None:
    """A filter that writes while it reads does not stall, however much it is."""
    lines = [f'"{"x" * 100_000}{number}"' for number in range(50)]

    assert run_filter("cat", lines) == lines


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("no-such-program-anywhere", "No such file"),
        ("", "names no program"),
        (" \t", "names no program"),
        ('cat "', "No closing quotation"),
        (program("raise SystemExit(3)"), "exit code 3"),
        (program("import os; os.kill(os.getpid(), 9)"), "exit code -9"),
        ("head -n 1", "read 2 lines and wrote 1"),
        ("true", "read 2 lines and wrote 0"),
        (program("print(1); print(2); print(3)"), "read 2 lines and wrote 3"),
        (program("print(1); print()"), "line 2 it wrote is not JSON"),
        (program("print(1); print(str())"), "line 2 it wrote is not JSON"),
        ("printf '\\377\\n1\\n'", "decode"),
    ],
)
def test_a_filter_that_fails_sends_nothing(command: str, said: str) -> None:
    """A program that dies, writes too few or too many lines, or no JSON, is named, and nothing is sent."""
    with pytest.raises(FixFailed) as caught:
        run_filter(command, ["1", "2"])

    assert said in str(caught.value)
    assert "nothing was sent" in str(caught.value)
    assert "\n" not in str(caught.value)
