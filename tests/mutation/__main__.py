"""Breaks the code on purpose and sees whether a test notices: `python -m tests.mutation --most 40 publishing`.

Works on a copy, one mutant at a time, with the fast tests of its module only. What survives is printed as a diff: write
the test that would have noticed, or see that it does not matter.
"""

import argparse
import difflib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

import click

from tests.mutation.targets import TARGETS, Target, modules_of

ROOT = Path(__file__).parents[2]
_MISSING = "cosmic-ray is not installed: `make mutation` installs it"
_NOT_COPIED = (".*", "__pycache__", "build")


def main() -> int:
    """Returns the exit code: 0, or 2 when it cannot begin. Survivors are for people to judge."""
    options = _parser().parse_args()
    if find_spec("cosmic_ray") is None:
        click.echo(_MISSING, err=True)
        return 2
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        copy = Path(folder)
        shutil.copytree(ROOT, copy, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*_NOT_COPIED))
        modules = modules_of(TARGETS, copy)
        for target in TARGETS:
            if not options.targets or target.name in options.targets:
                _try(copy, target, modules[target.name], options.most, options.seed)
    return 0


def _try(copy: Path, target: Target, modules: Sequence[Path], most: int, seed: int) -> None:
    from tests.mutation.mutants import mutants  # noqa: PLC0415 - needs what may not be installed

    start = time.monotonic()
    if _noticed(copy, target.tests, 900):
        click.echo(f"{target.name}: its tests fail as it is", err=True)
        return
    limit_seconds = 20 + 4 * (time.monotonic() - start)
    lines = {path: len(path.read_text().splitlines()) for path in modules}
    survivors = tried = 0
    for path in modules:
        original = path.read_text()
        share = round(most * lines[path] / sum(lines.values()))
        for mutant in islice(mutants(original, seed), share):
            path.write_text(mutant.code)
            noticed = _noticed(copy, target.tests, limit_seconds)
            path.write_text(original)
            tried += 1
            survivors += not noticed
            click.echo(f"{'killed' if noticed else 'SURVIVED'}: {path.relative_to(copy)}:{mutant.line} {mutant.what}")
            if not noticed:
                click.echo(_difference(original, mutant.code))
    click.echo(f"{target.name}: {tried - survivors} of {tried} killed")


def _noticed(copy: Path, tests: Sequence[str], limit_seconds: float) -> bool:
    """Whether a test fails, or hangs."""
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--timeout=60", *tests]
    process = subprocess.Popen(
        [*command, "-m", "not prove"],
        cwd=copy,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return process.wait(limit_seconds) != 0
    except subprocess.TimeoutExpired:
        return True
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _difference(original: str, mutated: str) -> str:
    lines = difflib.unified_diff(original.splitlines(), mutated.splitlines(), n=1, lineterm="")
    return "\n".join(list(lines)[2:])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--most", type=int, default=40, help="mutants of each target at most (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed draws the same mutants")
    parser.add_argument("targets", nargs="*", help=" | ".join(target.name for target in TARGETS))
    return parser


if __name__ == "__main__":
    sys.exit(main())
