"""The real delivery on streams of local_aws, and its lake read by standard means: gzip and JSON, nothing of ours."""

import gzip
import json
from base64 import b64decode
from collections import defaultdict
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.system.processes import Emulator, Processor, command

STREAMS = """
streams:
  tracking:
    contract: "{type}/{event|name}"
    table: tracking.pages
  plain:
    contract: page/Home
"""


class Deliverer(Processor):
    """`event-processor deliver`, as soon as it listens."""

    job, namespace = "deliver", "event_lake"


class LakeWorld:
    """Streams, contracts, and a lake in a folder."""

    def __init__(self, folder: Path, aws: Emulator, *streams: str) -> None:
        self.folder, self.aws, self.lake = folder, aws, folder / "lake"
        (folder / "streams.yaml").write_text(STREAMS)
        self.settings = {
            "STREAMS_FILE": str(folder / "streams.yaml"),
            "CONTRACTS": f"dir:{folder}/contracts",
            "CONTRACTS_REFRESH": "0.3",
            "LAKE": f"dir:{self.lake}",
            "LAKE_FLUSH_SECONDS": "1",
            "WAREHOUSE": f"duckdb:{folder}/warehouse.duckdb",
            "AWS_ENDPOINT_URL": aws.endpoint,
            "AWS_REGION": "us-east-1",
        }
        for stream in streams or ("tracking", "plain"):
            aws.kinesis.create_stream(StreamName=stream, ShardCount=2)
        self.publish("page/Home")
        self.sent: dict[str, list[bytes]] = defaultdict(list)
        self._keys = 0

    def publish(self, subject: str, version: str = "1-0-0", **more: object) -> None:
        """Make a contract live, as an engineer does."""
        properties = {"age": {"type": "integer"}, "note": {"type": "string"}, **more}
        document = {"x-subject": subject, "x-version": version, "type": "object", "properties": properties}
        path = self.folder / "draft.json"
        path.write_text(json.dumps(document))
        done = command("event_processor", "contracts", "publish", str(path), CONTRACTS=f"dir:{self.folder}/contracts")
        assert done.returncode == 0, done.stdout + done.stderr

    def put(self, stream: str, *records: bytes) -> None:
        """Onto the stream, spread over its shards."""
        self.sent[stream] += records
        entries = []
        for data in records:
            self._keys += 1
            entries.append({"Data": data, "PartitionKey": str(self._keys)})
        for first in range(0, len(entries), 500):
            self.aws.kinesis.put_records(StreamName=stream, Records=entries[first : first + 500])  # type: ignore[arg-type]

    def deliverer(self, **settings: str) -> Deliverer:
        """One at work."""
        return Deliverer(self.folder, self.aws.endpoint, **{**self.settings, **settings})

    def raw(self, stream: str) -> list[bytes]:
        """All payloads in the raw files of a stream."""
        return [_payload(line) for path in self.files(f"raw/{stream}") for line in gzip.open(path)]

    def is_whole(self, stream: str) -> bool:
        """Whether raw has what was sent, each once; not while a file is swept."""
        try:
            return sorted(self.raw(stream)) == sorted(self.sent[stream])
        except FileNotFoundError:
            return False

    def query(self, sql: str) -> list[Any]:
        """The rows that the warehouse has to say, when nobody has it open to write."""
        import duckdb  # noqa: PLC0415 - heavy

        with duckdb.connect(str(self.folder / "warehouse.duckdb"), read_only=True) as warehouse:
            rows: list[Any] = warehouse.execute(sql).fetchall()
            return rows

    def files(self, folder: str) -> list[Path]:
        """Those below a folder of the lake, without what is hidden."""
        return sorted(path for path in (self.lake / folder).rglob("*") if path.is_file() and path.name[0] != ".")

    def entries(self, stream: str) -> dict[str, list[dict[str, Any]]]:
        """The log of a stream, by shard, in order; its chain is right."""
        shards: dict[str, list[dict[str, Any]]] = {}
        for folder in sorted(path for path in (self.lake / "log" / stream).iterdir() if path.is_dir()):
            paths = sorted(folder.glob("*.json"))
            contents = [path.read_bytes() for path in paths]
            entries = shards[folder.name] = [json.loads(content) for content in contents]
            assert [entry["number"] for entry in entries] == list(range(1, len(entries) + 1))
            befores = [None, *(sha256(content).hexdigest() for content in contents[:-1])]
            assert [entry["predecessor"] for entry in entries] == befores
        return shards

    def check(self, stream: str) -> None:
        """The log names every file there is once, with its hash and its rows, and all that was sent is there once."""
        named = list(self._named(stream))
        assert len(named) == len(set(named))
        assert set(named) >= {str(path.relative_to(self.lake)) for path in self.files(f"raw/{stream}")}
        assert self.is_whole(stream)

    def _named(self, stream: str) -> Iterator[str]:
        for entries in self.entries(stream).values():
            for entry in entries:
                assert entry["records"] == entry["rows"] + entry["rejects"]
                for file in entry["files"]:
                    content = (self.lake / file["name"]).read_bytes()
                    assert (sha256(content).hexdigest(), len(content)) == (file["sha256"], file["bytes"])
                    if file["kind"] != "typed":
                        assert gzip.decompress(content).count(b"\n") == file["rows"]
                    yield file["name"]


def _payload(line: bytes) -> bytes:
    """As it came: what stands behind `"data":` in the line, or base64."""
    document = json.loads(line)
    if "base64" in document:
        return b64decode(document["base64"])
    return line[line.index(b',"data":') + len(b',"data":') : -len(b"}\n")]
