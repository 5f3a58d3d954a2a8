"""Lake and Firehose applied on an emulator: what Firehose wrote is read back by `lake query`."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.eventually import eventually
from tests.system.processes import command
from tests.terraform.emulator import ACCOUNT, REGION, Ministack
from tests.terraform.workspace import ROOT, Workspace

STREAM = "user-utm"
BUCKET = "events-of-a-test"
TABLE = (ROOT / "deploy" / "pipeline" / "tables" / "tracking.utm.json").read_text()
RECORDS = [{"request_id": f"id-{number}", "source": "a'b\"ü", "medium": "m"} for number in range(3)]
pytestmark = pytest.mark.timeout(1500)


def test_what_firehose_wrote_is_read_back(tmp_path: Path) -> None:
    """Each record is in the lake as it was sent, below the prefix that `lake query` reads."""
    with Ministack(tmp_path) as aws:
        aws.make_stream(STREAM)
        modules = {
            "lake": {"name": "x", "bucket": BUCKET, "tables": {"tracking.utm": TABLE}},
            "delivery_firehose": {
                "name": "x",
                "bucket": BUCKET,
                "stream_name": STREAM,
                "stream_arn": f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{STREAM}",
                "table_name": "tracking.utm",
                "table": TABLE,
            },
        }
        workspaces = {}
        for module, values in modules.items():
            workspaces[module] = Workspace(tmp_path / module, module=module, **aws.environment)
            (workspaces[module].root / "values.auto.tfvars.json").write_text(json.dumps(values))
        with ThreadPoolExecutor() as threads:
            for made in [threads.submit(one.run, "apply", "-auto-approve", "-no-color") for one in workspaces.values()]:
                made.result()

        aws.put(STREAM, *(json.dumps(record).encode() for record in RECORDS))
        settings = {
            **aws.environment,
            "LAKE": f"s3://{BUCKET}/firehose",
            "CONTRACTS": f"dir:{ROOT / 'deploy' / 'pipeline' / 'contracts'}",
            "STREAMS_FILE": str(ROOT / "deploy" / "pipeline" / "streams.yaml"),
        }

        def found() -> list[dict[str, object]]:
            asked = f"SELECT line FROM raw.\"{STREAM}\" ORDER BY line->>'request_id'"  # noqa: S608 - our own
            done = command("event_processor", "lake", "query", asked, "--format", "json", **settings)
            return [json.loads(json.loads(line)["line"]) for line in done.stdout.splitlines()]

        eventually(lambda: len(found()) == len(RECORDS), "all records to be in the lake", 120)
        assert found() == RECORDS
