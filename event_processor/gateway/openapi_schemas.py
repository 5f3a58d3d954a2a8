"""Contracts as OpenAPI 3.1 wants its schemas: in draft 2020-12, whatever their own, references followed. Pure."""

from typing import Any, Final

from event_processor.contracts.compiling import DRAFTS, is_known_format
from event_processor.contracts.contract import Contract
from event_processor.contracts.nodes import ANNOTATION_OF_PLACE, Node, Nodes
from event_processor.contracts.schema import children
from event_processor.contracts.streams import Stream
from event_processor.contracts.subjects import Fields, schema_of

_OURS: Final = frozenset({"x-channel", "x-owner"})  # whom we tell is nobody else's concern
_LEFT_OUT: Final = ANNOTATION_OF_PLACE - {"$comment", "x-version"} | _OURS


def schema_of_contract(contract: Contract) -> Any:
    """What a contract asks for. `x-max-bytes` and some patterns may mean less to others than to us."""
    document = contract.document
    plain = _Plain(document)
    names = {"title": contract.subject, "x-subject": contract.subject, "x-version": str(contract.version)}
    schema = plain.schema(plain.nodes.root)
    return names | (schema if isinstance(schema, dict) else {"not": {}})


def schema_of_record(stream: Stream, reference: str, ways: list[Fields]) -> dict[str, Any]:
    """A record of this stream that is about the contract's subject."""
    schema: dict[str, Any] = {"$ref": reference}
    for name in reversed(stream.steps):
        schema = {"type": "object", "properties": {name: schema}, "required": [name]}
    if stream.contract.is_fixed:
        return {"allOf": [{"type": "object"}, schema]}
    return {"allOf": [{"type": "object"}, schema, schema_of(ways)]}


class _Plain:
    def __init__(self, document: dict[str, Any]) -> None:
        self.nodes = Nodes(document, {})
        self._draft = document.get("$schema", DRAFTS[-1])

    def schema(self, node: Node) -> bool | dict[str, Any]:
        """All of it, what stands below included."""
        if node.keywords is None:
            return False
        made = {
            keyword: self._value(node, keyword, value)
            for keyword, value in node.keywords.items()
            if keyword not in _LEFT_OUT
        }
        if "format" in made and not is_known_format(made["format"], self._draft):
            del made["format"]  # it is not checked
        if "x-max-bytes" in made:  # a character has one at least
            made["maxLength"] = min(made["x-max-bytes"], made.get("maxLength", made["x-max-bytes"]))
        return made

    def _value(self, node: Node, keyword: str, value: Any) -> Any:
        """The schemas in a keyword's value made plain; any other value as it is."""
        found = list(children({keyword: value}, node.pointer))
        if not found:
            return value
        plain = [self.schema(self.nodes.node(child.pointer, child.schema)) for child in found]
        if found[0].schema is value:
            return plain[0]
        return plain if isinstance(value, list) else dict(zip(value, plain, strict=True))
