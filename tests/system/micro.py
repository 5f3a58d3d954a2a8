"""`event-processor gateway --micro` as a process, in a folder of its own."""

import json
import re
from collections.abc import Mapping
from email.message import Message
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote
from urllib.request import urlopen

from tests.system.processes import Child

JSON: Final = {"Content-Type": "application/json"}
NOTHING: Final[Mapping[str, str]] = {}


class Micro(Child):
    """As soon as it takes records. `port` is where."""

    def __init__(self, folder: Path, **settings: str) -> None:
        super().__init__(folder, ["event_processor", "gateway", "--micro"], {**settings_of(folder), **settings})
        self.port = int(self.when_started(lambda: re.findall(r"look at http://\S+:(\d+)/micro\n", self.output))[0])

    @property
    def url(self) -> str:
        """Of the page."""
        return f"http://127.0.0.1:{self.port}/micro"

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] = NOTHING
    ) -> tuple[int, Any, Message]:
        """See `ask`."""
        return ask(self.port, method, path, body, headers)

    def get(self, path: str) -> Any:
        """A document."""
        status, document, _ = self.ask("GET", path)
        assert status == 200, document
        return document

    def text(self, path: str) -> str:
        """The very text of one."""
        with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=60) as answer:
            text: str = answer.read().decode()
        return text

    def send(self, data: Any, stream: str = "user-events") -> int:
        """A record; the status."""
        return self.ask("POST", f"/streams/{stream}/record", json.dumps({"Data": data}).encode(), JSON)[0]

    def reset(self) -> None:
        """As if just started."""
        assert self.ask("POST", "/micro/reset")[0] == 200


def ask(port: int, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, Any, Message]:
    """One request: the status, the document if it is one, the headers."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body, dict(headers))
        answer = connection.getresponse()
        text = answer.read()
        is_json = "json" in answer.headers.get("content-type", "")
        return answer.status, json.loads(text) if is_json else text.decode(), answer.headers
    finally:
        connection.close()


def settings_of(folder: Path) -> dict[str, str]:
    """No AWS, and nothing of this machine's."""
    nobody = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    place = {"STREAMS_FILE": str(folder / "streams.yaml"), "CONTRACTS": f"dir:{folder / 'contracts'}"}
    return {**nobody, **place, "GATEWAY_PORT": "0"}


def prepare(folder: Path, streams: str, *contracts: Mapping[str, Any]) -> None:
    """A streams file, and a folder of contracts."""
    (folder / "streams.yaml").write_text(streams)
    for contract in contracts:
        place = folder / "contracts" / quote(contract["x-subject"], safe="")
        place.mkdir(parents=True)
        (place / "1-0-0.json").write_text(json.dumps({"type": "object", "x-version": "1-0-0", **contract}))
        (place / "live").write_text("1-0-0\n")
