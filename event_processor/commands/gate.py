"""The command between a canary and a release: event-processor gate (docs/deploying.md)."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

import click

from event_processor.commands.terminal import complains, say, show_table
from event_processor.errors import NoEvidence, SettingsError
from event_processor.gate.judging import Check, Verdict, Window, judge, verdict_of
from event_processor.gate.prometheus import Prometheus, selector_of

_LONGEST_MINUTES: Final = 24 * 60
_WORDS: Final = {
    Verdict.PROMOTE: "promote",
    Verdict.ROLL_BACK: "roll back",
    Verdict.NOT_ENOUGH_DATA: "not enough data",
}


@click.command(short_help="Compare a canary with the stable replicas.")
@click.option("--prometheus", "url", required=True, metavar="URL", help="Where Prometheus is.")
@click.option(
    "--stable", required=True, metavar="SELECTOR", help="Labels of the stable replicas, such as 'track=\"stable\"'."
)
@click.option("--canary", required=True, metavar="SELECTOR", help="Labels of the canary, such as 'track=\"canary\"'.")
@click.option(
    "--minutes",
    default=15,
    show_default=True,
    type=click.IntRange(1, _LONGEST_MINUTES),
    help="Minutes that the canary must have run, and to look back.",
)
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
@complains
def gate(url: str, stable: str, canary: str, minutes: int, as_json: bool) -> int:
    """Compare a canary with the stable replicas: may it become what all of them run?

    Exit codes: 0 promote; 1 roll back; 2 wrong usage; 3 not enough data, ask again later, also if Prometheus does not
    answer.
    """
    if not url.startswith(("http://", "https://")):
        raise SettingsError(f"--prometheus: was {url!r}; allowed: an http or https URL")
    try:
        ours, theirs, window = Prometheus(url).sides(selector_of(stable), selector_of(canary), minutes)
    except NoEvidence as error:
        say(f"event-processor: {error}", err=True)
        return Verdict.NOT_ENOUGH_DATA.value
    checks = judge(ours, theirs, window)
    (_print_json if as_json else _print)(checks, window)
    return int(verdict_of(checks).value)


def _print(checks: Sequence[Check], window: Window) -> None:
    rows = [(check.name, check.stable, check.canary, _WORDS[check.verdict], check.reason) for check in checks]
    show_table(("check", "stable", "canary", "verdict", "why"), rows)
    say(f"the last {window.seconds / 60:.1f} minutes: {_WORDS[verdict_of(checks)]}")


def _print_json(checks: Sequence[Check], window: Window) -> None:
    document = {
        "verdict": _WORDS[verdict_of(checks)],
        "seconds": round(window.seconds, 1),
        "checks": [asdict(check) | {"verdict": _WORDS[check.verdict]} for check in checks],
    }
    click.echo(json.dumps(document, indent=2))
