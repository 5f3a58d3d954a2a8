"""A real process whose answers say anything: it tells, tries again, and works on when they are sound again."""

import http.client
import json
import random
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from tests.bent import Reply, Request, bending, plain
from tests.contract.test_any_answer import STRANGE, places
from tests.eventually import eventually
from tests.system.processes import Emulator, Processor
from tests.unit.samples import body


class Meddler:
    """Passes requests on, and changes a field of each second answer while it is `at_work`."""

    def __init__(self, endpoint: str) -> None:
        self._address, self._random = urlsplit(endpoint).netloc, random.Random(1)
        self.at_work = False
        self.changed = 0

    def __call__(self, request: Request) -> Reply:
        """Answers."""
        upstream = http.client.HTTPConnection(self._address, timeout=60)
        upstream.request("POST", "/", request.body, request.headers)
        answer = upstream.getresponse()
        said: Any = json.loads(answer.read() or b"{}")
        upstream.close()
        found = list(places(said))
        if self.at_work and found and self._random.random() < 0.5:
            container, key = self._random.choice(found)
            container[key] = self._random.choice(STRANGE)
            self.changed += 1
        return Reply(plain(json.dumps(said).encode(), f"{answer.status} {answer.reason}"))


@pytest.mark.parametrize("transport", ["lean", "boto3"])
def test_the_process_goes_on(transport: str, tmp_path: Path) -> None:
    """Fields that are null, missing or of another type end no process, and nothing is lost by them."""
    emulator = Emulator(tmp_path)
    emulator.provision()
    with emulator, bending(Meddler(emulator.endpoint)) as server:
        meddler: Any = server.answering
        with Processor(tmp_path, server.endpoint, AWS_TRANSPORT=transport) as processor:
            processor.wait_until_ready()
            meddler.at_work = True
            emulator.send(*(body(submission_id=str(uuid4())) for _ in range(40)))
            eventually(lambda: meddler.changed >= 12, "enough answers to be changed", 120)
            meddler.at_work = False
            eventually(lambda: emulator.depth() == (0, 0), "the queue to be empty", 120)
            processor.wait_until_ready()

            assert processor.lines("bug: stopping") == []
            assert processor.terminate() == 0
