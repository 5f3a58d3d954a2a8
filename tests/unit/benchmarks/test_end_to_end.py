"""The arithmetic behind the end-to-end table, and the peers' lock files."""

import base64
import json
import re
from pathlib import Path

import pytest

from benchmarks.backend import Verdict
from benchmarks.end_to_end import figures, installs
from benchmarks.end_to_end.contenders import ASYNC_KINESIS, BOTO3, LEAN, LOOP, SQS_CONSUMER, Contender
from benchmarks.end_to_end.measure import Plan, Run
from benchmarks.end_to_end.peers.records import records

CLEAN = Verdict(lost=0, repeated=0, out_of_order=0)


def run(
    contender: str, speed: float = 1000.0, cpu: float = 10.0, *, number: int = 0, verdict: Verdict = CLEAN, ms: int = 5
) -> Run:
    """A run without refusals."""
    return Run(number, ms / 1000, 0.0, contender, 4, speed, cpu, 0.1, verdict)


def met(runs: list[Run], about: str) -> bool:
    """Whether the one target whose text has this is met."""
    [target] = [target for target in figures.targets(runs) if about in target.text]
    return target.met


def test_a_slow_round_does_not_move_a_ratio() -> None:
    """Noise that slows a whole round cancels out: both contenders of the ratio felt it."""
    runs = [
        run(contender, speed / slowness, number=number)
        for number, slowness in enumerate((1, 5, 2))
        for contender, speed in ((LOOP, 100.0), (BOTO3, 7000.0))
    ]

    ratio = figures.ratio(runs, figures.SPEED, BOTO3, LOOP)

    assert ratio is not None
    assert (ratio.low, ratio.median, ratio.high) == (70, 70, 70)


def test_a_ratio_needs_both_in_the_same_round() -> None:
    """What did not run, or not in that round, is no ratio instead of a wrong one."""
    assert figures.ratio([run(LOOP), run(BOTO3, number=1)], figures.SPEED, BOTO3, LOOP) is None


def test_each_latency_has_its_own_bound() -> None:
    """Eighty times the loop is enough at 5 ms and too little at 20 ms."""
    runs = [run(name, speed, ms=ms) for ms in (5, 20) for name, speed in ((LOOP, 100.0), (BOTO3, 8000.0))]

    assert met(runs, "times the sequential loop at 5 ms")
    assert not met(runs, "times the sequential loop at 20 ms")


def test_the_lean_transport_is_judged_where_it_is_worst() -> None:
    """One latency at which it costs or takes too much is enough to miss the target."""
    good = [run(BOTO3, cpu=100.0), run(LEAN, 25_000.0, cpu=30.0)]
    bad = [run(BOTO3, cpu=100.0, ms=20), run(LEAN, 15_000.0, cpu=60.0, ms=20)]

    assert met(good, "0.45")
    assert met(good, "20,000")
    assert not met(good + bad, "0.45")
    assert not met(good + bad, "20,000")


@pytest.mark.parametrize("peer", [SQS_CONSUMER, ASYNC_KINESIS])
def test_ahead_means_ahead_of_every_peer(peer: str) -> None:
    """A single peer that needs less CPU for an event is one too many."""
    costs = {SQS_CONSUMER: 90.0, ASYNC_KINESIS: 180.0}

    assert met([run(LEAN, cpu=30.0), *(run(name, cpu=cost) for name, cost in costs.items())], "every peer")
    costs[peer] = 29.0
    assert not met([run(LEAN, cpu=30.0), *(run(name, cpu=cost) for name, cost in costs.items())], "every peer")


@pytest.mark.parametrize("verdict", [Verdict(1, 0, 0), Verdict(0, 0, 1)])
def test_speed_without_order_does_not_count(verdict: Verdict) -> None:
    """One event lost or out of order, and being faster than the peers is worth nothing."""
    assert not met([run(LEAN, cpu=30.0, verdict=verdict), run(SQS_CONSUMER, cpu=90.0)], "every peer")


def test_a_peer_that_is_not_installed_judges_nothing() -> None:
    """Without peers there is no claim of being ahead of them."""
    assert not [target for target in figures.targets([run(LEAN), run(BOTO3)]) if "peer" in target.text]


def test_faults_of_all_rounds_are_added_up() -> None:
    """A row shows the spread of speed over the rounds, and every fault of every round."""
    faulty = Verdict(lost=1, repeated=2, out_of_order=3)

    [row] = figures.rows([run(BOTO3, speed, number=n, verdict=faulty) for n, speed in enumerate((10.0, 30.0, 20.0))])

    assert (row["lost"], row["repeated"], row["out_of_order"]) == (3, 6, 9)
    assert (row["events_per_second"].low, row["events_per_second"].median, row["events_per_second"].high) == (
        10,
        20,
        30,
    )
    assert row["times_the_loop"] is None


def test_contenders_take_turns() -> None:
    """Within a round and a condition the contenders follow one another, and every round has them all."""
    first, second = (Contender(name, (), lambda *_: {}, (1, 1)) for name in ("first", "second"))
    plan = Plan(rounds=2, conditions=[(0.0, 0.0), (0.02, 0.1)], warm_up_seconds=1, window_seconds=1)

    order = [(number, latency, contender.name) for number, latency, _, contender in plan.runs([first, second])]

    assert order == [(n, at, name) for n in (0, 1) for at in (0.0, 0.02) for name in ("first", "second")]


def test_peers_make_the_records_in_the_order_of_the_submission() -> None:
    """The oracle can read the peers' records: same identity for the same event, numbered over all types."""
    events = {"network_connection": [{"a": 1}, {"a": 2}], "new_process": [{"a": 3}]}
    submission = {"submission_id": "s", "device_id": "d", "time_created": "t", "events": events}
    body = base64.b64encode(json.dumps(submission).encode()).decode()

    made, again = list(records(body)), list(records(body))

    assert [(record["sequence"], record["event_data"]["a"]) for record in made] == [(0, 1), (1, 2), (2, 3)]
    assert [record["event_id"] for record in made] == [record["event_id"] for record in again]
    assert len({record["event_id"] for record in made}) == 3


def test_a_program_that_is_missing_is_a_reason(tmp_path: Path) -> None:
    """Without npm the row says so, and the benchmark goes on."""
    with pytest.raises(installs.NotInstalled, match="no such-a-program on this machine"):
        installs.run_logged(tmp_path, ["such-a-program"])


def test_an_install_that_fails_says_where_to_look(tmp_path: Path) -> None:
    """What the installer said is kept, and the reason names the file."""
    with pytest.raises(installs.NotInstalled, match=r"install\.log"):
        installs.run_logged(tmp_path, ["sh", "-c", "echo broken registry; exit 1"])

    assert "broken registry" in (tmp_path / "install.log").read_text()


def test_peers_are_locked_by_hash_and_by_no_address() -> None:
    """What is installed is what was reviewed, from whichever registry the machine uses."""
    npm = json.loads((installs.PEERS / "package-lock.json").read_text())["packages"]
    packages = [entry for path, entry in npm.items() if path]
    python = re.split(r"^(?=[a-z])", (installs.PEERS / "requirements.lock").read_text(), flags=re.MULTILINE)

    assert packages
    assert all(entry["integrity"].startswith("sha512-") and "resolved" not in entry for entry in packages)
    assert all("--hash=sha256:" in entry for entry in python if entry)
    assert not [entry for entry in python if "://" in entry]
