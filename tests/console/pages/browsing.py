"""Debian's Chromium under Playwright, and checks of a page that tests share."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.support.slowness import patient

SCREENSHOTS: Final = Path(__file__).parent / ".screenshots"
WIDE: Final = {"width": 1280, "height": 900}
MILLISECONDS: Final = patient(20_000)
"""How long a page may take to show what is expected of it."""
PHONE: Final = {"width": 390, "height": 844}
ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def find_chromium() -> str:
    """The path of Chromium; without it the tests are skipped, and in CI they fail."""
    found = shutil.which("chromium")
    if found is None:
        message = "No Chromium here: `apt-get install chromium` brings it."
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return found


@contextmanager
def launched() -> Iterator[Browser]:
    """A browser."""
    chromium = find_chromium()
    expect.set_options(timeout=MILLISECONDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


class Visit:
    """One person's tab. Whatever the browser complains about fails the test at its end."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.page: Page = context.new_page()
        self.url = url
        self.complaints: list[str] = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _heard(self, message: ConsoleMessage) -> None:
        # The browser logs a status of 400 and above here too; the tests check these themselves.
        if message.type in {"error", "warning"} and not message.text.startswith("Failed to load resource"):
            self.complaints.append(message.text)

    def go(self, path: str) -> Page:
        """Open a page."""
        self.page.goto(self.url + path)
        return self.page


@contextmanager
def visiting(
    browser: Browser, url: str, token: str | None, *, viewport: dict[str, int] = WIDE, **options: Any
) -> Iterator[Visit]:
    """A browser of its own for the person with this token; None: nobody who is signed in."""
    context = browser.new_context(
        viewport={"width": viewport["width"], "height": viewport["height"]},
        timezone_id="America/Los_Angeles",
        **options,
    )
    context.set_default_timeout(MILLISECONDS)
    if token is not None:
        context.add_cookies([{"name": "vive_session", "value": token, "url": url}])
    try:
        visit = Visit(context, url)
        yield visit
        assert not visit.complaints, visit.complaints
    finally:
        context.close()


def screenshot(page: Page, name: str, *, full: bool = True) -> None:
    """Keep how the page looks, for people."""
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=full, animations="disabled")
