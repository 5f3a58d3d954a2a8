"""What a spoil is. Documents are kept as texts of their members, so that we can write what no serialiser would."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

Members: TypeAlias = dict[str, str]
"""A JSON object in the making: member name to the JSON text of its value, in document order."""

Rewrite: TypeAlias = Callable[[Random, str, str], str | None]
"""(rng, name, valid text) to the spoiled text; it may bring members after its own, and None drops the member."""


@dataclass(frozen=True, slots=True)
class Spoil:
    """One kind of invalid data and the members it can strike.

    `open_siblings`: whether the rest of the document is rejected with it is left to the receiver, so the siblings of
    the spoiled event may appear or not.
    """

    kind: str
    names: tuple[str, ...]
    rewrite: Rewrite
    open_siblings: bool = False

    def strike(self, rng: Random, members: Members, name: str) -> str:
        """Spoil one member in place and return the reason the manifest gives."""
        text = self.rewrite(rng, name, members[name])
        if text is None:
            del members[name]
        else:
            members[name] = text
        return f"{self.kind} {name}"


def object_text(members: Members) -> str:
    """The JSON object of these members."""
    return "{" + ", ".join([f'"{name}": {text}' for name, text in members.items()]) + "}"


def one_of(*texts: str) -> Rewrite:
    """A spoil that replaces the value by one of these JSON texts."""
    return lambda rng, _name, _text: rng.choice(texts)


def dropped(_rng: Random, _name: str, _text: str) -> None:
    """A spoil that leaves the member out."""
