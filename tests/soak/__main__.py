"""Rounds of random faults and chaos for as long as you like: `python -m tests.soak --minutes 30`.

A failure is told with its seed; `python -m tests.soak --minutes 0 --seed SEED` plays that round alone. The seed decides
what runs, the faults, the load and what is done to each process when; how the machine schedules it differs every time.
"""

import argparse
import os
import random
import secrets
import shutil
import signal
import sys
import tempfile
import threading
import traceback
from itertools import count
from pathlib import Path
from time import monotonic
from typing import Final

from tests.soak.findings import Findings
from tests.soak.pipeline_round import play_pipeline
from tests.soak.pipeline_scenario import PipelineScenario
from tests.soak.round import play
from tests.soak.scenario import Scenario
from tests.soak.totals import Totals

_SHARE_OF_PIPELINE: Final = 0.5


def main() -> int:
    """Returns the exit code: 0, or 1 when a round failed."""
    options = _parser().parse_args()
    os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    logs = Path(tempfile.mkdtemp(prefix="soak-"))
    totals = Totals()
    over = threading.Event()
    threading.Thread(target=_tell_each_minute, args=(totals, over), daemon=True).start()
    _tell(f"first seed {options.seed}, logs of failures in {logs}")
    try:
        _soak(options.seed, options.minutes, logs, totals)
    except KeyboardInterrupt:
        _tell("stopped")
    over.set()
    _tell(totals.as_line())
    if not totals.failed_seeds:
        shutil.rmtree(logs)
    return 1 if totals.failed_seeds else 0


def _soak(first_seed: int, minutes: float, logs: Path, totals: Totals) -> None:
    end = monotonic() + minutes * 60
    for seed in count(first_seed):
        folder = logs / str(seed)
        folder.mkdir()
        try:
            totals.add(_play(seed, folder))
        except Exception:  # noqa: BLE001 - whatever it is, the round has failed, and the next one may tell more
            totals.failed(seed)
            _tell(f"FAILED: seed {seed}, logs in {folder}\n{traceback.format_exc()}")
            _tell(f"again: python -m tests.soak --minutes 0 --seed {seed}")
        else:
            shutil.rmtree(folder)
        if monotonic() >= end:
            return


def is_of_pipeline(seed: int) -> bool:
    """Whether the round is one of all jobs, or of the processor, which has more to bear when it is alone."""
    return random.Random(f"{seed}/kind").random() < _SHARE_OF_PIPELINE


def _play(seed: int, folder: Path) -> Findings:
    if is_of_pipeline(seed):
        return play_pipeline(PipelineScenario.of_seed(seed), folder)
    return play(Scenario.of_seed(seed), folder)


def _tell_each_minute(totals: Totals, over: threading.Event) -> None:
    while not over.wait(60):
        _tell(totals.as_line())


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30, help="how long, at least one round (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=secrets.randbits(31), help="seed of the first round")
    return parser


if __name__ == "__main__":
    sys.exit(main())
