"""The memory of a real process under a load that would be many times its setting."""

import json
from collections.abc import Callable
from pathlib import Path

from tests.eventually import eventually
from tests.system.processes import Emulator, Processor
from tests.unit.samples import submission

MIB = 1024 * 1024
BODIES = 250
BODY = json.dumps(submission(events={"new_process": [{"cmdl": "a", "user": "b"}] * 3000}), separators=(",", ":"))


def resident_bytes(processor: Processor) -> int:
    """As the kernel counts it."""
    status = Path(f"/proc/{processor.pid}/status").read_text()
    return 1024 * int(status.partition("VmRSS:")[2].split()[0])


def steady(look: Callable[[], float], looks: int = 60) -> Callable[[], bool]:
    """Whether it was the same so many times in a row."""
    seen: list[float] = []

    def is_steady() -> bool:
        seen.append(look())
        return len(seen) > looks and len(set(seen[-looks:])) == 1

    return is_steady


def test_memory_follows_its_setting(tmp_path: Path) -> None:
    """Over 200 MiB of records wait on the queue, 16 MiB may be in hand: the process grows by some such and no more."""
    with Emulator(tmp_path) as aws:
        aws.provision()
        aws.set_faults(refuse=1.0)
        settings = {"MAX_IN_FLIGHT_BYTES": str(16 * MIB), "VISIBILITY_TIMEOUT": "300", "BATCH_SIZE": "10"}
        with Processor(tmp_path, aws.endpoint, **settings).wait_until_ready() as processor:
            before = resident_bytes(processor)
            aws.send(*[BODY] * BODIES)
            processor.wait_for("records_refused_total", 1)
            eventually(steady(lambda: processor.metric("submissions_received_total")), "receiving to end")

            assert 0 < processor.metric("submissions_received_total") < BODIES
            assert resident_bytes(processor) - before < 80 * MIB
