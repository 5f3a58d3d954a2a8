"""The pictures in the documents: `python -m tools.screenshots [NAME...]` makes them again, of this version at work."""

import os
import random
import re
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from event_processor.monitoring.known import stored_incidents
from event_processor.monitoring.told import page_of
from event_processor.stores.objects_directory import DirectoryObjects
from tests.eventually import eventually
from tests.system.delivering import Deliverer
from tests.system.gateway import Gateway
from tests.system.inspection import TrackingPath
from tests.system.micro import Micro
from tests.system.processes import Child, Emulator, Processor, command
from tests.system.test_monitor import Place
from tests.unit.channels.servers import serving
from tools.browser import Chromium

IMAGES: Final = Path(__file__).parent.parent / "docs" / "images"
_WORK_SECONDS: Final = 60  # long enough for the charts to show something
_SHORT_SECONDS: Final = 8  # as many as a list needs
_CREDENTIALS: Final = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "any")


def take(url: str, images: Path, name: str, seconds: float = 0) -> None:
    """A page: light on a desk, dark on a phone. It has so many seconds to fill itself."""
    with Chromium() as browser:
        browser.open(url, 1000, height=800)
        time.sleep(seconds)
        browser.screenshot(images / f"{name}.png")
        browser.open(url, 390, height=844, dark=True, phone=True)
        time.sleep(seconds)
        browser.screenshot(images / f"{name}-phone-dark.png")


def run(folder: Path) -> None:
    """Let sensors send to a processor for a while, a few of them nonsense; a tenth is refused, and no shard is full."""
    with Emulator(folder, "--refuse", "0.1", "--latency-ms", "5", "--seed", "5") as aws:
        aws.provision()
        with Processor(folder, aws.endpoint) as processor:
            processor.wait_until_ready()
            sensors = ["sensor_fleet", "run", "--rate", "100", "--seed", "1", "--invalid-share", "0.01"]
            with Child(folder, sensors, {"AWS_ENDPOINT_URL": aws.endpoint}):
                time.sleep(_WORK_SECONDS)
                take(processor.url("/"), IMAGES, "status")


def inspect(folder: Path) -> None:
    """Let browsers and apps send to a stream that is inspected, while a release breaks a field."""
    with Emulator(folder, "--latency-ms", "5", "--seed", "5") as aws, serving() as slack:
        path = TrackingPath(folder, aws, slack)
        rate = 200
        with path.inspector() as inspector, path.fleet(2 * rate * _WORK_SECONDS, rate):
            time.sleep(_WORK_SECONDS)
            take(inspector.url("/"), IMAGES, "inspector")


def gateway(folder: Path) -> None:
    """Let clients send records to the door, a few of them not valid, on a stream that refuses a tenth."""
    drafts = folder / "drafts"
    settings = {"STREAMS_FILE": str(drafts / "streams.yaml"), "CONTRACTS": f"dir:{folder / 'contracts'}"}
    with Emulator(folder, "--refuse", "0.1", "--latency-ms", "5", "--seed", "5") as aws:
        command("sensor_fleet", "contracts", str(drafts), "--streams", "user-events,user-utm")
        for arguments in (["contracts", "publish", str(drafts)], ["provision", "--job", "gateway"]):
            command("event_processor", *arguments, **settings, AWS_ENDPOINT_URL=aws.endpoint)
        with Gateway(folder, aws.endpoint, **settings) as door:
            clients = ["sensor_fleet", "run", "--gateway", f"http://127.0.0.1:{door.door}", "--rate", "200"]
            clients += ["--seed", "1", "--invalid-share", "0.02", "--manifest", str(folder / "sent.ndjson")]
            with Child(folder, clients, {"AWS_ENDPOINT_URL": aws.endpoint}):
                time.sleep(_WORK_SECONDS)
                take(door.url("/"), IMAGES, "gateway")


def deliver(folder: Path) -> None:
    """Let clients send records through the door into the lake."""
    files = Path(__file__).parent.parent / "deploy" / "pipeline"
    settings = {
        "STREAMS_FILE": str(files / "streams.yaml"),
        "CONTRACTS": f"dir:{files / 'contracts'}",
        "LAKE": "dir:lake",
    }
    settings["WAREHOUSE"] = "duckdb:warehouse.duckdb"
    with Emulator(folder, "--latency-ms", "5", "--seed", "5") as aws:
        command("event_processor", "provision", "--job", "gateway", **settings, AWS_ENDPOINT_URL=aws.endpoint)
        with (
            Gateway(folder, aws.endpoint, **settings) as door,
            Deliverer(folder, aws.endpoint, **settings) as delivery,
        ):
            clients = ["sensor_fleet", "run", "--gateway", f"http://127.0.0.1:{door.door}", "--rate", "200"]
            clients += ["--streams", "user-utm", "--seed", "1", "--manifest", str(folder / "sent.ndjson")]
            with Child(folder, clients, {"AWS_ENDPOINT_URL": aws.endpoint}):
                time.sleep(_WORK_SECONDS)
                take(delivery.url("/"), IMAGES, "lake")


def monitor(folder: Path) -> None:
    """Let metrics of some hours come, of which one falls to nothing and another one rises."""
    draw, minutes = random.Random(1), 6 * 60 - 1
    with Emulator(folder, "--seed", "5") as aws, serving() as slack:
        place = Place(folder, aws, slack)
        with place.monitor() as process:
            for minute in range(minutes):
                late = minute >= minutes - 3
                place.put(minute, 0 if late else round(draw.gauss(800, 30)))
                place.put(minute, round(draw.gauss(90 if late else 20, 4), 1), "refunds")
                place.put(minute, round(draw.gauss(40_000, 900)), "revenue")
            process.wait_for("metrics_total", 3 * minutes)
            files = DirectoryObjects(folder / "state")
            eventually(lambda: len(list(stored_incidents(files))) > 1, "both incidents to be stored")
            take(process.url("/"), IMAGES, "monitor")
            risen = next(each for each in stored_incidents(files) if "refunds" in each.first.series.key)
            take(process.url(page_of(risen.id)), IMAGES, "finding")


def overview(folder: Path) -> None:
    """The picture of all jobs in the middle of the demo."""
    demo = Child(folder, ["event_processor", "demo", "--pipeline", "--seed", "5"], {})
    with demo:
        found = demo.when_started(lambda: re.findall(r"http://\S+/overview", demo.output))
        eventually(lambda: "sending" in demo.output, "the fleets to be started", 60)
        time.sleep(_SHORT_SECONDS)
        take(found[0], IMAGES, "overview")
        demo.signal(signal.SIGTERM)
        demo.exit_code()


def micro(folder: Path) -> None:
    """Let clients send a few records to micro mode, a third of them not valid."""
    drafts = folder / "drafts"
    settings = {"STREAMS_FILE": str(drafts / "streams.yaml"), "CONTRACTS": f"dir:{folder / 'contracts'}"}
    command("sensor_fleet", "contracts", str(drafts), "--streams", "user-events,user-utm")
    command("event_processor", "contracts", "publish", str(drafts), **settings)
    with Micro(folder, **settings) as process:
        clients = ["sensor_fleet", "run", "--gateway", process.url.removesuffix("/micro"), "--rate", "5", "--seed", "3"]
        clients += ["--invalid-share", "0.3", "--manifest", str(folder / "sent.ndjson")]
        with Child(folder, clients, {}):
            time.sleep(_SHORT_SECONDS)
            take(process.url, IMAGES, "micro", seconds=1)


if __name__ == "__main__":
    IMAGES.mkdir(parents=True, exist_ok=True)
    os.environ |= _CREDENTIALS
    pictures = (run, inspect, gateway, deliver, monitor, overview, micro)
    for picture in (each for each in pictures if each.__name__ in sys.argv[1:] or not sys.argv[1:]):
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
            picture(Path(scratch))
