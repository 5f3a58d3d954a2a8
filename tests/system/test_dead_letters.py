"""What our own code cannot finish goes where SQS was told to put it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.eventually import eventually
from tests.system.processes import Emulator, Fleet, Processor

BUG = "bug: our code failed on a message, which goes back to the queue"
BODY = """ {"submission_id": "8be01974-0f15-4d4f-809f-257a6de4d3f9",
"device_id": "31980191-fa99-4768-8a7b-0e81397ca6ef", "time_created": "2021-03-28T15:44:18.592840",
"events": {"new_process": [{"cmdl": "whoami", "user": "\\u00e9 \u00e9"}], "defective": [{}]}}\t"""


class DefectiveProcessor(Processor):
    """A processor with a bug in one event type."""

    module = "tests.system.defective_processor"


def test_a_submission_that_we_fail_on(tmp_path: Path) -> None:
    """It comes back after delays that grow, then lies in the dead-letter queue as it was sent; others go on."""
    with Emulator(tmp_path) as aws:
        aws.provision()
        url = aws.sqs.get_queue_url(QueueName="submissions")["QueueUrl"]
        dead_letters = aws.sqs.get_queue_url(QueueName="submissions-dead-letters")["QueueUrl"]
        arn = aws.sqs.get_queue_attributes(QueueUrl=dead_letters, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 2})
        aws.sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": redrive})
        with DefectiveProcessor(tmp_path, aws.endpoint).wait_until_ready() as processor:
            aws.send(BODY)
            fleet = Fleet(tmp_path, aws.endpoint)
            fleet.send(50)
            letters = eventually(
                lambda: aws.sqs.receive_message(QueueUrl=dead_letters, WaitTimeSeconds=1).get("Messages")
            )
            arrived = datetime.now(UTC)
            eventually(lambda: aws.depth() == (0, 0))
            fleet.audit()
            first, second = [datetime.fromisoformat(line["timestamp"]) for line in processor.written(BUG, times=2)]
            assert processor.metric("submissions_released_total") == 2
            assert processor.terminate() == 0

    assert [letter["Body"] for letter in letters] == [BODY]
    assert second - first >= timedelta(seconds=2)
    assert arrived - second >= timedelta(seconds=4)
