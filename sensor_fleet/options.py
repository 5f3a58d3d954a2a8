"""The options of the commands, their environment variables, and the types of those that are more than a number."""

import functools
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

import click

from sensor_fleet.aws import Aws
from sensor_fleet.door.faults import KINDS as FAULTS
from sensor_fleet.door.faults import parse_fault
from sensor_fleet.spoils.catalogue import GROUPS, KINDS
from sensor_fleet.tracking.streams import STREAMS

Command: TypeAlias = Callable[..., None]
_Value = TypeVar("_Value")


Groups: TypeAlias = Mapping[str, Sequence[str]]


def known_kinds(groups: Groups) -> str:
    """All names `--invalid-kinds` takes."""
    return ". ".join(f"{group}: {', '.join(kinds)}" for group, kinds in groups.items()) + "."


def kinds_option(kinds: Collection[str], groups: Groups, default: str) -> Callable[[Command], Command]:
    """The option that says which faults: the kinds meant by kinds and groups, in the order of the catalogue."""

    def parse(text: str) -> tuple[str, ...]:
        meant: set[str] = set()
        for name in (each.strip() for each in text.split(",")):
            if name not in groups and name not in kinds:
                raise ValueError(f"there is no kind or group {name!r}. {known_kinds(groups)}")
            meant.update(groups.get(name, (name,)))
        return tuple(kind for kind in kinds if kind in meant)

    return fleet_setting(
        "--invalid-kinds",
        type=Parsed("kinds", parse),
        default=default,
        help="Kinds and groups of kinds, separated by commas.",
    )


class Parsed(click.ParamType[_Value]):
    """An option's value made by a function that raises ValueError with what is wrong."""

    def __init__(self, name: str, parse: Callable[[str], _Value]) -> None:
        self.name = name
        self._parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> _Value:
        """Raises click's BadParameter for anything else."""
        try:
            return self._parse(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


def _range(text: str) -> tuple[int, int]:
    low, _, high = text.partition("-")
    if not (low + high).isdecimal() or int(low) > int(high or low):
        raise ValueError(f"{text!r} is neither a number nor a range such as 3-5")
    return int(low), int(high or low)


def _batch(text: str) -> tuple[int, int]:
    low, high = _range(text)
    if not 1 <= low <= high <= 500:
        raise ValueError(f"{text!r} is not within 1 and 500")
    return low, high


def _streams(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
    if unknown := [name for name in names if name not in STREAMS]:
        raise ValueError(f"there are no records for {unknown[0]!r}. There are for: {', '.join(STREAMS)}")
    return names


SHARE = click.FloatRange(0, 1)
NOT_NEGATIVE = click.FloatRange(min=0)
AT_LEAST_ONE = click.IntRange(min=1)
_FILE = click.Path(dir_okay=False)


def setting(flag: str, envvar: str | list[str], **attributes: Any) -> Callable[[Command], Command]:
    """An option that an environment variable can set too, and whose help says so."""
    return click.option(flag, envvar=envvar, show_envvar=True, **attributes)


def fleet_setting(flag: str, **attributes: Any) -> Callable[[Command], Command]:
    """An option whose environment variable is named after it."""
    return setting(flag, "SENSOR_FLEET_" + flag.removeprefix("--").replace("-", "_").upper(), **attributes)


def manifest_option(help_text: str, **attributes: Any) -> Callable[[Command], Command]:
    """The option that names the manifest's file, the same for all commands."""
    return fleet_setting("--manifest", type=_FILE, help=help_text, **attributes)


def rate_option(what: str) -> Callable[[Command], Command]:
    """The option that says how fast to send."""
    text = f"{what} per second; 0 is as fast as possible."
    return fleet_setting("--rate", type=NOT_NEGATIVE, default=10, help=text)


def streams_option(default: str) -> Callable[[Command], Command]:
    """The option that says which streams to have records for."""
    return fleet_setting(
        "--streams",
        type=Parsed("streams", _streams),
        default=default,
        help=f"The streams to have records for, separated by commas: {', '.join(STREAMS)}.",
    )


PACE_AND_SEED = (
    fleet_setting(
        "--pacing",
        type=click.Choice(["constant", "poisson"]),
        default="constant",
        help="Evenly spaced, or as independent senders would.",
    ),
    fleet_setting(
        "--seed", type=int, show_default="random, and printed", help="The same seed and options send the same."
    ),
)
SUMMARY_AS_JSON = click.option("--json", "as_json", is_flag=True, help="The summary as JSON.")

_AWS_OPTIONS = (
    setting("--endpoint-url", "AWS_ENDPOINT_URL", help="Where AWS is, when it is an emulator."),
    setting("--localstack-host", "LOCALSTACK_HOST", help="LocalStack's host, when no endpoint is given."),
    setting("--region", ["AWS_REGION", "AWS_DEFAULT_REGION"], help="The AWS region; of emulators us-east-1."),
)

_RUN_OPTIONS = (
    setting(
        "--queue",
        "QUEUE_NAME",
        default="submissions",
        help="The SQS queue to send to. To a FIFO queue, which ends with .fifo, each device sends in a message group.",
    ),
    fleet_setting(
        "--gateway",
        metavar="URL",
        help="Send records to this HTTP door instead, each once; the audit looks for all that is answered 200.",
    ),
    setting("--key", "SENSOR_FLEET_KEY", help="The key for --gateway, sent as x-api-key."),
    streams_option("user-events,user-utm"),
    fleet_setting(
        "--connections",
        type=click.IntRange(1, 200),
        default=4,
        help="Clients of --gateway, each with a connection on which it waits for each answer.",
    ),
    fleet_setting(
        "--batch",
        type=Parsed("range", _batch),
        default="1",
        help="Records in a request to --gateway, such as 1-100; a single one is sent as such.",
    ),
    fleet_setting(
        "--fault",
        type=Parsed("fault", parse_fault),
        multiple=True,
        metavar="KIND:FROM-TO[:STRENGTH]",
        help="What goes wrong with the load of --gateway between two seconds of its run, such as silence:60-120:0.5. "
        f"May be repeated. {'; '.join(f'{kind}: {words}' for kind, (_, words) in FAULTS.items())}.",
    ),
    fleet_setting(
        "--wait-for-queue",
        type=NOT_NEGATIVE,
        default=60,
        metavar="SECONDS",
        help="How long to wait for the queue to exist, or for --gateway to answer.",
    ),
    fleet_setting("--submissions", type=AT_LEAST_ONE, show_default="for ever", help="How many to send; or records."),
    rate_option("Submissions"),
    *PACE_AND_SEED,
    fleet_setting("--devices", type=AT_LEAST_ONE, default=10, help="Size of the fleet."),
    fleet_setting("--events", type=Parsed("range", _range), default="3-5", help="Events of each type in a submission."),
    fleet_setting(
        "--body",
        type=click.Choice(["base64", "raw"]),
        default="base64",
        help="Message bodies: base64 of the JSON document, or the document itself.",
    ),
    fleet_setting(
        "--spoil", type=SHARE, default=0.01, help="Probability that a field of a submission or event is spoiled."
    ),
    fleet_setting(
        "--invalid-share",
        type=SHARE,
        default=0,
        help="Share of submissions that also get one fault of --invalid-kinds.",
    ),
    kinds_option(KINDS, GROUPS, "event,submission,hostile"),
    manifest_option("A new file that records what is sent, for the audit."),
    SUMMARY_AS_JSON,
)


def with_options(options: tuple[Callable[[Command], Command], ...], command: Command) -> Command:
    """Add options to a command, the first of them first in its help."""
    for option in reversed(options):
        command = option(command)
    return command


def aws_options(command: Command) -> Command:
    """Add the options that say where AWS is; the command gets them as one argument `aws`."""

    @functools.wraps(command)
    def with_aws(*, endpoint_url: str | None, localstack_host: str | None, region: str | None, **given: Any) -> None:
        aws = Aws(endpoint_url=endpoint_url or None, localstack_host=localstack_host or None, region=region or None)
        command(aws=aws, **given)

    return with_options(_AWS_OPTIONS, with_aws)


def run_options(command: Command) -> Command:
    """Add the options that say what to send and how."""
    return with_options(_RUN_OPTIONS, command)
