"""Makes the Lambda function's archives: `make lambda` writes dist/event-processor-lambda-{arm64,x86_64}.zip.

The same commit gives the same bytes, whoever builds, with the same patch release of Python and the same zlib: order,
times, modes and paths inside are fixed, and so is what is in it, by the hashes of requirements-lambda.lock.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
LOCK: Final = ROOT / "requirements-lambda.lock"
PYTHON: Final = "3.13"
MACHINES: Final = {"arm64": "aarch64", "x86_64": "x86_64"}
"""The architectures by Lambda's names, and as platform tags of wheels call them."""

_PLATFORMS: Final = ("manylinux2014", "manylinux_2_28")  # the runtime is Amazon Linux 2023, with glibc 2.34
_TASK: Final = "/var/task"  # where Lambda unpacks it: what tracebacks show
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)

_KEPT: Final = {
    "botocore/data": ("dynamodb", "kinesis", "s3", "sns", "sqs", "sts"),
    "aws_lambda_powertools/utilities": ("jmespath_utils", "typing"),
}
"""The only folders that stay, of those in these."""
_LEFT_OUT: Final = (
    *("bin", "**/tests", "**/*.pyi", "**/py.typed", "**/*.c", "**/*.h", "**/*.pxd", "**/*.pyx", "**/*.proto"),
    *(f"*.dist-info/{name}" for name in ("INSTALLER", "RECORD", "REQUESTED", "WHEEL", "direct_url.json", "sboms")),
    *("aws_lambda_powertools/event_handler", "boto3/examples", "boto3/data", "dateutil/zoneinfo/*.gz"),
    *("pydantic/mypy.py", "pydantic/v1/mypy.py", "pydantic/v1/_hypothesis_plugin.py"),
    *(f"event_processor/{name}" for name in ("commands", "demo", "estimate", "gateway", "testing.py", "__main__.py")),
    *(f"event_processor/entrypoints/{name}.py" for name in ("healthcheck", "micro", "signals", "worker")),
    *(f"event_processor/status/{name}" for name in ("connections.py", "documents.py", "http_messages.py")),
    *(f"event_processor/status/{name}.py" for name in ("job_figures", "neighbours", "overview", "templating")),
    *("event_processor/status/page.py", "event_processor/status/shared_parts.py", "event_processor/status/*_page.py"),
    *("event_processor/*/gateway*.py", "event_processor/status/server.py", "event_processor/status/templates"),
    *("event_processor/telemetry/door_telemetry.py", "event_processor/bootstrap/inspection.py"),
    *("event_processor/bootstrap/job.py", "event_processor/bootstrap/*_job.py", "event_processor/lake"),
    *(
        "event_processor/monitoring/known.py",
        "event_processor/monitoring/training",
        "event_processor/bootstrap/monitor.py",
    ),
    *(f"event_processor/monitoring/{name}.py" for name in ("evaluation", "monitor", "saving")),
    *(f"event_processor/bootstrap/{name}.py" for name in ("lake", "micro", "monitor_files", "verifying", "warehouse")),
    *(f"event_processor/bootstrap/{name}.py" for name in ("listening", "measuring")),
    *("event_processor/metrics/listening.py", "event_processor/metrics/*.sql", "event_processor/stores/outbox_*.py"),
    *(f"event_processor/stores/{name}.py" for name in ("*duckdb*", "arrow_rows", "redshift_data")),
    *("event_processor/stores/warehouse_*.py", "event_processor/telemetry/delivery_telemetry.py"),
    *("event_processor/telemetry/lake_telemetry.py", "event_processor/settings/keys_file.py"),
    *("event_processor/settings/prices_file.py", "event_processor/status/lake_*.py"),
    *("event_processor/stores/checkpoint_objects.py", "event_processor/status/monitor_*.py"),
    *("event_processor/status/metric_lines.py", "event_processor/status/series_picture.py"),
)
"""Nobody reads these at run time; a test imports every module that is left."""


class CannotBuild(Exception):
    """Says in one line what is missing."""


def interpreter(version: str = PYTHON) -> Path:
    """A Python of this version: LAMBDA_PYTHON, this one, or one on the PATH or of pyenv. Raises CannotBuild.

    Bytecode is its own version's only, and Lambda, where the disk is read-only, would compile at each cold start.
    """
    named = os.environ.get("LAMBDA_PYTHON")
    for path in [named] if named else _interpreters(version):
        if path and version_of(Path(path)) == version:
            return Path(path)
    raise CannotBuild(f"the archive is compiled by Python {version}; LAMBDA_PYTHON: was {named!r}; allowed: its path")


def _interpreters(version: str) -> Iterator[str]:
    yield sys.executable
    yield from filter(None, [shutil.which(f"python{version}")])
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from map(str, sorted(pyenv.glob(f"versions/{version}.*/bin/python")))


def version_of(python: Path) -> str | None:
    """Such as 3.13; None if it does not run."""
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def install(lock: Path, architecture: str, version: str, target: Path) -> None:
    """The wheels of a lock, by hash, for that architecture of Linux and that version of Python."""
    platforms = [f"--platform={name}_{MACHINES[architecture]}" for name in _PLATFORMS]
    pip = [sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-deps", "--no-compile"]
    wheels = ["--require-hashes", "--only-binary=:all:", "--implementation=cp", f"--python-version={version}"]
    subprocess.run([*pip, *wheels, *platforms, "--target", target, "-r", lock], check=True)


def build(architecture: str, python: Path, archive: Path) -> None:
    """Write the archive, compiled by and for this Python."""
    with tempfile.TemporaryDirectory() as made:
        task = Path(made)
        install(LOCK, architecture, version_of(python) or PYTHON, task)
        shutil.copytree(ROOT / "event_processor", task / "event_processor", ignore=shutil.ignore_patterns("*.pyc"))
        shutil.copy(ROOT / "LICENSE", task)
        leave_out(task)
        compile_all(task, python)
        pack(task, archive)


def leave_out(task: Path) -> None:
    """Remove what the function does not need."""
    unused = [path for pattern in _LEFT_OUT for path in task.glob(pattern)]
    for folder, kept in _KEPT.items():
        unused += [path for path in task.glob(f"{folder}/*") if path.is_dir() and path.name not in kept]
    for path in unused:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def compile_all(task: Path, python: Path) -> None:
    """Bytecode that is taken without a look at its source, whose time would not be the same twice."""
    paths = ["-s", str(task), "-p", _TASK]
    command = [str(python), "-I", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", *paths, str(task)]
    subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": "0"}, check=True)


def pack(task: Path, archive: Path) -> None:
    """Zip a folder so that its bytes depend on names and content only."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as written:
        for name in sorted(path.relative_to(task).as_posix() for path in task.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type, entry.create_system, entry.external_attr = zipfile.ZIP_DEFLATED, 3, 0o100644 << 16
            written.writestr(entry, (task / name).read_bytes())


def main(arguments: Sequence[str]) -> int:
    """Build the archives that are asked for. Returns the exit code."""
    options = argparse.ArgumentParser(prog="python -m tools.lambda_archive", description=__doc__)
    options.add_argument("--architecture", choices=MACHINES, action="append", help="default: both")
    options.add_argument("--folder", type=Path, default=ROOT / "dist", help="where to write (default: %(default)s)")
    chosen = options.parse_args(arguments)
    try:
        python = interpreter()
        for architecture in chosen.architecture or MACHINES:
            archive = chosen.folder / f"event-processor-lambda-{architecture}.zip"
            build(architecture, python, archive)
            sys.stdout.write(f"{archive.name}: {archive.stat().st_size / 1e6:.1f} MB\n")
    except CannotBuild as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
