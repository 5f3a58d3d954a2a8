"""The image's health check: asks the processor of this container whether it is alive.

Run every few seconds for months, so it imports as little as it can, and none of the processor.
"""

import sys
from collections.abc import Sequence
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import Final

_ANSWER_SECONDS: Final = 5


def main(arguments: Sequence[str]) -> int:
    """`arguments` is the METRICS_PORT. Exit code 0 if /livez says so, else 1; what it said is kept by Docker."""
    connection = HTTPConnection("127.0.0.1", int(arguments[0]), timeout=_ANSWER_SECONDS)
    try:
        connection.request("GET", "/livez")
        answer = connection.getresponse()
        sys.stdout.write(answer.read().decode(errors="replace"))
    except (OSError, HTTPException) as error:
        sys.stdout.write(f"nobody answers on port {arguments[0]}: {error}")
        return 1
    return 0 if answer.status == HTTPStatus.OK else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
