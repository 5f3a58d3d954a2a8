"""The emulator as a process: ``python -m local_aws --port 4566``."""

import asyncio
import logging
import signal
import sys
from collections.abc import Sequence

from local_aws.options import chosen_faults, parser
from local_aws.server import Server


async def _serve(server: Server, host: str, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    bound_port = await server.start(host, port)
    sys.stdout.write(f"local_aws listening on http://{host}:{bound_port}\n")
    sys.stdout.flush()
    await stop.wait()
    await server.stop()


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT. Returns the exit code: 0, or 2 when the address cannot be listened on."""
    options = parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO if options.verbose else logging.WARNING, format="%(asctime)s %(message)s")
    server = Server(chosen_faults(options), plan=options.plan)
    try:
        asyncio.run(_serve(server, options.host, options.port))
    except OSError as error:
        sys.stderr.write(f"local_aws cannot listen on {options.host}:{options.port}: {error.strerror or error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
