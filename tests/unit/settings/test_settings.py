"""The settings: names, defaults, what a bad value says, and that nothing else reads the environment."""

import ast
from pathlib import Path

import pytest

import event_processor
from event_processor.errors import SettingsError
from event_processor.settings.loading import load, sources
from event_processor.settings.submissions import SubmissionsSettings
from tools.readme_tables import settings_rows

PACKAGE = Path(event_processor.__file__).parent
MIB = 1024 * 1024

DEFAULTS = {
    "CONTRACTS": "",
    "CONTRACTS_REFRESH": "2.0",
    "QUEUE_NAME": "submissions",
    "STREAM_NAME": "events",
    "BATCH_SIZE": "10",
    "VISIBILITY_TIMEOUT": "60",
    "WAIT_TIME": "20",
    "RECEIVERS": "4",
    "MAX_IN_FLIGHT": "2000",
    "MAX_IN_FLIGHT_BYTES": str(64 * MIB),
    "PARTITION_KEY": "device_id",
    "REJECTS": "log",
    "REJECTS_FILE": "rejects.ndjson",
    "REJECTS_QUEUE": "submissions-rejects",
    "LAKE": "dir:lake",
    "REJECT_LIMIT_SHARE": "",
    "REJECT_LIMIT_CONSECUTIVE": "",
    "LOG_LEVEL": "INFO",
    "LOG_FORMAT": "json",
    "METRICS_PORT": "8000",
    "METRICS_HOST": "127.0.0.1",
    "JOBS": "",
    "SHUTDOWN_GRACE": "28.0",
    "UNFINISHED_LIMIT": "600.0",
    "AWS_ENDPOINT_URL": "",
    "AWS_ENDPOINT_URL_SQS": "",
    "AWS_ENDPOINT_URL_KINESIS": "",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
    "AWS_REGION": "",
    "AWS_TRANSPORT": "lean",
    "LOCALSTACK_HOST": "",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "",
    "OTEL_TRACES_EXPORTER": "otlp",
}

BAD = [
    ("QUEUE_NAME", "a b", "1 to 80 letters, digits, _ and -; a FIFO queue's name ends with .fifo"),
    ("QUEUE_NAME", "x" * 81, "1 to 80 letters, digits, _ and -; a FIFO queue's name ends with .fifo"),
    ("QUEUE_NAME", "http://127.0.0.1/q", "1 to 80 letters, digits, _ and -; a FIFO queue's name ends with .fifo"),
    ("STREAM_NAME", "events!", "1 to 128 letters, digits, _, . and -"),
    ("BATCH_SIZE", "0", "an integer from 1 to 10"),
    ("BATCH_SIZE", "11", "an integer from 1 to 10"),
    ("BATCH_SIZE", "ten", "an integer from 1 to 10"),
    ("BATCH_SIZE", "2.5", "an integer from 1 to 10"),
    ("VISIBILITY_TIMEOUT", "1", "an integer from 2 to 43200"),
    ("VISIBILITY_TIMEOUT", "43201", "an integer from 2 to 43200"),
    ("WAIT_TIME", "21", "an integer from 0 to 20"),
    ("WAIT_TIME", "-1", "an integer from 0 to 20"),
    ("RECEIVERS", "0", "an integer from 1 to 64"),
    ("MAX_IN_FLIGHT", "9", "an integer from 10 to 100000"),
    ("MAX_IN_FLIGHT_BYTES", "64MiB", f"an integer from {16 * MIB} to {16384 * MIB}"),
    ("MAX_IN_FLIGHT_BYTES", str(16 * MIB - 1), f"an integer from {16 * MIB} to {16384 * MIB}"),
    ("PARTITION_KEY", "event_type", "device_id, submission_id"),
    ("REJECTS", "kafka", "log, file, sqs, lake"),
    ("REJECTS_QUEUE", "a.b", "1 to 80 letters, digits, _ and -"),
    ("REJECT_LIMIT_SHARE", "1.1", "a number from 0 to 1"),
    ("REJECT_LIMIT_CONSECUTIVE", "2.5", "an integer from 0 to 1000000"),
    ("LOG_LEVEL", "LOUD", "DEBUG, INFO, WARNING, ERROR"),
    ("LOG_FORMAT", "xml", "json, console"),
    ("OTEL_TRACES_EXPORTER", "jaeger", "otlp, none"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "127.0.0.1:4318", "an http or https URL"),
    ("METRICS_PORT", "65536", "an integer from 0 to 65535"),
    ("METRICS_PORT", "-1", "an integer from 0 to 65535"),
    ("SHUTDOWN_GRACE", "0", "a number from 1 to 3600"),
    ("SHUTDOWN_GRACE", "nan", "a number from 1 to 3600"),
    ("SHUTDOWN_GRACE", "inf", "a number from 1 to 3600"),
    ("UNFINISHED_LIMIT", "soon", "a number from 1 to 43200"),
    ("AWS_ENDPOINT_URL", "localhost:4566", "an http or https URL"),
    ("AWS_ENDPOINT_URL", "http://local host", "an http or https URL"),
    ("AWS_ENDPOINT_URL", "http://localhost:66000", "an http or https URL"),
    ("AWS_ENDPOINT_URL", "http://localhost:0", "an http or https URL"),
    ("AWS_ENDPOINT_URL", "http://localhost:port", "an http or https URL"),
    ("AWS_ENDPOINT_URL", "http://[::1", "an http or https URL"),
    ("AWS_ENDPOINT_URL", "http://:80", "an http or https URL"),
    ("AWS_ENDPOINT_URL_SQS", "http://", "an http or https URL"),
    ("AWS_ENDPOINT_URL_KINESIS", "ftp://localhost", "an http or https URL"),
    ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "yes", "true, false"),
    ("AWS_TRANSPORT", "curl", "lean, boto3"),
    ("CONTRACTS", "contracts", "dir:PATH or dynamodb:TABLE"),
    ("CONTRACTS_REFRESH", "0", "a number from 0.1 to 60"),
    ("LAKE", "lake", "dir:FOLDER or s3://BUCKET/PREFIX"),
    ("LAKE", "dir:", "dir:FOLDER or s3://BUCKET/PREFIX"),
    ("LAKE", "s3://", "dir:FOLDER or s3://BUCKET/PREFIX"),
    ("LAKE", "s3://A_b/c", "dir:FOLDER or s3://BUCKET/PREFIX"),
    ("LAKE", "s3://bucket//c", "dir:FOLDER or s3://BUCKET/PREFIX"),
    ("AWS_REGION", "EU West", "a region, such as eu-west-1"),
    ("LOCALSTACK_HOST", "http://localstack", "host or host:port"),
    ("LOCALSTACK_HOST", "localstack:66000", "host or host:port"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:66000", "an http or https URL"),
]


def test_defaults() -> None:
    """Every variable that users type exists, with the default they rely on; and there are no others."""
    assert {name: value for name, value, _ in sources(load(SubmissionsSettings)) if name in DEFAULTS} == DEFAULTS
    assert {name.upper() for name in SubmissionsSettings.model_fields} == set(DEFAULTS)


@pytest.mark.parametrize(("name", "value", "allowed"), BAD, ids=lambda each: str(each)[:20])
def test_a_bad_value(monkeypatch: pytest.MonkeyPatch, name: str, value: str, allowed: str) -> None:
    """A bad value is one line: the variable, what it was, what is allowed."""
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError) as caught:
        load(SubmissionsSettings)

    assert str(caught.value) == f"{name}: was {value!r}; allowed: {allowed}"


def test_every_bad_value_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is wrong is said at once, a line each, so that nobody has to start three times."""
    for name, value in (("BATCH_SIZE", "11"), ("REJECTS", "kafka"), ("LOG_FORMAT", "xml")):
        monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError) as caught:
        load(SubmissionsSettings)

    assert [line.split(":")[0] for line in str(caught.value).splitlines()] == ["BATCH_SIZE", "REJECTS", "LOG_FORMAT"]


@pytest.mark.parametrize("name", sorted(DEFAULTS))
def test_empty_means_unset(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A variable that is set to nothing, as compose files do, counts as unset."""
    monkeypatch.setenv(name, "")

    assert (name, DEFAULTS[name], "default") in list(sources(load(SubmissionsSettings)))


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("BATCH_SIZE", "3", "3"),
        ("LOG_LEVEL", "debug", "DEBUG"),
        ("PARTITION_KEY", "submission_id", "submission_id"),
        ("SHUTDOWN_GRACE", "2.5", "2.5"),
        ("REJECTS_FILE", "/var/rejects.ndjson", "/var/rejects.ndjson"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:4566", "http://127.0.0.1:4566"),
        ("LOCALSTACK_HOST", "localstack:4566", "localstack:4566"),
        ("AWS_REGION", "eu-west-1", "eu-west-1"),
    ],
)
def test_from_the_environment(monkeypatch: pytest.MonkeyPatch, name: str, value: str, shown: str) -> None:
    """A variable that is set is taken, and said to come from the environment."""
    monkeypatch.setenv(name, value)

    assert (name, shown, "environment") in list(sources(load(SubmissionsSettings)))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://user:PASSWORD@127.0.0.1:4566", "http://***@127.0.0.1:4566"),
        ("https://user:PASS@WORD@host/path", "https://***@host/path"),
        ("http://host/path", "http://host/path"),
    ],
)
def test_a_password_is_masked(monkeypatch: pytest.MonkeyPatch, url: str, shown: str) -> None:
    """A password in a URL is never shown, not even a badly quoted one."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)

    assert ("AWS_ENDPOINT_URL", shown, "environment") in list(sources(load(SubmissionsSettings)))


@pytest.mark.parametrize("url", ["user:PASSWORD@127.0.0.1", "http://user:PASS/WORD@127", "http://us er:PASSWORD@127"])
def test_a_password_in_a_bad_url_is_masked(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """The complaint about a URL does not show its password either."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)

    with pytest.raises(SettingsError, match=r"AWS_ENDPOINT_URL: was '(http://)?\*\*\*@127") as caught:
        load(SubmissionsSettings)

    assert "PASSWORD" not in str(caught.value)


def test_credentials_are_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    """That credentials are in the environment is shown; what they are is not."""
    monkeypatch.setenv("AWS_SESSION_TOKEN", "CANARY")

    shown = {name: value for name, value, _ in sources(load(SubmissionsSettings)) if name not in DEFAULTS}

    assert shown == dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"), "***")


@pytest.mark.parametrize(
    ("variables", "limits"),
    [
        ({}, (0.0, 0)),
        ({"REJECTS": "file"}, (0.5, 500)),
        ({"REJECTS": "sqs"}, (0.5, 500)),
        ({"REJECTS": "sqs", "REJECT_LIMIT_SHARE": "0", "REJECT_LIMIT_CONSECUTIVE": "0"}, (0.0, 0)),
        ({"REJECT_LIMIT_SHARE": "0.9", "REJECT_LIMIT_CONSECUTIVE": "7"}, (0.9, 7)),
    ],
)
def test_reject_limits(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], limits: tuple[float, int]) -> None:
    """There is a limit on rejects where their originals are kept, unless told otherwise; 0 is none."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert load(SubmissionsSettings).reject_limits == limits


def test_frozen() -> None:
    """Settings cannot change under a running process."""
    with pytest.raises(ValueError, match="frozen"):
        load(SubmissionsSettings).batch_size = 3  # type: ignore[misc]  # that is the point


def test_table() -> None:
    """The table of settings has a row for every variable, with its default and what is allowed."""
    rows = settings_rows(SubmissionsSettings)

    assert [row.split("`")[1] for row in rows] == [name.upper() for name in SubmissionsSettings.model_fields]
    assert "| `BATCH_SIZE` | `10` | an integer from 1 to 10 | Messages asked for in one receive |" in rows


def _reads_environment(source: str) -> bool:
    names = {"environ", "environb", "getenv", "getenvb"}
    if not any(name in source for name in names):
        return False
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in names and ast.unparse(node.value) == "os":
            return True
        if isinstance(node, ast.ImportFrom) and node.module == "os" and names & {each.name for each in node.names}:
            return True
    return False


def test_nothing_else_reads_the_environment() -> None:
    """The environment is read in one place, so that `config` prints all there is; the name resolver has its own."""
    readers = [
        path.relative_to(PACKAGE).as_posix()
        for path in sorted(PACKAGE.rglob("*.py"))
        if _reads_environment(path.read_text("utf-8"))
    ]

    assert readers == ["aws/network/time_limit.py", "settings/loading.py"]
