"""The filter of a replay: a program that reads a line of JSON for each reject and writes the repaired one."""

import shlex
import subprocess
from collections.abc import Sequence

from event_processor.errors import FixFailed
from event_processor.json_document import Unreadable, read_json


def run_filter(program: str, lines: Sequence[str]) -> list[str | None]:
    """The repaired lines, None for each that the program dropped by writing null.

    `program` is split as a shell would, but no shell runs. Its standard error is ours. Raises FixFailed, also when a
    single line of what it wrote is not JSON: half a repair is none.
    """
    try:
        command = shlex.split(program)
        if not command:
            raise ValueError("names no program")
        done = subprocess.run(
            command,
            input="".join(f"{line}\n" for line in lines).encode(),
            stdout=subprocess.PIPE,
            check=False,
        )
        written = done.stdout.decode()
    except (OSError, ValueError) as error:  # ValueError: its quotes do not match, or it wrote no UTF-8
        raise FixFailed(f"--fix {program}: {error}; nothing was sent") from error
    if done.returncode:
        raise FixFailed(f"--fix {program}: ended with exit code {done.returncode}; nothing was sent")
    repaired = written.removesuffix("\n").split("\n") if written else []
    if len(repaired) != len(lines):
        raise FixFailed(f"--fix {program}: read {len(lines)} lines and wrote {len(repaired)}; nothing was sent")
    return [_checked(program, number, line) for number, line in enumerate(repaired, 1)]


def _checked(program: str, number: int, line: str) -> str | None:
    try:
        document = read_json(line)
    except Unreadable as unreadable:
        detail = unreadable.fault.detail
        raise FixFailed(f"--fix {program}: line {number} it wrote is not JSON: {detail}; nothing was sent") from None
    return None if document is None else line
