"""From a sample to its table: what `contracts infer` proposes, `lake ddl` makes columns of, and all records load."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from event_processor.commands.main import main
from event_processor.consuming.records import StreamRecord
from event_processor.contracts.contract import Contract
from event_processor.contracts.contract_set import ContractSet
from event_processor.contracts.judge import Accepted, Judge
from event_processor.lake.columns import tables_of
from event_processor.lake.values import Rows
from tests.unit.lake.tabling import stream

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def sample() -> list[dict[str, Any]]:
    """A thousand records: a field that is only null, one that comes late, a nested one, one of several types."""
    return [
        {
            "id": f"0f4c2d17-417a-4a20-ba73-3ee0aa0c{n:04x}",
            "at": f"2026-01-02T03:04:{n % 60:02}Z",
            "count": n,
            "price": n / 2,
            "nothing": None,
            "source": ("mail", "partner")[n % 2],
            "kind": f"kind {n // 3}",
            "nested": {"deep": {"n": n}, "list": [{"sku": "a"}] * (n % 3)},
            "mixed": (n, f"text {n}", {"a": n}, [n])[n % 4],
        }
        | ({"late": True} if n >= 900 else {})
        for n in range(1_000)
    ]


def ran(*arguments: str) -> str:
    """The output of a command that must succeed."""
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_sample_of_a_thousand_becomes_a_contract_and_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of the sample is accepted by the proposal and fits the table that is made of it."""
    monkeypatch.chdir(tmp_path)
    records = sample()
    Path("visit.ndjson").write_text("".join(json.dumps(each) + "\n" for each in records))
    Path("streams.yaml").write_text("streams:\n  visits: {contract: visit, id: id, table: web.visits}\n")
    Path("contracts").mkdir()
    proposal = ran("contracts", "infer", "visit.ndjson")
    Path("proposal.json").write_text(proposal)
    ran("contracts", "publish", "proposal.json")
    ran("contracts", "check", "--subject", "visit", "visit.ndjson")
    lines = {line.strip().rstrip(",") for line in ran("lake", "ddl", "visit").splitlines()}

    fields = json.loads(proposal)["properties"]
    assert fields["source"]["enum"] == ["mail", "partner"]
    assert "enum" not in fields["kind"]
    assert lines >= {
        '"id" VARCHAR(36) NOT NULL',
        '"at" TIMESTAMP NOT NULL',
        '"count" BIGINT NOT NULL',
        '"price" DOUBLE NOT NULL',
        '"nothing" VARCHAR(65535)',  # and not JSON: most such fields turn out to be texts
        '"source" VARCHAR(65535) NOT NULL',
        '"nested" JSON USING COMPRESSION zstd NOT NULL',
        '"mixed" JSON USING COMPRESSION zstd NOT NULL',
        '"late" BOOLEAN',
    }
    rows = rows_of(proposal, [*records, *({**records[0], "nothing": each} for each in ("x", 5, {"a": 1}))])
    assert len(rows) == 1_003
    assert [each.get("nothing") for each in rows[-4:]] == [None, "x", "5", '{"a":1}']
    assert [rows[at].get("late") for at in (0, 900)] == [None, True]


def rows_of(proposal: str, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of the records, by the names of their columns; each must be accepted and fit."""
    of, contracts = stream("visit", "web.visits", id="id"), {"visit": Contract.read(proposal.encode())}
    table, judge, made = tables_of(of, contracts)["visit"], Judge(of), []
    for each in records:
        data = json.dumps(each).encode()
        accepted = judge.judge(data, ContractSet(1, NOW, contracts))
        assert isinstance(accepted, Accepted), accepted
        row = Rows(table).row("shard-0", StreamRecord("12", "key", NOW, data), accepted)
        assert isinstance(row, tuple), row
        made.append({each.name: value for each, value in zip(table.columns, row, strict=True)})
    return made
