"""Signatures: ours and botocore's are the same bytes, whatever is signed."""

from datetime import UTC, datetime, timedelta

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from hypothesis import given
from hypothesis import strategies as st

from event_processor.aws.lean_transport.signer import Signer
from event_processor.aws.network.connection import HttpPool
from event_processor.aws.network.http import Route, host_of

WORDS = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=-_.", min_size=1, max_size=60)
CREDENTIALS = st.builds(ReadOnlyCredentials, WORDS, WORDS, st.none() | st.just("") | WORDS)
HOSTS = st.sampled_from(["sqs.eu-west-1.amazonaws.com", "LocalHost:4566", "127.0.0.1:443", "[::1]:80", "h:443", "h:80"])
PATHS = st.sampled_from(["", "/", "/prefix", "/a//b/../c/", "/with space/~x", "/größe", "/%20"])
URLS = st.builds("{}://{}{}".format, st.sampled_from(["http", "https"]), HOSTS, PATHS)
MIDNIGHTS = st.dates(datetime(2000, 1, 1, tzinfo=UTC).date(), datetime(2099, 12, 31, tzinfo=UTC).date())
MOMENTS = st.builds(
    lambda day, seconds: datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=seconds),
    MIDNIGHTS,
    st.integers(-2, 2) | st.integers(0, 86399),
)
NAMES = st.sampled_from(["content-type", "x-amz-target", "x-amzn-query-mode", "x-amz-date-of-birth", "a", "z"])
HEADERS = st.dictionaries(NAMES, WORDS)


def route_to(url: str) -> Route:
    """To nowhere: nothing is sent."""
    return Route(url, host_of(url), HttpPool("localhost"), "/", "", {})


def headers_of(head: bytes) -> dict[str, str]:
    """By name."""
    return dict(line.split(": ", 1) for line in head.decode("latin-1").split("\r\n")[1:])


def botocores(
    url: str,
    headers: dict[str, str],
    body: bytes,
    credentials: ReadOnlyCredentials,
    place: tuple[str, str],
    now: datetime,
) -> str:
    """The Authorization header that botocore makes at that time."""
    request = AWSRequest("POST", url, headers=headers, data=body)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.auth, "get_current_datetime", lambda: now)
        botocore.auth.SigV4Auth(credentials, *place).add_auth(request)
    return str(request.headers["Authorization"])


@given(
    URLS, HEADERS, st.lists(st.tuples(st.binary(max_size=2000), CREDENTIALS, MOMENTS), min_size=1, max_size=5), WORDS
)
def test_signatures_are_botocores(
    url: str, headers: dict[str, str], calls: list[tuple[bytes, ReadOnlyCredentials, datetime]], region: str
) -> None:
    """A signer that goes on for days, over refreshed credentials, signs every request as botocore does."""
    signer = Signer(route_to(url), region, "sqs", headers, "agent/1")

    for body, credentials, now in calls:
        ours = headers_of(signer.head(body, credentials, now.timestamp()))

        assert ours["authorization"] == botocores(url, headers, body, credentials, ("sqs", region), now)
        assert ours.get("x-amz-security-token") == (credentials.token or None)


@given(st.binary(max_size=100), st.binary(max_size=100), MOMENTS)
def test_signatures_differ(one: bytes, other: bytes, now: datetime) -> None:
    """Another body is another signature: none is reused."""
    credentials = ReadOnlyCredentials("key", "secret", None)
    signer = Signer(route_to("https://sqs.eu-west-1.amazonaws.com"), "eu-west-1", "sqs", {}, "agent/1")
    made = [headers_of(signer.head(body, credentials, now.timestamp()))["authorization"] for body in (one, other)]

    assert (made[0] == made[1]) == (one == other)
