"""The sequential loop and ours, in turns, on the same emulator: `python -m benchmarks.sequential_loop`."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from event_processor.demo.processes import Process, Processes
from event_processor.observability.metrics import DELETED, PUBLISHED
from event_processor.observability.scrape import Scrape
from event_processor.settings import clean_environment

ROUNDS = 5
LATENCY_MS = 5
OURS, THEIRS = 2000, 60  # submissions a round: enough for some seconds of each
AWS = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_DEFAULT_REGION": "us-east-1"}


def main() -> None:
    """Print the medians and their ratio."""
    loop, ours = [], []
    for number in range(ROUNDS):
        loop.append(_round(THEIRS, number, _sequential_loop))
        ours.append(_round(OURS, number, _event_processor))
        print(f"round {number + 1}: sequential loop {loop[-1]:7.0f} events/s, event_processor {ours[-1]:7.0f} events/s")
    ratios = [mine / plain for mine, plain in zip(ours, loop, strict=True)]
    print(f"median:  sequential loop {statistics.median(loop):7.0f} events/s,", end=" ")
    print(f"event_processor {statistics.median(ours):7.0f} events/s,", end=" ")
    print(f"ratio {statistics.median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})")
    print(json.dumps({"latency_ms": LATENCY_MS, "loop": loop, "ours": ours, "ratio": statistics.median(ratios)}))


def _round(submissions: int, seed: int, measure: Callable[[Processes, dict[str, str], int], float]) -> float:
    """A new emulator with that many submissions waiting (spoil 0, so that the plain loop survives them)."""
    with TemporaryDirectory() as folder, Processes(Path(folder), clean_environment(**AWS)) as processes:
        emulator = processes.start("emulator", "local_aws", "--port", "0", "--latency-ms", str(LATENCY_MS))
        endpoint = {"AWS_ENDPOINT_URL": _poll(lambda: emulator.output).split()[-1]}
        _end(processes.start("provision", "event_processor", "provision", **endpoint))
        load = ("--submissions", str(submissions), "--rate", "0", "--spoil", "0", "--seed", str(seed))
        _end(processes.start("fleet", "sensor_fleet", "run", *load, **endpoint))
        return measure(processes, endpoint, submissions)


def _sequential_loop(_: Processes, endpoint: dict[str, str], submissions: int) -> float:
    command = [sys.executable, "-m", "benchmarks.sequential_loop.loop", str(submissions)]
    environment = clean_environment(**AWS) | endpoint
    return float(subprocess.run(command, env=environment, capture_output=True, check=True, timeout=300).stdout)


def _event_processor(processes: Processes, endpoint: dict[str, str], submissions: int) -> float:
    processor = processes.start("processor", "event_processor", "run", METRICS_PORT="0", WAIT_TIME="1", **endpoint)
    port = int(_poll(lambda: _port(processor)))
    _poll(lambda: "first" if Scrape.of(port).total(PUBLISHED) else "")
    begun, before = time.perf_counter(), Scrape.of(port).total(PUBLISHED)
    _poll(lambda: "all" if Scrape.of(port).total(DELETED) >= submissions else "", 0.1)
    return (Scrape.of(port).total(PUBLISHED) - before) / (time.perf_counter() - begun)


def _port(processor: Process) -> str:
    lines = [json.loads(line) for line in processor.errors.splitlines() if '"listening"' in line]
    return str(lines[0]["port"]) if lines else ""


def _end(process: Process) -> None:
    if _poll(lambda: "" if process.exit_code is None else f"exit {process.exit_code}") != "exit 0":
        raise process.failed("failed")


def _poll(found: Callable[[], str], pause_seconds: float = 0.01, patience_seconds: float = 120) -> str:
    deadline = time.monotonic() + patience_seconds
    while not (result := found()):
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(pause_seconds)
    return result


if __name__ == "__main__":
    main()
