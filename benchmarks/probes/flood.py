"""Clients of the metrics port: `python -m benchmarks.probes.flood PORT HALF_OPEN PAGES_A_SECOND`. Ends with its input.

Says `flooding` when all half requests are there, and in the end, as JSON, how probes and pages were answered.
"""

import asyncio
import json
import sys
import time
from typing import Final

_HOST: Final = "127.0.0.1"
_HALF: Final = b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow: "
_PROBE_EVERY_SECONDS: Final = 0.1
_PATIENCE_SECONDS: Final = 30.0


class Flood:
    """What was asked, and the answers."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.probe_seconds: list[float] = []
        self.pages = 0
        self.failed = 0

    async def half_request(self) -> asyncio.StreamWriter:
        """A client that begins and never ends."""
        _, writer = await asyncio.open_connection(_HOST, self._port)
        writer.write(_HALF)
        return writer

    async def probe(self) -> None:
        """One, timed."""
        begun = time.perf_counter()
        if await self._answered("/livez"):
            self.probe_seconds.append(time.perf_counter() - begun)
        else:
            self.probe_seconds.append(_PATIENCE_SECONDS)

    async def page(self) -> None:
        """One reader of the page."""
        if await self._answered("/"):
            self.pages += 1
        else:
            self.failed += 1

    async def _answered(self, path: str) -> bool:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                reader, writer = await asyncio.open_connection(_HOST, self._port)
                writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
                answer = await reader.read(-1)
                writer.close()
        except (OSError, TimeoutError):
            return False
        return answer.startswith((b"HTTP/1.1 200 ", b"HTTP/1.0 200 "))


async def _run(port: int, half_open: int, pages_per_second: int) -> None:
    flood = Flood(port)
    silent = [await flood.half_request() for _ in range(half_open)]
    print("flooding", flush=True)
    ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    asked: set[asyncio.Task[None]] = set()
    begun = time.perf_counter()
    pages = probes = 0
    while not ended.done():
        passed = time.perf_counter() - begun
        while pages < passed * pages_per_second:
            asked.add(asyncio.create_task(flood.page()))
            pages += 1
        while probes < passed / _PROBE_EVERY_SECONDS:
            asked.add(asyncio.create_task(flood.probe()))
            probes += 1
        await asyncio.sleep(0.005)
        asked = {task for task in asked if not task.done()}
    await asyncio.gather(*asked)
    print(json.dumps({"probe_seconds": flood.probe_seconds, "pages": flood.pages, "failed": flood.failed}), flush=True)
    for each in silent:
        each.close()


if __name__ == "__main__":
    asyncio.run(_run(*map(int, sys.argv[1:4])))
