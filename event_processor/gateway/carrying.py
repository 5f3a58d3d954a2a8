"""Runs the gateway's steps on an event loop. What blocks, as every call to the world, is on other threads."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime
from functools import partial
from queue import SimpleQueue
from typing import Any, Final, TypeVar

from event_processor.errors import CallFailed, RecordsRefused
from event_processor.gateway.envelopes import Offer
from event_processor.gateway.gateway import Gateway
from event_processor.gateway.line import Line
from event_processor.gateway.pending import Result
from event_processor.gateway.ports import GatewayObserver, PatientSink
from event_processor.rejects.ports import RejectStore
from event_processor.telling import attempt

WAVES_IN_FLIGHT: Final = 2  # of each stream
_SWEEP_SECONDS: Final = 0.1
_RESHARD_SECONDS: Final = 60.0  # between two looks at the shards, if no answer tells sooner that they changed
_MOST_REJECTS: Final = 500  # that are stored together
T = TypeVar("T")


class Carrying:
    """`run` until it is cancelled. `submit` is what requests wait for. All on one loop."""

    def __init__(
        self, gateway: Gateway, sinks: Mapping[str, PatientSink], rejects: RejectStore, observer: GatewayObserver
    ) -> None:
        self.gateway = gateway
        self._sinks, self._rejects, self._observer = sinks, rejects, observer

    async def submit(self, stream: str, offers: list[Offer], started: float) -> list[Result] | None:
        """What became of each; None if there is no room. Takes the offers out of their list: parsed they are large."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()

        def when_done() -> None:
            if not done.done():
                done.set_result(None)

        pending = self.gateway.take(stream, offers, datetime.now(UTC), started, loop.time(), when_done)
        offers.clear()
        if pending is None:
            return None
        await done
        return [result for result in pending.results if result is not None]

    async def run(self) -> None:
        """All steps. Ends only by being cancelled, or by a bug, which it raises."""
        hands = _Hands(asyncio.get_running_loop(), len(self._sinks) * (WAVES_IN_FLIGHT + 1) + 1)
        steps: list[Coroutine[Any, Any, None]] = [self._sweep(), self._keep(hands)]
        for name, line in self.gateway.lines.items():
            changed, moved = asyncio.Event(), asyncio.Event()
            line.wake = changed.set
            steps += [self._carry(hands, line, self._sinks[name], changed, moved) for _ in range(WAVES_IN_FLIGHT)]
            steps.append(self._pace(hands, line, self._sinks[name], moved))
        async with asyncio.TaskGroup() as group:
            for step in steps:
                group.create_task(step)

    async def _carry(
        self, hands: "_Hands", line: Line, sink: PatientSink, changed: asyncio.Event, moved: asyncio.Event
    ) -> None:
        """Waves to the stream, and the answers back."""
        loop = asyncio.get_running_loop()
        while True:
            now = loop.time()
            wave = line.next_wave(now)
            ready_at = line.ready_at(now)
            if wave is None:
                await _event(changed, None if ready_at is None else ready_at - now)
                continue
            if ready_at is not None:
                changed.set()  # somebody else sees to what is left
            answers = await hands.call(
                partial(attempt, self._observer, "put", partial(sink.put, wave.records, line.deadline(wave)))
            )
            if isinstance(answers, RecordsRefused):
                self.gateway.blame(line, wave.lanes, together=True, now=loop.time())
            elif self.gateway.settle(line, wave, None if isinstance(answers, CallFailed) else answers, loop.time()):
                moved.set()

    async def _pace(self, hands: "_Hands", line: Line, sink: PatientSink, moved: asyncio.Event) -> None:
        """The stream's shards, whenever they change. Not to know them costs refusals only."""
        while True:
            shards = await hands.call(partial(attempt, self._observer, "shards", sink.shards))
            if not isinstance(shards, CallFailed):
                line.reshard(shards)
                line.wake()
            await asyncio.sleep(1.0)
            await _event(moved, _RESHARD_SECONDS)

    async def _keep(self, hands: "_Hands") -> None:
        """Rejects to their store."""
        waiting = asyncio.Event()
        self.gateway.wake_keeping = waiting.set
        while True:
            refusals = self.gateway.next_refusals(_MOST_REJECTS)
            if not refusals:
                await _event(waiting, None)
                continue
            store = partial(self._rejects.store, [refusal.reject for refusal in refusals])
            stored = await hands.call(partial(attempt, self._observer, "store", store))
            self.gateway.kept(refusals, not isinstance(stored, CallFailed))

    async def _sweep(self) -> None:
        """Deadlines."""
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            self.gateway.give_up(asyncio.get_running_loop().time())


async def _event(event: asyncio.Event, seconds: float | None) -> None:
    """Wait until it is set, or so long, and take it back."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    event.clear()


class _Hands:
    """Threads for what blocks. Daemons: a call that hangs does not keep a process from ending in time."""

    def __init__(self, loop: asyncio.AbstractEventLoop, threads: int) -> None:
        self._loop = loop
        self._calls: SimpleQueue[tuple[Callable[[], Any], asyncio.Future[Any]]] = SimpleQueue()
        for _ in range(threads):
            threading.Thread(target=self._work, name="carry", daemon=True).start()

    def call(self, function: Callable[[], T]) -> "asyncio.Future[T]":
        """Its result, or what it raised."""
        future: asyncio.Future[T] = self._loop.create_future()
        self._calls.put((function, future))
        return future

    def _work(self) -> None:
        while True:
            function, future = self._calls.get()
            try:
                answer = partial(_settle, future, function(), None)
            except Exception as error:  # noqa: BLE001 - told where the result is awaited
                answer = partial(_settle, future, None, error)
            try:
                self._loop.call_soon_threadsafe(answer)
            except RuntimeError:  # the loop is closed: it is over
                return


def _settle(future: "asyncio.Future[Any]", result: Any, error: Exception | None) -> None:
    if future.done():  # cancelled
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
