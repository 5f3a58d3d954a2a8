"""What publishing a contract would do, and why it is refused."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from event_processor.contracts.changes import Change, Step
from event_processor.contracts.compatibility import differences
from event_processor.contracts.contract import Contract
from event_processor.contracts.registry import Document, Registry
from event_processor.contracts.version import Version
from event_processor.errors import Conflict


class Action(StrEnum):
    """What is to be done with a version."""

    PUBLISH = "published"
    MAKE_LIVE = "made live"
    NOTHING = "already exists"


@dataclass(frozen=True, slots=True)
class Publication:
    """One version to be published, and what is live until then.

    `unannounced` breaks nobody, but asks for a higher step than the version makes.
    """

    document: Document
    action: Action
    live_before: Version | None
    unannounced: tuple[Change, ...] = ()

    def carry_out(self, registry: Registry, by: str) -> None:
        """Publish it or make it live. Raises Conflict if somebody else was faster, and CallFailed."""
        if self.action is Action.PUBLISH:
            registry.publish(self.document, self.live_before, by)
        elif self.action is Action.MAKE_LIVE:
            registry.move(self.document.subject, self.document.version, self.live_before, by)


def plan(contracts: Iterable[tuple[Contract, str]], registry: Registry) -> list[Publication]:
    """What it takes to publish all of these, each with its text. Raises Conflict if one of them must not be published.

    A version that is there with the same content stays where it is: what was rolled back is not made live again by
    publishing everything once more.
    """
    live = dict(registry.read().documents)
    planned = []
    for contract, text in sorted(contracts, key=lambda each: (each[0].subject, each[0].version)):
        document = Document(contract.subject, contract.version, text)
        before = live.get(document.subject)
        action = _action(document, before, registry)
        changes = unannounced(before, contract) if before and action is Action.PUBLISH else []
        breaking = [change for change in changes if change.step is Step.MODEL]
        if before and breaking:
            what = "; ".join(map(str, breaking))
            raise Conflict(f"{document.subject} {document.version} breaks {before.version} without a new MODEL: {what}")
        planned.append(Publication(document, action, before.version if before else None, tuple(changes)))
        if action is not Action.NOTHING:
            live[document.subject] = document
    return planned


def unannounced(old: Contract | Document, new: Contract) -> list[Change]:
    """The changes that need a higher step than the new version makes."""
    document = old.document if isinstance(old, Contract) else json.loads(old.text)
    step = announced(old.version, new.version)
    return [change for change in differences(document, new.document) if change.step > step]


def announced(old: Version, new: Version) -> Step:
    """The highest step that a version makes over an earlier one."""
    if new.model > old.model:
        return Step.MODEL
    return Step.REVISION if new.revision > old.revision else Step.ADDITION


def _action(document: Document, live: Document | None, registry: Registry) -> Action:
    what = f"{document.subject} {document.version}"
    kept = registry.document(document.subject, document.version)
    if kept is not None:
        if _content(kept.text) != _content(document.text):
            raise Conflict(f"{what} already exists with other content; a version never changes: give a new one")
        return Action.NOTHING if live else Action.MAKE_LIVE
    if live is None:
        return Action.PUBLISH
    if document.version <= live.version:
        raise Conflict(f"{what}: {live.version} is live; a new version comes after it")
    return Action.PUBLISH


def _content(text: str) -> str:
    """Without white space and order of keys, which mean nothing."""
    return json.dumps(json.loads(text), sort_keys=True)
