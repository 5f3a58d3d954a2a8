"""The command line's options; those for faults are made from the list of faults."""

import argparse
from collections.abc import Callable
from pathlib import Path

from local_aws.faults import Faults, Plan
from local_aws.faults.kinds import SWITCH, Kind
from local_aws.faults.settings import HELP, KINDS

_DESCRIPTION = "Amazon SQS and Kinesis Data Streams on one port, in memory, with faults to switch on."

_EPILOG = """\
example:
  python -m local_aws --port 4566 --refuse 0.1 --lose-answer 0.01 --seed 7
  AWS_ENDPOINT_URL=http://127.0.0.1:4566 AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any AWS_REGION=us-east-1 ...

faults:
  Faults of calls and of batch entries act on the data path: sending, receiving and deleting messages, changing
  their visibility, putting records; or on the operations that --fail-operations names. Calls that manage queues and
  streams or read a stream do not fail otherwise, so that the result can be audited. All faults can be combined.
  Shares (P) are from 0 to 1.

while it runs:
  GET and PUT /_local_aws/faults, POST /_local_aws/plan, POST /_local_aws/action, GET /_local_aws/calls

what it does not do:
  policies, effects of tags, encryption, expiry of messages, moving dead letters back, waiting periods after
  deleting or purging, high throughput mode of FIFO queues; enhanced fan-out, scaling of on-demand streams;
  regions and accounts (there is one of each), signatures (any credentials do), TLS. State is in memory and ends
  with the process. An operation that is not emulated is answered with UnknownOperationException. More in
  docs/local_aws.md.
"""


def parser() -> argparse.ArgumentParser:
    """All options; each fault has its own, under its name."""
    options = argparse.ArgumentParser(
        prog="python -m local_aws",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = options.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    add("--port", type=_port, default=4566, help="port to listen on, 0 for a free one (default: %(default)s)")
    add("--verbose", action="store_true", help="one line for each call on stderr")
    add("--plan", type=_plan, metavar="FILE", help="fault plan, started by the first send, receive or put")
    faults = options.add_argument_group("faults")
    for name, kind in KINDS.items():
        flag = f"--{name.replace('_', '-')}"
        if kind is SWITCH:
            faults.add_argument(flag, action="store_true", help=HELP[name])
        else:
            default = getattr(Faults(), name)
            faults.add_argument(flag, type=_of(kind), default=default, metavar=kind.metavar, help=HELP[name])
    return options


def chosen_faults(options: argparse.Namespace) -> Faults:
    """The faults of parsed options."""
    return Faults(**{name: getattr(options, name) for name in KINDS})


def _of(kind: Kind) -> Callable[[str], object]:
    def convert(text: str) -> object:
        try:
            value = kind.from_text(text)
            kind.check(value)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text} is not {kind.words}") from None
        return value

    return convert


def _port(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 65_535:
        raise argparse.ArgumentTypeError(f"{text} is not a port from 0 to 65535")
    return value


def _plan(text: str) -> Plan:
    try:
        return Plan.load(Path(text))
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(str(error)) from error
