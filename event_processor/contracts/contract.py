"""A contract: what a subject's records must look like, ready to judge by."""

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
    document: dict[str, Any]
    validator: "Validator"
    places: Places
    weight: Weight

    @classmethod
    def compile(cls, document: Any) -> Self:
        """From the JSON Schema with its `x-subject` and `x-version`. Raises InvalidContract with all that is wrong."""
        found = problems(document)
        if found:
            raise InvalidContract("; ".join(map(str, found)))
        version = Version.parse(document["x-version"])
        places = Places.of(document)
        return cls(document["x-subject"], version, document, compiled(document), places, places.heaviest)

    @classmethod
    def read(cls, text: bytes) -> Self:
        """From the bytes of a document. Raises InvalidContract."""
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
    def owner(self) -> str | None:
        """Who answers for it (`x-owner`)."""
        return self.document.get("x-owner")

    @property
    def channel(self) -> str | None:
        """Whom to tell of its faults (`x-channel`)."""
        return self.document.get("x-channel")
