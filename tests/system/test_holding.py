"""What is in hand stays hidden from others for as long as it takes; where it cannot, that is told."""

from pathlib import Path

import pytest

from tests.eventually import eventually
from tests.system.processes import Emulator, Fleet, Processor
from tests.system.silent_network import SilentNetwork

LOST = "visibility timeout ran out while held, may be done twice"


def extensions(aws: Emulator) -> int:
    """How many calls to extend visibility went well."""
    return int(aws.admin("GET", "calls").get("sqs:ChangeMessageVisibilityBatch", {}).get("ok", 0))


@pytest.mark.prove
@pytest.mark.parametrize("transport", ["lean", "boto3"])
def test_a_network_that_goes_silent_is_told(tmp_path: Path, transport: str) -> None:
    """When no connection answers for longer than the timeout, each hold that ran out counts once, and nothing is lost.

    bbc/sqs-consumer#137, bbc/sqs-consumer#480: connections behind a NAT went silent, and nobody was told.
    """
    with Emulator(tmp_path) as aws, SilentNetwork(aws.endpoint) as network:
        aws.provision()
        aws.set_faults(refuse=1.0)
        settings = {"VISIBILITY_TIMEOUT": "6", "AWS_TRANSPORT": transport}
        with Processor(tmp_path, network.endpoint, **settings).wait_until_ready() as processor:
            fleet = Fleet(tmp_path, aws.endpoint)
            fleet.send(30, "--spoil", "0")
            processor.wait_for("submissions_received_total", 30)
            network.silence()
            eventually(lambda: processor.metric("submissions_lost_hold_total") == 30, "all holds to be told")
            lines = processor.written(LOST, times=30)
            assert {line["error_code"] for line in lines} == {"NotExtendedInTime"}
            assert len({line["message_id"] for line in lines}) == len(lines) == 30
            aws.set_faults()
            network.heal()
            fleet.audit(wait_seconds=90)
            eventually(lambda: aws.depth() == (0, 0), "the queue to be empty", 90)


@pytest.mark.prove
def test_thousands_are_held_over_a_slow_network(tmp_path: Path) -> None:
    """2,000 held at 80 ms a call and a timeout of 20 s: none comes again, and all are given back by a stop in time."""
    with Emulator(tmp_path) as aws:
        aws.provision()
        aws.set_faults(refuse=1.0)
        Fleet(tmp_path, aws.endpoint).send(2_000, "--events", "1", "--spoil", "0")
        settings = {"VISIBILITY_TIMEOUT": "20", "RECEIVERS": "8", "MAX_IN_FLIGHT": "2100", "SHUTDOWN_GRACE": "40"}
        with Processor(tmp_path, aws.endpoint, **settings) as processor:
            processor.wait_for("submissions_received_total", 2_000)
            aws.set_faults(refuse=1.0, latency_ms=80)
            begun = extensions(aws)
            eventually(lambda: extensions(aws) >= begun + 800, "all to be extended four times", 150)
            assert processor.metric("submissions_lost_hold_total") == 0
            assert processor.metric("submissions_received_total") == 2_000
            assert processor.terminate() == 0
            assert processor.lines("stopped", released=2_000)
        assert aws.depth() == (2_000, 0)
