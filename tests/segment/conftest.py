"""One place for all clients that a process of tests runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.certificates import LOOPBACK, self_signed
from tests.segment.place import SegmentPlace
from tests.system.gateway import Gateway
from tests.system.processes import shared_emulator


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SegmentPlace]:
    """A stream, its contracts and a write key."""
    folder = tmp_path_factory.mktemp("segment")
    with shared_emulator(folder) as aws:
        yield SegmentPlace(folder, aws)


@pytest.fixture(scope="session")
def gateway(place: SegmentPlace) -> Iterator[Gateway]:
    """One that does not give up within a test."""
    with place.open(GATEWAY_DEADLINE="60", GATEWAY_ORIGINS="*") as process:
        yield process


@pytest.fixture(scope="session")
def hasty(place: SegmentPlace) -> Iterator[Gateway]:
    """One that gives up at once."""
    with place.open(GATEWAY_DEADLINE="0.5", GATEWAY_ORIGINS="*") as process:
        yield process


@pytest.fixture
def refusing_some(place: SegmentPlace) -> Iterator[None]:
    """Kinesis refuses a tenth of the records."""
    place.aws.set_faults(refuse=0.1)
    yield
    place.aws.set_faults()


@pytest.fixture
def refusing(place: SegmentPlace) -> Iterator[None]:
    """Kinesis takes nothing."""
    place.aws.set_faults(refuse=1.0)
    yield
    place.aws.set_faults()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of this machine, and its key behind it."""
    return self_signed(tmp_path_factory.mktemp("tls"), LOOPBACK)
