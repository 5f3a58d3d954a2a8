"""The generator: what it says of a submission is what the rules say, for every seed and option."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensor_fleet.generator import Generator, Options, Submission
from sensor_fleet.spoils.catalogue import GROUPS, KINDS
from tests.unit.sensor_fleet.validator import RejectedError, Verdict, validate

SHARES = st.sampled_from([0.0, 0.01, 0.2, 1.0])
OPTIONS = st.builds(
    Options,
    seed=st.integers(),
    devices=st.integers(1, 3),
    events=st.tuples(st.integers(0, 2), st.integers(2, 4)),
    spoil=SHARES,
    invalid_share=SHARES,
    invalid_kinds=st.lists(st.sampled_from(KINDS), min_size=1, unique=True).map(tuple),
    body=st.sampled_from(["base64", "raw"]),
)


def _submissions(count: int = 40, **options: object) -> list[Submission]:
    generator = Generator(Options(seed=1, **options))  # type: ignore[arg-type]
    return [generator.submission(index) for index in range(count)]


def _verdict(submission: Submission) -> Verdict | None:
    try:
        return validate(submission.body)
    except RejectedError:
        return None


def _assert_plan_is(verdict: Verdict | None, submission: Submission) -> None:
    plan = submission.plan
    if verdict is None:
        assert plan.rejected
        assert (plan.must, plan.may, plan.must_not) == ((), (), {})
        return
    expected, empty = (plan.may, plan.must) if verdict.hostile else (plan.must, plan.may)
    assert not plan.rejected
    assert [tuple(event) for event in expected] == verdict.good
    assert empty == ()
    assert list(plan.must_not) == verdict.bad


@settings(max_examples=200)
@given(OPTIONS, st.integers(0, 10**9))
def test_the_plan_is_what_the_rules_say(options: Options, index: int) -> None:
    """For any seed and options, an independent reading finds the same events that must, may and must not appear."""
    submission = Generator(options).submission(index)

    _assert_plan_is(_verdict(submission), submission)


@given(OPTIONS)
def test_the_same_seed_makes_the_same_submissions(options: Options) -> None:
    """A run can be repeated byte for byte, whatever was made before a submission and in which order."""
    forwards, backwards = Generator(options), Generator(options)
    made = [forwards.submission(index) for index in range(5)]

    assert [backwards.submission(index) for index in reversed(range(5))] == made[::-1]


def test_another_seed_makes_other_submissions() -> None:
    """Two fleets with different seeds never send the same submission."""
    ids = [Generator(Options(seed=seed)).submission(0).plan.submission_id for seed in range(20)]

    assert len(set(ids)) == 20


@pytest.mark.parametrize("kind", [*GROUPS["event"], *(kind for kind in GROUPS["hostile"] if kind != "duplicate-id")])
def test_an_event_kind_condemns_one_event(kind: str) -> None:
    """Each kind of bad event spoils exactly one event of its submission, even of a submission that had none."""
    for submission in _submissions(count=8, spoil=0, invalid_share=1, invalid_kinds=(kind,), events=(0, 2)):
        assert [reason.split(" ")[0] for reason in submission.plan.must_not.values()] == [kind]
        _assert_plan_is(_verdict(submission), submission)


@pytest.mark.parametrize("kind", [*GROUPS["submission"], "duplicate-id"])
def test_a_submission_kind_condemns_the_whole(kind: str) -> None:
    """Each kind of bad submission makes one that the rules reject, and says why."""
    for submission in _submissions(count=100, spoil=0, invalid_share=1, invalid_kinds=(kind,)):
        assert submission.plan.rejected.split(" ")[0] == kind
        assert _verdict(submission) is None


def test_hostile_values_leave_their_siblings_open() -> None:
    """Nobody is blamed for rejecting, or not, the good events next to something a parser may break on."""
    (submission,) = _submissions(count=1, spoil=0, invalid_share=1, invalid_kinds=("not-a-number",), events=(2, 2))

    assert (len(submission.plan.must), len(submission.plan.may), len(submission.plan.must_not)) == (0, 3, 1)


def test_a_calm_fleet_spoils_one_field_in_a_hundred() -> None:
    """By default about 4 % of submissions fall, by one of four fields, and 2.5 % of events, by one of two or three."""
    plans = [submission.plan for submission in _submissions(count=3_000)]
    kept = [plan for plan in plans if not plan.rejected]
    spoiled = sum(len(plan.must_not) for plan in kept)

    assert 0.03 < 1 - len(kept) / len(plans) < 0.05
    assert 0.02 < spoiled / (spoiled + sum(len(plan.must) for plan in kept)) < 0.03


def test_a_healthy_submission_looks_like_a_sensors() -> None:
    """Ten devices send three to five events of each type, types in either order, times rising and without offset."""
    plans = [submission.plan for submission in _submissions(count=300, spoil=0)]
    sizes = {sum(event.event_type == name for event in plan.must) for plan in plans for name in ("new_process",)}

    assert len({plan.device_id for plan in plans}) == 10
    assert sizes == {3, 4, 5}
    assert {plan.must[0].event_type for plan in plans} == {"new_process", "network_connection"}
    assert all(earlier.time_created < later.time_created for earlier, later in pairwise(plans))
    assert {len(plan.time_created) for plan in plans} == {len("2021-03-28T15:44:18.592840")}


@pytest.mark.parametrize("body", ["base64", "raw"])
def test_bodies_are_in_the_form_asked_for(body: str) -> None:
    """A receiver gets base64 or the JSON document itself, as the option says."""
    assert {submission.body.startswith("{") for submission in _submissions(body=body)} == {body == "raw"}


def test_unknown_extra_fields_are_sent_and_not_expected() -> None:
    """Some submissions and events carry fields nobody knows, and no plan asks for them."""
    submissions = _submissions(count=200, spoil=0, body="raw")

    assert any('"sensor_version"' in submission.body for submission in submissions)
    assert any('"trace"' in submission.body for submission in submissions)
    assert {key for submission in submissions for event in submission.plan.must for key in event.event_data} == {
        "cmdl",
        "user",
        "source_ip",
        "destination_ip",
        "destination_port",
    }
