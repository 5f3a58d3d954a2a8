"""The files of a gateway that may change while it runs: its keys, and its certificate."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from stat import S_IROTH
from typing import TYPE_CHECKING, Any, Final

from event_processor.aws.concerns import Concern
from event_processor.errors import CallFailed, SettingsError
from event_processor.gateway.doorkeeper import Doorkeeper
from event_processor.settings.gateway import GatewaySettings
from event_processor.settings.keys_file import read_keys
from event_processor.telemetry.threads import Threads
from event_processor.text import one_line

if TYPE_CHECKING:
    from event_processor.gateway.tls import Certificate, Tls

_LOOK_SECONDS: Final = 1.0
_SOON: Final = timedelta(days=14)


class Reloaded:
    """Files whose content counts as soon as it changes; while it is none that can count, the last one does."""

    def __init__(self, step: str, files: Sequence[Path], load: Callable[[], None], observer: Any) -> None:
        self._step, self._files, self._load, self._observer = step, files, load, observer
        self._loaded: list[bytes | None] | None = None  # so that no change before the first look is missed

    def look(self) -> None:
        """Load it if it has changed. What is wrong is told."""
        content = self._content()
        if content != self._loaded:
            try:
                self._load()
            except SettingsError as error:
                self._observer.failing(self._step, CallFailed(self._step, "SettingsError", one_line(str(error))))
                return
            self._loaded = content
        self._observer.working(self._step)

    def _content(self) -> list[bytes | None]:
        return [_bytes_of(file) for file in self._files]


def keep_looking(files: Sequence[Reloaded], stop: threading.Event, threads: Threads) -> None:
    """What a thread of the gateway does until it stops."""
    while not stop.wait(_LOOK_SECONDS):
        threads.alive("files")
        for each in files:
            each.look()
    threads.done("files")


def make_doorkeeper(settings: GatewaySettings, streams: Iterable[str]) -> Doorkeeper:
    """Who may come in only by a key may come from anywhere. Raises SettingsError."""
    if settings.gateway_keys is not None:
        return Doorkeeper(read_keys(settings.gateway_keys, streams))
    if not is_loopback(settings.gateway_host):
        raise SettingsError(
            f"GATEWAY_HOST: was {settings.gateway_host}; without GATEWAY_KEYS, so that nobody is asked for a key, "
            "allowed: a loopback address such as 127.0.0.1 or ::1"
        )
    return Doorkeeper(None)


def make_tls(settings: GatewaySettings) -> "Tls | None":
    """Raises SettingsError."""
    from event_processor.gateway.tls import Tls  # noqa: PLC0415 - only for those who speak it

    certificate = _certificate(settings)
    return None if certificate is None else Tls(certificate)


def reloaded(
    settings: GatewaySettings, streams: Iterable[str], doorkeeper: Doorkeeper, tls: "Tls | None", observer: Any
) -> list[Reloaded]:
    """Those of these settings."""
    keys, found = settings.gateway_keys, []
    if keys is not None and not keys.startswith("{"):

        def load_keys() -> None:
            doorkeeper.keys = read_keys(keys, streams)
            observer.keys_live(len(doorkeeper.keys))

        found.append(Reloaded("keys", [Path(keys)], load_keys, observer))
    if tls is not None:
        observer.certificate_live(tls.certificate.expires.timestamp())

        def load_certificate() -> None:
            tls.certificate = _certificate(settings) or tls.certificate
            observer.certificate_live(tls.certificate.expires.timestamp())

        found.append(Reloaded("certificate", _tls_files(settings), load_certificate, observer))
    return found


def file_concerns(settings: GatewaySettings) -> Iterator[Concern]:
    """What is wrong with files that can be read. Raises SettingsError for what cannot."""
    keys = settings.gateway_keys
    if keys is not None and not keys.startswith("{"):
        yield from _if_open_to_all("GATEWAY_KEYS", Path(keys))
    certificate, now = _certificate(settings), datetime.now(UTC)
    if certificate is not None:
        yield from _if_open_to_all("GATEWAY_TLS_KEY", _tls_files(settings)[1])
        place = f"GATEWAY_TLS_CERT {settings.gateway_tls_cert}"
        if certificate.expires <= now:
            yield Concern(f"{place} expired at {certificate.expires}: no client will connect", fatal=True)
        elif certificate.begins > now:
            yield Concern(f"{place} counts from {certificate.begins} only: no client will connect", fatal=True)
        elif certificate.expires <= now + _SOON:
            yield Concern(f"{place} expires at {certificate.expires}")
    elif not is_loopback(settings.gateway_host):
        yield Concern("without GATEWAY_TLS_CERT keys travel in the clear: only behind a load balancer that speaks TLS")
    if settings.gateway_origins == "*":
        yield Concern("GATEWAY_ORIGINS is *: pages of any site may send records, if they know a key")


def _certificate(settings: GatewaySettings) -> "Certificate | None":
    from event_processor.gateway.tls import read_certificate  # noqa: PLC0415 - only for those who speak it

    if settings.gateway_tls_cert is None and settings.gateway_tls_key is None:
        return None
    files = _tls_files(settings)
    try:
        return read_certificate(*files)
    except (OSError, ValueError) as error:
        text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise SettingsError(
            f"GATEWAY_TLS_CERT: {files[0]} with GATEWAY_TLS_KEY {files[1]} cannot be used: {one_line(text)}"
        ) from None


def _tls_files(settings: GatewaySettings) -> tuple[Path, Path]:
    if settings.gateway_tls_cert is None or settings.gateway_tls_key is None:
        raise SettingsError("GATEWAY_TLS_CERT and GATEWAY_TLS_KEY: one needs the other")
    return Path(settings.gateway_tls_cert), Path(settings.gateway_tls_key)


def _if_open_to_all(variable: str, file: Path) -> Iterator[Concern]:
    if file.stat().st_mode & S_IROTH:
        yield Concern(f"{variable} {file} may be read by everybody on this machine")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens there."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _bytes_of(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except OSError:
        return None
