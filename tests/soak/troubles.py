"""What goes wrong around a round's processors beside the emulator's faults: network, credentials, reader of the log."""

import os
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from tests.agents import Agent, Reply, agent, issued
from tests.bent import BENT, Request, bending
from tests.bent import Reply as BentReply
from tests.between import Between, sound
from tests.soak.scenario import Scenario
from tests.system.log_readers import Mute
from tests.system.processes import Processor

_HOUR: Final = 3600.0
_SHORT_SECONDS: Final = 6.0  # credentials that run out all the time
_WORK: Final = {"PutRecords", "ReceiveMessage", "DeleteMessageBatch", "ChangeMessageVisibilityBatch"}
_WAYS: Final = sorted(set(BENT) - {"100"})  # after that one the real answer is an answer
_NO_KEYS: Final = {
    "AWS_ACCESS_KEY_ID": "",
    "AWS_SECRET_ACCESS_KEY": "",
    "AWS_CONFIG_FILE": "/nonexistent",
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
}


class Troubles:
    """Those that a scenario has, until `cease`. `start` starts a processor in the middle of them."""

    def __init__(self, scenario: Scenario, endpoint: str, stack: ExitStack) -> None:
        self._dice, self._lock = random.Random(scenario.seed), threading.Lock()
        self._log = scenario.log
        self._between: Between | None = None
        self._agent: Agent | None = None
        self.endpoint, self.settings = endpoint, dict[str, str]()
        self.bent = self.denied = 0
        if scenario.bent:
            self._between = Between(endpoint, self._bend)
            self.endpoint = stack.enter_context(bending(self._between)).endpoint
        if scenario.credentials_fail:
            self._agent = stack.enter_context(agent(lambda _: issued(_SHORT_SECONDS)))
            self._agent.reply = self._credentials
            self.settings = {**_NO_KEYS, "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{self._agent.url}/creds"}

    def cease(self) -> None:
        """From now on all is well, but for logs: a reader that is gone stays so."""
        if self._between is not None:
            self._between.bend = sound
        if self._agent is not None:
            self._agent.reply = lambda _: issued(_HOUR)

    def start(self, home: Path, **settings: str) -> Processor:
        """A processor, whose log is as the scenario says."""
        settings |= self.settings
        if self._log == "file":
            return Processor(home, self.endpoint, **settings)
        reader, writer = os.pipe()
        try:
            processor = Mute(home, self.endpoint, writer, **settings)
        finally:
            os.close(writer)
            if self._log == "gone":
                os.close(reader)
        return processor  # an unread pipe stays open to the end of this program: closed, it would be a gone one

    def _happens(self, share: float) -> bool:
        with self._lock:
            return self._dice.random() < share

    def _bend(self, request: Request, status: str, body: bytes) -> BentReply:
        if request.operation not in _WORK or not self._happens(0.1):
            return sound(request, status, body)
        self.bent += 1
        with self._lock:
            way = self._dice.choice(_WAYS)
        return BentReply(BENT[way](body), sound(request, status, body).now, seconds=0.2)

    def _credentials(self, _path: str) -> Reply:
        if not self._happens(0.5):
            return issued(_SHORT_SECONDS)
        self.denied += 1
        with self._lock:
            failure: Callable[[], Reply] = self._dice.choice(_FAILURES)
        return failure()


_FAILURES: Final[tuple[Callable[[], Reply], ...]] = (
    partial(issued, -60),
    lambda: (200, b"{}"),
    lambda: (500, b"<html>"),
    lambda: (404, b""),
)


@contextmanager
def around(scenario: Scenario, endpoint: str) -> Iterator[Troubles]:
    """While a round is played."""
    with ExitStack() as stack:
        yield Troubles(scenario, endpoint, stack)
