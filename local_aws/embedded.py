"""The emulator inside a test: its own event loop in a daemon thread, gone with the ``with`` block."""

import asyncio
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Self

from local_aws.faults import Faults, Plan
from local_aws.server import Server


class LocalAws:
    """SQS and Kinesis on a free loopback port for as long as the ``with`` block lasts.

    ``endpoint`` is what clients take as endpoint URL. Everything may be called at any time inside the block, from any
    thread.
    """

    def __init__(self, faults: Faults | None = None) -> None:
        self._server = Server(faults or Faults())
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="local_aws", daemon=True)
        self.endpoint = ""

    def __enter__(self) -> Self:
        self._thread.start()
        port = asyncio.run_coroutine_threadsafe(self._server.start("127.0.0.1", 0), self._loop).result()
        self.endpoint = f"http://127.0.0.1:{port}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._server.stop(), self._loop).result()
        asyncio.run_coroutine_threadsafe(_finish_tasks(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def faults(self) -> Faults:
        """What goes wrong at present, beside a plan; setting it starts them from their seed and ends the plan."""
        return self._server.control.faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self._run(self._server.runner.set_faults(faults))

    def start(self, plan: Plan) -> None:
        """Start a fault plan now, in place of any other."""
        self._run(self._server.runner.start(plan))

    def calls(self) -> dict[str, dict[str, int]]:
        """How often each operation ("sqs:SendMessage") was called, by outcome ("ok", an error code, ...)."""
        return self._server.calls.as_json()

    def _run(self, work: Coroutine[None, None, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()


async def _finish_tasks() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*others, return_exceptions=True)
