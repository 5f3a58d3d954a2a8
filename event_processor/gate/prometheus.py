"""Asks Prometheus, by its HTTP API, for what the gate needs."""

import json
from collections.abc import Iterator, Mapping
from http.client import HTTPException
from math import isfinite
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from event_processor.errors import NoEvidence, SettingsError
from event_processor.gate.figures import Figures, Series
from event_processor.gate.judging import Window
from event_processor.gate.reading import NEEDED, START, figures_of
from event_processor.text import one_line

_ANSWER_SECONDS: Final = 30
_LARGEST_ANSWER: Final = 512 * 1024 * 1024
_SYNTAX: Final = 400  # what Prometheus answers to a query that it cannot parse
_NAME: Final = "__name__"


class Prometheus:
    """A server. Its clock counts, not ours. Methods raise NoEvidence, and SettingsError for a selector that is none."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def sides(self, stable: str, canary: str, minutes: float) -> tuple[Figures, Figures, Window]:
        """Figures of both, of the last so many minutes; of fewer if the canary has not run for so long.

        So both are judged by the same minutes: an outage before the canary was started is not held against either.
        """
        try:
            return self._sides(stable, canary, minutes)
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
            raise NoEvidence(f"{self._url} does not answer as Prometheus does: {error!r}") from error

    def _sides(self, stable: str, canary: str, minutes: float) -> tuple[Figures, Figures, Window]:
        now = float(self._ask("time()", {})[0])
        starts = self._starts(canary, now, minutes)
        seconds = min(minutes * 60, max(1.0, now - min(starts.values(), default=now)))
        ours = list(self._series(stable, now, seconds))
        theirs = [one for one in self._series(canary, now, seconds) if one.replica in starts]
        if both := {one.replica for one in ours} & {one.replica for one in theirs}:
            name = " ".join(part for part in min(both) if part)
            raise SettingsError(f"--stable and --canary both select {name}: no replica may be on both sides")
        begin = now - seconds
        sides = figures_of(ours, begin), figures_of(theirs, begin)
        return *sides, Window(now - max(begin, *(side.since for side in sides)), minutes * 60)

    def _starts(self, selector: str, now: float, minutes: float) -> dict[tuple[str, ...], float]:
        """When each canary that is scraped now was started for the first time in these minutes.

        One that is gone is none: it may have been the canary of an earlier version.
        """
        start = f"{START}{{{selector}}}"
        found = self._ask(f"min_over_time({start}[{minutes * 60:.0f}s]) and {start}", {"time": now})
        return {Series(START, one["metric"], ()).replica: float(one["value"][1]) for one in found}

    def _series(self, selector: str, now: float, seconds: float) -> Iterator[Series]:
        everything = f'{{{_NAME}=~"{"|".join(NEEDED)}",{selector}}}'
        earlier = self._ask(everything, {"time": now - seconds})
        before = {_key(one["metric"]): float(one["value"][1]) for one in earlier}
        for one in self._ask(f"{everything}[{seconds:.0f}s]", {"time": now}):
            values = [value for _, text in one["values"] if isfinite(value := float(text))]
            labels: dict[str, str] = one["metric"]
            if values:
                yield Series(labels[_NAME], labels, values, before.get(_key(labels)), float(one["values"][0][0]))

    def _ask(self, query: str, more: Mapping[str, float]) -> list[Any]:
        """The result of a query."""
        body = urlencode({"query": query, **more}).encode()
        try:
            with urlopen(Request(f"{self._url}/api/v1/query", body), timeout=_ANSWER_SECONDS) as answer:  # noqa: S310
                found = json.loads(answer.read(_LARGEST_ANSWER))
        except HTTPError as error:
            raise self._refused(error) from error
        except (OSError, HTTPException, ValueError) as error:
            why = error.reason if isinstance(error, URLError) else error
            raise NoEvidence(f"{self._url} does not answer as Prometheus does: {why}") from error
        result: list[Any] = found["data"]["result"]
        return result

    def _refused(self, error: HTTPError) -> NoEvidence | SettingsError:
        said = error.read(10_000).decode(errors="replace")
        try:
            said = one_line(str(json.loads(said)["error"]))
        except (ValueError, TypeError, KeyError):
            return NoEvidence(f"{self._url} does not answer as Prometheus does: {error.code} {error.reason}")
        if error.code == _SYNTAX:
            return SettingsError(f"Prometheus cannot read a selector: {said}")
        return NoEvidence(f"{self._url}: {said}")


def selector_of(text: str) -> str:
    """The label matchers within the braces, with or without them. Raises SettingsError if there are none."""
    inner = text.strip().removeprefix("{").removesuffix("}").strip().rstrip(",")
    if "=" not in inner:
        raise SettingsError(f"a selector is a list of labels, such as 'track=\"canary\"'; was {text!r}")
    return inner


def _key(labels: Mapping[str, str]) -> frozenset[tuple[str, str]]:
    return frozenset(labels.items())
