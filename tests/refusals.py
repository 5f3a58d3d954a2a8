"""What AWS refuses, whichever back end stands in for it."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from botocore.exceptions import ClientError

from local_aws.errors import AwsError


@contextmanager
def refused(*codes: str, match: str | None = None) -> Iterator[None]:
    """What is done inside is refused with one of these codes, as a client sees it or as local_aws raises it."""
    with pytest.raises((ClientError, AwsError), match=match) as error:
        yield
    found = error.value
    assert (found.response["Error"]["Code"] if isinstance(found, ClientError) else getattr(found, "code", "")) in codes
