"""Probes of a real process while everybody else knocks on its port, too."""

import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.system.processes import Emulator, Fleet, Processor

HALF_OPEN = 1_000
READERS = 100


@pytest.fixture
def processor(tmp_path: Path) -> Iterator[Processor]:
    """Ready, with an emulator that holds a hundred submissions for it; it may open 1,024 descriptors, as by default."""
    with Emulator(tmp_path) as aws:
        aws.provision()
        with Processor(tmp_path, aws.endpoint) as running:
            resource.prlimit(running.pid, resource.RLIMIT_NOFILE, (1024, 1024))
            running.wait_until_ready()
            Fleet(tmp_path, aws.endpoint).send(100)
            yield running


def test_half_requests_and_readers(processor: Processor) -> None:
    """A thousand half requests and a queue of readers keep no probe waiting, no event back, and AWS its descriptors."""
    address = "127.0.0.1", urlsplit(processor.url("/")).port
    with ExitStack() as clients:
        for _ in range(HALF_OPEN):
            client = clients.enter_context(socket.create_connection(address, timeout=30))
            with suppress(OSError):  # it had to make room already
                client.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        readers = [clients.enter_context(socket.create_connection(address, timeout=60)) for _ in range(READERS)]
        for reader in readers:
            reader.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")

        assert processor.get("/livez")[0] == 200
        assert processor.get("/readyz")[0] == 200
        processor.wait_for("submissions_deleted_total", 100)
        assert len(list(Path(f"/proc/{processor.pid}/fd").iterdir())) < 400
        for reader in readers:
            assert reader.recv(12) == b"HTTP/1.1 200"
    assert processor.terminate() == 0
    assert "Traceback" not in processor.errors
