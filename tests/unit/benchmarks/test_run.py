"""benchmarks.run: what a process under test used, and what it did within a window."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.backend import Backend, Conditions, Counts, Load
from benchmarks.run import Child, ChildFailed, Window, on_core, settings
from tests.eventually import eventually

BUSY = "while True: sum(range(10_000))"
LARGE = "import time; held = b'x' * (64 * 1024 * 1024); time.sleep(600)"
FAILING = "raise SystemExit('no such queue')"


@contextmanager
def child(script: str, folder: Path, core: int | None = None) -> Iterator[Child]:
    """A Python process that does this."""
    with Child((sys.executable, "-c", script), dict(os.environ), folder / "log", core) as running:
        yield running


def test_the_cpu_time_of_a_process_is_its_own(tmp_path: Path) -> None:
    """What a busy processor uses is counted while it runs."""
    with child(BUSY, tmp_path) as busy:
        eventually(lambda: busy.cpu_seconds > 0.1)


def test_the_peak_of_its_memory_is_kept(tmp_path: Path) -> None:
    """Memory is the most there ever was, in bytes."""
    with child(LARGE, tmp_path) as large:
        eventually(lambda: large.peak_bytes > 64 * 1024 * 1024)


def test_a_process_that_ended_is_a_failure_with_its_last_words(tmp_path: Path) -> None:
    """A processor that cannot start fails the benchmark, and says why, instead of being measured as slow."""

    def ended() -> bool:
        try:
            failing.require_running()
        except ChildFailed as error:
            return "no such queue" in str(error)
        return False

    with child(FAILING, tmp_path) as failing:
        eventually(ended)
        with pytest.raises(ChildFailed):
            _ = failing.cpu_seconds


def test_a_process_stays_on_its_core(tmp_path: Path) -> None:
    """Processor and back end do not compete for one core; the benchmark itself goes where it went before."""
    before = os.sched_getaffinity(0)
    core = min(before)
    with child("import os; print(os.sched_getaffinity(0), flush=True)", tmp_path, core):
        eventually(lambda: f"{{{core}}}" in (tmp_path / "log").read_text())

    assert os.sched_getaffinity(0) == before


def test_a_machine_without_that_core_runs_anywhere() -> None:
    """On a machine with one core everything still runs."""
    with on_core(100_000):
        assert os.sched_getaffinity(0)


def test_a_processor_gets_no_settings_from_a_developers_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is measured are the defaults, whatever is set around the benchmark."""
    monkeypatch.setenv("MAX_IN_FLIGHT", "17")
    backend = Backend(Load(1), Conditions())

    assert "MAX_IN_FLIGHT" not in settings(backend, "lean")
    assert settings(backend, "lean", RECEIVERS="2")["RECEIVERS"] == "2"


def test_a_window_counts_what_happened_within_it() -> None:
    """Start-up and warm-up are in no figure."""
    before = Counts(
        {"PutRecords": 5}, stored=1000, refused=0, throttled=3, received=300, deleted=200, read=0, cpu_seconds=1.0
    )
    after = Counts(
        {"PutRecords": 15}, stored=5000, refused=0, throttled=103, received=999, deleted=1000, read=0, cpu_seconds=1.5
    )

    window = Window.between(before, after, seconds=2.0, cpu_seconds=0.2, peak_bytes=0)

    assert (window.events, window.submissions, window.throttled) == (4000, 800, 100)
    assert window.events_per_second == 2000
    assert window.cpu_us_per_event == pytest.approx(50)
    assert window.events_per_put == 410
    assert window.backend_share == 0.25


def test_a_window_in_which_nothing_was_stored_is_a_failure() -> None:
    """A stalled processor is never reported as one with no CPU time."""
    counts = Counts({}, stored=7, refused=0, throttled=0, received=0, deleted=0, read=0, cpu_seconds=0.0)

    with pytest.raises(ChildFailed, match="nothing was stored"):
        Window.between(counts, counts, seconds=1.0, cpu_seconds=0.5, peak_bytes=0)
