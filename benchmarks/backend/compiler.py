"""The C programs, compiled when their sources are new."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

SOURCES = Path(__file__).with_name("server")
COMPILED = Path(__file__).parents[2] / "build" / "backend"
COMMAND = ("cc", "-std=gnu17", "-O2", "-D_GNU_SOURCE")


def compiler_is_there() -> bool:
    """Whether there is a C compiler."""
    return shutil.which(COMMAND[0]) is not None


def program(folder: Path = SOURCES) -> Path:
    """That folder's, compiled; from `build/` if this very source was compiled before. Raises CalledProcessError."""
    sources = sorted({*folder.glob("*.c"), *folder.glob("*.h"), *SOURCES.glob("*.h")})
    digest = hashlib.sha256(b"\0".join([" ".join(COMMAND).encode(), *(path.read_bytes() for path in sources)]))
    compiled = COMPILED / digest.hexdigest()[:16]
    if not compiled.exists():
        COMPILED.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=COMPILED) as scratch:
            fresh = Path(scratch, "program")
            subprocess.run([*COMMAND, "-o", fresh, *folder.glob("*.c")], check=True)
            os.replace(fresh, compiled)  # noqa: PTH105 - in one step: another process may compile the same
    return compiled
