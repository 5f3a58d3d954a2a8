"""A whole processor behind a network that bends, delays and throttles what goes through it."""

import itertools
import time

import pytest

from event_processor.aws.clients import Clients, Location, Transport
from event_processor.aws.kinesis import KinesisSink
from event_processor.aws.sqs import Polling, SqsSource
from event_processor.clock import SystemClock
from event_processor.publishing.stream import Record
from event_processor.testing import RecordingObserver
from local_aws import Faults, LocalAws
from tests.bent import BENT, Reply, Request, bending, plain
from tests.between import Between
from tests.eventually import eventually
from tests.integration.rig import Fleet, running
from tests.integration.test_processor_on_aws import Place
from tests.uplink import uplink

WAYS = ("103", "102", "204", "HTML", "length too small")
EACH: tuple[Transport, ...] = ("lean", "boto3")


class Upstream(Between):
    """Of the puts each seventh is bent, and its answer comes 0.1 to 0.3 s later."""

    def __init__(self, endpoint: str, way: str) -> None:
        super().__init__(endpoint, self._seventh)
        self._way, self._puts = BENT[way], itertools.count(1)
        self.bent = 0

    def _seventh(self, request: Request, status: str, body: bytes) -> Reply:
        sound = plain(body, status)
        if request.operation != "PutRecords" or next(self._puts) % 7 != 3:
            return Reply(sound)
        self.bent += 1
        return Reply(self._way(body), sound, seconds=(0.1, 0.2, 0.3)[self.bent % 3])


@pytest.mark.parametrize("transport", EACH)
@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_missing_after_bent_answers(way: str, transport: Transport) -> None:
    """With a tenth of records refused, and answers bent and late: all arrive, in order, before messages are deleted."""
    fleet = Fleet(30)
    with LocalAws(Faults(refuse=0.1, seed=1)) as aws, bending(Upstream(aws.endpoint, way)) as server:
        place = Place(aws)
        observer = RecordingObserver()
        clients = Clients(Location(server.endpoint, "us-east-1"), transport)
        sink = KinesisSink(clients.stream(3), "events", observer)
        source = SqsSource(
            clients.queue(2, 1), clients.queue(5), place.url, Polling(10, 1, 30), SystemClock(), observer
        )
        place.send([submission.body for submission in fleet.submissions])
        with running(source, sink, observer=observer):
            eventually(lambda: place.depth() == 0, "the queue to be empty")

        report = place.judge(fleet)
        assert report.passed, report
        assert server.answering.bent > 1  # type: ignore[attr-defined]


@pytest.mark.parametrize("transport", EACH)
@pytest.mark.parametrize(("events", "size_bytes"), [(24, 300_000), pytest.param(600, 30_000, marks=pytest.mark.prove)])
def test_a_slow_way_out(events: int, size_bytes: int, transport: Transport) -> None:
    """Sending may take longer than connecting: at 1 MB/s nearly ten megabytes are sent once, and acknowledged."""
    with LocalAws() as aws, uplink(aws.endpoint, 1_000_000) as way:
        Clients(Location(aws.endpoint, "us-east-1")).kinesis(1).create_stream(StreamName="events", ShardCount=20)
        observer = RecordingObserver()
        sink = KinesisSink(Clients(Location(way.endpoint, "us-east-1"), transport).stream(1), "events", observer)
        records = [Record(f"{number}", bytes(size_bytes), "new_process", number) for number in range(events)]
        lot = 7_200_000 // size_bytes
        answers = [answer for start in range(0, events, lot) for answer in sink.put(records[start : start + lot])]

        assert len(answers) == events
        assert observer.of("retried") == []
        assert way.taken < 1.4 * events * size_bytes + 100_000  # base64


@pytest.mark.parametrize("transport", EACH)
@pytest.mark.prove
def test_a_stream_that_takes_half_a_minute(transport: Transport) -> None:
    """Records that are acknowledged after 30 s were sent once."""
    puts = []

    def answering(request: Request) -> Reply:
        puts.append(request)
        time.sleep(30)
        return Reply(plain(b'{"Records":[{"ShardId":"shard-0","SequenceNumber":"1"}]}'))

    with bending(answering) as server:
        clients = Clients(Location(server.endpoint, "us-east-1"), transport)
        sink = KinesisSink(clients.stream(1), "events", RecordingObserver())

        assert len(sink.put([Record("key", b"{}", "new_process", 0)])) == 1
        assert len(puts) == 1
