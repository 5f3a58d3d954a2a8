"""The options of the commands, their environment variables, and the types of those that are more than a number."""

import functools
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

import click

from sensor_fleet.aws import Aws
from sensor_fleet.spoils.catalogue import GROUPS, kinds_named

Command: TypeAlias = Callable[..., None]
_Value = TypeVar("_Value")


def known_kinds() -> str:
    """All names `--invalid-kinds` takes."""
    return ". ".join(f"{group}: {', '.join(kinds)}" for group, kinds in GROUPS.items()) + "."


class _Parsed(click.ParamType[_Value]):
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


def _kinds(text: str) -> tuple[str, ...]:
    try:
        return kinds_named(name.strip() for name in text.split(","))
    except ValueError as error:
        raise ValueError(f"there is no kind or group {str(error)!r}. {known_kinds()}") from None


_SHARE = click.FloatRange(0, 1)
NOT_NEGATIVE = click.FloatRange(min=0)
_AT_LEAST_ONE = click.IntRange(min=1)
_FILE = click.Path(dir_okay=False)


def setting(flag: str, envvar: str | list[str], **attributes: Any) -> Callable[[Command], Command]:
    """An option that an environment variable can set too, and whose help says so."""
    return click.option(flag, envvar=envvar, show_envvar=True, **attributes)


def _fleet(flag: str, **attributes: Any) -> Callable[[Command], Command]:
    return setting(flag, "SENSOR_FLEET_" + flag.removeprefix("--").replace("-", "_").upper(), **attributes)


def manifest_option(help_text: str, **attributes: Any) -> Callable[[Command], Command]:
    """The manifest's file, of the same name for both commands."""
    return _fleet("--manifest", type=_FILE, help=help_text, **attributes)


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
    _fleet(
        "--wait-for-queue",
        type=NOT_NEGATIVE,
        default=60,
        metavar="SECONDS",
        help="How long to wait for the queue to exist.",
    ),
    _fleet("--submissions", type=_AT_LEAST_ONE, show_default="for ever", help="How many to send."),
    _fleet("--rate", type=NOT_NEGATIVE, default=10, help="Submissions per second; 0 is as fast as possible."),
    _fleet(
        "--pacing",
        type=click.Choice(["constant", "poisson"]),
        default="constant",
        help="Evenly spaced, or as independent sensors would arrive.",
    ),
    _fleet(
        "--seed",
        type=int,
        show_default="random, and printed",
        help="The same seed and options make the same submissions.",
    ),
    _fleet("--devices", type=_AT_LEAST_ONE, default=10, help="Size of the fleet."),
    _fleet("--events", type=_Parsed("range", _range), default="3-5", help="Events of each type in a submission."),
    _fleet(
        "--body",
        type=click.Choice(["base64", "raw"]),
        default="base64",
        help="Message bodies: base64 of the JSON document, or the document itself.",
    ),
    _fleet("--spoil", type=_SHARE, default=0.01, help="Probability that a field of a submission or event is spoiled."),
    _fleet(
        "--invalid-share",
        type=_SHARE,
        default=0,
        help="Share of submissions that also get one fault of --invalid-kinds.",
    ),
    _fleet(
        "--invalid-kinds",
        type=_Parsed("kinds", _kinds),
        default="event,submission,hostile",
        help="Kinds and groups of kinds, separated by commas.",
    ),
    manifest_option("A new file that records what is sent, for the audit."),
    click.option("--json", "as_json", is_flag=True, help="The summary as JSON."),
)


def _with(options: tuple[Callable[[Command], Command], ...], command: Command) -> Command:
    for option in reversed(options):
        command = option(command)
    return command


def aws_options(command: Command) -> Command:
    """Add the options that say where AWS is; the command gets them as one argument `aws`."""

    @functools.wraps(command)
    def with_aws(*, endpoint_url: str | None, localstack_host: str | None, region: str | None, **given: Any) -> None:
        aws = Aws(endpoint_url=endpoint_url or None, localstack_host=localstack_host or None, region=region or None)
        command(aws=aws, **given)

    return _with(_AWS_OPTIONS, with_aws)


def run_options(command: Command) -> Command:
    """Add the options that say what to send and how."""
    return _with(_RUN_OPTIONS, command)
