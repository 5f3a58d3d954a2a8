"""The monitor as a process: from a metric on the stream to a notice, over kills; and when nothing comes."""

import signal
import time
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

from event_processor.metrics.metric import Metric, SeriesId
from event_processor.monitoring.known import stored_incidents
from event_processor.stores.objects_directory import DirectoryObjects
from tests.eventually import eventually
from tests.system.processes import Emulator, Processor, command
from tests.unit.channels.servers import Server, serving

pytestmark = pytest.mark.prove
KEY = "a secret of some length"
SOON_SECONDS = 15.0  # five on a machine that is not four times slower


class Monitor(Processor):
    """`event-processor monitor`, as soon as it listens."""

    job, namespace = "monitor", "event_monitor"


class Place:
    """A stream of metrics, a folder for the state, a webhook, and what time it is."""

    def __init__(self, folder: Path, aws: Emulator, slack: Server) -> None:
        self.folder, self.aws, self.slack = folder, aws, slack
        self.settings = {
            "MONITOR_STATE": f"dir:{folder / 'state'}",
            "NOTICES": f"webhook:{slack.url}",
            "MONITOR_KEY": KEY,
            "STATUS_URL": "http://status.example",
        }
        done = command(
            "event_processor", "provision", "--job", "monitor", AWS_ENDPOINT_URL=aws.endpoint, **self.settings
        )
        assert done.returncode == 0, done.stderr
        self.now = int(time.time()) // 60 * 60 - 6 * 3600

    def monitor(self) -> Monitor:
        """A process."""
        return Monitor(self.folder, self.aws.endpoint, **self.settings)

    def put(self, minute: int, value: float, name: str = "rows") -> None:
        """The metric of a minute of some hours ago."""
        metric = Metric(SeriesId("orders", name), self.now + minute * 60, 60, value, int(value), True, 0)
        self.aws.kinesis.put_record(StreamName="quality-metrics", PartitionKey=metric.series.key, Data=metric.to_json())

    @property
    def told(self) -> list[tuple[str, str]]:
        """Each entry of each message: its state, and the series."""
        documents = [document for _, document in self.slack.messages]
        return [(entry["state"], entry["pointer"]) for document in documents for entry in document["entries"]]

    @property
    def noted(self) -> set[str]:
        """The channels that have told people, by what is stored."""
        incidents = stored_incidents(DirectoryObjects(self.folder / "state"))
        return {channel for incident in incidents for channel in incident.told}


def test_from_a_metric_to_a_notice_over_kills(tmp_path: Path) -> None:
    """A metric that is wrong is told within seconds; after kill -9 it is not told again, and its end is."""
    with Emulator(tmp_path) as aws, serving() as slack:
        place = Place(tmp_path, aws, slack)
        with place.monitor() as monitor:
            for minute in range(120):
                place.put(minute, 1000 + minute % 7)
            monitor.wait_for("metrics_total", 120)
            put_at = time.monotonic()
            place.put(120, 0)
            eventually(lambda: place.told == [("new", "orders/rows")], "the notice")
            assert slack.messages[0][0] - put_at < SOON_SECONDS
            eventually(lambda: "webhook" in place.noted, "what was told to be stored")
            monitor.signal(signal.SIGKILL)
            monitor.exit_code()

        with place.monitor() as monitor:
            monitor.wait_until_ready()
            place.put(121, 0)
            monitor.wait_for("findings_total", 1)
            for minute in range(122, 126):
                place.put(minute, 1000 + minute % 7)
            eventually(lambda: len(place.told) > 1, "the end to be told")
            assert place.told == [("new", "orders/rows"), ("recovered", "orders/rows")]
            assert monitor.terminate() == 0


def test_label_from_the_link_of_a_notice(tmp_path: Path) -> None:
    """The link of a notice leads to a page, where who has the key says that it was expected; that ends it."""
    with Emulator(tmp_path) as aws, serving() as slack:
        place = Place(tmp_path, aws, slack)
        with place.monitor() as monitor:
            for minute in range(120):
                place.put(minute, 1000 + minute % 7)
            place.put(120, 0)
            eventually(lambda: place.told, "the notice")
            form = urlencode({"key": KEY, "state": "expected", "note": "a holiday"}).encode()
            with urlopen(Request(monitor.url(_page(slack)), form), timeout=60) as answer:  # noqa: S310 - our own child
                assert "a holiday" in answer.read().decode()
            eventually(lambda: place.told[1:] == [("recovered", "orders/rows")], "the end to be told")
            assert monitor.metric("labels_version") == 1
            assert monitor.terminate() == 0
        done = command("event_processor", "monitor", "labels", **place.settings)
        assert "a holiday" in done.stdout


def test_when_nothing_comes_nothing_is_asked(tmp_path: Path) -> None:
    """An idle monitor reads its stream and its own folder, and asks nobody else: no warehouse, no schedule."""
    with Emulator(tmp_path) as aws, serving() as slack:
        place = Place(tmp_path, aws, slack)
        with place.monitor() as monitor:
            monitor.wait_until_ready()
            monitor.wait_for("reads_total", 10)
            metrics = monitor.get("/metrics")[1]
            operations = {
                line.split('operation="')[1].split('"')[0]
                for line in metrics.splitlines()
                if line.startswith("event_monitor_call_seconds_count{")
            }
            assert operations <= {"read_stream", "list_shards", "iterator", "read"}
            assert monitor.metric("metrics_total") == 0
            assert slack.messages == []
            assert monitor.terminate() == 0


def _page(slack: Server) -> str:
    """The path of the first link."""
    link: str = slack.messages[0][1]["entries"][0]["link"]
    return link.removeprefix("http://status.example")
