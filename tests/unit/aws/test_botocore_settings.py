"""What the operator typed wrong for AWS: one line that names it, exit code 2, before anything is called."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from event_processor.commands.main import main

ENDPOINT = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
NO_KEYS = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}

VARIABLES: list[tuple[dict[str, str], str]] = [
    ({"AWS_PROFILE": "nope"}, "AWS_PROFILE: The config profile (nope) could not be found"),
    ({"AWS_SECRET_ACCESS_KEY": ""}, "missing: AWS_SECRET_ACCESS_KEY"),
    ({"AWS_ACCESS_KEY_ID": ""}, "AWS_ACCESS_KEY_ID"),
    ({"AWS_ENDPOINT_URL": "http://local_host:80"}, "AWS_ENDPOINT_URL: Invalid endpoint"),
    ({"AWS_ENDPOINT_URL_SQS": "http://a..b"}, "AWS_ENDPOINT_URL_SQS: Invalid endpoint"),
    ({"AWS_ENDPOINT_URL_KINESIS": "http://a..b"}, "AWS_ENDPOINT_URL_KINESIS: Invalid endpoint"),
    ({"AWS_ENDPOINT_URL": "", "LOCALSTACK_HOST": "local_stack"}, "LOCALSTACK_HOST: Invalid endpoint"),
    ({"AWS_REGION": "", "AWS_DEFAULT_REGION": "EU West"}, "AWS_DEFAULT_REGION or region of the profile"),
    ({"AWS_REGION": "x" * 99}, "AWS_REGION"),
    ({"AWS_MAX_ATTEMPTS": "many"}, "AWS_MAX_ATTEMPTS or max_attempts of the profile: was 'many'"),
    ({"AWS_MAX_ATTEMPTS": "0"}, "allowed: an integer from 1"),
    ({"AWS_RETRY_MODE": "bogus"}, "AWS_RETRY_MODE"),
    ({"AWS_DEFAULTS_MODE": "bogus"}, "AWS_DEFAULTS_MODE"),
    ({"AWS_USE_FIPS_ENDPOINT": "maybe"}, "AWS_USE_FIPS_ENDPOINT or use_fips_endpoint of the profile: was 'maybe'"),
    ({"AWS_USE_DUALSTACK_ENDPOINT": "1"}, "allowed: true, false"),
    ({"AWS_STS_REGIONAL_ENDPOINTS": "everywhere"}, "allowed: legacy, regional"),
    ({"AWS_ACCOUNT_ID_ENDPOINT_MODE": "bogus"}, "AWS_ACCOUNT_ID_ENDPOINT_MODE"),
    ({"AWS_REQUEST_CHECKSUM_CALCULATION": "bogus"}, "AWS_REQUEST_CHECKSUM_CALCULATION"),
    ({"AWS_METADATA_SERVICE_TIMEOUT": "soon"}, "AWS_METADATA_SERVICE_TIMEOUT"),
    ({"AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://a b"}, "AWS_EC2_METADATA_SERVICE_ENDPOINT"),
    ({"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "ipv5"}, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"),
    ({"AWS_CA_BUNDLE": "/nonexistent.pem"}, "AWS_CA_BUNDLE or ca_bundle of the profile: was '/nonexistent.pem'"),
    ({"REQUESTS_CA_BUNDLE": "/"}, "REQUESTS_CA_BUNDLE: was '/'"),
    ({"AWS_CA_BUNDLE": __file__}, "AWS_CA_BUNDLE"),
    ({"HTTP_PROXY": "not a url"}, "HTTP_PROXY: was 'not a url'; allowed: an http or https URL"),
    ({"HTTPS_PROXY": "http://proxy:66000"}, "HTTPS_PROXY: was 'http://proxy:66000'"),
    ({"HTTPS_PROXY": "socks5://proxy:1080"}, "HTTPS_PROXY"),
    ({"AWS_ACCESS_KEY_ID": "AKID\n"}, "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY: ValueError: a key or the token is"),
    ({"AWS_SESSION_TOKEN": "a\rb"}, "AWS_SESSION_TOKEN: ValueError: a key or the token is"),
    ({"AWS_CREDENTIAL_EXPIRATION": "soon"}, "AWS_CREDENTIAL_EXPIRATION: ParserError"),
    ({"AWS_CREDENTIAL_EXPIRATION": "2001-01-01T00:00:00Z"}, "AWS_CREDENTIAL_EXPIRATION: RuntimeError"),
    ({**NO_KEYS, "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://evil.example/"}, "FULL_URI: ValueError: Unsupported"),
    ({**NO_KEYS, "AWS_CONTAINER_CREDENTIALS_FULL_URI": "nope"}, "AWS_CONTAINER_CREDENTIALS_FULL_URI: ValueError"),
    ({**NO_KEYS, "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:99999/"}, "FULL_URI: HTTPClientError: An"),
    ({**NO_KEYS, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "x y"}, "RELATIVE_URI: ValueError: Unsupported host"),
]
FILES = {
    "in the middle of a key": ("[default]\naws_access_key_id = A\naws_secret_acc", "Unable to parse config file"),
    "in the middle of a section": ("[profile x", "Unable to parse config file"),
    "no text": ("\udcff\udcfe", "Unable to parse config file"),
    "half a pair": ("[default]\naws_access_key_id = A\n", "missing: aws_secret_access_key"),
    "the other half": ("[default]\naws_secret_access_key = A\n", "aws_access_key_id of the profile"),
}
SECTIONS = {
    "a section that is not there": ("[default]\nservices = mine\n", '"mine" services configuration does not exist'),
    "a mode": ("[default]\nretry_mode = bogus\n", "retry_mode of the profile"),
    "a bundle": ("[default]\nca_bundle = /nonexistent.pem\n", "ca_bundle of the profile: was '/nonexistent.pem'"),
    "an endpoint": ("[default]\nendpoint_url = http://a..b\n", "Invalid endpoint: http://a..b"),
    "a number": ("[default]\nmax_attempts = few\n", "max_attempts of the profile: was 'few'"),
    "a source that is not there": (
        "[default]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = gone\n",
        'source_profile "gone"',
    ),
    "a source of an unknown kind": (
        "[default]\nrole_arn = arn:aws:iam::123456789012:role/r\ncredential_source = Moon\n",
        "Moon",
    ),
}


def check(tmp_path: Path, **environment: str) -> Result:
    """`event-processor check` with just these variables, and no files but those named."""
    files = {name: str(tmp_path / name) for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")}
    return CliRunner(env={"AWS_REGION": "us-east-1", **files, **environment}).invoke(main, ["check"])


def complaint(result: Result) -> str:
    """The one line."""
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("event-processor: ")
    return result.stderr


@pytest.mark.parametrize(("variables", "said"), VARIABLES, ids=lambda each: str(each)[:40])
def test_variables(tmp_path: Path, variables: dict[str, str], said: str) -> None:
    """A variable that botocore cannot work with is named."""
    if any("METADATA" in name for name in variables):
        variables = NO_KEYS | variables

    assert said in complaint(check(tmp_path, **ENDPOINT | variables))


@pytest.mark.parametrize("file", ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"])
@pytest.mark.parametrize("fault", FILES)
def test_torn_files(tmp_path: Path, fault: str, file: str) -> None:
    """A file of AWS that ends in the middle is named, as is what is missing from it."""
    text, said = FILES[fault]
    (tmp_path / file).write_text(text, errors="surrogateescape")

    line = complaint(check(tmp_path, **ENDPOINT, **NO_KEYS))

    assert said in line
    assert str(tmp_path / file) in line or "of the profile" in line


@pytest.mark.parametrize("fault", SECTIONS)
def test_sections_of_the_profile(tmp_path: Path, fault: str) -> None:
    """What is wrong in the profile is named by its key there."""
    text, said = SECTIONS[fault]
    (tmp_path / "AWS_CONFIG_FILE").write_text(text)

    assert said in complaint(check(tmp_path, **NO_KEYS))


@pytest.mark.parametrize("value", ["true", "false", "0", "no"])
def test_a_flag_that_botocore_understands(tmp_path: Path, value: str) -> None:
    """What means no, or is a plain true, is no complaint: the call is tried."""
    assert check(tmp_path, **ENDPOINT, AWS_EC2_METADATA_V1_DISABLED=value).exit_code == 1
