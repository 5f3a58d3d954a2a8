"""Documents that are followed: what a page tells its reader to save and to type is done, in order, in one shell.

A `console` block has commands behind `$ `, and below each what it prints. A line with `…` alone stands for any number
of lines, and `…` within a line for any text; times and ids differ each time, and so do the widths of tables. A block
of another language is a file if the text before it says "as `NAME`".
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_BLOCK: Final = re.compile(
    r"^```console\n(?P<console>.*?)^```"
    r"|\bas `(?P<name>[\w.-]+)`[^`]*\n\n```\w+\n(?P<text>.*?)^```",
    re.MULTILINE | re.DOTALL,
)
_COMMAND: Final = re.compile(r"^\$ (?P<command>(?:.*\\\n)*.*)\n(?P<output>(?:(?!\$ ).*\n)*)", re.MULTILINE)
_MARK: Final = "--- following ---"
_SECONDS: Final = 400
_VARIABLE: Final = (
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"), "<time>"),
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "<id>"),
    (re.compile(r"epoch \d+"), "epoch <number>"),
    (re.compile(r"[ \t]+"), " "),
)


@dataclass(frozen=True, slots=True)
class Step:
    """A command and what the page says it prints, or (without output) what makes a file."""

    command: str
    output: str | None


def steps(page: str) -> Iterator[Step]:
    """What a page tells its reader to do, in its order."""
    for block in _BLOCK.finditer(page):
        if block["name"]:
            yield Step(f"cat > {block['name']} <<'EOF'\n{block['text']}EOF", None)
        else:
            yield from (Step(each["command"], each["output"]) for each in _COMMAND.finditer(block["console"]))


def follow(page: Path, folder: Path, instead: Mapping[str, str]) -> list[str]:
    """Do what a page says, in a folder, with other words `instead` of some, and return where it is wrong."""
    text = page.read_text()
    for words, others in instead.items():
        assert words in text, f"{page.name} no longer has {words}"
        text = text.replace(words, others)
    todo = list(steps(text))
    script = "\n".join(
        ["trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT", *(f"echo '{_MARK}'\n{step.command}" for step in todo)]
    )
    printed = _run(script, folder).split(f"{_MARK}\n")[1:]
    return [
        f"$ {step.command}\n--- the page says:\n{step.output}--- it prints:\n{output}"
        for step, output in zip(todo, printed, strict=True)
        if step.output is not None and not _matches(step.output, output)
    ]


def _run(script: str, folder: Path) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    out = folder / "following.out"
    with out.open("wb") as file:
        shell = subprocess.Popen(
            ["bash", "-c", script],
            cwd=folder,
            env={**os.environ, "PATH": path},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            shell.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(shell.pid, signal.SIGKILL)
            raise AssertionError(f"does not come to an end:\n{out.read_text()[-3000:]}") from None
    return out.read_text()


def _matches(expected: str, output: str) -> bool:
    lines = [
        r"(?:.*\n)*?" if line == "…" else ".*".join(map(re.escape, line.split("…"))) + r"\n"
        for line in _plain(expected)
    ]
    return re.fullmatch("".join(lines), "".join(f"{line}\n" for line in _plain(output))) is not None


def _plain(text: str) -> list[str]:
    for variable, word in _VARIABLE:
        text = variable.sub(word, text)
    return [line.strip() for line in text.splitlines()]
