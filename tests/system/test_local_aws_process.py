"""``python -m local_aws`` as a shell, a container and a Makefile see it."""

import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local_aws.faults.settings import KINDS

COMMAND = [sys.executable, "-W", "error", "-m", "local_aws"]


@contextmanager
def running(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process on a free port and its endpoint, once it is ready."""
    process = subprocess.Popen(
        [*COMMAND, "--port", "0", *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("local_aws listening on http://127.0.0.1:")
        yield process, line.split()[-1]
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serves_until_told_to_stop(number: signal.Signals) -> None:
    """It says in one line where it listens, serves, and ends with code 0 on SIGTERM and SIGINT, quietly."""
    with running() as (process, endpoint):
        with urllib.request.urlopen(f"{endpoint}/_local_aws/health", timeout=60) as answer:  # noqa: S310
            assert json.load(answer)["status"] == "running"
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=60)

    assert (process.returncode, stdout, stderr) == (0, "", "")


def test_port_taken() -> None:
    """A port that is taken is one clear line on stderr and code 2."""
    with running() as (_, endpoint):
        port = endpoint.rpartition(":")[2]
        second = subprocess.run([*COMMAND, "--port", port], capture_output=True, text=True, timeout=60, check=False)

    assert (second.returncode, second.stdout) == (2, "")
    assert second.stderr.count("\n") == 1
    assert f"cannot listen on 127.0.0.1:{port}" in second.stderr


def test_verbose_is_one_line_for_each_call() -> None:
    """With --verbose every call is a line on stderr: what, with what result, how long."""
    with running("--verbose") as (process, endpoint):
        for _ in range(2):
            urllib.request.urlopen(endpoint, timeout=60).close()  # noqa: S310
        process.terminate()
        _, stderr = process.communicate(timeout=60)

    assert stderr.count("GET / 200") == len(stderr.splitlines()) == 2


@pytest.mark.parametrize("options", [["--refuse", "1.5"], ["--port", "70000"], ["--latency-ms", "-1"], ["--seed", "x"]])
def test_wrong_option(options: list[str]) -> None:
    """An option out of its range is refused by name before anything starts."""
    refused = subprocess.run([*COMMAND, *options], capture_output=True, text=True, timeout=60, check=False)

    assert refused.returncode == 2
    assert options[0] in refused.stderr


def test_help_says_what_it_does_not_do() -> None:
    """The help has an example and the list of what is not emulated."""
    text = subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, timeout=60, check=True).stdout

    assert "python -m local_aws --port 4566" in text
    assert "encryption" in text.partition("what it does not do:")[2]


def test_standard_library_only() -> None:
    """The emulator imports nothing that has to be installed, so it runs in any Python."""
    script = (
        "import sys, local_aws.__main__;"
        "tops = {name.partition('.')[0] for name in sys.modules} - {'local_aws', '__main__'};"
        "print(sorted(top for top in tops if top not in sys.stdlib_module_names and not top.startswith('_')))"
    )
    imported = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    ).stdout

    assert imported.strip() == "[]"


def test_plan_from_a_file(tmp_path: Path) -> None:
    """A plan given as a file waits, and starts when told by the admin endpoint."""
    path = tmp_path / "plan.toml"
    path.write_text("[[phase]]\nstart = 0\nduration = 60\nreset = 1.0", encoding="utf-8")
    with running("--plan", str(path), "--refuse", "0.5") as (_, endpoint):
        with urllib.request.urlopen(f"{endpoint}/_local_aws/faults", timeout=60) as answer:  # noqa: S310
            before = json.load(answer)
        request = urllib.request.Request(f"{endpoint}/_local_aws/plan", method="POST")  # noqa: S310
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            after = json.load(answer)

    assert (before["plan"], before["on"]) == ({"state": "waiting"}, [{"refuse": 0.5}])
    assert after["on"] == [{"refuse": 0.5}, {"reset": 1.0}]


@pytest.mark.parametrize(
    ("text", "problem"),
    [("[[phase]]\nstart = 0", "plan.toml: phase 1: the key 'duration' is missing"), (None, "plan.toml")],
)
def test_wrong_plan(tmp_path: Path, text: str | None, problem: str) -> None:
    """A plan with a mistake, or none at that path, is refused with the reason before anything starts."""
    path = tmp_path / "plan.toml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    refused = subprocess.run([*COMMAND, "--plan", str(path)], capture_output=True, text=True, timeout=60, check=False)

    assert refused.returncode == 2
    assert problem in refused.stderr


def test_every_fault_has_an_option() -> None:
    """Each fault can be switched on from the command line."""
    options = [
        *("--refuse-shards", "0=0.5,shardId-000000000001=1", "--fail-codes", "ServiceUnavailable,InternalFailure"),
        *("--fail-operations", "PutRecords", "--stall", "0.1", "--stall-seconds", "2", "--duplicate", "0.3"),
        *("--clock-offset-seconds", "-60", "--latency-ms", "1", "--throttle", "--seed", "9"),
    ]
    with running(*options) as (_, endpoint), urllib.request.urlopen(f"{endpoint}/_local_aws/faults") as answer:  # noqa: S310
        faults = json.load(answer)["faults"]

    assert faults == {
        "refuse_shards": {"0": 0.5, "shardId-000000000001": 1.0},
        "throttle": True,
        "fail_codes": ["ServiceUnavailable", "InternalFailure"],
        "fail_operations": ["PutRecords"],
        "stall": 0.1,
        "stall_seconds": 2.0,
        "latency_ms": 1,
        "duplicate": 0.3,
        "clock_offset_seconds": -60.0,
        "seed": 9,
    }
    text = subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, timeout=60, check=True).stdout
    assert [name for name in KINDS if f"--{name.replace('_', '-')}" not in text] == []
