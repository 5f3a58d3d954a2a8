"""What `make lambda` writes, for both architectures."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tools.lambda_archive import LOCK, MACHINES, ROOT, CannotBuild, interpreter

SERVICES = {"dynamodb", "kinesis", "s3", "sns", "sqs", "sts"}
MACHINE_CODES = {"x86_64": 62, "arm64": 183}  # as ELF numbers them
LARGEST_BYTES = 20_000_000  # Lambda takes 50 MB; a third of it is the validator


def _build(checkout: Path, umask: int, **environment: str) -> dict[str, Path]:
    """Builds in a copy of what the build reads."""
    checkout.mkdir(parents=True)
    for name in ("event_processor", "tools"):
        shutil.copytree(ROOT / name, checkout / name, copy_function=shutil.copy)
    for file in (LOCK, ROOT / "LICENSE"):
        shutil.copy(file, checkout)
    subprocess.run(
        [sys.executable, "-m", "tools.lambda_archive"],
        cwd=checkout,
        env={**os.environ, **environment},
        umask=umask,
        check=True,
    )
    return {name: checkout / f"dist/event-processor-lambda-{name}.zip" for name in MACHINES}


@pytest.mark.prove
def test_both_archives(tmp_path: Path) -> None:
    """Two builds from two places are the same bytes; code is the architecture's, compiled; nothing unused is there."""
    try:
        interpreter()
    except CannotBuild as error:
        pytest.skip(str(error))
    ones = _build(tmp_path / "one", 0o022)
    others = _build(tmp_path / "quite/another", 0o077, TZ="Asia/Tokyo", PYTHONHASHSEED="7", LANG="C")
    for architecture, archive in ones.items():
        assert archive.read_bytes() == others[architecture].read_bytes()
        assert archive.stat().st_size < LARGEST_BYTES
        with zipfile.ZipFile(archive) as content:
            names = content.namelist()
            libraries = [name for name in names if name.endswith(".so")]
            machines = {int.from_bytes(content.read(name)[18:20], "little") for name in libraries}
        assert machines == {MACHINE_CODES[architecture]}
        assert {name.split("/")[2] for name in names if re.match("botocore/data/.*/", name)} == SERVICES
        modules = {name for name in names if name.endswith(".py")}
        compiled = [re.sub(r"__pycache__/(.+)\.cpython-313\.pyc", r"\1.py", name) for name in names if ".pyc" in name]
        assert set(compiled) == modules
        packages = re.findall(r"^([a-z0-9-]+)==", LOCK.read_text(), re.MULTILINE)
        licensed = {name.partition("-")[0] for name in names if re.search(r"dist-info/.*(LICEN[CS]E|COPYING)", name)}
        without = {package.replace("-", "_") for package in packages} - {name.lower() for name in licensed}
        assert without == {"jsonschema_rs"}  # its wheels have none, and their METADATA says MIT
