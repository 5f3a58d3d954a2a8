"""A real process whose answers say anything: it tells, tries again, and works on when they are sound again."""

import json
import random
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.bent import Reply, Request, bending, plain
from tests.between import Between
from tests.contract.test_any_answer import STRANGE, places
from tests.eventually import eventually
from tests.system.processes import Emulator, Processor
from tests.system.test_rejects import events_of
from tests.unit.samples import body


class Meddler:
    """Changes a field of each second answer while it is `at_work`."""

    def __init__(self) -> None:
        self._random = random.Random(1)
        self.at_work = False
        self.changed = 0

    def __call__(self, _request: Request, status: str, body: bytes) -> Reply:
        """The answer that is passed on."""
        said: Any = json.loads(body or b"{}")
        found = list(places(said))
        if self.at_work and found and self._random.random() < 0.5:
            container, key = self._random.choice(found)
            container[key] = self._random.choice(STRANGE)
            self.changed += 1
        return Reply(plain(json.dumps(said).encode(), status))


@pytest.mark.parametrize("transport", ["lean", pytest.param("boto3", marks=pytest.mark.prove)])
def test_the_process_goes_on(transport: str, tmp_path: Path) -> None:
    """Fields that are null, missing or of another type end no process, and nothing is lost by them."""
    meddler = Meddler()
    with Emulator(tmp_path) as emulator, bending(Between(emulator.endpoint, meddler)) as server:
        emulator.provision()
        with Processor(tmp_path, server.endpoint, AWS_TRANSPORT=transport) as processor:
            processor.wait_until_ready()
            meddler.at_work = True
            emulator.send(*(body(submission_id=str(uuid4())) for _ in range(40)))
            eventually(lambda: meddler.changed >= 12, "enough answers to be changed", 120)
            meddler.at_work = False
            eventually(lambda: emulator.depth() == (0, 0), "the queue to be empty", 120)
            processor.wait_until_ready()

            published = {event["submission_id"] for event in events_of(emulator.kinesis)}
            assert len(published) + processor.metric("rejects_total") >= 40  # a body that was changed is a reject
            assert processor.lines("bug: stopping") == []
            assert processor.terminate() == 0
