"""The value of NOTICES: whom to tell, and by which channels."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal, cast, get_args
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from pydantic import BeforeValidator
from pydantic_settings import NoDecode

from event_processor.settings.values import Spelling

ChannelKind = Literal["slack", "webhook", "sns", "smtp"]

_KINDS: Final = get_args(ChannelKind)
_FORM: Final = re.compile(r"(?:#?(?P<audience>[\w.-]{1,80})=)?(?P<kind>[a-z]+):(?P<target>\S+)")
_ARN: Final = re.compile(r"arn:aws[a-z-]*:sns:(?P<region>[a-z0-9-]+):\d{12}:[A-Za-z0-9_-]{1,256}")
_ADDRESS: Final = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+")
_FILE_BYTES: Final = 100_000


@dataclass(frozen=True, slots=True)
class ChannelAddress:
    """One channel, as it was typed; as text its secrets are masked. `audience` is its name in contracts, or empty."""

    kind: ChannelKind
    audience: str
    target: str

    def __str__(self) -> str:
        name = f"{self.audience}=" if self.audience else ""
        return f"{name}{self.kind}:{self._shown_target()}"

    def __repr__(self) -> str:
        return str(self)

    @property
    def url(self) -> SplitResult:
        """The target in its parts."""
        return urlsplit(self.target if "://" in self.target else f"smtp://{self.target}")

    @property
    def region(self) -> str:
        """Of an SNS topic."""
        found = _ARN.fullmatch(self.target)
        return found["region"] if found else ""

    @property
    def login(self) -> tuple[str, str]:
        """User and password, or two empty texts."""
        return unquote(self.url.username or ""), unquote(self.url.password or "")

    @property
    def mail(self) -> tuple[str, tuple[str, ...]]:
        """Who sends mail and who receives it. Raises ValueError."""
        asked = parse_qs(self.url.query, strict_parsing=True)
        sender, receivers = asked.get("from", []), asked.get("to", [])
        if len(sender) != 1 or not receivers or not all(map(_ADDRESS.fullmatch, sender + receivers)):
            raise ValueError("smtp needs ?from=ADDRESS&to=ADDRESS, the last as often as there are receivers")
        return sender[0], tuple(receivers)

    def _shown_target(self) -> str:
        if self.kind == "sns":
            return self.target
        parts = self.url
        host = parts.netloc.rpartition("@")[2]
        if self.kind == "smtp":
            return f"{'***@' if '@' in parts.netloc else ''}{host}?{parts.query}"
        return f"{parts.scheme}://{host}/***"


class ChannelAddresses(tuple[ChannelAddress, ...]):
    """All of them; as text without secrets."""

    __slots__ = ()

    def __str__(self) -> str:
        return ",".join(map(str, self))


def _parse(value: Any) -> ChannelAddresses:
    if isinstance(value, ChannelAddresses):
        return value
    text = str(value)
    if text.startswith("@"):
        text = _read(Path(text[1:]))
    addresses = ChannelAddresses(_address(each.strip()) for each in text.split(",") if each.strip())
    if addresses and all(each.audience for each in addresses):
        raise ValueError("one channel at least must have no name: what no contract names a channel for goes there")
    return addresses


def _read(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return ",".join(file.read(_FILE_BYTES).split())
    except (OSError, ValueError) as error:
        raise ValueError(f"the file cannot be read: {type(error).__name__}") from None


def _address(text: str) -> ChannelAddress:
    form = _FORM.fullmatch(text)
    if form is None or form["kind"] not in _KINDS:
        raise ValueError("not [NAME=]slack:, webhook:, sns: or smtp: and what belongs to it")
    address = ChannelAddress(cast("ChannelKind", form["kind"]), form["audience"] or "", form["target"])
    _check(address)
    return address


def _check(address: ChannelAddress) -> None:
    if address.kind == "sns":
        if not address.region:
            raise ValueError("sns needs the ARN of a topic")
        return
    url = address.url
    schemes = {"smtp"} if address.kind == "smtp" else {"http", "https"}
    if url.scheme not in schemes or not url.hostname or not _has_possible_port(url):
        raise ValueError(f"{address.kind} needs {'HOST:PORT' if address.kind == 'smtp' else 'an http or https URL'}")
    if address.kind == "smtp":
        if url.port is None:
            raise ValueError("smtp needs HOST:PORT")
        _ = address.mail


def _has_possible_port(url: SplitResult) -> bool:
    try:
        return url.port != 0
    except ValueError:
        return False


def _masked(value: object) -> str:
    """Of what cannot be read for sure only the kinds are shown, since anything else may be a secret."""
    if isinstance(value, ChannelAddresses):
        return str(value)
    text = str(value)
    if text.startswith("@"):
        return text
    kinds = [re.match(r"(?:#?[\w.-]*=)?(slack|webhook|sns|smtp):", each.strip()) for each in text.split(",")]
    return ",".join(f"{kind[1]}:***" if kind else "***" for kind in kinds)


Channels = Annotated[
    ChannelAddresses,
    NoDecode,
    BeforeValidator(_parse),
    Spelling(
        "comma-separated [NAME=]slack:URL, webhook:URL, sns:ARN or "
        "smtp:[USER:PASSWORD@]HOST:PORT?from=ADDRESS&to=ADDRESS, or @FILE with that",
        _masked,
    ),
]
