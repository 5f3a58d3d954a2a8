"""What a processor tells the world, and where it listens: nothing of the payload, and nowhere else."""

import base64
import json
import re
from pathlib import Path

import pytest

from tests.eventually import eventually
from tests.system.processes import Emulator, Processor
from tests.unit.samples import connection, process, submission

CANARY = "CANARY hunter2/7f3a"  # not like a name: see docs/iam.md
LISTENING = "0A"


def planted() -> list[str]:
    """Bodies with a canary in every place that a sensor, or somebody hostile, may write to."""
    documents = [
        submission(events={"new_process": [process(cmdl=CANARY, user=CANARY, session_id=CANARY, **{CANARY: CANARY})]}),
        submission(user_id=CANARY, **{CANARY: CANARY}),
        submission(events={"new_process": [process(cmdl=[CANARY]), process(user={CANARY: CANARY}), CANARY, [CANARY]]}),
        submission(events={"network_connection": [connection(source_ip=CANARY), connection(destination_port=CANARY)]}),
        submission(events={CANARY: [{CANARY: CANARY}]}),
        submission(events={CANARY: CANARY}),
        submission(events=CANARY),
        submission(submission_id=CANARY, device_id=CANARY, time_created=CANARY),
        CANARY,
        [CANARY],
    ]
    bodies = [json.dumps(document) for document in documents]
    broken = ["{" + CANARY, '{"' + CANARY + '": ', f'{{"{CANARY}": 1, "{CANARY}": 2}}', CANARY]
    broken += [f'{{"a": "\\u{CANARY}"}}', f'{{"a": {CANARY}}}', json.dumps(documents[0]) + CANARY]
    encoded = [base64.b64encode(body.encode()).decode() for body in [*bodies, *broken]]
    return [*bodies, *broken, *encoded, base64.b64encode(CANARY.encode() + b"\xff").decode()]


@pytest.mark.parametrize("store", ["log", "file", "sqs"])
def test_no_payload_is_told(tmp_path: Path, store: str) -> None:
    """Planted in every field, key and broken body, payload is in no log line, metric, status page or health answer."""
    bodies = planted()
    with Emulator(tmp_path) as aws:
        aws.provision()
        aws.send(*bodies)
        settings = {"REJECTS": store, "REJECTS_FILE": str(tmp_path / "rejects"), "VISIBILITY_TIMEOUT": "30"}
        with Processor(tmp_path, aws.endpoint, **settings) as processor:
            processor.wait_for("submissions_deleted_total", len(bodies))
            assert processor.metric("events_published_total") >= 6
            pages = [processor.get(path)[1] for path in ("/", "/metrics", "/readyz", "/livez", "/nowhere")]
            assert processor.terminate() == 0
        told = [processor.errors, processor.output, *pages]

    assert processor.written("rejected", times=len(bodies) // 2 + 1)
    for text in told:
        assert "CANARY" not in text
        assert "hunter2" not in text
        assert base64.b64encode(b"CANARY").decode()[:6] not in text


def listening(process_id: int) -> set[str]:
    """Where a process listens, TCP and UDP, both families, as the kernel has it: address:port in its hexadecimal."""
    inodes = set()
    for descriptor in Path(f"/proc/{process_id}/fd").iterdir():
        found = re.fullmatch(r"socket:\[(\d+)\]", str(descriptor.readlink())) if descriptor.is_symlink() else None
        inodes |= {found[1]} if found else set()
    addresses = set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/{process_id}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[9] in inodes and (fields[3] == LISTENING or table.startswith("udp")):
                addresses.add(fields[1])
    return addresses


@pytest.mark.parametrize(
    ("host", "expected"), [("127.0.0.1", "0100007F"), ("127.0.0.2", "0200007F"), ("::1", "0" * 24 + "01000000")]
)
def test_it_listens_where_it_was_told_and_nowhere_else(tmp_path: Path, host: str, expected: str) -> None:
    """A running processor has one listening socket: METRICS_PORT on METRICS_HOST."""
    with Emulator(tmp_path) as aws:
        aws.provision()
        with Processor(tmp_path, aws.endpoint, METRICS_HOST=host) as processor:
            eventually(lambda: processor.lines("running"))
            [line] = processor.written("listening")
            assert listening(processor.process_id) == {f"{expected}:{line['port']:04X}"}
