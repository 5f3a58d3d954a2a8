"""The oracle of a lake: compares what it contains with what was sent. Pure, and independent of the delivery.

Feed it raw records and typed rows, those of each shard in its order, then rejects, then, with `use_tables`, the rows
of the tables.
"""

from collections import Counter, defaultdict

from sensor_fleet.lake.expected import Expected, Manifest, Place
from sensor_fleet.lake.report import LakeFindings, LakeReport
from sensor_fleet.lake.rows import Row, differences, digest_of
from sensor_fleet.tracking.plan import Fault, listed


class LakeOracle:
    """Judges one lake. `allow_others`: unknown records are counted, and are not violations."""

    def __init__(self, manifest: Manifest, *, allow_others: bool = False) -> None:
        self._manifest, self._allow_others = manifest, allow_others
        self._findings = LakeFindings()
        self._newest: dict[tuple[str, str], int] = {}
        self._raw: dict[Place, Expected | None] = {}
        self._copies: Counter[str] = Counter()
        self._typed: dict[Place, bytes] = {}
        self._rejects: dict[Place, str] = {}
        self._with_tables: set[str] = set()
        self._at: defaultdict[tuple[str, str], list[Place]] = defaultdict(list)
        self._rows: Counter[Place] = Counter()
        self._conflicts: set[Place] = set()
        self._told: Counter[str] = Counter()
        self._codes: Counter[str] = Counter()
        self._uses_tables = False

    def raw(self, place: Place, key: str, data: bytes) -> None:
        """Take a line of a raw file."""
        if place in self._raw:
            self._findings.add("raw", "twice", self._name(place), place, "two lines of one sequence number")
            return
        if self._newest.setdefault((place.stream, place.shard), -1) >= int(place.sequence):
            self._findings.add("raw", "out of order", "", place, "behind a later one of its shard")
        self._newest[place.stream, place.shard] = int(place.sequence)
        found = self._raw[place] = self._manifest.find(place, key, data)
        if found is None:
            if not self._allow_others:
                self._findings.add("raw", "unexpected", "", place, "of no record that was sent")
            return
        self._copies[found.name] += 1
        if found.unexpected:
            self._findings.add("raw", "unexpected", found.name, place, found.unexpected)
        if found.altered:
            self._findings.add("raw", "altered", found.name, place, found.altered)

    def typed(self, stream: str, row: Row, data: bytes | None, arrived: str) -> None:
        """Take a row of a typed file, and the bytes that raw has of its record."""
        place = Place(stream, row["_shard"], row["_sequence"])
        found = self._raw.get(place)
        self._with_tables.add(stream)
        if place in self._typed:
            self._findings.add("typed", "twice", self._name(place), place, "two rows of one record")
            return
        self._typed[place] = digest_of(row)
        self._at[place.shard, place.sequence].append(place)
        if data is None:
            self._findings.add("typed", "unexpected", "", place, "of no record in the raw file of its range")
        elif found and found.outcome == "reject":
            self._findings.add("typed", "unexpected", found.name, place, f"it must be rejected: {listed(found.faults)}")
        elif wrong := differences(row, data, arrived):
            self._findings.add("typed", "altered", self._name(place), place, ", ".join(wrong))

    def reject(self, place: Place, faults: tuple[Fault, ...]) -> None:
        """Take a reject of delivery."""
        if place in self._rejects:
            self._findings.add("rejects", "twice", self._name(place), place, listed(faults))
            return
        self._rejects[place] = listed(faults)
        self._codes.update({code for _, code in faults})
        found = self._raw.get(place)
        if place not in self._raw:
            self._findings.add("rejects", "unexpected", "", place, "of no record in raw")
        elif found and found.outcome == "row":
            self._findings.add("rejects", "unexpected", found.name, place, f"it is valid, but got {listed(faults)}")
        elif found and found.outcome == "reject" and sorted(found.faults) != sorted(faults):
            detail = f"must have {listed(found.faults)}, has {listed(faults)}"
            self._findings.add("rejects", "other faults", found.name, place, detail)

    def use_tables(self) -> None:
        """Expect rows of tables from now on; each stream must have a table."""
        self._uses_tables = True
        self._with_tables.update(self._manifest.streams)

    def row(self, row: Row) -> None:
        """Take a row of a table."""
        places = self._at.get((row["_shard"], row["_sequence"]), [])
        values = digest_of(row)
        place = next((each for each in places if self._typed[each] == values), places[0] if places else None)
        if place is None:
            if self._allow_others:
                return
            where = Place("", row["_shard"], row["_sequence"])
            self._findings.add("table", "unexpected", "", where, "in no typed file")
            return
        self._rows[place] += 1
        if self._typed[place] != values:
            self._findings.add("table", "altered", self._name(place), place, "not what its typed file has")

    def told(self, reject_id: str, place: Place, code: str) -> None:
        """Take a row of `quality.rejects` that is of a record of a stream."""
        self._told[reject_id] += 1
        if self._told[reject_id] > 1:
            self._findings.add("table", "twice", self._name(place), place, f"a reject, {reject_id}")
        elif code == "id_conflict":
            self._conflicts.add(place)
            self._findings.add("table", "unexpected", self._name(place), place, "kept out: its id has other values")
        self._told[str(place)] += 1

    def loads(self, repeats: int) -> None:
        """How many repeats the warehouse has counted, after its rows."""
        there = len(self._typed) - sum(self._rows.values()) - len(self._conflicts)
        if there != repeats:
            self._findings.add("table", "altered", "", "quality.loads", f"{repeats} repeats, there are {there}")

    def report(self) -> LakeReport:
        """The verdict, once; all has been read."""
        required = self._manifest.required()
        found = sum(self._copies[name] > 0 for name in required)
        for name, place in required.items():
            if place not in self._raw if place else not self._copies[name]:
                self._findings.add("raw", "missing", name, place or "", "not in the lake")
        for at, record in self._raw.items():
            if record and not record.unexpected:
                self._check_outcome(at, record)
        if self._uses_tables:
            self._check_tables()
        return LakeReport(
            expected=len(required),
            found=found,
            raw=len(self._raw),
            repeats=sum(number - 1 for number in self._copies.values()),
            others=sum(record is None for record in self._raw.values()),
            typed=len(self._typed),
            table=sum(self._rows.values()) if self._uses_tables else None,
            rejects=len(self._rejects),
            conflicts=len(self._conflicts),
            codes=dict(self._codes.most_common()),
            violations=self._findings.counts(),
            samples=tuple(self._findings.samples),
        )

    def _check_outcome(self, place: Place, record: Expected) -> None:
        """What must be rejected is among the rejects, and what is valid has a row, if its stream has rows at all."""
        if place in self._typed and place in self._rejects:
            self._findings.add("rejects", "unexpected", record.name, place, "it has a row, too")
        elif record.outcome == "reject" and place not in self._rejects:
            self._findings.add("rejects", "missing", record.name, place, f"must have {listed(record.faults)}")
        elif (
            record.outcome != "reject"
            and place.stream in self._with_tables
            and place not in self._typed
            and place not in self._rejects
        ):
            self._findings.add("typed", "missing", record.name, place, "in raw only")

    def _check_tables(self) -> None:
        rows: Counter[str] = Counter()
        for place in self._typed:
            rows[self._name(place) or str(place)] += self._rows[place]
        kept_out = {self._name(place) for place in self._conflicts}
        for name, number in rows.items():
            if number > 1:
                self._findings.add("table", "twice", name, "", f"{number} rows")
            elif not number and name not in kept_out:
                self._findings.add("table", "missing", name, "", "in a typed file, and in no table")
        for place, words in self._rejects.items():
            if not self._told[str(place)]:
                self._findings.add("table", "missing", self._name(place), place, f"the reject {words}")

    def _name(self, place: Place) -> str:
        found = self._raw.get(place)
        return found.name if found else ""
