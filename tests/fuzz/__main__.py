"""Bodies found by coverage, judged by processor and reference: `python -m tests.fuzz --seconds 60 [corpus folder]`.

A finding is saved, made as small as it gets and printed as a line for `HOSTILE_BODIES`: from then on the tests hold it.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import click

from tests.fuzz.inputs import LONGEST_BYTES, bodies, write_dictionary, write_seeds
from tests.property.verdicts import hold

FINDINGS = Path(__file__).parents[2] / "build" / "fuzz"
_MISSING = (
    "atheris is not installed: it has wheels for Python 3.11 to 3.13 on Linux x86_64 only. "
    "There, `make fuzz` installs it; elsewhere the property tests draw the same kinds of bodies."
)
_HANGS_SECONDS = 10
_STATUS = re.compile(r"#(\d+)\s+(pulse|INITED|DONE)\s+cov: (\d+) ft: (\d+) corp: (\d+)/")


def main() -> int:
    """Returns the exit code: 0 when nothing was found, 1 for a finding, 2 without atheris."""
    options = _parser().parse_args()
    if find_spec("atheris") is None:
        click.echo(_MISSING, err=True)
        return 2
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        return _fuzz(options.seconds, options.seed, options.corpus, Path(folder))


def _fuzz(seconds: int, seed: int, corpus: Path | None, folder: Path) -> int:
    grown, seeds, words = corpus or folder / "grown", folder / "seeds", folder / "words"
    for needed in (grown, seeds, FINDINGS):
        needed.mkdir(parents=True, exist_ok=True)
    write_dictionary(words)
    click.echo(
        f"{write_seeds(seeds)} hostile bodies and {len(list(grown.iterdir()))} from before to start with, seed {seed}"
    )
    before = set(FINDINGS.iterdir())
    command = [
        *(sys.executable, "-m", "tests.fuzz.target", str(grown), str(seeds), f"-dict={words}", f"-seed={seed}"),
        *(f"-max_total_time={seconds}", f"-max_len={LONGEST_BYTES}", f"-timeout={_HANGS_SECONDS}"),
        f"-artifact_prefix={FINDINGS}{os.sep}",
    ]
    log = folder / "log"
    with log.open("wb") as output:
        exit_code = subprocess.run(command, stdout=output, stderr=output, check=False).returncode
    told = log.read_text(errors="replace")
    for bodies_judged, moment, branches, features, kept in _STATUS.findall(told):
        click.echo(f"{moment}: {int(bodies_judged):,} inputs, {branches} branches ({features} features), {kept} kept")
    if exit_code == 0:
        click.echo("nothing found")
        return 0
    click.echo(told[-4000:], err=True)
    for finding in set(FINDINGS.iterdir()) - before:
        _report(finding)
    return 1


def _report(finding: Path) -> None:
    smallest = _shrunk(finding.read_bytes())
    [body, *_] = [body for body in bodies(smallest) if _fails(body)] or bodies(smallest)
    click.echo(f"saved as {finding}; add to HOSTILE_BODIES in tests/property/hostile.py:\n    {body!r},")


def _shrunk(made: bytes) -> bytes:
    """The input without whatever it fails without; as it is if it does not fail here, as a hang does not."""
    size = len(made) // 2
    while size:
        smaller = [made[:at] + made[at + size :] for at in range(0, len(made), size)]
        failing = next((each for each in smaller if any(map(_fails, bodies(each)))), None)
        made, size = (made, size // 2) if failing is None else (failing, min(size, len(failing) // 2))
    return made


def _fails(body: str) -> bool:
    try:
        hold(body)
    except Exception:  # noqa: BLE001 - whatever it is, it is what we look for
        return True
    return False


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1, help="the same seed and corpus make the same inputs")
    parser.add_argument("corpus", type=Path, nargs="?", help="folder that keeps what reached new branches")
    return parser


if __name__ == "__main__":
    sys.exit(main())
