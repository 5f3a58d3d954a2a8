"""Credentials that may be late, fail and come back: requested in the background, one attempt at a time.

Where they come from is botocore's chain of providers, all of it. What differs: botocore looks once, at start, and lets
whatever a provider raises out into the call that happens to need a signature, while all other threads wait for a lock.
"""

import re
import subprocess
import threading
import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import botocore.session
from botocore.config import Config
from botocore.credentials import (
    CredentialResolver,
    Credentials,
    ProcessProvider,
    ReadOnlyCredentials,
    create_credential_resolver,
)
from botocore.exceptions import BotoCoreError, NoCredentialsError

from event_processor.aws.network.time_limit import seconds_left
from event_processor.errors import CallFailed
from event_processor.telling import StepObserver

STEP: Final = "credentials"
REFUSALS: Final = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
"""What AWS says when the credentials themselves are not good (any more): they are looked for again then."""
_PAUSE_SECONDS: Final = 3.0  # between attempts: an agent in trouble is not asked by every thread
_DOUBT_SECONDS: Final = 20.0  # between looks for others after a refusal: a look may start a program, or ask STS
_RENEW_SECONDS: Final = 15 * 60  # as botocore: from here on they are renewed...
_TELL_SECONDS: Final = 10 * 60  # ...and from here on it is told when that fails
_ATTEMPT_SECONDS: Final = 60.0  # for an attempt; one that hangs, or is fed byte by byte, is not waited for longer
_MOST_DOUBLINGS: Final = 4  # of that time after each that hangs, whose thread is still there
_CONNECT_SECONDS: Final = 5
_ANSWER_SECONDS: Final = 15
_MOST_TEXT: Final = 300
_FOR_EVER: Final = float("inf")
_SECRET: Final = re.compile(r"(?i)((?:secret|token)\w*[\"']?\s*[:=]\s*[\"']?)[^\s\"',}]+")


class CredentialsUnavailable(BotoCoreError):
    """There are no credentials now. They will be requested again, so the call may be tried again."""

    fmt = "{reason}"


class _Held(NamedTuple):
    """Credentials with the times (epoch seconds) from which they are renewed, and from which they are void."""

    frozen: ReadOnlyCredentials
    renew_at: float
    expires_at: float


class PatientCredentials(Credentials):
    """In place of botocore's own, for all clients of a process and for all their threads.

    `resolve` looks through the chain. A thread that needs a signature while there are no valid credentials waits for
    the attempt under way up to `patience_seconds`, then gets CredentialsUnavailable with the reason; while those at
    hand are valid nobody waits. `observer` is told when getting them fails twice in a row, and when it works again.
    """

    def __init__(
        self, resolve: Callable[[], Credentials | None], observer: StepObserver | None, patience_seconds: float
    ) -> None:
        self.method = "event-processor"
        self._resolve, self._observer, self._patience_seconds = resolve, observer, patience_seconds
        self._source: Any = None
        self._held: _Held | None = None
        self._lock = threading.Lock()
        self._attempt = threading.Event()  # the latest one; set when it is over
        self._attempt.set()
        self._next_at = self._doubt_at = self._given_up_at = 0.0
        self._failures = self._hanging = 0
        self.failure: Exception | None = None
        """What the latest attempt ended with, if it failed."""

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """To sign one request with. Raises CredentialsUnavailable."""
        held = self._held
        if held is not None and time.time() < held.renew_at:
            return held.frozen
        attempt = self._ask()
        if held is None or time.time() >= held.expires_at:
            attempt.wait(max(0.0, min(self._patience_seconds, seconds_left())))
            held = self._held
        if held is None or time.time() >= held.expires_at:
            raise CredentialsUnavailable(reason=self._reason(attempt))
        return held.frozen

    @property
    def are_there(self) -> bool:
        """Whether a signature is possible now, without waiting."""
        return self._held is not None and time.time() < self._held.expires_at

    def refused(self) -> None:
        """AWS does not take them: look for others, as a file may have changed; go on with these until then."""
        with self._lock:
            if time.monotonic() < self._doubt_at:
                return
            self._doubt_at = time.monotonic() + _DOUBT_SECONDS
            self._source = None
            if self._held is not None:
                self._held = self._held._replace(renew_at=0.0)

    @property
    def access_key(self) -> str:  # type: ignore[override]  # nobody sets them
        return str(self.get_frozen_credentials().access_key)

    @property
    def secret_key(self) -> str:  # type: ignore[override]  # nobody sets them
        return str(self.get_frozen_credentials().secret_key)

    @property
    def token(self) -> str | None:  # type: ignore[override]  # nobody sets them
        return self.get_frozen_credentials().token

    @property
    def account_id(self) -> str | None:
        return self.get_frozen_credentials().account_id

    def _ask(self) -> threading.Event:
        """The attempt under way; a new one if there is none and the last is long enough ago."""
        self._give_up()
        with self._lock:
            if self._attempt.is_set() and time.monotonic() >= self._next_at:
                attempt = threading.Event()
                try:
                    threading.Thread(target=self._try, args=(attempt,), name=STEP, daemon=True).start()
                except RuntimeError as error:  # the system has no thread left for us just now
                    self.failure = error
                else:
                    self._attempt = attempt
                    self._given_up_at = time.monotonic() + self._attempt_seconds
            return self._attempt

    @property
    def _attempt_seconds(self) -> float:
        return float(_ATTEMPT_SECONDS * 2**self._hanging)

    def _give_up(self) -> None:
        """An attempt that takes too long; what it brings is taken all the same, should it ever end."""
        with self._lock:
            if self._attempt.is_set() or time.monotonic() < self._given_up_at:
                return
            seconds, attempt = self._attempt_seconds, self._attempt
            self._hanging = min(self._hanging + 1, _MOST_DOUBLINGS)
            attempt.set()
        self._failed(TimeoutError(f"no answer within {seconds:g} s"))

    def _try(self, attempt: threading.Event) -> None:
        try:
            self._get()
        except Exception as error:  # noqa: BLE001 - providers raise whatever their agents make them
            self._failed(error)
        finally:
            self._next_at = time.monotonic() + _PAUSE_SECONDS
            attempt.set()

    def _get(self) -> None:
        source = self._source or self._resolve()
        if source is None:
            raise NoCredentialsError
        frozen, expires_at = source.get_frozen_credentials(), _expiry(source)
        if not all(map(_is_usable, (frozen.access_key, frozen.secret_key, frozen.token or "none"))):
            raise ValueError("a key or the token is missing, or is not a line of printable ASCII")
        if expires_at <= time.time():
            raise ValueError("they have expired already")
        with self._lock:
            self._source, self.failure, self._failures, self._hanging = source, None, 0, 0
            self._held = _Held(frozen, expires_at - _RENEW_SECONDS, expires_at)
        if self._observer is not None:
            self._observer.working(STEP)

    def _failed(self, error: Exception) -> None:
        self.failure = error
        self._failures += 1
        left_seconds = self._held.expires_at - time.time() if self._held else 0.0
        if left_seconds <= 0:
            self._source = None  # the next attempt begins with the files and the environment
        if self._observer is not None and self._failures > 1 and left_seconds < _TELL_SECONDS:
            self._observer.failing(STEP, CallFailed("get_credentials", CredentialsUnavailable.__name__, why(error)))

    def _reason(self, attempt: threading.Event) -> str:
        if not attempt.is_set():
            return f"no answer yet to the question for credentials, after {self._patience_seconds:g} s"
        return why(self.failure) if self.failure else "the credentials have expired"


def provider_chain(session: botocore.session.Session, region: str) -> CredentialResolver:
    """The providers of botocore; what they call answers in bounded time."""
    session.set_default_client_config(Config(connect_timeout=_CONNECT_SECONDS, read_timeout=_ANSWER_SECONDS))
    resolver = create_credential_resolver(session, region_name=region)
    profile = session.get_config_variable("profile") or "default"
    process = ProcessProvider(profile, load_config=lambda: session.full_config, popen=_BoundedProcess)
    resolver.insert_after(ProcessProvider.METHOD, process)
    resolver.remove(ProcessProvider.METHOD)
    return resolver


class _BoundedProcess(subprocess.Popen[bytes]):
    """A credential_process that hangs is ended."""

    seconds = 60.0

    def communicate(self, input: Any = None, timeout: float | None = None) -> tuple[bytes, bytes]:  # noqa: A002 - the base class's name
        try:
            return super().communicate(input, timeout or self.seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            self.wait()
            for pipe in (self.stdout, self.stderr):  # a grandchild may hold the other ends: nobody reads on
                if pipe is not None:
                    pipe.close()
            raise


def _is_usable(part: Any) -> bool:
    return isinstance(part, str) and bool(part) and part.isascii() and part.isprintable()


def _expiry(source: Any) -> float:
    """When they expire, in epoch seconds; botocore has no public name for it."""
    expires = getattr(source, "_expiry_time", None)
    return _FOR_EVER if expires is None else float(expires.timestamp())


def why(error: Exception) -> str:
    """In one line, without the secrets that a provider may quote."""
    text = _SECRET.sub(r"\1***", " ".join(str(error).split()))[:_MOST_TEXT]
    if isinstance(error, KeyError):
        text = f"the answer has no {text}"
    return f"{type(error).__name__}: {text}"
