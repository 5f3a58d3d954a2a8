"""What the inspector needs: memory with many contracts, and how far behind it is at a steady load."""

import json
import time
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.system.processes import Emulator
from tests.system.test_inspector import World

CONTRACTS = 1000
MOST_MIB = 200


def _contract(number: int) -> dict[str, object]:
    """As large as that of a page event: thirty fields, some of them nested."""
    fields = {f"field_{each}": {"type": ["string", "null"], "maxLength": 200} for each in range(20)}
    nested = {"type": "object", "properties": {f"part_{each}": {"type": "string"} for each in range(10)}}
    kinds = {"id": {"type": "string", "format": "uuid"}, "plan": {"enum": ["free", "paid"]}, "age": {"type": "integer"}}
    properties = {**fields, **kinds, "context": nested}
    return {"x-subject": f"page/{number}", "x-version": "1-0-0", "type": "object", "properties": properties}


def _publish_all(folder: Path) -> None:
    for number in range(CONTRACTS):
        place = folder / "contracts" / quote(f"page/{number}", safe="")
        place.mkdir(parents=True)
        (place / "1-0-0.json").write_text(json.dumps(_contract(number)))
        (place / "live").write_text("1-0-0\n")


def _peak_mib(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def _record(number: int) -> bytes:
    filling = {f"field_{each}": "x" * 60 for each in range(20)}
    age: object = "old" if number % 100 == 0 else number
    return json.dumps({"type": "page", "name": str(number % CONTRACTS), "age": age, **filling}).encode()


@pytest.mark.prove
def test_memory_with_a_thousand_contracts(tmp_path: Path) -> None:
    """With 1,000 contracts, and a backlog to read, it stays below 200 MB."""
    with Emulator(tmp_path) as aws:
        world = World(tmp_path, aws)
        _publish_all(tmp_path)
        records = [_record(number) for number in range(20_000)]
        world.put(*records)
        with world.inspector() as inspector:
            inspector.wait_for("verdicts_total", len(records))
            inspector.get("/")
            peak = _peak_mib(inspector.pid)
            assert inspector.metric("contracts_live") == CONTRACTS
            assert inspector.terminate() == 0
        assert len({reject["reject_id"] for reject in world.rejects}) == 200
        assert peak < MOST_MIB, f"{peak:.0f} MiB"


@pytest.mark.prove
def test_a_steady_load_leaves_it_close_to_the_tip(tmp_path: Path) -> None:
    """At a steady load it stays less than a second behind the tip, though one in a hundred records is rejected."""
    with Emulator(tmp_path) as aws:
        world = World(tmp_path, aws)
        _publish_all(tmp_path)
        with world.inspector() as inspector:
            inspector.wait_until_ready()
            end, lags, sent = time.monotonic() + 8, [], 0
            while time.monotonic() < end:
                world.put(*(_record(sent + each) for each in range(400)))
                sent += 400
                lags.append(inspector.metric("lag_milliseconds"))
            inspector.wait_for("records_read_total", sent)
            assert max(lags[2:]) < 1000
            assert inspector.terminate() == 0
