"""A name server that does not answer, in a network of its own."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

TIMEOUT_SECONDS: Final = 8.0

INVOKE: Final = f"""
import os, socket, time
from types import SimpleNamespace
name_server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
name_server.bind(("127.0.0.1", 53))
from event_processor.entrypoints.aws_lambda import submissions
from tests.system.lambda_service import sqs_event
from tests.unit.samples import body
left_ms = lambda: {TIMEOUT_SECONDS} * 1000 - (time.monotonic() - start) * 1000
names = SimpleNamespace(aws_request_id="1", function_name="submissions", function_version="1")
start = time.monotonic()
names.get_remaining_time_in_millis = left_ms
print(len(submissions(sqs_event([body()] * 3), names)["batchItemFailures"]), left_ms() > 0, flush=True)
"""


@pytest.fixture
def own_network(tmp_path: Path) -> list[str]:
    """What runs a command in one, with a name server on loopback."""
    page = tmp_path / "resolv.conf"
    page.write_text("nameserver 127.0.0.1\n")
    inside = f'ip link set lo up && mount --bind {page} /etc/resolv.conf && exec "$@"'
    command = ["unshare", "--map-root-user", "--mount", "--net", "sh", "-c", inside, "sh"]
    if not shutil.which("unshare") or subprocess.run([*command, "true"], capture_output=True, check=False).returncode:
        pytest.skip("needs Linux with namespaces for users")
    return command


def test_no_name_is_resolved(own_network: list[str]) -> None:
    """All ids come back before the function's time is up."""
    environment = {
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    }
    done = subprocess.run(
        [*own_network, sys.executable, "-c", INVOKE], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines()[-1:] == ["3 True"], done.stderr
