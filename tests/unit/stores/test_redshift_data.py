"""The calls to Redshift's Data API, held to its own description by botocore's Stubber."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from event_processor.errors import CallFailed
from event_processor.stores.redshift_data import DataClient, RedshiftData
from event_processor.telling import FanOut

WHERE = {"WorkgroupName": "analytics", "Database": "dev"}
Answer = tuple[str, dict[str, Any], dict[str, Any]]


def data_with(*answers: Answer) -> tuple[RedshiftData, Stubber]:
    """One that gets these answers, in order; each is an operation, what is expected, and what it gives."""
    client: Any = boto3.client(
        "redshift-data", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    stubber = Stubber(client)
    for operation, expected, answer in answers:
        stubber.add_response(operation, answer, expected)
    stubber.activate()
    return RedshiftData(client, "analytics", "dev", FanOut(), sleep=lambda _seconds: None), stubber


def ended(status: str, **more: Any) -> Answer:
    """The answer to how far it is."""
    return "describe_statement", {"Id": "1"}, {"Id": "1", "Status": status, **more}


def test_a_batch_is_one_transaction_with_a_token() -> None:
    """An answer that is lost is asked for again, and the batch runs once."""
    asked = {**WHERE, "Sqls": ["LOCK a", "INSERT"], "ClientToken": "token"}
    data, stubber = data_with(
        ("batch_execute_statement", asked, {"Id": "1"}), ended("SUBMITTED"), ended("STARTED"), ended("FINISHED")
    )
    data.run(["LOCK a", "INSERT"], "token")
    stubber.assert_no_pending_responses()


@pytest.mark.parametrize("status", ["FAILED", "ABORTED"])
def test_a_batch_that_fails_says_why(status: str) -> None:
    """Redshift's own words, and that nothing was done."""
    asked = {**WHERE, "Sqls": ["COPY"], "ClientToken": "token"}
    data, _ = data_with(("batch_execute_statement", asked, {"Id": "1"}), ended(status, Error="ERROR: no such bucket"))
    with pytest.raises(CallFailed, match=f"batch_execute_statement: {status}: ERROR: no such bucket") as caught:
        data.run(["COPY"], "token")
    assert not caught.value.may_be_done


def test_a_query_is_read_to_its_last_page() -> None:
    """Numbers are numbers, times times, and NULL is None."""
    columns = [
        {"label": name, "typeName": kind} for name, kind in (("n", "int8"), ("at", "timestamp"), ("t", "varchar"))
    ]
    row = [{"longValue": 4}, {"stringValue": "2026-01-02 03:04:05.678901"}, {"isNull": True}]
    pages = [
        ("get_statement_result", {"Id": "1"}, {"Records": [row], "ColumnMetadata": columns, "NextToken": "more"}),
        ("get_statement_result", {"Id": "1", "NextToken": "more"}, {"Records": [row], "ColumnMetadata": columns}),
    ]
    asked = {**WHERE, "Sql": "SELECT :a", "Parameters": [{"name": "a", "value": "b"}]}
    data, stubber = data_with(("execute_statement", asked, {"Id": "1"}), ended("FINISHED", HasResultSet=True), *pages)
    answer = data.answer("SELECT :a", {"a": "b"})
    assert answer.names == ["n", "at", "t"]
    assert answer.rows == [(4, datetime(2026, 1, 2, 3, 4, 5, 678901), None)] * 2  # noqa: DTZ001
    stubber.assert_no_pending_responses()


def test_a_statement_without_rows_has_none() -> None:
    """Nothing is asked for that is not there."""
    data, _ = data_with(("execute_statement", {**WHERE, "Sql": "ALTER"}, {"Id": "1"}), ended("FINISHED"))
    assert data.query("ALTER") == []


def test_the_policy_allows_the_calls_that_are_made() -> None:
    """Each call of the Data API is an action of the two statements, with the credentials that it fetches itself."""
    policy = json.loads((Path(__file__).parents[3] / "deploy" / "iam" / "policy.json").read_text())
    of_ours = [each for each in policy["Statement"] if each["Sid"] in {"LoadRedshift", "ReadRedshiftAnswers"}]
    calls = [name for name in vars(DataClient) if not name.startswith("_")]
    actions = {f"redshift-data:{name.title().replace('_', '')}" for name in calls}
    assert len(calls) == 4
    assert {action for each in of_ours for action in each["Action"]} == {*actions, "redshift-serverless:GetCredentials"}
