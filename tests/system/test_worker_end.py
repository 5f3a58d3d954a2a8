"""How a worker's process ends while one of its threads is still at work in a library."""

import subprocess
import sys

_JOB = """
import threading
from types import SimpleNamespace as Some

import duckdb

from event_processor.bootstrap.job import End
from event_processor.clock import SystemClock
from event_processor.entrypoints import worker
from event_processor.settings.submissions import SubmissionsSettings
from event_processor.telemetry import logs
from event_processor.telemetry.threads import Threads

begun = threading.Event()


def load():
    connection = duckdb.connect(":memory:", config={"threads": 1})
    begun.set()
    while True:
        connection.execute("SELECT sum(hash(i)) FROM range(20000000) t(i)").fetchall()


class Job:
    def __init__(self, threads):
        nothing = lambda *_: None
        self.settings = SubmissionsSettings(metrics_port=0)
        health = Some(started=nothing, stopping=nothing)
        history, progress = Some(start=nothing), Some(say=nothing)
        metrics = Some(counter=lambda name: Some(inc=nothing))
        self.watched = Some(metrics=metrics, threads=threads, health=health, history=history, progress=progress)

    respond = lambda self: None
    look = lambda self: Some()
    oldest_seconds = lambda self, work: 0.0
    close = lambda self: None

    def run(self, work):
        threading.Thread(target=load, daemon=True).start()
        begun.wait()
        return End(False, "its last word")


sink = logs.detach()
logs.configure("INFO", "json")
worker.run(Job, sink)
"""


def test_a_load_that_outlives_the_grace_period_does_not_abort_the_process() -> None:
    """The exit code says that work is unfinished, and the last line of the log is there: no core dump, no signal."""
    done = subprocess.run([sys.executable, "-c", _JOB], capture_output=True, text=True, timeout=120, check=False)

    assert done.returncode == 1, done.stderr
    assert "its last word" in done.stderr
