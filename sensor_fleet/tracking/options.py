"""The options of `sensor-fleet track`."""

import secrets
from typing import Any

import click

from sensor_fleet.options import (
    AT_LEAST_ONE,
    NOT_NEGATIVE,
    PACE_AND_SEED,
    SHARE,
    SUMMARY_AS_JSON,
    Command,
    Parsed,
    fleet_setting,
    kinds_option,
    manifest_option,
    rate_option,
    with_options,
)
from sensor_fleet.tracking.generator import GROUPS, KINDS, TrackingOptions
from sensor_fleet.tracking.releases import parse_break
from sensor_fleet.tracking.subjects import DRIFTS


def _names(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
    if not all(names):
        raise ValueError(f"{text!r} is not a list of names, such as 5.0.0,5.1.0")
    return names


def _drift(text: str) -> tuple[str, ...]:
    names = _names(text)
    if unknown := [name for name in names if name not in DRIFTS]:
        raise ValueError(f"{unknown[0]!r} does not drift. What does: {', '.join(DRIFTS)}")
    return names


_TRACK_OPTIONS = (
    fleet_setting("--stream", default="segment", help="The Kinesis stream to put the events onto."),
    fleet_setting(
        "--wait-for-stream",
        type=NOT_NEGATIVE,
        default=60,
        metavar="SECONDS",
        help="How long to wait for the stream to exist.",
    ),
    fleet_setting("--records", type=AT_LEAST_ONE, show_default="for ever", help="How many to send."),
    rate_option("Records"),
    *PACE_AND_SEED,
    fleet_setting("--visitors", type=AT_LEAST_ONE, default=10, help="How many browsers and apps there are."),
    fleet_setting(
        "--releases",
        type=Parsed("names", _names),
        default="5.0.0,5.1.0,5.2.0",
        help="Versions of the app, which replace each other visitor by visitor.",
    ),
    fleet_setting(
        "--break",
        type=Parsed("break", parse_break),
        multiple=True,
        metavar="RELEASE:POINTER:HOW",
        help="What a release has wrong, such as 5.1.0:/properties/gender:not-in-enum. May be repeated.",
    ),
    fleet_setting(
        "--drift",
        type=Parsed("names", _drift),
        default=None,
        help=f"What changes over time, though it stays valid: {', '.join(DRIFTS)}, separated by commas.",
    ),
    fleet_setting(
        "--span",
        type=AT_LEAST_ONE,
        show_default="--records, else 10000",
        help="Records until the last release is everywhere and the drift at its end.",
    ),
    fleet_setting(
        "--invalid-share", type=SHARE, default=0.01, help="Share of records with a fault of --invalid-kinds."
    ),
    kinds_option(KINDS, GROUPS, "field,record"),
    manifest_option("A new file that records what is sent, for the audit."),
    SUMMARY_AS_JSON,
)


def track_options(command: Command) -> Command:
    """Add the options that say which events to send and how."""
    return with_options(_TRACK_OPTIONS, command)


def chosen(given: dict[str, Any]) -> TrackingOptions:
    """Take what decides the records out of the options given. Raises click's UsageError when they do not fit."""
    breaks, seed, span = given.pop("break"), given.pop("seed"), given.pop("span")
    options = TrackingOptions(
        seed=secrets.randbits(32) if seed is None else seed,
        breaks=breaks,
        drift=given.pop("drift") or (),
        span=span or given["records"] or 10_000,
        **{name: given.pop(name) for name in ("visitors", "releases", "invalid_share", "invalid_kinds")},
    )
    for each in breaks:
        if each.release not in options.releases:
            raise click.BadParameter(f"{each.release!r} is none of --releases", param_hint="--break")
    if len({(each.release, each.pointer) for each in breaks}) < len(breaks):
        raise click.BadParameter("a release can break a field in one way only", param_hint="--break")
    return options
