"""One place in a deployment: a processor, what is done to it, and the next processor in its stead."""

import re
import signal
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from time import monotonic

from tests.soak.scenario import Stroke
from tests.system.processes import Processor

_SAMPLE = re.compile(r"^(?:event_(?:processor|gateway|inspector|lake|monitor)_)?(\w+?)(?:{.*})? (\S+)$", re.MULTILINE)
_LOOK_SECONDS = 0.5


class Replica:
    """Runs in a thread of its own from `start` to `stop`. `complaints` are what no processor may ever do.

    `at_work` is set when its first processor is ready, or cannot be.
    """

    def __init__(self, start_processor: Callable[[], Processor], strokes: Sequence[Stroke]) -> None:
        self._start_processor = start_processor
        self._strokes = strokes
        self._over = threading.Event()
        self.at_work = threading.Event()
        self.calm = threading.Event()
        self.complaints: list[str] = []
        self.done: Counter[str] = Counter()
        self.max_rss_bytes = 0.0
        self._seen: dict[Processor, Mapping[str, float]] = {}
        self._thread = threading.Thread(target=self._run, name="replica")

    def start(self) -> None:
        """Return at once; it is `calm` when nothing will be done to it any more."""
        self._thread.start()

    def stop(self) -> None:
        """SIGTERM, and wait. Faults should be over: the processor is to end with nothing left to release."""
        self._over.set()
        self._thread.join()

    def metric(self, name: str) -> float:
        """Over all processors that ran here, as each was last seen: a killed one did a little more."""
        return sum(seen.get(name, 0.0) for seen in self._seen.values())

    def _run(self) -> None:
        try:
            processor = self._start_processor()
            try:
                processor.wait_until_ready()
                self.at_work.set()
                for stroke in self._strokes:
                    self._watch(processor, stroke.after_seconds)
                    if self._over.is_set():
                        break
                    processor = self._strike(processor, stroke)
                self.calm.set()
                while not self._over.is_set():
                    self._watch(processor, 5)
                self._end(processor, allowed=(0,))
            finally:
                processor.kill()
        except Exception as error:  # noqa: BLE001 - it is part of the verdict, in the thread that gives it
            self.complaints.append(f"{type(error).__name__}: {error}")
        self.at_work.set()
        self.calm.set()

    def _strike(self, processor: Processor, stroke: Stroke) -> Processor:
        self.done[stroke.deed] += 1
        if stroke.deed == "freeze":
            processor.signal(signal.SIGSTOP)
            self._over.wait(stroke.freeze_seconds)
            processor.signal(signal.SIGCONT)
            return processor
        if stroke.deed == "kill":
            self._complain_of(processor)
            processor.kill()
        else:
            self._end(processor, allowed=(0, 1))  # 1: the faults did not let it release all
        return self._start_processor()

    def _end(self, processor: Processor, allowed: tuple[int, ...]) -> None:
        self._look(processor)
        code = processor.terminate()
        self._complain_of(processor)
        if code not in allowed:
            self.complaints.append(f"exit code {code} after SIGTERM")

    def _watch(self, processor: Processor, seconds: float) -> None:
        """Look at it again and again until the time has come."""
        until = monotonic() + seconds
        while (left := until - monotonic()) > 0 and not self._over.wait(min(_LOOK_SECONDS, left)):
            self._look(processor)

    def _look(self, processor: Processor) -> None:
        if not processor.is_running:
            raise AssertionError(f"a processor ended by itself:\n{processor.errors[-2000:]}")
        try:
            page = processor.get("/metrics")[1]
        except OSError:
            return  # too busy to tell within ten seconds, on a machine that is
        found: dict[str, float] = defaultdict(float)
        for name, value in _SAMPLE.findall(page):
            found[name] += float(value)
        if found["order_violations_total"]:
            self.complaints.append(f"order_violations_total is {found['order_violations_total']:g}")
        self._seen[processor] = found
        self.max_rss_bytes = max(self.max_rss_bytes, found["process_resident_memory_bytes"])

    def _complain_of(self, processor: Processor) -> None:
        for line in processor.errors.splitlines():
            if '"bug: ' in line or "Traceback" in line:
                self.complaints.append(line)
