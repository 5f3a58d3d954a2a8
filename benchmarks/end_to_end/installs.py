"""The peers' packages, from their lock files, in folders of their own under `build/`; kept until a lock changes."""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

PEERS: Final = Path(__file__).parent / "peers"
ROOT: Final = Path(__file__).parents[2]
_KEPT: Final = ROOT / "build" / "benchmarks"


class NotInstalled(Exception):
    """A peer that cannot run here, and why."""


def python() -> str:
    """The interpreter that has async-kinesis. Raises NotInstalled."""
    lock = PEERS / "requirements.lock"

    def install(folder: Path) -> None:
        run_logged(folder, [sys.executable, "-m", "venv", str(folder / "venv")])
        pip = [str(folder / "venv/bin/python"), "-m", "pip", "install", "--disable-pip-version-check"]
        run_logged(folder, [*pip, "--no-deps", "--require-hashes", "-r", str(lock)])

    return str(_kept("async-kinesis", [lock], install) / "venv/bin/python")


def script() -> str:
    """The program around sqs-consumer, beside its packages: Node looks for them there. Raises NotInstalled."""
    files = [PEERS / "package.json", PEERS / "package-lock.json"]

    def install(folder: Path) -> None:
        for file in files:
            shutil.copy(file, folder)
        run_logged(folder, ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--engine-strict"])

    folder = _kept("sqs-consumer", files, install)
    return str(shutil.copy(PEERS / "sqs_consumer.mjs", str(folder)))


def _kept(name: str, locks: Sequence[Path], install: Callable[[Path], None]) -> Path:
    digest = hashlib.sha256(b"".join(lock.read_bytes() for lock in locks) + sys.version.encode()).hexdigest()
    folder = _KEPT / f"{name}-{digest[:12]}"
    done = folder / "installed"
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        install(folder)
        done.touch()
    return folder


def run_logged(folder: Path, command: Sequence[str]) -> None:
    """Run it in the folder, and keep what it says there. Raises NotInstalled."""
    log = folder / "install.log"
    what = " ".join(Path(word).name for word in command[:3])
    try:
        with log.open("ab") as output:
            subprocess.run(command, cwd=folder, stdout=output, stderr=output, check=True, timeout=300)
    except FileNotFoundError:
        raise NotInstalled(f"no {command[0]} on this machine") from None
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        raise NotInstalled(f"`{what}` failed, see {folder.name}/{log.name} in build/benchmarks") from None
