"""Debian's Chromium without a window, driven by Playwright."""

import shutil
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from playwright.sync_api import ConsoleMessage, Page, ViewportSize, sync_playwright

EXECUTABLE: Final = shutil.which("chromium")
_FLAGS: Final = ("--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync")
_REQUEST_MILLISECONDS: Final = 60_000


class Chromium:
    """One browser; each page that is opened takes the place of the one before. Use it in a `with`."""

    def __init__(self, *flags: str) -> None:
        """`flags` are Chromium's own, beside those that every test has."""
        self.requested: list[str] = []
        self.complaints: list[str] = []
        self._playwright = sync_playwright().start()
        self._browser = self._playwright.chromium.launch(
            executable_path=EXECUTABLE, args=[*_FLAGS, *flags], chromium_sandbox=False
        )
        self._page: Page | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._browser.close()
        self._playwright.stop()

    def open(self, url: str, width: int, *, dark: bool = False, phone: bool = False, height: int = 800) -> None:
        """Show a page, so many CSS pixels wide, and wait until it is loaded."""
        context = self._browser.new_context(
            color_scheme="dark" if dark else "light",
            viewport=ViewportSize(width=width, height=height),
            is_mobile=phone,
        )
        self._page = context.new_page()
        self._page.on("request", lambda request: self.requested.append(request.url))
        self._page.on("console", self._hear)
        self._page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self._page.goto(url)

    def await_request(self) -> None:
        """Wait until the page asks for something more."""
        assert self._page is not None
        with self._page.expect_request("**", timeout=_REQUEST_MILLISECONDS):
            pass

    def _hear(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self.complaints.append(said.text)

    def evaluate(self, expression: str) -> Any:
        """What an expression comes to in the page."""
        assert self._page is not None
        return self._page.evaluate(expression)

    def screenshot(self, file: Path) -> None:
        """What a reader sees of the page without scrolling, as a PNG."""
        assert self._page is not None
        self._page.screenshot(path=file)
