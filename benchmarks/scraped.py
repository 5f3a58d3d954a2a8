"""What a process under test tells by its metrics."""

import re
import time
from typing import Final
from urllib.request import ProxyHandler, build_opener

from benchmarks.run import Child

_START_SECONDS: Final = 120.0
_LOOK_SECONDS: Final = 0.1


class Metrics:
    """Of one process, on this port, by their names without the prefix."""

    def __init__(self, child: Child, port: int, prefix: str) -> None:
        self._child, self._url = child, f"http://127.0.0.1:{port}/metrics"
        self._http = build_opener(ProxyHandler({}))
        self._sample = re.compile(rf"^{prefix}(\w+)(?:\{{.*\}})? (\S+)$", re.MULTILINE)

    def read(self) -> dict[str, float]:
        """Of each name the sum over its labels. Raises ChildFailed."""
        self._child.require_running()
        with self._http.open(self._url, timeout=_START_SECONDS) as answer:
            text = answer.read().decode()
        found: dict[str, float] = {}
        for name, value in self._sample.findall(text):
            found[name] = found.get(name, 0.0) + float(value)
        return found

    def wait(self, name: str, more_than: float = 0.0) -> None:
        """Until that one is above this. Raises ChildFailed, TimeoutError."""
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            try:
                if self.read().get(name, 0.0) > more_than:
                    return
            except OSError:
                pass  # it does not listen yet
            time.sleep(_LOOK_SECONDS)
        raise TimeoutError(f"{name} did not rise within {_START_SECONDS:.0f} s")
