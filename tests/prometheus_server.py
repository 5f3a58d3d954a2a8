"""A real Prometheus on loopback, for tests that need one."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.request import urlopen

import pytest
import yaml

from tests.eventually import eventually
from tests.ports import free_port

_END_SECONDS: Final = 30


def need_prometheus() -> None:
    """Without Prometheus tests are skipped on a laptop, and fail where nobody would see that."""
    if shutil.which("prometheus") is not None:
        return
    if os.environ.get("REQUIRE_PROMETHEUS"):
        pytest.fail("prometheus is not installed; on Debian: apt-get install prometheus")
    pytest.skip("needs Debian's prometheus")


@contextmanager
def scraping(folder: Path, targets: Mapping[str, int]) -> Iterator[str]:
    """The URL of one that scrapes these ports every second, each with its `track`."""
    port = free_port()
    configs = [{"targets": [f"127.0.0.1:{at}"], "labels": {"track": track}} for track, at in targets.items()]
    job = {"job_name": "event-processor", "scrape_interval": "1s", "static_configs": configs}
    page = folder / "prometheus.yml"
    page.write_text(yaml.safe_dump({"scrape_configs": [job]}))
    command = [
        "prometheus",
        f"--config.file={page}",
        f"--storage.tsdb.path={folder / 'prometheus'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (folder / "prometheus.log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:
        try:
            url = f"http://127.0.0.1:{port}"
            eventually(lambda: server.poll() is not None or _is_ready(url), "Prometheus to be ready", 60)
            assert server.poll() is None, (folder / "prometheus.log").read_text()
            yield url
        finally:
            server.terminate()
            server.wait(_END_SECONDS)


def _is_ready(url: str) -> bool:
    try:
        with urlopen(f"{url}/-/ready", timeout=5) as answer:  # noqa: S310 - of our own child
            return bool(answer.status == 200)
    except OSError:
        return False
