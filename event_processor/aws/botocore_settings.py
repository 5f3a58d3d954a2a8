"""Checks botocore's own settings, in variables and files, at start: a wrong one is one line that says where."""

import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final
from urllib.request import getproxies

import botocore.session
from botocore import exceptions
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES as VARIABLES
from botocore.utils import ensure_boolean
from urllib3.util import parse_url

from event_processor.errors import SettingsError
from event_processor.text import masked_value

WRONG_SETTINGS: Final[tuple[type[Exception], ...]] = (
    exceptions.ConfigNotFound,
    exceptions.ConfigParseError,
    exceptions.InvalidConfigError,
    exceptions.InvalidIMDSEndpointError,
    exceptions.InvalidIMDSEndpointModeError,
    exceptions.InvalidRegionError,
    exceptions.InvalidSTSRegionalEndpointsConfigError,
    exceptions.PartialCredentialsError,
    exceptions.ProfileNotFound,
    SettingsError,
    exceptions.UnknownCredentialError,
)
"""What a provider of credentials raises that no waiting will fix; of all else it is not known."""

_ALLOWED: Final = {int: "an integer from 1", ensure_boolean: "true, false"}
_CHOICES: Final = {"sts_regional_endpoints": ("legacy", "regional")}
_KEYS: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CREDENTIAL_EXPIRATION")
_AGENTS: Final = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI")
_NO_AGENT: Final = ("Unsupported host", "Failed to parse")  # what botocore and urllib3 say of such a URI
_FALSE: Final = {"", "0", "no", "off", "false"}  # botocore takes all but "true" for false; who typed these means that
_MORE_VARIABLES: Final = {
    "requests_ca_bundle": (None, "REQUESTS_CA_BUNDLE", None, None),  # as botocore.endpoint reads it
    **{variable: (None, variable, None, None) for variable in _KEYS + _AGENTS},
    **{f"typed {name}": (key, variable, None, None) for name, (key, variable, *_) in VARIABLES.items()},
}


def new_session() -> botocore.session.Session:
    """One that reads environment and files as they are now."""
    return botocore.session.Session(_MORE_VARIABLES)


def ca_bundle(session: botocore.session.Session) -> str | None:
    """The file of certificates to trust instead of the usual ones."""
    bundles: list[str | None] = [session.get_config_variable(name) for name in ("ca_bundle", "requests_ca_bundle")]
    return bundles[0] or bundles[1]


def check_settings(session: botocore.session.Session) -> None:
    """Raises SettingsError for settings that are wrong, as far as that shows without a call."""
    with as_settings_error(session):
        session.full_config  # noqa: B018 - reads both files
        session.get_scoped_config()
    for name, (_, _, _, convert) in VARIABLES.items():
        _check_variable(session, name, convert)
    for name in ("ca_bundle", "requests_ca_bundle"):
        _check_bundle(session, name)
    for scheme, url in getproxies().items():
        if scheme in {"http", "https"}:
            _check_proxy(f"{scheme.upper()}_PROXY", url)


@contextmanager
def as_settings_error(
    session: botocore.session.Session, typed: Mapping[str, str | None] | None = None
) -> Iterator[None]:
    """Make whatever botocore or urllib3 finds wrong a SettingsError that names the variable, file or section.

    `typed` are settings of ours that they were given, by the names of their variables.
    """
    try:
        yield
    except SettingsError:
        raise
    except Exception as error:
        text = " ".join(str(error).split()) or type(error).__name__
        raise SettingsError(f"{_culprit(session, typed or {}, text, error)}: {text}") from error


def check_key_pair(session: botocore.session.Session) -> None:
    """Where no credentials were found: SettingsError for a secret without its key, which botocore passes over."""
    profile = session.get_scoped_config()
    key, secret = (session.get_config_variable(name) or profile.get(name.lower()) for name in _KEYS[:2])
    if secret and not key:
        raise SettingsError("AWS_ACCESS_KEY_ID or aws_access_key_id of the profile: not set, but its secret is")


def check_credential_variables(session: botocore.session.Session, reason: str) -> None:
    """Where credentials fail for this reason: SettingsError if variables have them, or a URI that is none.

    The environment of a process stays as it is. Keys in it go before any other credentials.
    """
    has_key = session.get_config_variable(_KEYS[0])
    named = [name for name in (_KEYS if has_key else _AGENTS) if session.get_config_variable(name)]
    if named and (has_key or any(words in reason for words in _NO_AGENT)):
        raise SettingsError(f"{', '.join(named)}: {reason}")


def _culprit(session: botocore.session.Session, typed: Mapping[str, str | None], text: str, error: Exception) -> str:
    """The variables whose values the text speaks of, else the files that were read."""
    if isinstance(error, exceptions.ConfigParseError):
        return "AWS_CONFIG_FILE or AWS_SHARED_CREDENTIALS_FILE"
    if isinstance(error, exceptions.PartialCredentialsError) and error.kwargs.get("provider") == "env":
        return "environment"
    named = [name for name, value in typed.items() if value and _mentions(text, value)]
    for name in VARIABLES:
        value = _typed(session, name)
        if value and _mentions(text, value):
            named.append(_name_of(name))
    return ", ".join(named) or f"AWS settings ({_files(session)})"


def _mentions(text: str, value: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(value)}(?![\w-])", text) is not None


def _typed(session: botocore.session.Session, name: str) -> str | None:
    """The text as it stands in the environment or in the profile."""
    with suppress(Exception):  # without a profile, nothing can be read of it
        value = session.get_config_variable(f"typed {name}")
        return value if isinstance(value, str) else None
    return None


def _name_of(name: str) -> str:
    key, variables, *_ = VARIABLES[name]
    names = [variables] if isinstance(variables, str) else list(variables or ())
    return " or ".join(names + ([f"{key} of the profile"] if key else []))


def _files(session: botocore.session.Session) -> str:
    with suppress(Exception):
        profile = session.get_config_variable("profile") or "default"
        files = [session.get_config_variable(name) for name in ("credentials_file", "config_file")]
        return f"profile {profile} of {' and '.join(files)}"
    return "environment and profile"


def _check_variable(session: botocore.session.Session, name: str, convert: Any) -> None:
    text = _typed(session, name)
    if text is None:
        return
    allowed = ", ".join(_CHOICES.get(name, ())) or _ALLOWED.get(convert)
    if convert is int:
        is_right = re.fullmatch(r"0*[1-9]\d{0,8}", text.strip()) is not None
    elif convert is ensure_boolean:
        is_right = text.lower() in _FALSE | {"true"}
    else:
        is_right = name not in _CHOICES or text.lower() in _CHOICES[name]
    if not is_right:
        raise SettingsError(f"{_name_of(name)}: was {text!r}; allowed: {allowed}")


def _check_bundle(session: botocore.session.Session, name: str) -> None:
    path = session.get_config_variable(name)
    if not path:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except (OSError, ValueError) as error:
        variable = _name_of(name) if name in VARIABLES else "REQUESTS_CA_BUNDLE"
        raise SettingsError(f"{variable}: was {path!r}; no file of certificates can be read there: {error}") from error


def _check_proxy(variable: str, url: str) -> None:
    """Botocore takes a host without a scheme for http."""
    full = url if "://" in url else f"http://{url.removeprefix('//')}"
    try:
        parsed = parse_url(full)
        is_right = parsed.scheme in {"http", "https"} and bool(parsed.host) and not re.search(r"\s", url)
    except ValueError:  # urllib3's is one
        is_right = False
    if not is_right:
        raise SettingsError(f"{variable}: was {masked_value(url)!r}; allowed: an http or https URL")
