"""What every warehouse does with the ranges that delivery loads."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from event_processor.errors import CallFailed
from event_processor.lake.loading import oldest
from event_processor.lake.ports import LoadOutcome, Warehouse
from event_processor.rejects.reject import Origin, Reject
from event_processor.stores.duckdb_engine import connection
from event_processor.stores.redshift_data import RedshiftData
from event_processor.stores.warehouse_duckdb import DuckDBWarehouse
from event_processor.stores.warehouse_redshift import RedshiftWarehouse
from event_processor.telling import FanOut
from event_processor.verdict import Fault, Reason
from tests.redshift_stand_in import LOCATION, RedshiftStandIn
from tests.unit.lake.tabling import EVENTS, FIXTURES, USER_EVENTS, USER_UTM, contract, contract_of_file, stream
from tests.warehouses import NOW, MemoryFiles, Ranges, contract_set, put_rejects

TEXT = {"type": "string"}
WINDOW = timedelta(hours=24)
VISITS = stream("visit", "web.visits", "visits", id="id")
VISIT = contract("visit", {"id": TEXT, "page": TEXT, "n": {"type": "integer"}}, ("id",))
Query = Callable[[str], list[tuple[Any, ...]]]


class Place(NamedTuple):
    """A warehouse that is asked for these streams, what is in it, and the files it loads from."""

    make: Callable[..., Warehouse]
    query: Query
    files: MemoryFiles


@pytest.fixture(params=["duckdb", "redshift"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """One of each kind."""
    files, file = MemoryFiles(), tmp_path / "warehouse.duckdb"
    if request.param == "redshift":
        stand_in = RedshiftStandIn(files)
        data = RedshiftData(stand_in, "analytics", "dev", FanOut(), sleep=lambda _seconds: None)
        return Place(lambda *streams: RedshiftWarehouse(data, files, LOCATION, streams, WINDOW), stand_in.query, files)

    def query(sql: str) -> list[tuple[Any, ...]]:
        with connection(64 * 1024 * 1024, str(file), read_only=True) as opened:
            return opened.execute(sql).fetchall()

    return Place(lambda *streams: DuckDBWarehouse(file, files, streams, WINDOW), query, files)


class _Meddled(MemoryFiles):
    """Somebody else acts before the first file is read."""

    meddle: Callable[[], object] | None = None

    def get(self, name: str) -> bytes:
        """As ever, afterwards."""
        if meddle := self.meddle:
            self.meddle = None
            meddle()
        return super().get(name)


class Loading(NamedTuple):
    """The warehouse of one stream of visits, with its table made."""

    warehouse: Warehouse
    ranges: Ranges
    query: Query
    files: MemoryFiles

    def load(self, *values: dict[str, Any], **more: Any) -> LoadOutcome:
        """One range."""
        return self.warehouse.load([self.ranges.entry(*values, **more)])[0]


@pytest.fixture
def visits(place: Place) -> Loading:
    """Ready to load."""
    ranges = Ranges(place.files, VISITS, VISIT)
    warehouse = place.make(VISITS)
    assert list(warehouse.prepare(ranges.contracts)) == []
    return Loading(warehouse, ranges, place.query, place.files)


def visit(number: int, **more: Any) -> dict[str, Any]:
    """A record."""
    return {"id": f"v{number}", "page": "/home"} | more


def test_a_range_is_in_its_table_with_its_line(visits: Loading) -> None:
    """What was accepted is a row, and the range is known to be loaded."""
    assert visits.load(visit(1), visit(2, n=4)) == LoadOutcome(2, 0, 0)
    rows = visits.query("SELECT id, page, n, _shard, _sequence FROM web.visits ORDER BY id")
    assert rows == [("v1", "/home", None, "shard-0", "100"), ("v2", "/home", 4, "shard-0", "101")]
    assert visits.query("SELECT _arrived FROM web.visits ORDER BY id")[0] == (NOW.replace(tzinfo=None),)
    line = (
        "SELECT stream, shard, number, first_sequence, last_sequence, new_rows, repeats, conflicts FROM quality.loads"
    )
    assert visits.query(line) == [("visits", "shard-0", 1, "100", "101", 2, 0, 0)]
    assert visits.warehouse.loaded("visits") == {"shard-0": 1}
    assert visits.warehouse.loaded("others") == {}


def test_a_range_loaded_twice_is_there_once(visits: Loading) -> None:
    """After a lost answer or a kill the same ranges are loaded again, alone or among others."""
    one, two = visits.ranges.entry(visit(1)), visits.ranges.entry(visit(2), shard="shard-1")
    assert visits.warehouse.load([one]) == [LoadOutcome(1, 0, 0)]
    assert visits.warehouse.load([one, two, one]) == [LoadOutcome(1, 0, 0)] * 3
    assert visits.warehouse.load([two]) == [LoadOutcome(1, 0, 0)]
    assert visits.query("SELECT count(*), count(DISTINCT id) FROM web.visits") == [(2, 2)]
    assert visits.query("SELECT count(*) FROM quality.loads") == [(2,)]
    assert visits.warehouse.loaded("visits") == {"shard-0": 1, "shard-1": 1}
    lines = sorted(map(tuple, visits.warehouse.ask(oldest("visits"))[1]))
    assert lines == [("shard-0", 1, one.first), ("shard-1", 1, two.first)]


def test_another_delivery_may_load_the_same_meanwhile() -> None:
    """Two deliveries at once, as in a rolling deployment: what one loaded after the other looked is there once."""
    files = _Meddled()
    data = RedshiftData(stand_in := RedshiftStandIn(files), "analytics", "dev", FanOut(), sleep=lambda _seconds: None)
    ranges = Ranges(files, VISITS, VISIT)
    mine, other = (RedshiftWarehouse(data, files, LOCATION, [VISITS], WINDOW) for _ in range(2))
    for warehouse in (mine, other):
        warehouse.prepare(ranges.contracts)
    one, two = ranges.entry(visit(1)), ranges.entry(visit(2))
    files.meddle = lambda: other.load([one])
    assert mine.load([one, two]) == [LoadOutcome(1, 0, 0)] * 2
    assert stand_in.query("SELECT count(*) FROM web.visits") == [(2,)]
    assert stand_in.query("SELECT count(*) FROM quality.loads") == [(2,)]


def test_one_row_for_each_id(visits: Loading) -> None:
    """The same record once more, in the same range, another, or another shard, is a repeat and counted."""
    assert visits.load(visit(1), visit(2), visit(1)) == LoadOutcome(2, 1, 0)
    assert visits.load(visit(2), visit(3), shard="shard-1", at=NOW + timedelta(hours=23)) == LoadOutcome(1, 1, 0)
    both = [visits.ranges.entry(visit(4)), visits.ranges.entry(visit(4), visit(3), shard="shard-1")]
    assert visits.warehouse.load(both) == [LoadOutcome(1, 0, 0), LoadOutcome(0, 2, 0)]
    assert visits.query("SELECT count(*), count(DISTINCT id) FROM web.visits") == [(4, 4)]
    assert visits.query("SELECT count(*) FROM quality.rejects") == [(0,)]


def test_an_id_with_other_values_is_a_reject(visits: Loading) -> None:
    """Two records that say different things under one id: the first is the row, the other is there to be found."""
    visits.load(visit(1), visit(2))
    entry = visits.ranges.entry(visit(1, page="/other"), visit(3), visit(3, n=1), shard="shard-1")
    assert visits.warehouse.load([entry]) == [LoadOutcome(1, 0, 2)]
    assert visits.query("SELECT page, n FROM web.visits WHERE id IN ('v1', 'v3') ORDER BY id") == [
        ("/home", None), ("/home", None),
    ]  # fmt: skip
    columns = "messageid, reject_id, reason, pointer, stage, source_kind, source, payload_ref"
    found = visits.query(f"SELECT {columns} FROM quality.rejects ORDER BY messageid")
    assert [row[0] for row in found] == ["shard-1/102", "shard-1/104"]
    assert found[0][1:7] == ("id_conflict/visits/shard-1/102", "id_conflict", "/id", "load", "stream", "visits")
    assert found[0][7] == entry.files[0].name
    assert visits.query("SELECT conflicts FROM quality.loads ORDER BY shard") == [(0,), (2,)]
    visits.warehouse.load([entry])
    assert visits.query("SELECT count(*) FROM quality.rejects") == [(2,)]


def test_repeats_are_sought_within_the_window(visits: Loading) -> None:
    """An id may come again after a day; promise P8 says so."""
    visits.load(visit(1))
    assert visits.load(visit(1), at=NOW + WINDOW + timedelta(minutes=1)) == LoadOutcome(1, 0, 0)
    assert visits.load(visit(1), at=NOW - timedelta(hours=1)) == LoadOutcome(0, 1, 0)


def test_ranges_of_many_days_are_loaded_at_once(visits: Loading) -> None:
    """After a warehouse was away for days, each day is compared with its own window, as if it had been there."""
    days = [visits.ranges.entry(visit(1), visit(2 + day), at=NOW + timedelta(days=2 * day)) for day in range(3)]
    assert visits.warehouse.load(days) == [LoadOutcome(2, 0, 0)] * 3


def test_records_without_the_id_are_all_rows(place: Place) -> None:
    """Where the field is missing or null, nothing says that two records are the same."""
    ranges = Ranges(place.files, VISITS, contract("visit", {"id": {"type": ["string", "null"]}}))
    warehouse = place.make(VISITS)
    warehouse.prepare(ranges.contracts)
    assert warehouse.load([ranges.entry({}, {"id": None}, {"id": "a"}, {"id": "a"})]) == [LoadOutcome(3, 1, 0)]


def test_a_stream_without_an_id_has_all_its_records(place: Place) -> None:
    """Shard and sequence number are what makes a record the same then, and those come once."""
    plain = stream("visit", "web.visits", "visits")
    ranges, warehouse = Ranges(place.files, plain, VISIT), place.make(plain)
    warehouse.prepare(ranges.contracts)
    assert warehouse.load([ranges.entry(visit(1), visit(1))]) == [LoadOutcome(2, 0, 0)]


def test_the_time_of_processing_makes_no_difference(place: Place) -> None:
    """A submission that was processed twice has its events twice, alike but for `processed_at`."""
    ranges, warehouse = Ranges(place.files, EVENTS, contract("event/e", {"cmdl": TEXT})), place.make(EVENTS)
    warehouse.prepare(ranges.contracts)
    ids = dict.fromkeys(("event_id", "submission_id", "device_id"), "8be01974-0f15-4d4f-809f-257a6de4d3f9")
    event = {**ids, "event_type": "e", "sequence": 0, "processed_at": "2026-01-02T03:04:05.000000Z"}
    event = event | {"event_data": {"cmdl": "x"}}
    again = event | {"processed_at": "2026-01-02T04:04:05.000000Z"}
    assert warehouse.load([ranges.entry(event, again, event | {"event_data": {}})]) == [LoadOutcome(1, 1, 1)]


def test_what_a_client_writes_anew_makes_no_difference(place: Place) -> None:
    """Segment's clients send an event again with another `sentAt` and count their tries in it, in columns or not."""
    kinds = stream("{type}", "web.all", "clients", id="messageId")
    texts = {"type": TEXT, "messageId": TEXT, "p": TEXT, "sentAt": {"type": "string", "format": "date-time"}}
    ranges = Ranges(place.files, kinds, contract("track", texts), contract("page", texts))
    warehouse = place.make(kinds)
    warehouse.prepare(ranges.contracts)
    event = {"type": "track", "messageId": "m-1", "p": "x", "sentAt": "2026-01-02T03:04:05Z"}
    again = event | {"sentAt": "2026-01-02T03:04:15Z", "_metadata": {"retryCount": 1, "bundled": ["Segment.io"]}}
    assert warehouse.load([ranges.entry(event, again, again | {"p": "y"})]) == [LoadOutcome(1, 1, 1)]


def test_the_samples_are_rows(place: Place) -> None:
    """Both samples load, the odd time and the nulls included."""
    warehouse = place.make(USER_EVENTS, USER_UTM)
    for of in (USER_EVENTS, USER_UTM):
        ranges = Ranges(place.files, of, contract_of_file(of.name))
        warehouse.prepare(contract_set(*map(contract_of_file, ("user-events", "user-utm"))))
        sample = json.loads((FIXTURES / f"{of.name}.json").read_text())["Data"]
        assert warehouse.load([ranges.entry(sample)]) == [LoadOutcome(1, 0, 0)]
    columns = "request_id, request_timestamp, environment, website_id"
    assert place.query(f"SELECT {columns} FROM tracking.events") == [
        ("8a0c9c1e-fe7a-4737-afe2-bec49c0ebd6f", datetime(2020, 6, 1, 0, 0, 24), "example_cms", None)  # noqa: DTZ001
    ]
    assert place.query("SELECT source, content, device FROM tracking.utm") == [("adwords", None, "c")]


def test_subjects_with_tables_of_their_own_share_a_range(place: Place) -> None:
    """One range of a stream may fill several tables, all or none."""
    own = stream("{type}", "web.{type}", "typed", id="id")
    kinds = [contract(kind, {"type": TEXT, "id": TEXT}) for kind in ("a", "b")]
    ranges, warehouse = Ranges(place.files, own, *kinds), place.make(own)
    warehouse.prepare(ranges.contracts)
    entry = ranges.entry({"type": "a", "id": "1"}, {"type": "b", "id": "1"}, {"type": "a", "id": "2"})
    assert warehouse.load([entry]) == [LoadOutcome(3, 0, 0)]
    assert place.query("SELECT (SELECT count(*) FROM web.a), (SELECT count(*) FROM web.b)") == [(2, 1)]


def test_a_range_that_cannot_be_read_leaves_no_trace(visits: Loading) -> None:
    """Rows and line are one transaction: half a range is never there."""
    good, bad = visits.ranges.entry(visit(1)), visits.ranges.entry(visit(2), shard="shard-1")
    content = visits.files.content.pop(bad.files[1].name)
    with pytest.raises(CallFailed):
        visits.warehouse.load([good, bad])
    assert visits.warehouse.loaded("visits") == {}
    assert visits.query("SELECT count(*) FROM web.visits") == [(0,)]
    visits.files.content[bad.files[1].name] = content
    assert visits.warehouse.load([good, bad]) == [LoadOutcome(1, 0, 0)] * 2


def test_a_field_that_is_added_becomes_a_column_by_itself(visits: Loading) -> None:
    """Published, and the next ranges have it; what already exists has nothing in it."""
    visits.load(visit(1))
    newer = contract("visit", {"id": TEXT, "new": {"type": "number"}, "page": TEXT, "n": {"type": "integer"}}, ("id",))
    old = visits.ranges.entry(visit(2))
    ranges = Ranges(visits.files, VISITS, newer)
    assert list(visits.warehouse.prepare(ranges.contracts)) == []
    later = replace(ranges.entry(visit(3, new=0.5)), number=9)
    assert visits.warehouse.load([old, later]) == [LoadOutcome(1, 0, 0)] * 2
    assert visits.query("SELECT id, new, page FROM web.visits ORDER BY id") == [
        ("v1", None, "/home"), ("v2", None, "/home"), ("v3", 0.5, "/home"),
    ]  # fmt: skip


def test_other_changes_wait_for_migrate(visits: Loading) -> None:
    """A column of another type changes what queries find, so somebody has to say so; until then its ranges wait."""
    visits.load(visit(1, n=1))
    newer = contract("visit", {"id": TEXT, "page": TEXT, "n": {"type": "number"}}, ("id",))
    ranges = Ranges(visits.files, VISITS, newer)
    changes = visits.warehouse.prepare(ranges.contracts)
    assert [(change.table, change.column) for change in changes] == [("web.visits", "n")]
    entry = replace(ranges.entry(visit(2, n=0.5)), number=2)
    with pytest.raises(CallFailed, match="lake migrate") as caught:
        visits.warehouse.load([entry])
    assert caught.value.code == "MigrationNeeded"
    assert visits.warehouse.loaded("visits") == {"shard-0": 1}
    visits.warehouse.migrate()
    assert list(visits.warehouse.prepare(ranges.contracts)) == []
    assert visits.warehouse.load([entry]) == [LoadOutcome(1, 0, 0)]
    assert visits.query("SELECT n FROM web.visits ORDER BY id") == [(1.0,), (0.5,)]


def test_a_delivery_goes_on_when_somebody_else_has_migrated(place: Place) -> None:
    """`lake migrate` is another process: the one that waits finds out by itself."""
    newer = contract("visit", {"id": TEXT, "page": TEXT, "n": {"type": "number"}}, ("id",))
    ranges = Ranges(place.files, VISITS, newer)
    place.make(VISITS).prepare(contract_set(VISIT))
    waiting, other = place.make(VISITS), place.make(VISITS)
    entry = ranges.entry(visit(1, n=0.5))
    assert len(waiting.prepare(ranges.contracts)) == 1
    with pytest.raises(CallFailed, match="lake migrate"):
        waiting.load([entry])
    other.prepare(ranges.contracts)
    other.migrate()
    assert waiting.load([entry]) == [LoadOutcome(1, 0, 0)]


def test_a_field_that_may_be_missing_from_now_on_waits_for_migrate(visits: Loading) -> None:
    """NOT NULL is dropped on somebody's word; values that are there stay."""
    visits.load(visit(1))
    ranges = Ranges(visits.files, VISITS, contract("visit", {"id": TEXT, "page": TEXT}))
    assert [change.column for change in visits.warehouse.prepare(ranges.contracts)] == ["id"]
    visits.warehouse.migrate()
    entry = replace(ranges.entry({"page": "/a"}), number=2)
    assert visits.warehouse.load([entry]) == [LoadOutcome(1, 0, 0)]
    assert visits.query("SELECT id FROM web.visits ORDER BY id NULLS LAST") == [("v1",), (None,)]


def test_a_field_that_is_gone_leaves_its_column(visits: Loading) -> None:
    """What was delivered stays to be queried."""
    visits.load(visit(1, n=1))
    ranges = Ranges(visits.files, VISITS, contract("visit", {"id": TEXT, "page": TEXT}, ("id",)))
    assert list(visits.warehouse.prepare(ranges.contracts)) == []
    visits.warehouse.load([replace(ranges.entry(visit(2)), number=2)])
    assert visits.query("SELECT id, n FROM web.visits ORDER BY id") == [("v1", 1), ("v2", None)]


def reject(number: int, payload: str = "{}", **more: Any) -> Reject:
    """As a job keeps it."""
    origin = Origin("queue", "submissions", f"m{number}", 1, NOW, NOW + timedelta(seconds=number))
    fault = Fault(Reason.WRONG_TYPE, "/events/0/user", "the value is not text", "a text")
    return Reject(f"r{number}", (fault,), payload, origin, **more)


def test_rejects_of_all_jobs_are_loaded_once(visits: Loading) -> None:
    """Each file once, each reject once, whoever wrote it and however often."""
    put_rejects(visits.files, "a", [reject(1, app_version="2.1", subject="visit"), reject(2)])
    put_rejects(visits.files, "b", [reject(2), reject(3)], "inspect")
    assert visits.warehouse.load_rejects() == 3
    assert visits.warehouse.load_rejects() == 0
    put_rejects(visits.files, "c", [reject(1), reject(4)], "gateway")
    assert visits.warehouse.load_rejects() == 1
    first = "datecreated, messageid, errormessage, payload"
    assert visits.query(f"SELECT {first} FROM quality.rejects ORDER BY messageid")[0] == (
        (NOW + timedelta(seconds=1)).replace(tzinfo=None), "m1",
        "/events/0/user: wrong_type: the value is not text (expected a text)", "{}",
    )  # fmt: skip
    more = "reject_id, reason, pattern, stage, subject, app_version, source, payload_ref"
    assert visits.query(f"SELECT {more} FROM quality.rejects ORDER BY reject_id")[0] == (
        "r1", "wrong_type", "/events/*/user", "contract", "visit", "2.1", "submissions", "",
    )  # fmt: skip
    assert visits.query("SELECT count(*) FROM quality.rejects") == [(4,)]


def test_which_release_broke_it_is_one_query(visits: Loading) -> None:
    """The query of docs/lake.md: who, what, since when, how often, and an example."""
    page = (Path(__file__).parents[2] / "docs" / "lake.md").read_text()
    sql = "SELECT subject, pattern" + page.partition("```sql\nSELECT subject, pattern")[2].partition("```")[0]
    broken = [reject(number, library="web", app_version="2.1", subject="visit") for number in (1, 2, 3)]
    put_rejects(visits.files, "a", [*broken, reject(4, library="web", app_version="2.0", subject="visit")])
    visits.warehouse.load_rejects()
    first, last = ((NOW + timedelta(seconds=number)).replace(tzinfo=None) for number in (1, 3))
    found = visits.query(sql)
    assert found[0] == ("visit", "/events/*/user", "wrong_type", "web", "2.1", 3, first, last, "m1")
    assert [row[4:6] for row in found] == [("2.1", 3), ("2.0", 1)]


def test_another_process_does_not_load_them_again(place: Place) -> None:
    """What is loaded stands in the warehouse, not in memory."""
    put_rejects(place.files, "a", [reject(1)])
    for expected in (1, 0):
        warehouse = place.make(VISITS)
        warehouse.prepare(contract_set(VISIT))
        assert warehouse.load_rejects() == expected


def test_a_long_payload_is_cut_and_its_file_named(visits: Loading) -> None:
    """65,535 bytes is what a column of text holds; the whole is where `payload_ref` says."""
    name = put_rejects(
        visits.files, "a", [reject(1, "ü" * 32_767 + "ab"), reject(2, "ü" * 32_767 + "a"), reject(3, "a\0b")]
    )
    assert visits.warehouse.load_rejects() == 3
    found = visits.query("SELECT payload, payload_ref FROM quality.rejects ORDER BY messageid")
    assert found == [("ü" * 32_767 + "a", name), ("ü" * 32_767 + "a", ""), ("a\ufffdb", "")]


def test_a_torn_file_of_rejects_holds_nothing_up(visits: Loading) -> None:
    """What can be read of it is loaded, and so is the next file."""
    name = put_rejects(visits.files, "a", [reject(number) for number in range(300)])
    visits.files.content[name] = visits.files.content[name][:-20]
    put_rejects(visits.files, "b", [reject(1000)])
    assert visits.warehouse.load_rejects() >= 1
    assert visits.query("SELECT count(*) FROM quality.rejects WHERE reject_id = 'r1000'") == [(1,)]


def test_questions(visits: Loading) -> None:
    """A question is answered with names and rows, and whatever it does changes nothing."""
    visits.load({"id": "a", "n": 1}, {"id": "b", "n": 4})

    names, rows = visits.warehouse.ask(
        "SELECT * FROM (SELECT SUM(n) AS value, COUNT(*) AS n FROM web.visits) q LIMIT 5"
    )

    assert (list(names), [tuple(map(int, row)) for row in rows]) == (["value", "n"], [(5, 2)])
    with pytest.raises(CallFailed):
        visits.warehouse.ask("SELECT * FROM (SELECT nobody FROM web.visits) q")
