"""A contract: what a subject's records must look like, ready to judge by."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from event_processor.contracts.acceptance import problems
from event_processor.contracts.compiling import compiled
from event_processor.contracts.schema import Places, Weight
from event_processor.contracts.version import Version
from event_processor.errors import InvalidContract
from event_processor.json_document import Unreadable, read_json

if TYPE_CHECKING:
    from jsonschema_rs import Validator

LARGEST_BYTES: Final = 256 * 1024


@dataclass(frozen=True, slots=True, eq=False)
class Contract:
    """One version of what is valid for a subject. Only `compile` and `read` make it, which refuse what is unsound."""

    subject: str
    version: Version
    text: str
    validator: "Validator"
    places: Places
    weight: Weight
    owner: str | None
    """Who answers for it (`x-owner`)."""
    channel: str | None
    """Whom to tell of its faults (`x-channel`)."""

    @classmethod
    def compile(cls, document: Any) -> Self:
        """Make it of a JSON Schema with `x-subject` and `x-version`. Raises InvalidContract with all that is wrong."""
        found = problems(document)
        if found:
            raise InvalidContract("; ".join(map(str, found)))
        places = Places.of(document)
        return cls(
            subject=document["x-subject"],
            version=Version.parse(document["x-version"]),
            text=json.dumps(document, separators=(",", ":")),
            validator=compiled(document),
            places=places,
            weight=places.heaviest,
            owner=document.get("x-owner"),
            channel=document.get("x-channel"),
        )

    @classmethod
    def read(cls, text: bytes) -> Self:
        """Make it of the bytes of a document. Raises InvalidContract."""
        if len(text) > LARGEST_BYTES:
            raise InvalidContract(f"a contract is at most 256 KiB, this is {len(text):,} bytes")
        try:
            document = read_json(text.decode())
        except UnicodeDecodeError:
            raise InvalidContract("the document: no UTF-8") from None
        except Unreadable as error:
            raise InvalidContract(f"the document: {error.fault.detail}") from None
        return cls.compile(document)

    @property
    def document(self) -> dict[str, Any]:
        """Read again each time: it is seldom needed, and those of a thousand contracts take 25 MB."""
        document: dict[str, Any] = json.loads(self.text)
        return document
