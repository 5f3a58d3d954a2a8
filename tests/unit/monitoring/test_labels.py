"""Labels: which buckets they are about, and what the next version of a set has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_processor.monitoring.labels import Label, LabelSet, LabelState, matches, read_csv


def label(series: str, start: int, end: int, state: LabelState = LabelState.ANOMALY) -> Label:
    """By nobody in particular."""
    return Label(series, start, end, state, "ada", "", 1)


def test_the_newest_label_of_a_bucket_counts() -> None:
    """Who looks again and knows better is heard, for the buckets that the newer label is about and no others."""
    labels = LabelSet(1, [label("orders/rows", 0, 600), label("orders/*", 300, 360, LabelState.EXPECTED)])

    assert labels.state_at("orders/rows", 299) is LabelState.ANOMALY
    assert labels.state_at("orders/rows", 300) is LabelState.EXPECTED
    assert labels.state_at("orders/rows", 360) is LabelState.ANOMALY
    assert labels.state_at("orders/rows", 600) is None
    assert labels.state_at("orders/lag", 100) is None


def test_what_is_labelled_is_left_out_whatever_it_is() -> None:
    """Neither an incident nor a day of sales is how a series normally is, so both leave the baseline."""
    labels = LabelSet(1, [label("a/b", 60, 120), label("a/b", 100, 180, LabelState.EXPECTED), label("a/b", 240, 300)])
    excluded = labels.excluded("a/b")

    assert [start for start in range(0, 360, 60) if excluded(start)] == [60, 120, 240]
    assert not labels.excluded("a/c")(60)


def test_a_label_takes_the_place_of_what_it_covers() -> None:
    """Said again of the same time, a label is changed, and `unknown` takes it back; others of the series stay."""
    first = LabelSet().with_([label("a/b", 60, 120), label("a/b", 600, 660)])
    second = first.with_([label("a/b", 0, 120, LabelState.EXPECTED)])
    third = second.with_([label("a/b", 0, 120, LabelState.UNKNOWN)])

    assert [(each.start, each.state) for each in second.labels] == [(600, "anomaly"), (0, "expected")]
    assert [each.start for each in third.labels] == [600]
    assert [first.version, second.version, third.version] == [1, 2, 3]
    assert len(first.labels) == 2


@pytest.mark.parametrize(
    ("pattern", "key", "is_one"),
    [
        ("a/b", "a/b", True),
        ("a/b", "a/b{c=d}", False),
        ("a/*", "a/b{c=d}", True),
        ("*", "", True),
        ("a*b*b", "ab", False),
        ("a*b*b", "a-b-b", True),
        ("*{c=*}", "a/b{c=d}", True),
        ("a/?", "a/b", False),
        ("[a]/b", "a/b", False),
    ],
)
def test_patterns(pattern: str, key: str, is_one: bool) -> None:
    """A star is any text; everything else is meant as it is written."""
    assert matches(pattern, key) is is_one


labels = st.builds(
    Label,
    series=st.text("ab/*{}=", min_size=1, max_size=8),
    start=st.integers(0, 50).map(lambda minute: minute * 60),
    end=st.integers(51, 99).map(lambda minute: minute * 60),
    state=st.sampled_from([LabelState.ANOMALY, LabelState.EXPECTED, LabelState.MAINTENANCE]),
    author=st.text(max_size=5),
    note=st.text(max_size=5),
    created_at=st.integers(0, 2_000_000_000),
)


@given(st.lists(labels, max_size=6), st.text("ab/{}=", max_size=8), st.integers(0, 100))
def test_a_set_comes_back_as_it_was(given_labels: list[Label], key: str, minute: int) -> None:
    """A stored version has every label as it was given, and says the same of every bucket."""
    before = LabelSet(7, given_labels)
    after = LabelSet.from_json(7, before.to_json())

    assert after.labels == before.labels
    assert after.excluded(key)(minute * 60) is (before.state_at(key, minute * 60) is not None)


def test_a_table_of_labels() -> None:
    """Labels from elsewhere come as CSV; who imports them is their author where the table names none."""
    found = read_csv(
        "series,start,end,state,author,note,more\n"
        "a/b,2026-01-02T03:00:00Z,2026-01-02T04:00:00+00:00,expected,bob,sale,x\n"
        '"a/b{c=d,e=f}",2026-01-02 03:00Z,2026-01-03 03:00Z,anomaly,,\n',
        "ada",
        5,
    )
    assert [(each.series, each.end - each.start, each.state.value, each.author) for each in found] == [
        ("a/b", 3600, "expected", "bob"),
        ("a/b{c=d,e=f}", 86_400, "anomaly", "ada"),
    ]
    assert {each.created_at for each in found} == {5}


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ("a/b,2026-01-02T03:00:00Z,2026-01-02T04:00:00Z,fine", "line 2: state"),
        ("a/b,yesterday,2026-01-02T04:00:00Z,anomaly", "line 2: start"),
        ("a/b,2026-01-02T03:00:00,2026-01-02T04:00:00Z,anomaly", "line 2: start"),
        ("a/b,2026-01-02T04:00:00Z,2026-01-02T04:00:00Z,anomaly", "line 2"),
        (",2026-01-02T03:00:00Z,2026-01-02T04:00:00Z,anomaly", "line 2: series"),
    ],
)
def test_a_table_with_a_mistake(row: str, named: str) -> None:
    """A mistake is told with its line and column, and nothing is imported."""
    with pytest.raises(ValueError, match=named):
        read_csv(f"series,start,end,state\n{row}\n", "ada", 5)
