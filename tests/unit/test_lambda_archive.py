"""How the Lambda function's archives are made; what is in them is tried by tests/system/test_lambda_runtime.py."""

import os
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from tools.lambda_archive import LOCK, ROOT, CannotBuild, interpreter, leave_out, pack, version_of

FILES = ("b/two.py", "a.py", "b/one.so", "Z.py")


def _folder(path: Path, names: Sequence[str], mode: int, seconds: int) -> Path:
    for name in names:
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"content of {name}\n" * 100)
        file.chmod(mode)
        os.utime(file, (seconds, seconds))
    return path


def test_the_same_files_are_the_same_bytes(tmp_path: Path) -> None:
    """Where, when, in what order and with what umask somebody builds leaves no trace in the archive."""
    one = _folder(tmp_path / "one", FILES, 0o644, 1_000_000_000)
    other = _folder(tmp_path / "another/place", FILES[::-1], 0o700, 1_700_000_001)
    pack(one, tmp_path / "one.zip")
    pack(other, tmp_path / "other.zip")

    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "other.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        assert archive.namelist() == sorted(FILES)
        assert {entry.external_attr >> 16 for entry in archive.infolist()} == {0o100644}


def test_licences_stay(tmp_path: Path) -> None:
    """What is left out of a package is never its licence or its name and version."""
    kept = ["x-1.dist-info/METADATA", "x-1.dist-info/licenses/LICENSE", "x-1.dist-info/LICENSE", "x-1.dist-info/NOTICE"]
    unused = ["x-1.dist-info/RECORD", "bin/x", "x/tests/test_x.py", "botocore/data/ec2/service-2.json.gz"]
    _folder(tmp_path, [*kept, *unused, "botocore/data/sqs/service-2.json.gz", "botocore/data/endpoints.json"], 0o644, 0)
    leave_out(tmp_path)

    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {*kept, "botocore/data/sqs/service-2.json.gz", "botocore/data/endpoints.json"}


def test_a_python_of_another_version_compiles_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytecode of another version would be passed over: the build ends with a line that says which one it needs."""
    other = tmp_path / "python"
    other.write_text("#!/bin/sh\necho 3.9\n")
    other.chmod(0o755)
    assert version_of(other) == "3.9"
    assert version_of(tmp_path / "nothing") is None
    monkeypatch.setenv("LAMBDA_PYTHON", str(other))
    with pytest.raises(CannotBuild, match=r"Python 3\.13; LAMBDA_PYTHON: was '.*/python'"):
        interpreter()


def test_the_function_has_the_versions_of_the_container() -> None:
    """Both ways to run the core run it with the same releases of the same libraries."""

    def pins(lock: Path) -> set[str]:
        return set(re.findall(r"^[a-z0-9-]+==[^ ;]+", lock.read_text(), re.MULTILINE))

    others = {pin.partition("==")[0] for pin in pins(LOCK) - pins(ROOT / "requirements-otel.lock")}

    assert others == {"aws-lambda-powertools"}, "its metrics, which the container has no use for"
