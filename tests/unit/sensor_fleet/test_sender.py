"""The sender: every submission acknowledged, whatever SQS answers on the way."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st

from sensor_fleet.errors import FleetError
from sensor_fleet.generator import Generator, Options, Submission
from sensor_fleet.manifest import ManifestWriter, Sent, read_manifest
from sensor_fleet.plan import Plan
from sensor_fleet.sender import Sender, batches
from sensor_fleet.tally import Tally

Entries: TypeAlias = list[dict[str, str]]
Answer: TypeAlias = dict[str, Any]

OPTIONS = Options(seed=5)
_GENERATOR = Generator(OPTIONS)
SUBMISSIONS = [_GENERATOR.submission(index) for index in range(10)]
_SENSORS = Generator(Options(seed=5, devices=4), grouped=True)
GROUPED = [_SENSORS.submission(index) for index in range(20)]


class ScriptedSqs:
    """Answers each call as the script says, then accepts everything. Keeps what was sent, and what was acknowledged."""

    def __init__(self, *script: Callable[[Entries], Answer]) -> None:
        self._script = list(script)
        self.calls: list[list[str]] = []
        self.entries: list[dict[str, str]] = []
        self.queued: list[str] = []

    def send_message_batch(self, *, QueueUrl: str, Entries: Entries) -> Answer:  # noqa: N803 - as boto3 has it
        """One call, with its entries' bodies noted."""
        assert QueueUrl == "url"
        self.calls.append([entry["MessageBody"] for entry in Entries])
        self.entries += Entries
        answer = self._script.pop(0)(Entries) if self._script else _accept(Entries)
        bodies = {entry["Id"]: entry["MessageBody"] for entry in Entries}
        self.queued += [bodies[entry["Id"]] for entry in answer.get("Successful", ())]
        return answer


def _accept(entries: Entries) -> Answer:
    return {"Successful": [{"Id": entry["Id"]} for entry in entries]}


def _refuse_from_third(entries: Entries) -> Answer:
    failed = [{"Id": entry["Id"], "SenderFault": False, "Code": "InternalError"} for entry in entries[2:]]
    return {"Successful": [{"Id": entry["Id"]} for entry in entries[:2]], "Failed": failed}


def _forget_the_last(entries: Entries) -> Answer:
    return _accept(entries[:-1])


def _refuse_first(entries: Entries) -> Answer:
    failed = [{"Id": entries[0]["Id"], "SenderFault": False, "Code": "InternalError"}]
    return {"Successful": [{"Id": entry["Id"]} for entry in entries[1:]], "Failed": failed}


def _refuse_for_good(entries: Entries) -> Answer:
    return {
        "Failed": [{"Id": entries[0]["Id"], "SenderFault": True, "Code": "InvalidMessageContents", "Message": "no"}]
    }


def _unreachable(_entries: Entries) -> Answer:
    raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")


def _error(status: int, code: str) -> Callable[[Entries], Answer]:
    def answer(_entries: Entries) -> Answer:
        response: Any = {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status}}
        raise ClientError(response, "SendMessageBatch")

    return answer


def _send(
    sqs: ScriptedSqs, path: Path, stop: threading.Event | None = None, submissions: Sequence[Submission] = SUBMISSIONS
) -> Tally:
    tally = Tally()
    client: Any = sqs
    with ManifestWriter(path, OPTIONS) as manifest:
        Sender(client, "url", manifest, tally, stop or threading.Event()).send(submissions)
    return tally


def _bodies(submissions: list[Submission]) -> list[str]:
    return [submission.body for submission in submissions]


@pytest.mark.parametrize(
    ("trouble", "again", "refused", "failed"),
    [
        (_refuse_from_third, SUBMISSIONS[2:], 8, 0),
        (_forget_the_last, SUBMISSIONS[9:], 1, 0),
        (_unreachable, SUBMISSIONS, 0, 1),
        (_error(500, "InternalFailure"), SUBMISSIONS, 0, 1),
        (_error(400, "RequestThrottled"), SUBMISSIONS, 0, 1),
    ],
)
def test_what_failed_is_sent_again(
    tmp_path: Path, trouble: Callable[[Entries], Answer], again: list[Submission], refused: int, failed: int
) -> None:
    """Entries refused, forgotten or in a failed call go again, only they, until each is acknowledged once."""
    sqs = ScriptedSqs(trouble)
    counts = _send(sqs, tmp_path / "manifest").counts
    sent = [entry for entry in read_manifest(tmp_path / "manifest") if isinstance(entry, Sent)]

    assert sqs.calls == [_bodies(SUBMISSIONS), _bodies(again)]
    assert (counts.sent, counts.entries_refused, counts.calls_failed) == (10, refused, failed)
    assert sorted(name for line in sent for name in line.submission_ids) == sorted(
        submission.plan.submission_id for submission in SUBMISSIONS
    )


@pytest.mark.parametrize(
    "trouble", [_error(403, "AccessDenied"), _error(400, "AWS.SimpleQueueService.NonExistentQueue")]
)
def test_what_cannot_succeed_ends_the_fleet(tmp_path: Path, trouble: Callable[[Entries], Answer]) -> None:
    """No rights and no queue are reported instead of tried for ever."""
    with pytest.raises(ClientError):
        _send(ScriptedSqs(trouble), tmp_path / "manifest")


def test_a_body_sqs_will_never_take_ends_the_fleet(tmp_path: Path) -> None:
    """An entry that is the sender's own fault is reported with its code."""
    with pytest.raises(FleetError, match="InvalidMessageContents: no"):
        _send(ScriptedSqs(_refuse_for_good), tmp_path / "manifest")


def test_a_stopped_fleet_gives_up_on_a_dead_queue(tmp_path: Path) -> None:
    """Told to stop while nothing gets through, the sender tries a few times more and leaves the batch unconfirmed."""
    stop = threading.Event()
    stop.set()
    sqs = ScriptedSqs(*[_unreachable] * 100)
    tally = _send(sqs, tmp_path / "manifest", stop)

    assert len(sqs.calls) == 5
    assert tally.as_json()["unconfirmed"] == 10
    assert "10 submissions without an answer" in tally.as_line()


def test_a_stopped_fleet_finishes_its_batch(tmp_path: Path) -> None:
    """Told to stop, the sender does not leave the batch in hand at the first failure."""
    stop = threading.Event()
    stop.set()

    assert _send(ScriptedSqs(_unreachable, _refuse_from_third), tmp_path / "manifest", stop).counts.sent == 10


@pytest.mark.parametrize("trouble", [_refuse_first, _refuse_from_third, _forget_the_last, _unreachable])
def test_groups_keep_their_order_when_entries_fail(tmp_path: Path, trouble: Callable[[Entries], Answer]) -> None:
    """On a FIFO queue no submission overtakes one of its device that was refused, however often that happens."""
    sqs = ScriptedSqs(*[trouble] * 4)
    _send(sqs, tmp_path / "manifest", submissions=GROUPED)
    queued_by_device: dict[str, list[str]] = {submission.plan.device_id: [] for submission in GROUPED}
    for submission in sorted(GROUPED, key=lambda submission: sqs.queued.index(submission.body)):
        queued_by_device[submission.plan.device_id].append(submission.body)
    sent_by_device = {
        device: _bodies([submission for submission in GROUPED if submission.plan.device_id == device])
        for device in queued_by_device
    }

    assert queued_by_device == sent_by_device
    assert max(map(len, sent_by_device.values())) > 2


def test_a_message_says_its_group(tmp_path: Path) -> None:
    """On a FIFO queue the device is the message group, and the submission id tells a second copy; else neither."""
    fifo, standard = ScriptedSqs(), ScriptedSqs()
    _send(fifo, tmp_path / "fifo", submissions=GROUPED)
    _send(standard, tmp_path / "standard")
    expected = [(submission.plan.device_id, submission.plan.submission_id) for submission in GROUPED]

    assert [(entry["MessageGroupId"], entry["MessageDeduplicationId"]) for entry in fifo.entries] == expected
    assert {frozenset(entry) for entry in standard.entries} == {frozenset({"Id", "MessageBody"})}


@given(st.lists(st.integers(1, 1024 * 1024), max_size=40))
def test_batches_are_what_sqs_accepts(sizes: list[int]) -> None:
    """A call never has more than ten entries or a mebibyte, and nothing is lost or reordered."""
    plan = Plan("", "", "")
    submissions = [Submission(plan, "é" * (size // 2) + "e" * (size % 2)) for size in sizes]
    made = list(batches(submissions))

    assert [submission for batch in made for submission in batch] == submissions
    assert all(1 <= len(batch) <= 10 for batch in made)
    assert all(sum(len(submission.body.encode()) for submission in batch) <= 1024 * 1024 for batch in made)


def test_a_summary_says_what_must_come_of_it(tmp_path: Path) -> None:
    """The figures a demo or a dashboard is held against follow from the plans."""
    counts = _send(ScriptedSqs(), tmp_path / "manifest").as_json()

    assert counts["sent"] == counts["planned"] == 10
    assert counts["events_expected"] == sum(len(submission.plan.must) for submission in SUBMISSIONS)
    assert counts["events_to_reject"] == sum(len(submission.plan.must_not) for submission in SUBMISSIONS)
    assert counts["unconfirmed"] == 0
