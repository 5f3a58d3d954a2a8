"""What /readyz says of a real, idle or busy process while queue and stream are asked how they are."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.eventually import eventually
from tests.system.processes import Emulator, Fleet, Processor

pytestmark = pytest.mark.prove  # queue and stream are asked every 15 s
PATIENCE_SECONDS = 90.0


def readiness(processor: Processor) -> tuple[int, str, str]:
    """The status of /readyz, its reasons and its warnings."""
    status, body = processor.get("/readyz")
    found = json.loads(body)
    return status, " ".join(found["reasons"]), " ".join(found["warnings"])


def not_ready(processor: Processor, reason: str) -> bool:
    """Whether it says so, and why."""
    return reason in readiness(processor)[1]


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[Emulator]:
    """With queue and stream."""
    with Emulator(tmp_path) as running:
        running.provision()
        yield running


@pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException"])
def test_refused_questions(aws: Emulator, tmp_path: Path, code: str) -> None:
    """Nobody may ask how queue and stream are, yet all that is sent is published: ready, with two warnings that end."""
    # open-telemetry/opentelemetry-collector-contrib#50586, snowplow/stream-collector#174
    with Processor(tmp_path, aws.endpoint).wait_until_ready() as processor:
        questions = ["DescribeStreamSummary", "GetQueueAttributes"]
        aws.set_faults(fail_call=1.0, fail_codes=[code], fail_operations=questions)
        said = eventually(
            lambda: [w for _, _, w in [readiness(processor)] if "queue fails" in w and "stream fails" in w],
            "both warnings",
            PATIENCE_SECONDS,
        )[0]
        assert said.count(f": {code}: ") == 2
        Fleet(tmp_path, aws.endpoint).send(50)
        processor.wait_for("submissions_deleted_total", 50)
        assert readiness(processor)[:2] == (200, "")

        aws.set_faults()
        eventually(lambda: readiness(processor) == (200, "", ""), "no warning any more", PATIENCE_SECONDS)


def test_an_idle_processor_notices(aws: Emulator, tmp_path: Path) -> None:
    """With nothing to do it is not ready while the stream is gone, or the queue, and ready when they are back."""
    with Processor(tmp_path, aws.endpoint).wait_until_ready() as processor:
        for what, name in (("stream", "events"), ("queue", "submissions")):
            aws.admin("POST", "action", {"do": f"delete_{what}", what: name})
            eventually(partial(not_ready, processor, f"{what} fails"), f"{what} gone", PATIENCE_SECONDS)
            assert readiness(processor)[0] == 503
            aws.provision()
            eventually(lambda: readiness(processor) == (200, "", ""), "it to be ready", PATIENCE_SECONDS)
