"""event-processor estimate payload: how large records are, how they are billed, and which fields make them large."""

import gzip
import json
import random
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from event_processor.commands.main import main
from event_processor.estimate.payload import OTHER_FIELDS, Payload

PAGE = Path(__file__).parents[2] / "fixtures" / "segment-page.json"
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


def payload(file: str, stdin: bytes = b"", *arguments: str) -> Result:
    """The result of this command line."""
    return CliRunner().invoke(main, ["estimate", "payload", file, *arguments], input=stdin)


def payload_json(stdin: bytes) -> Any:
    """What a program reads of these records."""
    result = payload("-", stdin, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_golden_page_event() -> None:
    """The page event: compact, in gzip, in base64, and billed as 2 KB by Kinesis on-demand and 5 KB by Firehose."""
    found = json.loads(payload(str(PAGE), b"", "--json").stdout)
    forms = found["forms"]

    assert {form: forms[form]["bytes"] for form in forms} == {
        "raw": 1697, "compact": 1466, "gzip": 743, "base64": 1956,
    }  # fmt: skip
    assert forms["compact"]["billed"] == {"sqs_requests": 1, "on_demand_kb": 2, "put_units": 1, "firehose_kb": 5}
    assert forms["gzip"]["billed"]["on_demand_kb"] == 1


def test_each_record_is_rounded_up_by_itself() -> None:
    """Ten thousand records of 0.1 KB are not billed as 1 MB."""
    record = json.dumps({"a": "x" * 94}, separators=(",", ":")).encode()
    assert len(record) == 102
    billed = payload_json((record + b"\n") * 10_000)["forms"]["compact"]["billed"]

    assert billed == {"sqs_requests": 10_000, "on_demand_kb": 10_000, "put_units": 10_000, "firehose_kb": 50_000}


@pytest.mark.parametrize(
    ("size", "billed"),
    [
        (1024, (1, 1, 1, 5)),
        (1025, (1, 2, 1, 5)),
        (5121, (1, 6, 1, 10)),
        (25_601, (1, 26, 2, 30)),
        (65_537, (2, 65, 3, 65)),
    ],
)
def test_begun_units_count(size: int, billed: tuple[int, ...]) -> None:
    """A byte more than a unit holds is another unit: SQS 64 KiB, on-demand 1 KB, provisioned 25 KB, Firehose 5 KB."""
    found = Payload()
    found.add(b'"' + b"x" * (size - 2) + b'"')

    assert found.sizes["compact"].billed == billed


def test_percentiles() -> None:
    """Most records are small and some are not: the mean hides what the percentiles show."""
    found = Payload()
    for size in [100] * 94 + [2_000] * 4 + [50_001] * 2:
        found.add(b'"' + b"x" * (size - 2) + b'"')
    sizes = found.sizes["raw"]

    assert [sizes.percentile(percent) for percent in (50, 95)] == [100, 2_000]
    assert sizes.percentile(99) == pytest.approx(50_001, rel=1 / 2048)
    assert sizes.percentile(100) == sizes.most == 50_001


def test_fields_by_their_bytes() -> None:
    """A field counts with its name and all that is below it; items of an array are one field."""
    rows = b'{"id":1,"items":[{"sku":"ab"},{"sku":"c"}]}\n{"id":22,"caf\\u00e9":null}\n'
    fields = {each["path"]: (each["records"], each["bytes"]) for each in payload_json(rows)["fields"]}

    assert fields == {"items": (1, 34), "items[].sku": (1, 19), "id": (2, 13), "café": (1, 12)}


@settings(max_examples=50)
@given(st.dictionaries(st.text(max_size=5).filter(lambda name: not set(".[") & set(name)), VALUES, max_size=4))
def test_fields_add_up(record: dict[str, Any]) -> None:
    """The fields of the first level, with braces and commas, are the whole record."""
    found = Payload()
    found.add(json.dumps(record).encode())
    top = sum(each.bytes for each in found.fields() if each.path in record)

    assert top + 2 + max(0, len(record) - 1) == found.sizes["compact"].bytes


@pytest.mark.parametrize(
    "stdin",
    [
        b'{"a": 1}\n{"a": 2}\n',
        b'[{"a": 1}, {"a": 2}]',
        gzip.compress(b'{"a": 1}\n{"a": 2}\n', mtime=0),
        gzip.compress(b'{"a": 1}\n', mtime=0) + gzip.compress(b'{"a": 2}\n', mtime=0),
    ],
)
def test_forms_of_files(stdin: bytes) -> None:
    """NDJSON, an array, and both in gzip, of several members too, are the same records."""
    found = payload_json(stdin)

    assert (found["records"], found["forms"]["raw"]["bytes"], found["forms"]["compact"]["bytes"]) == (2, 16, 14)


def test_gzip_together_is_smaller_than_one_by_one() -> None:
    """Records that are alike compress far better as a file of the lake than each by itself."""
    page = json.dumps(json.loads(PAGE.read_text())).encode() + b"\n"
    found = payload_json(page * 100)
    lines = json.dumps(json.loads(page), separators=(",", ":")).encode() + b"\n"

    assert found["gzip_together_bytes"] == len(gzip.compress(lines * 100, 6, mtime=0))
    assert found["gzip_together_bytes"] * 20 < found["forms"]["gzip"]["bytes"]


@pytest.mark.parametrize(
    ("stdin", "complaint"),
    [
        (b"", "no records"),
        (b" \n\n", "no records"),
        (b"[]", "no records"),
        (gzip.compress(b'{"a":1}\n' * 500, mtime=0)[:-10], "damaged gzip after"),
        (b"\x1f\x8bnonsense", "damaged gzip after 0 records"),
    ],
)
def test_nothing_to_measure(stdin: bytes, complaint: str) -> None:
    """A file without records, or cut off, is exit code 2 and a line that says so; nothing is printed as if it were."""
    result = payload("-", stdin)

    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert complaint in result.stderr


def test_table() -> None:
    """A person gets sizes, units and fields, and hears of what is not JSON; nothing in the file steers the terminal."""
    result = payload("-", b'{"a":1}\nno json\n{"\\u001b[31mb":"x"}\n')

    assert result.exit_code == 0
    assert "3 records, 1 of them no JSON" in result.stdout
    for word in ("compact", "base64", "p99", "gzip, all together", "Firehose", "PUT units", "share"):
        assert word in result.stdout
    assert "\x1b" not in result.stdout


def test_memory_does_not_grow_with_the_file() -> None:
    """Names that are data, and sizes of every kind, take no more memory in a large file than in a small one."""

    def peak(rows: int) -> int:
        rng = random.Random(1)
        found = Payload()
        tracemalloc.start()
        for _ in range(rows):
            found.add(b'{"%s":"%s"}' % (rng.randbytes(8).hex().encode(), b"x" * rng.randrange(500)))
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert OTHER_FIELDS in {each.path for each in found.fields()}
        return top

    assert peak(2_400) < 1.2 * peak(1_200)


def test_lines_are_measured_as_they_come() -> None:
    """NDJSON is never held whole, in gzip or not: memory stays below the size of the file."""
    rows = gzip.compress(b'{"a":"%s"}\n' % (b"x" * 1_000) * 3_000)
    tracemalloc.start()
    found = payload("-", rows, "--json")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert json.loads(found.stdout)["records"] == 3_000
    assert peak < 2_000_000
