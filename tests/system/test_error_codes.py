"""Every error that AWS documents for a call, one after the other, until each has really been answered."""

from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from local_aws.faults.codes import ALL_CODES, codes_of
from local_aws.faults.operations import KINESIS, SQS
from tests.eventually import eventually
from tests.system.processes import Emulator, Fleet, Processor

WORK = {
    SQS: ("ReceiveMessage", "DeleteMessageBatch", "ChangeMessageVisibilityBatch"),
    KINESIS: ("PutRecords",),
}
SUBMISSIONS = 100
DOCUMENTED = {service: set(codes_of(service, tuple(ALL_CODES))) for service in WORK}


def unanswered(aws: Emulator, service: str) -> set[str]:
    """The codes that no call of a service has been answered with yet."""
    calls = aws.admin("GET", "calls")
    names = {f"{prefix}:{operation}" for prefix in ("sqs", "kinesis") for operation in WORK[service]}
    return DOCUMENTED[service] - {outcome for name in names for outcome in calls.get(name, ())}


def received(processor: Processor) -> float:
    """How many messages a processor has had."""
    return processor.metric("submissions_received_total")


def all_answered(aws: Emulator, service: str) -> bool:
    """Whether a service has answered with each of its codes; if not, its calls fail with those that are left."""
    left = sorted(unanswered(aws, service))
    aws.set_faults(**({"fail_call": 1.0, "fail_codes": left, "fail_operations": WORK[service]} if left else {}))
    return not left


@pytest.mark.prove
def test_every_documented_error_code(tmp_path: Path) -> None:
    """Each error that AWS documents for our calls was answered, and the calls were made again until they worked."""
    with Emulator(tmp_path) as aws, ExitStack() as running:
        aws.provision()
        settings = {"VISIBILITY_TIMEOUT": "300"}  # nothing comes again, however long it fails
        processors = [running.enter_context(Processor(tmp_path, aws.endpoint, **settings)) for _ in range(2)]
        for processor in processors:
            processor.wait_until_ready()
        aws.set_faults(fail_call=1.0, fail_operations=["PutRecords"])
        fleet = Fleet(tmp_path, aws.endpoint)
        fleet.send(SUBMISSIONS, "--invalid-share", "0.1")
        eventually(lambda: sum(map(received, processors)) >= SUBMISSIONS, "all to be in hand")

        for service in (KINESIS, SQS):  # the stream first, while there is something to put
            eventually(partial(all_answered, aws, service), f"each code of {service}")

        fleet.audit()
        eventually(lambda: aws.depth() == (0, 0), "the queue to be empty")
        assert [unanswered(aws, service) for service in WORK] == [set(), set()]
        assert [processor.lines("bug: stopping") for processor in processors] == [[], []]
        assert [processor.terminate() for processor in processors] == [0, 0]
