"""The demos as a newcomer runs them."""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from event_processor.demo.processes import Interrupted, Processes, interruptible
from tests.eventually import eventually
from tests.system.processes import Child


def children_of(process_id: int) -> list[str]:
    """The processes that it started and that are still there."""
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process_id)], capture_output=True, text=True, check=False)
    return found.stdout.split()


@pytest.mark.prove
def test_the_whole_pipeline(tmp_path: Path) -> None:
    """What was sent over SQS, HTTP and onto a stream is where it must be, and the report says what became of it all."""
    page, temporary = tmp_path / "page.html", tmp_path / "temporary"
    temporary.mkdir()
    arguments = ["demo", "--pipeline", "--seed", "7", "--json", "--page", str(page)]
    environment = {"TMPDIR": str(temporary), "GATEWAY_KEYS": "/not/of/the/demo.yaml"}
    with Child(tmp_path, ["event_processor", *arguments], environment) as demo:
        assert demo.exit_code(400) == 0, demo.errors + demo.output
    report = json.loads(demo.output)

    assert report["passed"]
    assert [report["sent"][name]["sent"] for name in ("queue", "stream")] == [1000, 1000]
    assert 500 < report["sent"]["door"]["sent"] < 1000, "half of the devices fell silent"
    assert report["figures"]["run"]["refused"] > 0, "the stream refuses some records"
    assert sum(report["tables"].values()) == sum(each["new_rows"] for each in report["verified"]["streams"])
    broken = [
        row for row in report["rejects"] if (row["pattern"], row["app_version"]) == ("/properties/gender", "5.1.0")
    ]
    assert broken[0]["rejects"] == max(row["rejects"] for row in report["rejects"])
    assert {row["source_kind"] for row in report["rejects"]} == {"queue", "door", "stream"}
    assert any(entry["pointer"] == "/properties/gender" for _, entry in report["notices"])
    assert any(entry["kind"] == "finding" and "cookie_id" in entry["title"] for _, entry in report["notices"])
    assert all(each["ages"] for each in report["figures"].values())
    text = page.read_text()
    assert "Nothing lost" in text
    assert "/properties/gender" in text
    assert "http" not in text.replace("http-equiv", ""), "nothing is fetched"
    assert list(temporary.iterdir()) == [], "no file is left"


@pytest.mark.prove
def test_an_interrupted_pipeline_leaves_nothing(tmp_path: Path) -> None:
    """Ctrl-C in the middle of it ends every process and removes every file."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    with Child(tmp_path, ["event_processor", "demo", "--pipeline"], {"TMPDIR": str(temporary)}) as demo:
        eventually(lambda: "sending" in demo.output, "the fleets to be started", 120)
        children = children_of(demo.process_id)
        demo.signal(signal.SIGINT)
        assert demo.exit_code() == 130, demo.errors
        left = [each for each in children if Path(f"/proc/{each}").exists()]

    assert len(children) >= 5
    assert left == []
    assert list(temporary.iterdir()) == []


def test_ctrl_c_while_a_process_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in the moment in which a process is started ends that one, too."""
    started = list[subprocess.Popen[bytes]]()

    class Interrupting(subprocess.Popen[bytes]):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            started.append(self)
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(subprocess, "Popen", Interrupting)
    with suppress(Interrupted), interruptible(), Processes(tmp_path, dict(os.environ)) as processes:
        processes.start("emulator", "local_aws", "--port", "0")
        pytest.fail("it goes on")
    ended = started[0].poll() is not None
    started[0].kill()

    assert ended


def test_without_the_extras_it_says_what_to_install() -> None:
    """A newcomer without gateway and lake gets one line, and nothing is started."""
    without = "import sys\nsys.modules['duckdb'] = None\nfrom event_processor.commands.main import main\nmain()"
    done = subprocess.run(
        [sys.executable, "-c", without, "demo", "--pipeline"], capture_output=True, text=True, check=False, timeout=60
    )

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "pip install" in done.stderr
    assert "duckdb" in done.stderr
